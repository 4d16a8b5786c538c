//! Real peers over TCP.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pyo3::prelude::*;
use tlslab::peer::{self, ConnectOptions, Mode, ServeOptions, Serving as Running};
use tlslab::starttls::{StartTls, UnknownProtocol};
use tlslab_proto::crypto::certificate::Identity;
use tlslab_proto::endpoint::edit::Edit;
use tlslab_proto::endpoint::session::ClientSession;

use crate::behaviour;
use crate::door::long_call;
use crate::errors::{BehaviourError, IntoPython, RunError};
use crate::ftp;
use crate::simulation::{from_json, to_json};

/// As long as anything may take: a year. Clocks have an end.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// So many seconds.
pub(crate) fn duration(seconds: f64) -> PyResult<Duration> {
    let refused = |reason: String| RunError::new_err(format!("{seconds} seconds are no length of time: {reason}"));
    match Duration::try_from_secs_f64(seconds) {
        Ok(duration) if duration <= LONGEST => Ok(duration),
        Ok(_) => Err(refused("that is more than a year".to_owned())),
        Err(error) => Err(refused(error.to_string())),
    }
}

/// Connects to a real server, and gives what happened and the session that it left, as JSON. `identity` is a name, a
/// certificate chain and a key, both PEM.
#[pyfunction]
#[pyo3(signature = (
    client, address, *, seed, starttls, renegotiations, data, receive, timeout, chosen_zeros, edits, session, identity
))]
#[expect(clippy::too_many_arguments, reason = "Python calls it with keywords")]
pub(crate) fn connect(
    py: Python<'_>,
    client: &str,
    address: &str,
    seed: u64,
    starttls: Option<&str>,
    renegotiations: u32,
    data: Vec<u8>,
    receive: usize,
    timeout: f64,
    chosen_zeros: Option<usize>,
    edits: &str,
    session: Option<&str>,
    identity: Option<NamedIdentity>,
) -> PyResult<(String, Option<String>)> {
    let behaviour = behaviour::parse(client)?;
    let edits: Vec<Edit> = from_json("edits", edits)?;
    let session = session.map(parse_session).transpose()?;
    let identity = identity.map(|pair| parse_identity(&pair)).transpose()?;
    let options = ConnectOptions {
        seed,
        starttls: starttls.map(protocol).transpose()?,
        renegotiations,
        data,
        receive,
        timeout: duration(timeout)?,
        chosen_zeros,
        edits,
        session,
        identity,
    };
    let cancelled = AtomicBool::new(false);
    let finished = long_call(
        py,
        || peer::connect(&behaviour, address, &options, &cancelled),
        || cancelled.store(true, Ordering::Relaxed),
        |_| Ok(()),
    );
    let connected = finished.complete()?.map_err(IntoPython::into_python)?;
    Ok((to_json(&connected)?, connected.session.as_ref().map(ClientSession::to_json)))
}

/// A protocol in which TLS is asked for.
pub(crate) fn protocol(name: &str) -> PyResult<StartTls> {
    name.parse().map_err(|error: UnknownProtocol| RunError::new_err(error.to_string()))
}

/// The session that a client saved.
pub(crate) fn parse_session(json: &str) -> PyResult<ClientSession> {
    ClientSession::from_json(json).map_err(|error| RunError::new_err(error.to_string()))
}

/// A saved session in the form in which the lab writes it.
#[pyfunction]
pub(crate) fn canonical_session(json: &str) -> PyResult<String> {
    parse_session(json).map(|session| session.to_json())
}

/// What an identity is called in errors, its certificate chain and its key, both PEM.
pub(crate) type NamedIdentity = (String, String, String);

pub(crate) fn parse_identity((name, chain, key): &NamedIdentity) -> PyResult<Identity> {
    Identity::from_pem(chain, key).map_err(|error| BehaviourError::new_err(format!("{name}: {error}")))
}

/// A server that is listening.
#[pyclass(frozen, module = "tlslab._tlslab")]
pub(crate) struct Serving {
    running: Mutex<Running>,
    certificate_pem: String,
}

impl Serving {
    fn with<T>(&self, act: impl FnOnce(&mut Running) -> T) -> PyResult<T> {
        let mut running = self.running.lock().map_err(|_| RunError::new_err("the server is broken: it panicked"))?;
        Ok(act(&mut running))
    }
}

#[pymethods]
impl Serving {
    /// Starts to listen. `identities` are certificates, each with its name, its chain and its key, both PEM; none for
    /// the lab's own. `files` is what FTP serves, and `data_sessions` its rule.
    #[new]
    #[pyo3(signature = (
        server, *, host, port, seed, timeout, handshake_timeout, idle_timeout, max_bytes, kept_bytes, max_connections, connections,
        identities, starttls, mode, files, data_sessions
    ))]
    #[expect(clippy::too_many_arguments, reason = "Python calls it with keywords")]
    fn new(
        server: &str,
        host: String,
        port: u16,
        seed: u64,
        timeout: f64,
        handshake_timeout: f64,
        idle_timeout: f64,
        max_bytes: u64,
        kept_bytes: usize,
        max_connections: usize,
        connections: Option<u64>,
        identities: Vec<NamedIdentity>,
        starttls: Option<&str>,
        mode: &str,
        files: Vec<(String, Vec<u8>)>,
        data_sessions: &str,
    ) -> PyResult<Self> {
        let behaviour = behaviour::parse(server)?;
        let identities: Vec<Identity> = identities.iter().map(parse_identity).collect::<PyResult<_>>()?;
        let shown = if identities.is_empty() {
            vec![Identity::lab_rsa().clone(), Identity::lab_ecdsa().clone()]
        } else {
            identities.clone()
        };
        let certificate_pem = shown.iter().map(Identity::chain_pem).collect();
        let options = ServeOptions {
            host,
            port,
            seed,
            timeout: duration(timeout)?,
            handshake_timeout: duration(handshake_timeout)?,
            idle_timeout: duration(idle_timeout)?,
            max_bytes,
            kept_bytes,
            max_connections,
            connections,
            identities,
            starttls: starttls.map(protocol).transpose()?,
            mode: match mode {
                "echo" => Mode::Echo,
                "talk" => Mode::Talk,
                "http" => Mode::Http,
                "ftp" => ftp::mode(data_sessions, files)?,
                _ => return Err(RunError::new_err(format!("mode is 'echo', 'talk', 'http' or 'ftp', not {mode:?}"))),
            },
        };
        let running = peer::serve(&behaviour, options).map_err(IntoPython::into_python)?;
        Ok(Self { running: Mutex::new(running), certificate_pem })
    }

    /// Where it listens: host and port.
    fn address(&self) -> PyResult<(String, u16)> {
        self.with(|running| (running.address().ip().to_string(), running.address().port()))
    }

    /// The certificates, PEM, one kind after the other.
    #[getter]
    fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// The finished connections but for the first `seen`, as JSON, and how many there have been.
    fn connections(&self, seen: u64) -> PyResult<(String, u64)> {
        let (connections, total) = self.with(|running| running.connections(seen))?;
        Ok((to_json(&connections)?, total))
    }

    /// How the finished connections ended but for the first `seen`, as JSON, and how many there have been.
    fn outcomes(&self, seen: u64) -> PyResult<(String, u64)> {
        let (outcomes, total) = self.with(|running| running.outcomes(seen))?;
        Ok((to_json(&outcomes)?, total))
    }

    /// The files of a server of FTP as they are now, by their paths.
    fn files(&self) -> PyResult<Vec<(String, Vec<u8>)>> {
        let files = self.with(|running| running.files())?.unwrap_or_default();
        let read = |path: &str| (path.to_owned(), files.read(path).map(|data| data.to_vec()).unwrap_or_default());
        Ok(files.paths().into_iter().map(read).collect())
    }

    /// Whether it has stopped, or has served as many connections as it was to, and none is left.
    fn is_done(&self) -> PyResult<bool> {
        self.with(|running| running.is_done())
    }

    /// Stops listening, and waits for what is going on to end.
    fn stop(&self, py: Python<'_>) -> PyResult<()> {
        py.detach(|| self.with(Running::stop))
    }
}
