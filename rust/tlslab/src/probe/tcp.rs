//! A real server to judge.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use tlslab_proto::crypto::Side;
use tlslab_proto::crypto::certificate::Identity;
use tlslab_proto::endpoint::{Signatures, Status};

use super::dial::{Call, Caller, Dial, Dialled};
use super::ftps;
use super::step::Purpose;
use crate::link::tcp::{Drive, Limits};
use crate::peer::{PeerError, now, open};
use crate::scenario::connection::Recorder;
use crate::starttls::StartTls;

/// How long a server has to say anything about a wish to renegotiate, which it may ignore.
const RENEGOTIATION_PATIENCE: Duration = Duration::from_secs(2);

/// A server over TCP.
pub struct TcpServer {
    address: String,
    starttls: Option<StartTls>,
    timeout: Duration,
    identity: Option<Identity>,
}

impl TcpServer {
    /// The server at `address` (`HOST:PORT`), of which TLS is asked by a protocol where it does not begin at once, with so
    /// much time for each connection. One of FTP has data connections too.
    pub fn new(address: &str, starttls: Option<StartTls>, timeout: Duration) -> Self {
        Self { address: address.to_owned(), starttls, timeout, identity: None }
    }

    /// The same, the client having this certificate and key in place of what its behaviour names.
    #[must_use]
    pub fn with_identity(self, identity: Option<Identity>) -> Self {
        Self { identity, ..self }
    }
}

impl Dial for TcpServer {
    fn dial(&mut self, call: Call<'_>) -> Result<Dialled, PeerError> {
        if let (Purpose::Transfer(rule), Some(StartTls::Ftp)) = (call.step.purpose, self.starttls) {
            return ftps::list(&call.step.client, &self.address, call.seed, rule, self.timeout, call.cancelled);
        }
        let deadline = Instant::now() + self.timeout;
        let mut caller = Caller::new(call, Signatures::Real, self.identity.as_ref(), now())?;
        let limits = Limits { deadline, cancelled: call.cancelled };
        let opened = match open(&self.address, self.starttls, limits) {
            Ok(opened) => opened,
            // It was there, and has hung up already.
            Err(PeerError::Unreachable { source, .. }) if source.kind() == ErrorKind::ConnectionReset => {
                caller.client.peer_closed();
                let outcome = caller.outcome();
                return Ok(caller.finish(outcome));
            }
            Err(error) => return Err(error),
        };
        caller.recorder = Recorder::over(opened.stream(), Side::Client);
        let mut link = opened.link(limits).map_err(PeerError::Socket)?;
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
