//! A real server to judge.

use std::io::ErrorKind;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use tlslab_proto::crypto::certificate::Identity;
use tlslab_proto::endpoint::{Signatures, Status};

use super::dial::{Call, Caller, Dial, Dialled};
use super::ftps;
use super::step::Purpose;
use crate::link::tcp::{Drive, Limits, Link};
use crate::peer::{PeerError, now, open};

/// How long a server has to say anything about a wish to renegotiate, which it may ignore.
const RENEGOTIATION_PATIENCE: Duration = Duration::from_secs(2);

/// Makes a connected stream on which TLS begins, within so much time: it may speak some other protocol on it first.
pub type Open = dyn Fn(Duration) -> Result<TcpStream, PeerError> + Send + Sync;

/// A server over TCP.
pub struct TcpServer {
    open: Box<Open>,
    timeout: Duration,
    identity: Option<Identity>,
    /// Where it is a server of FTP, its address.
    ftp: Option<String>,
}

impl TcpServer {
    /// The server at `address` (`HOST:PORT`), with so much time for each connection.
    pub fn new(address: &str, timeout: Duration) -> Self {
        let address = address.to_owned();
        Self::opened_by(Box::new(move |timeout| open(&address, timeout)), timeout)
    }

    /// The server to which `open` leads.
    pub fn opened_by(open: Box<Open>, timeout: Duration) -> Self {
        Self { open, timeout, identity: None, ftp: None }
    }

    /// The FTP server at `address`, whose control connection becomes one of TLS by AUTH TLS.
    pub fn ftp(address: &str, timeout: Duration) -> Self {
        Self { ftp: Some(address.to_owned()), ..Self::opened_by(ftps::opener(address), timeout) }
    }

    /// The same, the client having this certificate and key in place of what its behaviour names.
    #[must_use]
    pub fn with_identity(self, identity: Option<Identity>) -> Self {
        Self { identity, ..self }
    }
}

impl Dial for TcpServer {
    fn dial(&mut self, call: Call<'_>) -> Result<Dialled, PeerError> {
        if let (Purpose::Transfer(rule), Some(address)) = (call.step.purpose, &self.ftp) {
            return ftps::list(&call.step.client, address, call.seed, rule, self.timeout, call.cancelled);
        }
        let deadline = Instant::now() + self.timeout;
        let mut caller = Caller::new(call, Signatures::Real, self.identity.as_ref(), now())?;
        let stream = match (self.open)(self.timeout) {
            Ok(stream) => stream,
            // It was there, and has hung up already.
            Err(PeerError::Unreachable { source, .. }) if source.kind() == ErrorKind::ConnectionReset => {
                caller.client.peer_closed();
                let outcome = caller.outcome();
                return Ok(caller.finish(outcome));
            }
            Err(error) => return Err(error),
        };
        let limits = Limits { deadline, cancelled: call.cancelled };
        let mut link = Link::new(&stream, limits).map_err(PeerError::Socket)?;
        let Caller { client, recorder, .. } = &mut caller;
        let done = link.drive(client, recorder, |client| client.handshakes() > 0);
        if done == Drive::Reached && call.step.renegotiates && client.renegotiate().is_ok() {
            let patience = Instant::now() + RENEGOTIATION_PATIENCE;
            link.drive(client, recorder, |client| *client.status() == Status::Established || Instant::now() > patience);
        }
        let outcome = caller.outcome();
        let Caller { client, recorder, .. } = &mut caller;
        client.close();
        link.drive(client, recorder, |_| true);
        link.close();
        Ok(caller.finish(outcome))
    }
}
