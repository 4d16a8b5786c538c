//! Probes of real peers.

use std::sync::atomic::Ordering;
use std::time::Duration;

use pyo3::prelude::*;
use tlslab::probe::{self, Plan, ProbeOptions, TcpServer, Watch};

use crate::door::long_call;
use crate::errors::{IntoPython, RunError};
use crate::peer::{NamedIdentity, duration, parse_identity};
use crate::simulation::{from_json, to_json};

/// How many connections a plan, given as JSON, makes at most.
#[pyfunction]
pub(crate) fn probe_plan(plan: &str) -> PyResult<usize> {
    Ok(from_json::<Plan>("plan", plan)?.most_connections())
}

/// Judges the server at an address, with at most `rate` connections a second, calling `progress(connections, None)` now
/// and then, and gives the report as JSON. An interrupt ends it early, with the report of what was done.
#[pyfunction]
#[pyo3(signature = (address, *, plan, seed, rate, max_connections, timeout, identity, progress))]
#[expect(clippy::too_many_arguments, reason = "Python calls it with keywords")]
pub(crate) fn probe_server(
    py: Python<'_>,
    address: &str,
    plan: &str,
    seed: u64,
    rate: f64,
    max_connections: u16,
    timeout: f64,
    identity: Option<NamedIdentity>,
    progress: Py<PyAny>,
) -> PyResult<String> {
    let options = ProbeOptions { plan: from_json("plan", plan)?, seed, max_connections, interval: interval(rate)? };
    let identity = identity.map(|pair| parse_identity(&pair)).transpose()?;
    let mut server = TcpServer::new(address, duration(timeout)?).with_identity(identity);
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
