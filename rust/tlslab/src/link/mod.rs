//! Links: what carries bytes between two endpoints, or between one and a real peer.

pub mod fault;
pub mod memory;
pub mod socket;
pub mod tcp;

use tlslab_proto::crypto::Side;

use socket::Closing;

/// Looks on while a link runs.
pub trait Observer<S> {
    /// An endpoint made a step; its sink may be emptied.
    fn stepped(&mut self, side: Side, sink: &mut S);
    /// A side's bytes crossed the link.
    fn crossed(&mut self, sender: Side, bytes: &[u8]);
    /// A real peer's bytes have ended.
    fn closed(&mut self, _how: Closing) {}
}

/// Nobody looks on.
impl<S> Observer<S> for () {
    fn stepped(&mut self, _side: Side, _sink: &mut S) {}
    fn crossed(&mut self, _sender: Side, _bytes: &[u8]) {}
}

/// What carries the records of a connection, where they do not travel as they are.
pub trait Framing: Send {
    /// What is sent for `records`; `handshaking` says whether they belong to the first handshake.
    fn wrap(&mut self, records: Vec<u8>, handshaking: bool) -> Vec<u8>;
    /// The bytes of records in what has arrived.
    fn unwrap(&mut self, bytes: &[u8]) -> Vec<u8>;
}
