//! How far an input gets.

use tlslab_proto::crypto::Side;
use tlslab_proto::endpoint::trace::Event;

use crate::scenario::connection::Connection;
use crate::scenario::outcome::Kind;

/// How far a connection gets; each step is farther than the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reached {
    /// The client has got a ServerHello.
    ServerHello,
    /// The server has got a ClientKeyExchange, or resumes a session.
    KeyExchange,
    /// A side has got a Finished.
    Finished,
    /// A side takes the handshake for done.
    Handshake,
    /// Both do, and the application had its way.
    Established,
}

impl Reached {
    /// All, the nearest first.
    pub const ALL: [Self; 5] =
        [Self::ServerHello, Self::KeyExchange, Self::Finished, Self::Handshake, Self::Established];

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::ServerHello => "server_hello",
            Self::KeyExchange => "key_exchange",
            Self::Finished => "finished",
            Self::Handshake => "handshake",
            Self::Established => "established",
        }
    }
}

/// How far a connection got; `None` where it was not even to a ServerHello.
pub(super) fn by(connection: &Connection) -> Option<Reached> {
    if connection.outcome.kind == Kind::Established {
        return Some(Reached::Established);
    }
    let step = |side: Side, event: &Event| match (side, event) {
        (_, Event::Established { .. }) => Some(Reached::Handshake),
        (Side::Server, Event::SessionResumed { .. }) => Some(Reached::KeyExchange),
        (_, Event::Received { message }) => match (side, message.name()) {
            (_, "Finished") => Some(Reached::Finished),
            (Side::Server, "ClientKeyExchange") => Some(Reached::KeyExchange),
            (Side::Client, "ServerHello") => Some(Reached::ServerHello),
            _ => None,
        },
        _ => None,
    };
    connection.trace.iter().filter_map(|traced| step(traced.side, &traced.event)).max()
}
