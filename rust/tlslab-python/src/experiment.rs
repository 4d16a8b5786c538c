//! Experiments.

use std::ops::Range;
use std::sync::atomic::Ordering;

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use serde::Serialize;
use tlslab::experiment::{
    self as lab, Experiment, Fidelity, IntervalKind, Monitor, Part, RunOptions, SignatureChoice, StopRules, Stopped,
    statistics,
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
    let kernel = kernel_by_name(kernel)?;
    let stop = StopRules { max_failures, precision, seconds: seconds.map(duration).transpose()? };
    let fidelity = from_json("fidelity", &format!("{fidelity:?}"))?;
    let options = RunOptions { trials, seed, threads, digest, fidelity, kernel, memory_budget, stop };
    let finished = watched(py, &progress, |monitor| experiment.run(&options, monitor));
    let report = finished.partial_if_interrupted(py)?.map_err(IntoPython::into_python)?;
    to_json(&report)
}

/// The fidelity at which an experiment would be run; refused as `run_experiment` would refuse it.
#[pyfunction]
#[pyo3(signature = (client, server, scenario, *, signatures, trials, fidelity, max_failures, precision))]
#[expect(clippy::too_many_arguments, reason = "Python calls it with keywords")]
pub(crate) fn check_experiment(
    client: &str,
    server: &str,
    scenario: &str,
    signatures: &str,
    trials: u64,
    fidelity: &str,
    max_failures: Option<u64>,
    precision: Option<f64>,
) -> PyResult<String> {
    let experiment = experiment(client, server, scenario, signatures)?;
    let fidelity = from_json("fidelity", &format!("{fidelity:?}"))?;
    let stop = StopRules { max_failures, precision, seconds: None };
    let options = RunOptions { fidelity, stop, ..RunOptions::new(trials, 0) };
    name(experiment.check(&options).map_err(IntoPython::into_python)?)
}

/// An experiment, made ready to be run, part by part: see `tlslab.blocks`.
#[pyclass(frozen, module = "tlslab._tlslab")]
pub(crate) struct Prepared {
    inner: lab::Prepared,
}

#[pymethods]
impl Prepared {
    /// `trials` is how many the run is of, which `auto` looks at.
    #[new]
    #[pyo3(signature = (client, server, scenario, *, signatures, trials, seed, threads, fidelity, kernel, memory_budget))]
    #[expect(clippy::too_many_arguments, reason = "Python calls it with keywords")]
    fn new(
        py: Python<'_>,
        client: &str,
        server: &str,
        scenario: &str,
        signatures: &str,
        trials: u64,
        seed: u64,
        threads: usize,
        fidelity: &str,
        kernel: Option<&str>,
        memory_budget: usize,
    ) -> PyResult<Self> {
        let experiment = experiment(client, server, scenario, signatures)?;
        let options = RunOptions {
            threads,
            fidelity: from_json("fidelity", &format!("{fidelity:?}"))?,
            kernel: kernel_by_name(kernel)?,
            memory_budget,
            ..RunOptions::new(trials, seed)
        };
        let inner = py.detach(|| experiment.prepare(&options)).map_err(IntoPython::into_python)?;
        Ok(Self { inner })
    }

    /// `wire`, `class` or `census`.
    #[getter]
    fn fidelity(&self) -> PyResult<String> {
        name(self.inner.fidelity())
    }

    /// Runs the trials from `start` to `stop`; gives the part as JSON, and why it stopped. An interrupt ends it early, with
    /// the trials that were done.
    #[pyo3(signature = (start, stop, *, failures_before, max_failures, precision, progress))]
    #[expect(clippy::too_many_arguments, reason = "Python calls it with keywords")]
    fn part(
        &self,
        py: Python<'_>,
        start: u64,
        stop: u64,
        failures_before: u64,
        max_failures: Option<u64>,
        precision: Option<f64>,
        progress: Py<PyAny>,
    ) -> PyResult<(String, String)> {
        let rules = StopRules { max_failures, precision, seconds: None };
        let finished = watched(py, &progress, |monitor| self.inner.part(start..stop, failures_before, &rules, monitor));
        let (part, stopped) = finished.partial_if_interrupted(py)?.map_err(IntoPython::into_python)?;
        Ok((to_json(&part)?, name(stopped)?))
    }

    /// Audits a run whose parts were added up, and reports on it as JSON. An interrupt ends the audit.
    #[pyo3(signature = (part, *, stopped_by, seconds, progress))]
    fn report(
        &self,
        py: Python<'_>,
        part: &str,
        stopped_by: &str,
        seconds: f64,
        progress: Py<PyAny>,
    ) -> PyResult<String> {
        let (part, took) = (read_part(part)?, duration(seconds)?);
        let stopped_by: Stopped = from_json("stopped_by", &format!("{stopped_by:?}"))?;
        let finished = watched(py, &progress, |monitor| self.inner.report(part, stopped_by, took, monitor));
        to_json(&finished.partial_if_interrupted(py)?.map_err(IntoPython::into_python)?)
    }

    /// What each trial from `start` to `stop` comes to: 16-bit numbers in the machine's byte order, and what they mean as
    /// JSON.
    #[pyo3(signature = (start, stop, *, progress))]
    fn codes<'py>(
        &self,
        py: Python<'py>,
        start: u64,
        stop: u64,
        progress: Py<PyAny>,
    ) -> PyResult<(Bound<'py, PyBytes>, String)> {
        let finished = watched(py, &progress, |monitor| self.inner.codes(start..stop, monitor));
        let told = finished.complete()?.map_err(IntoPython::into_python)?;
        let bytes = PyBytes::new_with(py, told.codes.len() * size_of::<u16>(), |bytes| {
            for (bytes, code) in bytes.chunks_exact_mut(size_of::<u16>()).zip(&told.codes) {
                bytes.copy_from_slice(&code.to_ne_bytes());
            }
            Ok(())
        })?;
        Ok((bytes, to_json(&told)?))
    }
}

fn kernel_by_name(kernel: Option<&str>) -> PyResult<Option<Kernel>> {
    kernel.map(Kernel::by_name).transpose().map_err(|error| RunError::new_err(error.to_string()))
}

/// The name that JSON has for a value without fields.
fn name(value: impl Serialize) -> PyResult<String> {
    Ok(to_json(&value)?.trim_matches('"').to_owned())
}

fn read_part(json: &str) -> PyResult<Part> {
    let part: Part = from_json("a part of a run", json)?;
    part.validate().map_err(|error| RunError::new_err(error.to_string()))?;
    Ok(part)
}

/// Adds up parts of a run, the first trials first, each given as JSON.
#[pyfunction]
pub(crate) fn add_parts(py: Python<'_>, parts: Vec<String>) -> PyResult<String> {
    py.detach(|| {
        let mut parts = parts.iter().map(|part| read_part(part));
        let mut all = parts.next().unwrap_or_else(|| Err(RunError::new_err("there are no parts to add up")))?;
        for part in parts {
            all.add(part?).map_err(|error| RunError::new_err(error.to_string()))?;
        }
        to_json(&all)
    })
}

/// Whether a rule may stop a run within a part, which comes after so many failures.
#[pyfunction]
#[pyo3(signature = (part, failures_before, *, max_failures, precision))]
pub(crate) fn part_may_stop(
    part: &str,
    failures_before: u64,
    max_failures: Option<u64>,
    precision: Option<f64>,
) -> PyResult<bool> {
    let rules = StopRules { max_failures, precision, seconds: None };
    read_part(part)?.may_reach(&rules, failures_before).map_err(IntoPython::into_python)
}

/// P-values, corrected by Holm's method for their number.
#[pyfunction]
pub(crate) fn holm(p_values: Vec<f64>) -> PyResult<Vec<f64>> {
    statistics::holm(&p_values).map_err(|error| RunError::new_err(error.to_string()))
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
