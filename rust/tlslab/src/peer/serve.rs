//! A server of the lab for real clients: an echo, or FTP.

use std::collections::VecDeque;
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tlslab_proto::behaviour::ServerBehaviour;
use tlslab_proto::crypto::certificate::Identity;
use tlslab_proto::crypto::draws::Draws;
use tlslab_proto::endpoint::diffie_hellman::Honest;
use tlslab_proto::endpoint::session::SessionStores;
use tlslab_proto::endpoint::trace::Event;
use tlslab_proto::endpoint::{Ending, Environment, Server, ServerConfig, Signatures, Status};

use super::ftp::{self, FtpServing};
use super::{PeerError, now};
use crate::ftp::{Files, ServerRules, SharedFiles};
use crate::link::tcp::{Limits, Link};
use crate::scenario::connection::{Connection, Recorder};
use crate::scenario::outcome::{Outcome, View};

/// How long the accepting thread sleeps where nobody comes.
const ACCEPT_POLL: Duration = Duration::from_millis(10);

/// As many finished connections as are kept for whoever asks; older ones are dropped.
const KEPT_CONNECTIONS: usize = 1_000;

/// How a server listens.
#[derive(Debug, Clone, PartialEq)]
pub struct ServeOptions {
    /// The host to bind.
    pub host: String,
    /// The port; 0 picks a free one.
    pub port: u16,
    /// The seed of the server's randomness; connection n is trial n of it.
    pub seed: u64,
    /// How long one connection may take.
    pub timeout: Duration,
    /// How many connections go on at the same time; further ones wait.
    pub max_connections: usize,
    /// Certificates and keys; none for the lab's own.
    pub identities: Vec<Identity>,
    /// What it serves.
    pub mode: Mode,
}

/// What a server serves.
#[derive(Debug, Clone, PartialEq)]
pub enum Mode {
    /// What arrives is sent back.
    Echo,
    /// FTP over TLS, with a control connection that is plain until AUTH TLS; all clients share the files.
    Ftp {
        /// What it demands of the sessions of its data connections.
        rules: ServerRules,
        /// Its files at first.
        files: Files,
    },
}

/// A server that is listening, until it is stopped or dropped.
pub struct Serving {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

struct Shared {
    config: Arc<ServerConfig>,
    options: ServeOptions,
    /// What FTP serves, where that is the mode.
    ftp: Option<FtpServing>,
    /// Of all connections, with the key of their tickets.
    sessions: SessionStores,
    stopped: AtomicBool,
    open: AtomicUsize,
    finished: Mutex<Finished>,
}

/// The connections that have finished.
#[derive(Default)]
struct Finished {
    /// How many there have been.
    total: u64,
    /// The last of them.
    kept: VecDeque<Connection>,
}

impl Finished {
    fn add(&mut self, connection: Connection) {
        if self.kept.len() == KEPT_CONNECTIONS {
            self.kept.pop_front();
        }
        self.kept.push_back(connection);
        self.total += 1;
    }
}

/// Starts a server.
///
/// # Errors
/// A behaviour that contradicts itself, or a port that cannot be listened on.
pub fn serve(behaviour: &ServerBehaviour, options: ServeOptions) -> Result<Serving, PeerError> {
    let config = match options.identities.as_slice() {
        [] => ServerConfig::new(behaviour)?,
        identities => ServerConfig::with_identities(behaviour, identities.to_vec())?,
    };
    let listener = listen(&options.host, options.port)?;
    let address = listener.local_addr().map_err(PeerError::Socket)?;
    listener.set_nonblocking(true).map_err(PeerError::Socket)?;
    let ftp = match &options.mode {
        Mode::Echo => None,
        Mode::Ftp { rules, files } => Some(FtpServing { rules: *rules, files: SharedFiles::new(files.clone()) }),
    };
    let shared = Arc::new(Shared {
        config: Arc::new(config),
        ftp,
        options,
        sessions: SessionStores::default(),
        stopped: AtomicBool::new(false),
        open: AtomicUsize::new(0),
        finished: Mutex::default(),
    });
    let accepting = thread::spawn({
        let shared = shared.clone();
        move || accept(&listener, &shared)
    });
    Ok(Serving { address, shared, accepting: Some(accepting) })
}

impl Serving {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The connections that have finished, in the order in which they did, but for the first `seen` of them, and how
    /// many there have been in all. The last 1,000 are kept.
    pub fn connections(&self, seen: u64) -> (Vec<Connection>, u64) {
        let finished = self.shared.finished();
        let dropped = finished.total - finished.kept.len() as u64;
        let skipped = usize::try_from(seen.saturating_sub(dropped)).unwrap_or(usize::MAX);
        (finished.kept.iter().skip(skipped).cloned().collect(), finished.total)
    }

    /// The files as they are now; `None` where it does not serve FTP.
    pub fn files(&self) -> Option<Files> {
        self.shared.ftp.as_ref().map(|ftp| ftp.files.lock().clone())
    }

    /// Stops listening, ends what is going on, and waits until it has.
    pub fn stop(&mut self) {
        self.shared.stopped.store(true, Ordering::Relaxed);
        if let Some(accepting) = self.accepting.take() {
            // A panic over there has been reported by its thread.
            let _ = accepting.join();
        }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shared {
    fn finished(&self) -> MutexGuard<'_, Finished> {
        self.finished.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }
}

/// A listener on a port, 0 for any that is free.
///
/// # Errors
/// A bad address, or a port that is taken.
pub(crate) fn listen(host: &str, port: u16) -> Result<TcpListener, PeerError> {
    let address = format!("{host}:{port}");
    let resolved: Vec<SocketAddr> = (host, port)
        .to_socket_addrs()
        .map_err(|error| PeerError::Address { address: address.clone(), reason: error.to_string() })?
        .collect();
    TcpListener::bind(&resolved[..]).map_err(|source| PeerError::Listen { address, source })
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    let mut workers: Vec<JoinHandle<()>> = Vec::new();
    let mut number = 0;
    while !shared.is_stopped() {
        workers.retain(|worker| !worker.is_finished());
        if shared.open.load(Ordering::Relaxed) >= shared.options.max_connections {
            thread::sleep(ACCEPT_POLL);
            continue;
        }
        match listener.accept() {
            Ok((stream, _)) => {
                shared.open.fetch_add(1, Ordering::Relaxed);
                let (shared, trial) = (shared.clone(), number);
                number += 1;
                workers.push(thread::spawn(move || {
                    if let Some(connection) = converse(&stream, &shared, trial) {
                        shared.finished().add(connection);
                    }
                    shared.open.fetch_sub(1, Ordering::Relaxed);
                }));
            }
            Err(_) => thread::sleep(ACCEPT_POLL),
        }
    }
    for worker in workers {
        let _ = worker.join();
    }
}

/// One connection, and with FTP its data connections. `None` where the socket did not even take a timeout.
fn converse(stream: &TcpStream, shared: &Shared, trial: u64) -> Option<Connection> {
    stream.set_nonblocking(false).ok()?;
    let limits = Limits { deadline: Instant::now() + shared.options.timeout, cancelled: &shared.stopped };
    let environment = Environment {
        draws: Draws::new(shared.options.seed, trial),
        connection: 0,
        diffie_hellman: Arc::new(Honest::with_groups(shared.config.groups().to_vec())),
        signatures: Signatures::Real,
        edits: Arc::new([]),
        sessions: shared.sessions.clone(),
        now: now(),
    };
    match &shared.ftp {
        Some(serving) => ftp::converse(stream, limits, &shared.config, environment, serving),
        None => echo(stream, limits, shared, environment),
    }
}

/// Handshake, echo, end.
fn echo(stream: &TcpStream, limits: Limits<'_>, shared: &Shared, environment: Environment) -> Option<Connection> {
    let mut link = Link::new(stream, limits).ok()?;
    let mut server: Server<Vec<Event>> = Server::new(shared.config.clone(), environment);
    let mut recorder = Recorder::default();
    link.drive(&mut server, &mut recorder, |server| {
        let received = server.take_received();
        if !received.is_empty() {
            server.send(&received);
        }
        false
    });
    let alerted =
        matches!(server.status(), Status::Ended(Ending::AlertSent(_) | Ending::AlertReceived(_) | Ending::Aborted));
    let view = View { side: server.side(), status: server.status(), expects: server.expects() };
    let established = server.established();
    let satisfied = established.is_some() && !alerted;
    let outcome = Outcome::of(&[view], established, satisfied);
    server.close();
    link.drive(&mut server, &mut recorder, |_| true);
    link.close();
    Some(recorder.finish(outcome))
}
