//! Real peers over TCP: connect to one, or serve many.

mod connect;
mod dialogue;
mod ftp;
mod hint;
mod open;
mod serve;

use std::io::{self, ErrorKind};
use std::time::{SystemTime, UNIX_EPOCH};

use tlslab_proto::behaviour::BehaviourError;
use tlslab_proto::crypto::certificate::IdentityError;

pub use connect::{ConnectOptions, Connected, connect};
pub use dialogue::DialogueError;
pub use ftp::{FtpOptions, Transferred, ftp_connect};
pub use open::{Opened, open};
pub(crate) use serve::listen;
pub use serve::{Mode, ServeOptions, Serving, serve};

use crate::ftp::FtpError;
use crate::starttls::StartTls;

/// The time of sessions over TCP, in seconds since 1970.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// A peer that cannot be talked to at all. Whatever happens once there is a connection is an outcome instead.
#[derive(Debug, thiserror::Error)]
pub enum PeerError {
    /// The address is none, or its name does not resolve.
    #[error("{address:?} is no address: {reason}; give HOST:PORT, as in 127.0.0.1:4433 or [::1]:4433")]
    Address {
        /// What was given.
        address: String,
        /// Why not.
        reason: String,
    },
    /// Nobody answers there.
    #[error("cannot connect to {address}: {source}{}", advice(source))]
    Unreachable {
        /// The address.
        address: String,
        /// Why.
        source: io::Error,
    },
    /// The peer does not begin TLS by the protocol.
    #[error("no TLS by {protocol} at {address}: {source}")]
    StartTls {
        /// The address.
        address: String,
        /// By what TLS was asked for.
        protocol: StartTls,
        /// Why not.
        source: DialogueError,
    },
    /// The port cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: String,
        /// Why.
        source: io::Error,
    },
    /// A server has more certificates of a kind than it can show.
    #[error("{count} certificates are {kind}; a server chooses by the suite between one RSA and one ECDSA certificate")]
    SameKind {
        /// How many.
        count: usize,
        /// Of which kind.
        kind: &'static str,
    },
    /// The socket does not do what sockets do.
    #[error("the socket failed: {0}")]
    Socket(io::Error),
    /// A behaviour contradicts itself.
    #[error(transparent)]
    Behaviour(#[from] BehaviourError),
    /// Something that FTP cannot transfer.
    #[error(transparent)]
    Ftp(#[from] FtpError),
    /// A certificate and key cannot be used.
    #[error(transparent)]
    Identity(#[from] IdentityError),
}

/// What to look at where nobody answers.
fn advice(source: &io::Error) -> &'static str {
    match source.kind() {
        ErrorKind::ConnectionRefused => "; nothing listens on that port",
        ErrorKind::TimedOut | ErrorKind::WouldBlock => "; the host is down, or something on the way drops the packets",
        _ => "",
    }
}
