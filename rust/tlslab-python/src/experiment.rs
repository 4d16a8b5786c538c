//! Experiments.

use std::ops::Range;
use std::sync::atomic::Ordering;

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use tlslab::experiment::{
    Experiment, Fidelity, IntervalKind, Monitor, RunOptions, SignatureChoice, StopRules, statistics,
};
use tlslab::scenario::Scenario;
use tlslab_dh::Kernel;

use crate::behaviour;
use crate::door::{Finished, long_call};
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

/// Runs trials, calling `progress(done, failures)` now and then (failures are None where a run does not tell), and gives the report as JSON. An interrupt ends the
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
    let finished = watched(py, &progress, |monitor| experiment.run(&options, monitor));
    let report = finished.partial_if_interrupted(py)?.map_err(IntoPython::into_python)?;
    to_json(&report)
}

/// The indices of the failed trials from `start` to `stop`, found by running them again at the fidelity of a run:
/// 64-bit numbers in the machine's byte order.
#[pyfunction]
#[pyo3(signature = (client, server, scenario, *, signatures, seed, fidelity, start, stop, threads, progress))]
#[expect(clippy::too_many_arguments, reason = "Python calls it with keywords")]
pub(crate) fn failed_trials<'py>(
    py: Python<'py>,
    client: &str,
    server: &str,
    scenario: &str,
    signatures: &str,
    seed: u64,
    fidelity: &str,
    start: u64,
    stop: u64,
    threads: usize,
    progress: Py<PyAny>,
) -> PyResult<Bound<'py, PyBytes>> {
    let experiment = experiment(client, server, scenario, signatures)?;
    let fidelity = from_json("fidelity", &format!("{fidelity:?}"))?;
    let options = RunOptions { fidelity, threads, ..RunOptions::new(stop, seed) };
    let range = Range { start, end: stop };
    let finished = watched(py, &progress, |monitor| experiment.failed_trials(&options, range, monitor));
    let failed = finished.complete()?.map_err(IntoPython::into_python)?;
    PyBytes::new_with(py, failed.len() * size_of::<u64>(), |bytes| {
        for (bytes, index) in bytes.chunks_exact_mut(size_of::<u64>()).zip(failed) {
            bytes.copy_from_slice(&index.to_ne_bytes());
        }
        Ok(())
    })
}

/// A long call whose monitor is told of interrupts, and whose `progress(done, failures)` is called now and then.
fn watched<T: Send>(py: Python<'_>, progress: &Py<PyAny>, work: impl FnOnce(&Monitor) -> T + Send) -> Finished<T> {
    let monitor = Monitor::default();
    long_call(
        py,
        || work(&monitor),
        || monitor.cancelled.store(true, Ordering::Relaxed),
        |py| progress.call1(py, (monitor.done.load(Ordering::Relaxed), monitor.failures())).map(|_| ()),
    )
}

/// An interval of a rate: `clopper_pearson`, `negative_binomial`, `confidence_sequence` or `variance`.
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
#[pyo3(signature = (client, server, scenario, *, signatures, seed, index, fidelity))]
#[expect(clippy::too_many_arguments, reason = "Python calls it with keywords")]
pub(crate) fn replay_trial(
    py: Python<'_>,
    client: &str,
    server: &str,
    scenario: &str,
    signatures: &str,
    seed: u64,
    index: u64,
    fidelity: &str,
) -> PyResult<String> {
    let experiment = experiment(client, server, scenario, signatures)?;
    let fidelity: Fidelity = from_json("fidelity", &format!("{fidelity:?}"))?;
    let replay = py.detach(|| experiment.replay(seed, index, fidelity)).map_err(IntoPython::into_python)?;
    to_json(&replay)
}
