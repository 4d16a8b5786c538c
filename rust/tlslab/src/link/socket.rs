//! What is known of a real connection's socket.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use tlslab_proto::crypto::Side;

/// A connected socket of the lab.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Socket {
    /// Which end of it is the lab's.
    pub lab: Side,
    /// The client's address.
    pub client: SocketAddr,
    /// The server's address.
    pub server: SocketAddr,
    /// When it was connected, in microseconds since 1970.
    pub began: u64,
    /// How and when the peer's bytes ended, if that was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer_closed: Option<PeerClosed>,
}

/// The end of what a peer sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerClosed {
    /// How.
    pub how: Closing,
    /// When, in microseconds since the connection began.
    pub micros: u64,
}

/// How a side's bytes end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Closing {
    /// It has nothing more to send: TCP's FIN.
    Finished,
    /// It has thrown the connection away: TCP's RST.
    Reset,
}

impl Socket {
    /// The socket of a stream that has just been connected.
    ///
    /// # Errors
    /// It is not connected any more.
    pub fn of(stream: &TcpStream, lab: Side) -> io::Result<Self> {
        let (own, peer) = (stream.local_addr()?, stream.peer_addr()?);
        let [client, server] = match lab {
            Side::Client => [own, peer],
            Side::Server => [peer, own],
        };
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok(Self { lab, client, server, began: micros(since), peer_closed: None })
    }
}

/// A length of time in microseconds.
pub fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
