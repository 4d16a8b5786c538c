//! Records: protection and fragmentation.
//!
//! Outgoing, a message is cut by [`fragment`], each piece is sealed by [`protection`] and goes out behind a
//! [`RecordHeader`](crate::wire::RecordHeader). Incoming, [`deframer`] finds the records, protection opens them, and [`joiner`] makes messages of
//! their handshake fragments again.

pub mod deframer;
pub mod fragment;
pub mod joiner;
pub mod protection;
mod queue;

pub use protection::Protection;
