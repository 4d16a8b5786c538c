//! A real server to judge.

use std::io::ErrorKind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tlslab_proto::crypto::Side;
use tlslab_proto::crypto::certificate::Identity;
use tlslab_proto::endpoint::{Signatures, Status};

use super::dial::{Call, Caller, Dial, Dialled};
use super::ftps;
use super::step::Purpose;
use crate::link::tcp::{Drive, Limits};
use crate::peer::{Opened, PeerError, now, open};
use crate::scenario::connection::{Connection, Recorder};
use crate::scenario::outcome::Kind;
use crate::starttls::StartTls;

/// How often it is looked whether a server listens again.
const POLL: Duration = Duration::from_millis(10);

/// As many connections at most are made in place of ones that a server on its way out took and never answered.
const MOST_UNANSWERED: usize = 3;

/// How long a server has to say anything about a wish to renegotiate, which it may ignore.
const RENEGOTIATION_PATIENCE: Duration = Duration::from_secs(2);

/// A server over TCP.
pub struct TcpServer {
    address: String,
    starttls: Option<StartTls>,
    timeout: Duration,
    patience: Duration,
    identity: Option<Identity>,
}

impl TcpServer {
    /// The server at `address` (`HOST:PORT`), of which TLS is asked by a protocol where it does not begin at once, with so
    /// much time for each connection. One of FTP has data connections too.
    pub fn new(address: &str, starttls: Option<StartTls>, timeout: Duration) -> Self {
        Self { address: address.to_owned(), starttls, timeout, patience: Duration::ZERO, identity: None }
    }

    /// The same for a server that starts anew between connections: one that does not listen is waited for so long, and one
    /// that closes a connection without a byte has another made.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// The same, the client having this certificate and key in place of what its behaviour names.
    #[must_use]
    pub fn with_identity(self, identity: Option<Identity>) -> Self {
        Self { identity, ..self }
    }

    /// Connects, to a server that is on its way up as soon as it listens. The time for the connection begins then.
    fn open<'a>(&self, cancelled: &'a AtomicBool) -> (Result<Opened, PeerError>, Limits<'a>) {
        let until = Instant::now() + self.patience;
        loop {
            let limits = Limits { deadline: Instant::now() + self.timeout, cancelled };
            match open(&self.address, self.starttls, limits) {
                Err(PeerError::Unreachable { source, .. })
                    if source.kind() == ErrorKind::ConnectionRefused
                        && Instant::now() < until
                        && !cancelled.load(Ordering::Relaxed) =>
                {
                    thread::sleep(POLL);
                }
                opened => return (opened, limits),
            }
        }
    }

    fn dial_once(&self, call: Call<'_>) -> Result<Dialled, PeerError> {
        if let (Purpose::Transfer(rule), Some(StartTls::Ftp)) = (call.step.purpose, self.starttls) {
            return ftps::list(&call.step.client, &self.address, call.seed, rule, self.timeout, call.cancelled);
        }
        let mut caller = Caller::new(call, Signatures::Real, self.identity.as_ref(), now())?;
        let (opened, limits) = self.open(call.cancelled);
        let opened = match opened {
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
        Ok(Dialled { late: done == Drive::TimedOut, ..caller.finish(outcome) })
    }
}

impl Dial for TcpServer {
    fn dial(&mut self, call: Call<'_>) -> Result<Dialled, PeerError> {
        let most_again = if self.patience.is_zero() { 0 } else { MOST_UNANSWERED };
        for _ in 0..most_again {
            let dialled = self.dial_once(call)?;
            if !is_unanswered(&dialled.connection) {
                return Ok(dialled);
            }
        }
        self.dial_once(call)
    }
}

/// Whether the server closed the connection without a byte.
fn is_unanswered(connection: &Connection) -> bool {
    connection.outcome.kind == Kind::Closed && connection.flights.iter().all(|flight| flight.sender == Side::Client)
}
