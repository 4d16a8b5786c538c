//! Experiments.

use std::sync::atomic::Ordering;

use pyo3::prelude::*;
use tlslab::experiment::{Experiment, Monitor, RunOptions, SignatureChoice, statistics};
use tlslab::scenario::Scenario;

use crate::behaviour;
use crate::door::long_call;
use crate::errors::{IntoPython, RunError};
use crate::simulation::{from_json, to_json};

fn experiment(client: &str, server: &str, scenario: &str, signatures: &str) -> PyResult<Experiment> {
    let signatures: SignatureChoice = from_json("signatures", &format!("{signatures:?}"))?;
    Ok(Experiment {
        client: behaviour::parse(client)?,
        server: behaviour::parse(server)?,
        scenario: Scenario::parse(scenario).map_err(IntoPython::into_python)?,
        signatures,
    })
}

/// The canonical JSON of a scenario given by name or as JSON.
#[pyfunction]
pub(crate) fn canonical_scenario(scenario: &str) -> PyResult<String> {
    to_json(&Scenario::parse(scenario).map_err(IntoPython::into_python)?)
}

/// Runs trials, calling `progress(done, failures)` now and then, and gives the report as JSON. An interrupt ends the
/// run early, with the report of what was done.
#[pyfunction]
#[pyo3(signature = (client, server, scenario, *, signatures, trials, seed, threads, digest, progress))]
#[expect(clippy::too_many_arguments, reason = "Python calls it with keywords")]
pub(crate) fn run_experiment(
    py: Python<'_>,
    client: &str,
    server: &str,
    scenario: &str,
    signatures: &str,
    trials: u64,
    seed: u64,
    threads: usize,
    digest: bool,
    progress: Py<PyAny>,
) -> PyResult<String> {
    let experiment = experiment(client, server, scenario, signatures)?;
    let options = RunOptions { trials, seed, threads, digest };
    let monitor = Monitor::default();
    let finished = long_call(
        py,
        || experiment.run(&options, &monitor),
        || monitor.cancelled.store(true, Ordering::Relaxed),
        |py| {
            let (done, failures) = (monitor.done.load(Ordering::Relaxed), monitor.failures.load(Ordering::Relaxed));
            progress.call1(py, (done, failures)).map(|_| ())
        },
    );
    let report = finished.partial_if_interrupted(py)?.map_err(IntoPython::into_python)?;
    to_json(&report)
}

/// The Clopper-Pearson interval of a rate.
#[pyfunction]
pub(crate) fn clopper_pearson(failures: u64, trials: u64, confidence: f64) -> PyResult<(f64, f64)> {
    let interval = statistics::clopper_pearson(failures, trials, confidence)
        .map_err(|error| RunError::new_err(error.to_string()))?;
    Ok((interval.low, interval.high))
}

/// Runs one trial again, and gives its connections as JSON.
#[pyfunction]
#[pyo3(signature = (client, server, scenario, *, signatures, seed, index))]
pub(crate) fn replay_trial(
    py: Python<'_>,
    client: &str,
    server: &str,
    scenario: &str,
    signatures: &str,
    seed: u64,
    index: u64,
) -> PyResult<String> {
    let experiment = experiment(client, server, scenario, signatures)?;
    let replay = py.detach(|| experiment.replay(seed, index)).map_err(IntoPython::into_python)?;
    to_json(&replay)
}
