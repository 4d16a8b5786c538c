//! A TCP connection to a peer that is ready for a ClientHello.

use std::io;
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use tlslab_proto::crypto::Side;

use super::{PeerError, dialogue};
use crate::link::tcp::{Limits, Link};
use crate::scenario::connection::Flight;
use crate::starttls::StartTls;

/// A connection to a peer that is ready for a ClientHello.
#[derive(Debug)]
pub struct Opened {
    stream: TcpStream,
    starttls: Option<StartTls>,
    said: Vec<Flight>,
}

impl Opened {
    /// A link over it.
    ///
    /// # Errors
    /// The socket does not take a timeout.
    pub fn link<'a>(&'a self, limits: Limits<'a>) -> io::Result<Link<'a>> {
        Ok(Link::new(&self.stream, limits)?.framed(self.starttls.and_then(StartTls::framing)))
    }

    /// Its socket.
    pub fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// What was said on it in clear.
    pub fn said(&self) -> &[Flight] {
        &self.said
    }

    /// The same, the connection being done with.
    pub fn into_said(self) -> Vec<Flight> {
        self.said
    }
}

/// Connects to `address` (`HOST:PORT`), and asks for TLS by `starttls` where it does not begin at once.
///
/// # Errors
/// A bad address, nobody there, or nobody who begins TLS by that protocol.
pub fn open(address: &str, starttls: Option<StartTls>, limits: Limits<'_>) -> Result<Opened, PeerError> {
    let stream = connect(address, limits.deadline.saturating_duration_since(Instant::now()))?;
    let mut said = Vec::new();
    if let Some(protocol) = starttls {
        dialogue::run(&stream, Side::Client, &mut protocol.client(), limits, |sender, bytes| {
            said.push(Flight { sender, bytes: bytes.into(), micros: None });
        })
        .map_err(|source| PeerError::StartTls { address: address.to_owned(), protocol, source })?;
    }
    Ok(Opened { stream, starttls, said })
}

/// Connects to the first address of a name that answers.
pub(super) fn connect(address: &str, timeout: Duration) -> Result<TcpStream, PeerError> {
    let no_address = |reason: String| PeerError::Address { address: address.to_owned(), reason };
    let resolved = address.to_socket_addrs().map_err(|error| no_address(error.to_string()))?;
    let mut failure = None;
    for address in resolved {
        match TcpStream::connect_timeout(&address, timeout.max(Duration::from_millis(1))) {
            Ok(stream) => return Ok(stream),
            Err(source) => failure = Some(PeerError::Unreachable { address: address.to_string(), source }),
        }
    }
    Err(failure.unwrap_or_else(|| no_address("the name resolves to nothing".to_owned())))
}
