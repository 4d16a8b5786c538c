//! Smaller inputs that show the same.

use rayon::prelude::*;
use serde_json::{Map, Value};
use tlslab_proto::behaviour::{Behaviour, OwnKnobs};

use super::configs::Configs;
use super::finding::{Finding, shows, signature};
use super::input::Input;
use super::oracle::{AnyOracle, Oracle};
use crate::scenario::Plan;

/// As often as an input is run to make it smaller.
const MOST_RUNS: usize = 400;

/// The finding with as little in its input as it takes: connections, edits, faults and knobs that are not needed are left
/// out, one after the other, until none can be. It works on the threads of the pool that it is called in, and comes to the
/// same on any number of them.
pub fn minimise(finding: &Finding) -> Finding {
    let Some(oracle) = Oracle::by_name(&finding.oracle) else { return finding.clone() };
    smallest(finding, &oracle.into(), &Configs::default())
}

/// As [`minimise`], of what any oracle has found.
pub(super) fn smallest(finding: &Finding, oracle: &AnyOracle, configs: &Configs) -> Finding {
    let wanted = signature(&oracle.name, &finding.what);
    let mut smallest = finding.clone();
    let mut runs = 0;
    loop {
        let mut candidates = candidates(&smallest.input);
        candidates.truncate(MOST_RUNS - runs);
        let tried = candidates.into_par_iter().enumerate();
        let smaller = tried.find_map_first(|(number, input)| {
            shows(&input, oracle, &wanted, configs).map(|what| (number, what, input))
        });
        let Some((number, what, input)) = smaller else { return smallest };
        runs += number + 1;
        smallest = Finding { what, input, ..smallest };
    }
}

/// All inputs that are smaller by one thing, the biggest first.
fn candidates(input: &Input) -> Vec<Input> {
    let mut candidates = Vec::new();
    let count = input.scenario.connections.len();
    for number in (0..count).rev().filter(|_| count > 1) {
        let mut smaller = input.clone();
        smaller.scenario.connections.remove(number);
        candidates.push(smaller);
    }
    for number in 0..count {
        for plan in smaller_plans(&input.scenario.connections[number]) {
            let mut smaller = input.clone();
            smaller.scenario.connections[number] = plan;
            candidates.push(smaller);
        }
    }
    candidates.extend(simpler(&input.client).into_iter().map(|client| Input { client, ..input.clone() }));
    candidates.extend(simpler(&input.server).into_iter().map(|server| Input { server, ..input.clone() }));
    candidates
}

fn smaller_plans(plan: &Plan) -> Vec<Plan> {
    let mut plans: Vec<Plan> = (0..plan.edits.len())
        .map(|number| {
            let mut smaller = plan.clone();
            smaller.edits.remove(number);
            smaller
        })
        .collect();
    let without: [fn(&mut Plan); 6] = [
        |plan| plan.fault = None,
        |plan| plan.renegotiates = None,
        |plan| plan.forgets.clear(),
        |plan| plan.seconds_before = 0,
        |plan| plan.client = Map::new(),
        |plan| plan.server = Map::new(),
    ];
    for leave_out in without {
        let mut smaller = plan.clone();
        leave_out(&mut smaller);
        if smaller != *plan {
            plans.push(smaller);
        }
    }
    plans
}

/// The behaviour with one knob less.
fn simpler<Own: OwnKnobs>(behaviour: &Behaviour<Own>) -> Vec<Behaviour<Own>> {
    let knobs = behaviour.to_value();
    let without = |name: &String| {
        let mut fewer = knobs.clone();
        fewer.remove(name);
        Behaviour::from_value(&Value::Object(fewer)).ok()
    };
    knobs.keys().filter(|name| *name != "groups").filter_map(without).collect()
}
