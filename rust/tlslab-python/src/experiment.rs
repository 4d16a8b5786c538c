//! Experiments.

use std::sync::atomic::Ordering;

use pyo3::prelude::*;
use tlslab::experiment::{Experiment, IntervalKind, Monitor, RunOptions, SignatureChoice, StopRules, statistics};
use tlslab::scenario::Scenario;
use tlslab_dh::Kernel;

use crate::behaviour;
use crate::door::long_call;
use crate::errors::{IntoPython, RunError};
use crate::peer::duration;
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
#[pyo3(signature = (
    client, server, scenario, *, signatures, trials, seed, threads, digest, fidelity, kernel, memory_budget,
    max_failures, precision, seconds, progress
))]
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
    fidelity: &str,
    kernel: Option<&str>,
    memory_budget: usize,
    max_failures: Option<u64>,
    precision: Option<f64>,
    seconds: Option<f64>,
    progress: Py<PyAny>,
) -> PyResult<String> {
    let experiment = experiment(client, server, scenario, signatures)?;
    let kernel = kernel.map(Kernel::by_name).transpose().map_err(|error| RunError::new_err(error.to_string()))?;
    let stop = StopRules { max_failures, precision, seconds: seconds.map(duration).transpose()? };
    let fidelity = from_json("fidelity", &format!("{fidelity:?}"))?;
    let options = RunOptions { trials, seed, threads, digest, fidelity, kernel, memory_budget, stop };
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

/// An interval of a rate: `clopper_pearson`, `negative_binomial` or `confidence_sequence`.
#[pyfunction]
pub(crate) fn interval(kind: &str, failures: u64, trials: u64, confidence: f64) -> PyResult<(f64, f64)> {
    let kind: IntervalKind = from_json("interval", &format!("{kind:?}"))?;
    let interval = kind.interval(failures, trials, confidence).map_err(|error| RunError::new_err(error.to_string()))?;
    Ok((interval.low, interval.high))
}

/// The number of trials that an experiment needs: see `tlslab.plan`.
#[pyfunction]
pub(crate) fn plan(rate: f64, power: f64, alpha: f64, against: f64) -> PyResult<u64> {
    statistics::plan(rate, power, alpha, against).map_err(|error| RunError::new_err(error.to_string()))
}

/// The kernels of the batch engine that this CPU has, the slowest first.
#[pyfunction]
pub(crate) fn kernels() -> Vec<&'static str> {
    Kernel::available().into_iter().map(Kernel::name).collect()
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
