//! Probes of real peers.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use pyo3::prelude::*;
use tlslab::probe::client::{self, ErrorRates, ListenOptions, TcpClient};
use tlslab::probe::{self, Plan, ProbeOptions, TcpServer, Watch};

use crate::door::long_call;
use crate::errors::{IntoPython, RunError};
use crate::peer::{NamedIdentity, duration, parse_identity, protocol};
use crate::simulation::{from_json, to_json};

/// How many connections a plan, given as JSON, makes at most.
#[pyfunction]
pub(crate) fn probe_plan(plan: &str) -> PyResult<usize> {
    Ok(from_json::<Plan>("plan", plan)?.most_connections())
}

/// Judges the server at an address, with at most `rate` connections a second, calling `progress(connections, None)` now
/// and then, and gives the report as JSON. An interrupt ends it early, with the report of what was done.
#[pyfunction]
#[pyo3(signature = (address, *, plan, seed, rate, max_connections, max_time, timeout, patience, identity, starttls, progress))]
#[expect(clippy::too_many_arguments, reason = "Python calls it with keywords")]
pub(crate) fn probe_server(
    py: Python<'_>,
    address: &str,
    plan: &str,
    seed: u64,
    rate: f64,
    max_connections: u16,
    max_time: Option<f64>,
    timeout: f64,
    patience: f64,
    identity: Option<NamedIdentity>,
    starttls: Option<&str>,
    progress: Py<PyAny>,
) -> PyResult<String> {
    let max_time = max_time.map(duration).transpose()?;
    let plan = from_json("plan", plan)?;
    let options = ProbeOptions { plan, seed, max_connections, interval: interval(rate)?, max_time };
    let identity = identity.map(|pair| parse_identity(&pair)).transpose()?;
    let starttls = starttls.map(protocol).transpose()?;
    let mut server = TcpServer::new(address, starttls, duration(timeout)?)
        .with_patience(duration(patience)?)
        .with_identity(identity);
    let watch = Watch::default();
    let finished = long_call(
        py,
        || probe::probe_server(&mut server, &options, &watch),
        || watch.cancelled.store(true, Ordering::Relaxed),
        |py| progress.call1(py, (watch.connections.load(Ordering::Relaxed), None::<u64>)).map(drop),
    );
    to_json(&finished.partial_if_interrupted(py)?.map_err(IntoPython::into_python)?)
}

/// The time between connections of which there are so many a second.
fn interval(rate: f64) -> PyResult<Duration> {
    if rate > 0.0 {
        duration(rate.recip())
    } else {
        Err(RunError::new_err(format!("a rate is a number of connections a second, above 0, not {rate}")))
    }
}

/// A port on which clients are waited for and judged.
#[pyclass(frozen, module = "tlslab._tlslab")]
pub(crate) struct ClientProbe {
    listening: Mutex<TcpClient>,
    /// Of the run that goes on, or the last one.
    watch: Mutex<Arc<Watch>>,
}

#[pymethods]
impl ClientProbe {
    /// Starts to listen. `identity` is a certificate chain and a key, both PEM; none for the lab's own.
    #[new]
    #[pyo3(signature = (*, host, port, patience, timeout, identity))]
    fn new(host: &str, port: u16, patience: f64, timeout: f64, identity: Option<NamedIdentity>) -> PyResult<Self> {
        let identities = identity.map(|pair| parse_identity(&pair)).transpose()?.into_iter().collect();
        let listening = TcpClient::listen(host, port, identities, duration(patience)?, duration(timeout)?);
        let listening = Mutex::new(listening.map_err(IntoPython::into_python)?);
        Ok(Self { listening, watch: Mutex::default() })
    }

    /// Where it listens: host and port.
    fn address(&self) -> PyResult<(String, u16)> {
        let address = lock(&self.listening)?.address().map_err(IntoPython::into_python)?;
        Ok((address.ip().to_string(), address.port()))
    }

    /// How many connections have been waited for so far, the one that is waited for now among them.
    fn wanted(&self) -> PyResult<usize> {
        Ok(lock(&self.watch)?.wanted.load(Ordering::Relaxed))
    }

    /// How many clients have come so far.
    fn came(&self) -> PyResult<usize> {
        Ok(lock(&self.watch)?.came.load(Ordering::Relaxed))
    }

    /// Judges the client that comes, calling `progress(connections, None)` now and then, and gives the report as JSON. An
    /// interrupt ends it early, with the report of what was done. `sequential` is the chances of a false alarm and of a
    /// miss, and the share of noise.
    #[pyo3(signature = (*, seed, max_connections, max_time, sequential, progress))]
    fn run(
        &self,
        py: Python<'_>,
        seed: u64,
        max_connections: u16,
        max_time: Option<f64>,
        sequential: Option<(f64, f64, f64)>,
        progress: Py<PyAny>,
    ) -> PyResult<String> {
        let rates = sequential.map(|(false_alarm, miss, noise)| ErrorRates { false_alarm, miss, noise });
        let max_time = max_time.map(duration).transpose()?;
        let options = ListenOptions { seed, max_connections, sequential: rates, max_time };
        let watch = Arc::new(Watch::default());
        lock(&self.watch)?.clone_from(&watch);
        let finished = long_call(
            py,
            || lock(&self.listening).map(|mut meet| client::probe_client(&mut *meet, &options, &watch)),
            || watch.cancelled.store(true, Ordering::Relaxed),
            |py| progress.call1(py, (watch.connections.load(Ordering::Relaxed), None::<u64>)).map(drop),
        );
        to_json(&finished.partial_if_interrupted(py)??.map_err(IntoPython::into_python)?)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> PyResult<MutexGuard<'_, T>> {
    mutex.lock().map_err(|_| RunError::new_err("the probe is broken: it panicked"))
}
