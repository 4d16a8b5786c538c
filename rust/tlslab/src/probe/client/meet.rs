//! How a probe meets the client that it judges: a simulated one calls at once, and a real one when it likes.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tlslab_proto::behaviour::{BehaviourError, ClientBehaviour};
use tlslab_proto::crypto::Side;
use tlslab_proto::crypto::certificate::Identity;
use tlslab_proto::crypto::draws::Draws;
use tlslab_proto::endpoint::diffie_hellman::Honest;
use tlslab_proto::endpoint::session::SessionStores;
use tlslab_proto::endpoint::trace::Event;
use tlslab_proto::endpoint::{Client, ClientConfig, Environment, Server, ServerConfig, Signatures, Status};

use super::turn::Turn;
use crate::link::fault::Wire;
use crate::link::tcp::{Drive, Limits, Link};
use crate::link::{Observer, memory};
use crate::peer::{PeerError, listen, now};
use crate::scenario::connection::{Connection, Recorder};
use crate::scenario::outcome::{Outcome, View};

/// How long a client has to say anything about a HelloRequest, which it may ignore.
const RENEGOTIATION_PATIENCE: Duration = Duration::from_secs(2);

/// How often it is looked whether a client has come.
const POLL: Duration = Duration::from_millis(5);

/// One connection to wait for.
#[derive(Clone, Copy)]
pub struct Meeting<'a> {
    /// What is to be done in it.
    pub turn: &'a Turn,
    /// Its number within the probe, from 0.
    pub number: u16,
    /// The seed of the server's randomness.
    pub seed: u64,
    /// Set from outside to stop.
    pub cancelled: &'a AtomicBool,
    /// Counts the clients that have come.
    pub came: &'a AtomicUsize,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Met {
    /// What the server saw.
    pub connection: Connection,
    /// Whether the lab's own deadline cut it off.
    pub late: bool,
}

/// A way to meet the client.
pub trait Meet {
    /// Plays the server in the client's next connection, whatever becomes of it; `None` where it does not come.
    ///
    /// # Errors
    /// There can be none.
    fn meet(&mut self, meeting: Meeting<'_>) -> Result<Option<Met>, PeerError>;
}

/// The server's side of a connection.
struct Host {
    server: Server<Vec<Event>>,
    recorder: Recorder,
}

impl Host {
    fn new(
        meeting: Meeting<'_>,
        signatures: Signatures,
        identities: &[Identity],
        sessions: &SessionStores,
        now: u64,
    ) -> Result<Self, BehaviourError> {
        let config = match identities {
            [] => ServerConfig::new(&meeting.turn.server)?,
            identities => ServerConfig::with_identities(&meeting.turn.server, identities.to_vec())?,
        };
        let environment = Environment {
            draws: Draws::new(meeting.seed, 0),
            connection: 0,
            diffie_hellman: meeting.turn.provider(config.groups()),
            signatures,
            edits: Arc::new([]),
            sessions: sessions.clone(),
            now,
        };
        Ok(Self { server: Server::new(Arc::new(config), environment), recorder: Recorder::default() })
    }

    fn outcome(&self) -> Outcome {
        let server = &self.server;
        let view = View { side: server.side(), status: server.status(), expects: server.expects() };
        Outcome::of(&[view], server.established(), *server.status() == Status::Established)
    }
}

/// A client in memory. All its connections are of one trial, and it keeps its sessions.
pub struct MemoryClient {
    config: Arc<ClientConfig>,
    draws: Draws,
    sessions: SessionStores,
}

impl MemoryClient {
    /// A client that acts like this, with this seed of its own.
    ///
    /// # Errors
    /// The behaviour contradicts itself.
    pub fn new(behaviour: &ClientBehaviour, seed: u64) -> Result<Self, BehaviourError> {
        let config = Arc::new(ClientConfig::new(behaviour)?);
        Ok(Self { config, draws: Draws::new(seed, 0), sessions: SessionStores::default() })
    }
}

impl Meet for MemoryClient {
    fn meet(&mut self, meeting: Meeting<'_>) -> Result<Option<Met>, PeerError> {
        let Host { mut server, mut recorder } = Host::new(meeting, Signatures::Simulated, &[], &self.sessions, 0)?;
        let environment = Environment {
            draws: self.draws,
            connection: meeting.number,
            diffie_hellman: Arc::new(Honest::default()),
            signatures: Signatures::Simulated,
            edits: Arc::new([]),
            sessions: self.sessions.clone(),
            now: 0,
        };
        let mut client: Client<Vec<Event>> = Client::new(self.config.clone(), environment);
        let mut settle = |server: &mut Server<Vec<Event>>, recorder: &mut Recorder| {
            memory::run(&mut client, server, &mut Wire::new(None), &mut OwnSide(recorder));
        };
        settle(&mut server, &mut recorder);
        if meeting.turn.renegotiates && server.request_renegotiation(None).is_ok() {
            settle(&mut server, &mut recorder);
        }
        let mut host = Host { server, recorder };
        let outcome = host.outcome();
        host.server.close();
        settle(&mut host.server, &mut host.recorder);
        Ok(Some(Met { connection: host.recorder.finish(outcome), late: false }))
    }
}

/// Sees what a server sees of a client, and no more.
struct OwnSide<'a>(&'a mut Recorder);

impl Observer<Vec<Event>> for OwnSide<'_> {
    fn stepped(&mut self, side: Side, sink: &mut Vec<Event>) {
        match side {
            Side::Server => self.0.stepped(side, sink),
            Side::Client => sink.clear(),
        }
    }

    fn crossed(&mut self, sender: Side, bytes: &[u8]) {
        self.0.crossed(sender, bytes);
    }
}

/// A port on which a real client is waited for.
pub struct TcpClient {
    listener: TcpListener,
    identities: Vec<Identity>,
    sessions: SessionStores,
    patience: Duration,
    timeout: Duration,
}

impl TcpClient {
    /// Listens on a port, 0 for any that is free. A client is waited for as long as `patience` says, and has `timeout`
    /// for each connection. `identities` are the server's certificates; none for the lab's own.
    ///
    /// # Errors
    /// The port cannot be listened on.
    pub fn listen(
        host: &str,
        port: u16,
        identities: Vec<Identity>,
        patience: Duration,
        timeout: Duration,
    ) -> Result<Self, PeerError> {
        let listener = listen(host, port)?;
        listener.set_nonblocking(true).map_err(PeerError::Socket)?;
        Ok(Self { listener, identities, sessions: SessionStores::default(), patience, timeout })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// The socket does not say.
    pub fn address(&self) -> Result<SocketAddr, PeerError> {
        self.listener.local_addr().map_err(PeerError::Socket)
    }

    fn accept(&self, cancelled: &AtomicBool) -> Option<TcpStream> {
        let until = Instant::now() + self.patience;
        while Instant::now() < until && !cancelled.load(Ordering::Relaxed) {
            match self.listener.accept() {
                Ok((stream, _)) => return Some(stream),
                Err(_) => thread::sleep(POLL),
            }
        }
        None
    }
}

impl Meet for TcpClient {
    fn meet(&mut self, meeting: Meeting<'_>) -> Result<Option<Met>, PeerError> {
        let mut host = Host::new(meeting, Signatures::Real, &self.identities, &self.sessions, now())?;
        let Some(stream) = self.accept(meeting.cancelled) else { return Ok(None) };
        meeting.came.fetch_add(1, Ordering::Relaxed);
        stream.set_nonblocking(false).map_err(PeerError::Socket)?;
        let limits = Limits { deadline: Instant::now() + self.timeout, cancelled: meeting.cancelled };
        let mut link = Link::new(&stream, limits).map_err(PeerError::Socket)?;
        let Host { server, recorder } = &mut host;
        let done = link.drive(server, recorder, |server| server.handshakes() > 0);
        if done == Drive::Reached && meeting.turn.renegotiates && server.request_renegotiation(None).is_ok() {
            let before = server.handshakes();
            let patience = Instant::now() + RENEGOTIATION_PATIENCE;
            link.drive(server, recorder, |server| server.handshakes() > before || Instant::now() > patience);
        }
        let outcome = host.outcome();
        let Host { server, recorder } = &mut host;
        server.close();
        link.drive(server, recorder, |_| true);
        link.close();
        Ok(Some(Met { connection: host.recorder.finish(outcome), late: done == Drive::TimedOut }))
    }
}
