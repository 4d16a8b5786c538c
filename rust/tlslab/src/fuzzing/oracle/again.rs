//! Inputs that are run again: in the same way, and in another that must come to the same.

use std::panic::resume_unwind;
use std::thread;

use serde_json::{Map, json};
use tlslab_proto::behaviour::ServerBehaviour;

use crate::experiment::{Experiment, ExperimentError, Fidelity, Monitor, Report, RunOptions};
use crate::fuzzing::input::{Execution, Input};

/// A safe prime of 257 bits, between two byte boundaries: two of three Z have a leading zero byte. Batches do not take
/// the smaller groups of campaigns.
const PRIME: &str = "0x1800000000000000000000000000000000000000000000000000000000000c8b7";

/// Trials at each fidelity: enough for both classes.
const TRIALS: u64 = 32;

/// Bytes of a table of powers: more would take longer to make than it saves.
const BUDGET: usize = 1 << 16;

pub(super) fn same(input: &Input, execution: &Execution) -> Option<String> {
    let again = input.run().ok();
    (again.as_ref() != Some(execution)).then(|| "run again, the input came to something else".to_owned())
}

pub(super) fn same_by_classes(input: &Input, _: &Execution) -> Option<String> {
    let experiment = without_edits(input)?;
    let report = |fidelity: Fidelity| {
        let options = RunOptions {
            threads: 1,
            fidelity: fidelity.into(),
            memory_budget: BUDGET,
            ..RunOptions::new(TRIALS, input.seed)
        };
        apart(|| experiment.run(&options, &Monitor::default()))
    };
    match (report(Fidelity::Wire), report(Fidelity::Class)) {
        (Ok(wire), Ok(class)) => difference(&wire, &class),
        (_, Err(error @ ExperimentError::Audit { .. })) => Some(error.to_string()),
        // It is no experiment by classes.
        _ => None,
    }
}

/// Runs something that has a pool of its own, on another thread. One of a campaign's pool that waited for it would take up
/// the next input meanwhile, and the next one in that, until its stack is full.
fn apart<T: Send>(run: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| scope.spawn(run).join()).unwrap_or_else(|panic| resume_unwind(panic))
}

fn difference(wire: &Report, class: &Report) -> Option<String> {
    let (wire, class) = (&wire.outcomes, &class.outcomes);
    (wire != class).then(|| format!("trials come to {wire:?} at wire fidelity, and to {class:?} at class fidelity"))
}

/// The input as an experiment that classes may do for: without edits and faults, and in a group that batches take.
fn without_edits(input: &Input) -> Option<Experiment> {
    let mut experiment = input.experiment();
    for plan in &mut experiment.scenario.connections {
        (plan.edits, plan.fault) = (Vec::new(), None);
    }
    let in_small_group = experiment.server.own.groups != ServerBehaviour::default().own.groups;
    if in_small_group {
        let groups = json!([{ "p": PRIME, "g": "4" }]);
        experiment.server = experiment.server.with(&Map::from_iter([("groups".to_owned(), groups)])).ok()?;
    }
    experiment.beyond_classes().is_none().then_some(experiment)
}
