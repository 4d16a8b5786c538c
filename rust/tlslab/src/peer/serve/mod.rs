//! A server of the lab for real clients.
//!
//! One thread accepts, and each connection has a thread of its own; what a client can use up of either is bounded.

mod accept;
mod conversation;
mod echo;
mod finished;
mod http;
mod talk;

use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tlslab_proto::behaviour::ServerBehaviour;
use tlslab_proto::crypto::certificate::Identity;
use tlslab_proto::endpoint::ServerConfig;
use tlslab_proto::endpoint::session::SessionStores;

use self::finished::Finished;
use super::PeerError;
use super::ftp::FtpServing;
use crate::ftp::{Files, ServerRules, SharedFiles};
use crate::scenario::connection::Connection;
use crate::scenario::outcome::Outcome;
use crate::starttls::StartTls;

/// How a server listens, and what a client can use up of it.
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
    /// How long its first handshake may take. That of FTP begins when the client says so, and has all the time that the
    /// connection has.
    pub handshake_timeout: Duration,
    /// How long it may be silent.
    pub idle_timeout: Duration,
    /// How many bytes its client may send.
    pub max_bytes: u64,
    /// How many bytes are kept of each, of those that crossed and of application data: many go on at the same time.
    pub kept_bytes: usize,
    /// How many connections go on at the same time. Further ones wait, and where one does, the oldest that has not
    /// finished its handshake within a second makes room; with FTP, the oldest that has not asked for one.
    pub max_connections: usize,
    /// After how many connections the server stops by itself; `None` for never.
    pub connections: Option<u64>,
    /// Certificates and keys, at most one of each kind; none for the lab's own.
    pub identities: Vec<Identity>,
    /// The protocol in which its clients ask for TLS; `None` where it begins at once. FTP with its transfers is a mode.
    pub starttls: Option<StartTls>,
    /// What it serves.
    pub mode: Mode,
}

impl Default for ServeOptions {
    /// An echo on a free port of the loopback interface, with the lab's own certificates.
    fn default() -> Self {
        Self {
            host: "127.0.0.1".to_owned(),
            port: 0,
            seed: 0,
            timeout: Duration::from_secs(60),
            handshake_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(30),
            max_bytes: 256 << 20,
            kept_bytes: 64 << 10,
            max_connections: 64,
            connections: None,
            identities: Vec::new(),
            starttls: None,
            mode: Mode::Echo,
        }
    }
}

/// What a server serves.
#[derive(Debug, Clone, PartialEq)]
pub enum Mode {
    /// What arrives is sent back.
    Echo,
    /// The protocol in which TLS was asked for goes on as far as the server speaks it: it says who it is, and goodbye,
    /// and has nothing to offer. Where it does not go on, or TLS began at once, the same as `Echo`.
    Talk,
    /// A page over HTTP/1.x that describes the connection.
    Http,
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

/// What all connections of a server share.
struct Shared {
    config: Arc<ServerConfig>,
    options: ServeOptions,
    /// What FTP serves, where that is the mode.
    ftp: Option<FtpServing>,
    /// Of all connections, with the key of their tickets.
    sessions: SessionStores,
    stopped: AtomicBool,
    finished: Mutex<Finished>,
}

/// Starts a server.
///
/// # Errors
/// A behaviour that contradicts itself, two certificates of one kind, or a port that cannot be listened on.
pub fn serve(behaviour: &ServerBehaviour, options: ServeOptions) -> Result<Serving, PeerError> {
    let config = match options.identities.as_slice() {
        [] => ServerConfig::new(behaviour)?,
        identities => {
            check_kinds(identities)?;
            ServerConfig::with_identities(behaviour, identities.to_vec())?
        }
    };
    let listener = listen(&options.host, options.port)?;
    let address = listener.local_addr().map_err(PeerError::Socket)?;
    listener.set_nonblocking(true).map_err(PeerError::Socket)?;
    let ftp = match &options.mode {
        Mode::Echo | Mode::Talk | Mode::Http => None,
        Mode::Ftp { rules, files } => Some(FtpServing { rules: *rules, files: SharedFiles::new(files.clone()) }),
    };
    let shared = Arc::new(Shared {
        config: Arc::new(config),
        ftp,
        options,
        sessions: SessionStores::default(),
        stopped: AtomicBool::new(false),
        finished: Mutex::default(),
    });
    let accepting = thread::spawn({
        let shared = shared.clone();
        move || accept::accept(listener, &shared)
    });
    Ok(Serving { address, shared, accepting: Some(accepting) })
}

impl Serving {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The connections that have finished, in the order in which they did, but for the first `seen` of them, and how
    /// many there have been in all. The last 1,000 are kept, or fewer that are long.
    pub fn connections(&self, seen: u64) -> (Vec<Connection>, u64) {
        let finished = self.shared.finished();
        (finished.after(seen).cloned().collect(), finished.total())
    }

    /// How those connections ended, and how many there have been in all.
    pub fn outcomes(&self, seen: u64) -> (Vec<Outcome>, u64) {
        let finished = self.shared.finished();
        (finished.after(seen).map(|connection| connection.outcome.clone()).collect(), finished.total())
    }

    /// Whether it has served as many connections as it was to, or was stopped, and none is left.
    pub fn is_done(&self) -> bool {
        self.accepting.as_ref().is_none_or(JoinHandle::is_finished)
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

/// A server chooses its certificate by the suite, so a second one of a kind would never be shown.
fn check_kinds(identities: &[Identity]) -> Result<(), PeerError> {
    let is_rsa = |identity: &Identity| identity.key.modulus_len().is_some();
    let (rsa, ecdsa) = identities.iter().partition::<Vec<_>, _>(|identity| is_rsa(identity));
    match (rsa.len(), ecdsa.len()) {
        (0..=1, 0..=1) => Ok(()),
        (0..=1, count) => Err(PeerError::SameKind { count, kind: "ECDSA" }),
        (count, _) => Err(PeerError::SameKind { count, kind: "RSA" }),
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
