//! Probes of clients: the lab is the server, and waits for them.
//!
//! A server makes its exponent before it sees the client's public value, and cannot choose Z. But it chooses the group:
//! with a prime just above a byte boundary nearly every Z has a leading zero byte, and one connection decides.

mod findings;
mod heard;
mod meet;
mod plan;
mod run;
mod sequential;
mod turn;

pub use heard::{Answered, Heard, Hello, OfferMade};
pub use meet::{Meet, Meeting, MemoryClient, Met, TcpClient};
pub use run::{ListenOptions, probe_client};
pub use sequential::{Decision, ErrorRates};
pub use turn::{Aim, Turn, boundary_group, boundary_group_for_long_values};
