//! Fuzzing campaigns.

use std::sync::atomic::Ordering;
use std::time::Duration;

use pyo3::prelude::*;
use serde_json::{Value, json};
use tlslab::fuzzing::oracle::{Evidence, ORACLES, Oracle, objections};
use tlslab::fuzzing::seeded::{SEEDED, SeededBug};
use tlslab::fuzzing::{Campaign, CampaignOptions, Input, Palette, Progress, Summary};

use crate::behaviour;
use crate::door::long_call;
use crate::errors::{IntoPython, RunError};
use crate::peer::duration;
use crate::simulation::to_json;

/// The oracles, as JSON: name and rule of each.
#[pyfunction]
pub(crate) fn fuzz_oracles() -> PyResult<String> {
    let described = |oracle: &Oracle| json!({ "name": oracle.name, "rule": oracle.rule });
    to_json(&ORACLES.iter().map(described).collect::<Vec<_>>())
}

/// The seeded bugs, as JSON: name, reference, and both sides' behaviours.
#[pyfunction]
pub(crate) fn fuzz_seeded() -> PyResult<String> {
    let described = |bug: &SeededBug| {
        let (client, server) = bug.behaviours().map_err(IntoPython::into_python)?;
        Ok(json!({ "name": bug.name, "client": client, "server": server, "reference": bug.reference }))
    };
    to_json(&SEEDED.iter().map(described).collect::<PyResult<Vec<_>>>()?)
}

/// Runs a campaign, calling `progress(executions, findings)` now and then, and gives what it came to as JSON. `corpus` is
/// inputs to begin with, as JSON. An interrupt ends it early, with what was found until then.
#[pyfunction]
#[pyo3(signature = (client, server, *, any_knobs, oracles, seed, executions, seconds, findings, threads, corpus, progress))]
#[expect(clippy::too_many_arguments, reason = "Python calls it with keywords")]
pub(crate) fn fuzz_campaign(
    py: Python<'_>,
    client: &str,
    server: &str,
    any_knobs: bool,
    oracles: Vec<String>,
    seed: u64,
    executions: Option<u64>,
    seconds: Option<f64>,
    findings: Option<usize>,
    threads: usize,
    corpus: Vec<String>,
    progress: Py<PyAny>,
) -> PyResult<String> {
    let options = CampaignOptions {
        client: behaviour::parse(client)?,
        server: behaviour::parse(server)?,
        palette: if any_knobs { Palette::Any } else { Palette::Conformant },
        oracles: oracles.iter().map(|name| oracle(name)).collect::<PyResult<_>>()?,
        seed,
        executions,
        time: seconds.map(duration).transpose()?,
        most_findings: findings,
        threads,
        corpus: corpus.iter().map(|text| input(text)).collect::<PyResult<_>>()?,
    };
    let watch = Progress::default();
    let shown = |py: Python<'_>| {
        let counts = (watch.executions.load(Ordering::Relaxed), watch.findings.load(Ordering::Relaxed));
        progress.call1(py, counts).map(drop)
    };
    let cancel = || watch.cancelled.store(true, Ordering::Relaxed);
    let finished = long_call(py, || Campaign::new(options).run(&watch), cancel, shown);
    let summary = finished.partial_if_interrupted(py)?;
    let summary = summary.map_err(|error| RunError::new_err(format!("the threads could not be started: {error}")))?;
    to_json(&document(&summary, watch.cancelled.load(Ordering::Relaxed)))
}

fn document(summary: &Summary, interrupted: bool) -> Value {
    let Summary { executions, misfits, outcomes, findings, corpus, features, elapsed } = summary;
    json!({
        "executions": executions,
        "misfits": misfits,
        "outcomes": outcomes,
        "findings": findings.iter().map(|finding| {
            json!({ "file_name": finding.file_name(), "finding": finding })
        }).collect::<Vec<_>>(),
        "corpus": corpus,
        "features": features,
        "seconds": Duration::as_secs_f64(elapsed),
        "interrupted": interrupted,
    })
}

/// Runs one input, and gives what the oracles object to and the connections that there were, as JSON.
#[pyfunction]
pub(crate) fn fuzz_replay(text: &str, oracles: Vec<String>) -> PyResult<String> {
    let input = input(text)?;
    let oracles = oracles.iter().map(|name| oracle(name)).collect::<PyResult<Vec<_>>>()?;
    let execution = input.run().map_err(IntoPython::into_python)?;
    let found = objections(&oracles, Evidence { scenario: &input.scenario, execution: &execution });
    let objections: Vec<Value> =
        found.iter().map(|(oracle, what)| json!({ "oracle": oracle.name, "what": what })).collect();
    to_json(&json!({ "objections": objections, "connections": execution.connections, "seed": input.seed.to_string() }))
}

fn input(text: &str) -> PyResult<Input> {
    Input::from_json(text).map_err(|error| RunError::new_err(error.to_string()))
}

fn oracle(name: &str) -> PyResult<Oracle> {
    let names = || ORACLES.iter().map(|oracle| oracle.name).collect::<Vec<_>>().join(", ");
    Oracle::by_name(name)
        .ok_or_else(|| RunError::new_err(format!("there is no oracle {name:?}; there are {}", names())))
}
