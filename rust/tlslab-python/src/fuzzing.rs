//! Fuzzing campaigns.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pyo3::prelude::*;
use serde_json::{Map, Value, json};
use tlslab::fuzzing::oracle::{AnyOracle, Evidence, ORACLES, Oracle};
use tlslab::fuzzing::seeded::{SEEDED, SeededBug};
use tlslab::fuzzing::{
    Campaign, CampaignOptions, Execution, Finding, Input, Maker, Mutator, Palette, Progress, Reached, Summary,
};

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

/// Runs a campaign, calling `progress(executions, findings, reached, news, joined)` now and then, and gives what it came to
/// as JSON. `news` is the findings since the last call, each as the name of its file and JSON, and `joined` the inputs that
/// have joined the corpus since then, as JSON. `corpus` is inputs to begin with, as JSON. `functions` are oracles beyond the
/// lab's, with their names: called with an execution as JSON, they give what is wrong, or None; `mutators` are called with
/// an input as JSON and a number, and give another. They run one at a time, and the first exception ends the campaign. An
/// interrupt ends it early, with what was found until then.
#[pyfunction]
#[pyo3(signature = (client, server, *, any_knobs, oracles, functions, mutators, seed, executions, seconds, findings, threads, corpus, progress))]
#[expect(clippy::too_many_arguments, reason = "Python calls it with keywords")]
pub(crate) fn fuzz_campaign(
    py: Python<'_>,
    client: &str,
    server: &str,
    any_knobs: bool,
    oracles: Vec<String>,
    functions: Vec<(String, Py<PyAny>)>,
    mutators: Vec<Py<PyAny>>,
    seed: u64,
    executions: Option<u64>,
    seconds: Option<f64>,
    findings: Option<usize>,
    threads: usize,
    corpus: Vec<String>,
    progress: Py<PyAny>,
) -> PyResult<String> {
    let foreign = Foreign::default();
    let options = CampaignOptions {
        client: behaviour::parse(client)?,
        server: behaviour::parse(server)?,
        palette: if any_knobs { Palette::Any } else { Palette::Conformant },
        oracles: oracles.iter().map(|name| oracle(name)).collect::<PyResult<_>>()?,
        custom: functions.into_iter().map(|(name, function)| foreign.oracle(name, function)).collect(),
        mutators: mutators.into_iter().map(|function| foreign.mutator(function)).collect(),
        seed,
        executions,
        time: seconds.map(duration).transpose()?,
        most_findings: findings,
        threads,
        corpus: corpus.iter().map(|text| input(text)).collect::<PyResult<_>>()?,
    };
    let watch = &*foreign.watch;
    let shown = |py: Python<'_>| {
        let [executions, findings] = [&watch.executions, &watch.findings].map(|count| count.load(Ordering::Relaxed));
        let reached = watch.reached.each_ref().map(|count| count.load(Ordering::Relaxed));
        let news = std::mem::take(&mut *watch.news.lock().unwrap_or_else(PoisonError::into_inner));
        let named = |finding: &Finding| Ok((finding.file_name(), to_json(finding)?));
        let news = news.iter().map(named).collect::<PyResult<Vec<_>>>()?;
        let joined = std::mem::take(&mut *watch.joined.lock().unwrap_or_else(PoisonError::into_inner));
        let joined = joined.iter().map(to_json).collect::<PyResult<Vec<_>>>()?;
        progress.call1(py, (executions, findings, reached, news, joined)).map(drop)
    };
    let cancel = || watch.cancelled.store(true, Ordering::Relaxed);
    let finished = long_call(py, || Campaign::new(options).run(watch), cancel, shown);
    let summary = finished.partial_if_interrupted(py)?;
    if let Some(error) = foreign.raised() {
        return Err(error);
    }
    let summary = summary.map_err(|error| RunError::new_err(format!("the threads could not be started: {error}")))?;
    to_json(&document(&summary, watch.cancelled.load(Ordering::Relaxed)))
}

/// Functions of Python's in a campaign. They are called on its threads, one at a time, since each call takes the GIL.
#[derive(Clone, Default)]
struct Foreign {
    watch: Arc<Progress>,
    /// The first exception.
    raised: Arc<Mutex<Option<PyErr>>>,
}

impl Foreign {
    fn oracle(&self, name: String, function: Py<PyAny>) -> AnyOracle {
        let foreign = self.clone();
        let judge = move |input: &Input, evidence: &Evidence<'_>| {
            let text = executed(input, evidence.execution).to_string();
            foreign.call(|py| function.call1(py, (text,))?.extract::<Option<String>>(py))
        };
        AnyOracle { rule: format!("what the function {name} says"), name, every: 1, judge: Arc::new(judge) }
    }

    fn mutator(&self, function: Py<PyAny>) -> Mutator {
        let foreign = self.clone();
        Arc::new(move |given: &Input, number: u64| {
            foreign.call(|py| {
                let changed = function.call1(py, (given.to_json(), number))?.extract::<Option<String>>(py)?;
                changed.map(|text| input(&text)).transpose()
            })
        })
    }

    /// Calls Python, unless the campaign is ending. An exception ends it.
    fn call<T>(&self, work: impl FnOnce(Python<'_>) -> PyResult<Option<T>>) -> Option<T> {
        if self.watch.cancelled.load(Ordering::Relaxed) {
            return None;
        }
        Python::attach(work).unwrap_or_else(|error| {
            self.raised.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
            self.watch.cancelled.store(true, Ordering::Relaxed);
            None
        })
    }

    /// The exception that has ended the campaign.
    fn raised(&self) -> Option<PyErr> {
        self.raised.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// What a function is told of an execution.
fn executed(input: &Input, execution: &Execution) -> Value {
    json!({ "input": input, "connections": execution.connections, "panic": execution.panic })
}

fn document(summary: &Summary, interrupted: bool) -> Value {
    let Summary { executions, misfits, outcomes, reached, findings, corpus, features, elapsed } = summary;
    let reached: Map<String, Value> =
        Reached::ALL.iter().zip(reached).map(|(step, count)| (step.name().to_owned(), json!(count))).collect();
    json!({
        "executions": executions,
        "misfits": misfits,
        "outcomes": outcomes,
        "reached": reached,
        "findings": findings.iter().map(|finding| {
            json!({ "file_name": finding.file_name(), "finding": finding })
        }).collect::<Vec<_>>(),
        "corpus": corpus,
        "features": features,
        "seconds": Duration::as_secs_f64(elapsed),
        "interrupted": interrupted,
    })
}

/// Makes the input with this number, as JSON, of nothing or of one of `corpus`; None where its bytes come to none.
#[pyfunction]
#[pyo3(signature = (client, server, *, any_knobs, seed, number, corpus))]
pub(crate) fn fuzz_make(
    client: &str,
    server: &str,
    any_knobs: bool,
    seed: u64,
    number: u64,
    corpus: Vec<String>,
) -> PyResult<Option<String>> {
    let palette = if any_knobs { Palette::Any } else { Palette::Conformant };
    let corpus = corpus.iter().map(|text| input(text)).collect::<PyResult<Vec<_>>>()?;
    let maker = Maker::new(seed, palette, behaviour::parse(client)?, behaviour::parse(server)?);
    Ok(maker.input(number, &corpus).map(|input| input.to_json()))
}

/// Runs one input, and gives what the oracles object to and the connections that there were, as JSON.
#[pyfunction]
pub(crate) fn fuzz_replay(text: &str, oracles: Vec<String>) -> PyResult<String> {
    let input = input(text)?;
    let oracles = oracles.iter().map(|name| oracle(name)).collect::<PyResult<Vec<_>>>()?;
    let execution = input.run().map_err(IntoPython::into_python)?;
    let evidence = Evidence::of(&input.scenario, &execution);
    let objection = |oracle: &Oracle| {
        let what = oracle.judge_run(&input, &evidence)?;
        Some(json!({ "oracle": oracle.name, "what": what }))
    };
    let objections: Vec<Value> = oracles.iter().filter_map(objection).collect();
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
