//! A real server to judge.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use tlslab_proto::crypto::Side;
use tlslab_proto::crypto::certificate::Identity;
use tlslab_proto::endpoint::{Signatures, Status};

use super::dial::{Call, Caller, Dial, Dialled};
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
    /// The server at `address` (`HOST:PORT`), with so much time for each connection.
    pub fn new(address: &str, timeout: Duration) -> Self {
        Self { address: address.to_owned(), starttls: None, timeout, identity: None }
    }

    /// The same, TLS being asked for by a protocol.
    #[must_use]
    pub fn with_starttls(self, starttls: Option<StartTls>) -> Self {
        Self { starttls, ..self }
    }

    /// The same, the client having this certificate and key in place of what its behaviour names.
    #[must_use]
    pub fn with_identity(self, identity: Option<Identity>) -> Self {
        Self { identity, ..self }
    }
}

impl Dial for TcpServer {
    fn dial(&mut self, call: Call<'_>) -> Result<Dialled, PeerError> {
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
