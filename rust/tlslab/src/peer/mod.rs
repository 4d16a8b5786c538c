//! Real peers over TCP: connect to one, or serve many.

mod connect;
mod ftp;
mod serve;

use std::io;
use std::time::{SystemTime, UNIX_EPOCH};

use tlslab_proto::behaviour::BehaviourError;
use tlslab_proto::crypto::certificate::IdentityError;

pub(crate) use connect::open;
pub use connect::{ConnectOptions, Connected, connect};
pub use ftp::{FtpOptions, ftp_connect};
pub(crate) use serve::listen;
pub use serve::{Mode, ServeOptions, Serving, serve};

use crate::ftp::FtpError;

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
    #[error("cannot connect to {address}: {source}")]
    Unreachable {
        /// The address.
        address: String,
        /// Why.
        source: io::Error,
    },
    /// The port cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: String,
        /// Why.
        source: io::Error,
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
