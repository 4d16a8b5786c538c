//! A probe: a short, bounded series of connections that finds a peer's defects.
//!
//! What is asked is a [`plan`], a function of what was seen so far; what was seen in a connection is an
//! [`Observation`]; what is found are [`findings`], functions of the observations. A [`Dial`] leads to the peer, which may
//! be a simulated one.

pub mod client;
mod dial;
pub mod findings;
mod ftps;
mod invalid;
mod memory;
mod observation;
pub mod plan;
mod record;
mod report;
mod run;
mod step;
mod tcp;

pub use dial::{Call, Dial, Dialled};
pub use invalid::InvalidPublic;
pub use memory::MemoryServer;
pub use observation::{Chosen, Exchange, Observation, Offered, Renegotiated};
pub use plan::Plan;
pub use report::{Ended, Report};
pub use run::{ProbeOptions, Watch, probe_server};
pub use step::{Cell, Offer, Purpose, Share, Step};
pub use tcp::TcpServer;
