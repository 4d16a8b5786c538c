//! Weighing: how likely the evidence is under each explanation, and under a fault that is none of them.
//!
//! What an explanation comes to is what the lab sees of it, with chances that follow from primes and key lengths. What is
//! assumed besides is in [`Assumptions`].

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serialize};

use super::assumptions::{Assumptions, ENDINGS, EVENTS};
use super::bench::{Bench, Service, chances_of};
use super::events::Event;
use super::evidence::{Counted, Example};
use super::explanation::Explanation;
use super::likelihood::{ln_constant_rate, ln_urn};
use super::observation::{Ending, Observation, Premaster, Verdict};
use super::prediction::Predicted;
use crate::experiment::ExperimentError;

/// All evidence of a case.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Connections of captures.
    pub connections: Vec<Counted<Observation>>,
    /// Alerts that a Windows has logged.
    pub events: Vec<Counted<Event>>,
    /// Failures in so many connections.
    pub counts: Option<Counts>,
}

/// Failures that somebody has counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// Those that failed.
    pub failures: u64,
    /// All of them.
    pub connections: u64,
}

/// How an explanation fares.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Weighed {
    /// Its short name.
    pub id: String,
    /// The natural logarithm of the evidence's likelihood under it, but for a factor that is the same for all.
    pub log_likelihood: f64,
    /// The same of each kind of evidence.
    pub parts: Parts,
    /// Whether it explains anything: the evidence is likelier under it than without any defect, or connections went
    /// unserved as it has them.
    pub explains: bool,
    /// What it predicts, where it is among those that the evidence cannot tell apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub predicted: Option<Predicted>,
}

/// Log-likelihoods of the kinds of evidence.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Parts {
    /// Of the connections of captures.
    pub connections: f64,
    /// Of the events.
    pub events: f64,
    /// Of the counts.
    pub counts: f64,
}

impl Parts {
    pub(super) fn total(self) -> f64 {
        self.connections + self.events + self.counts
    }
}

/// The result of weighing.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Weighing {
    /// The explanations, in the order given.
    pub explanations: Vec<Weighed>,
    /// The log-likelihood under a fault that is none of them: at a rate and in ways of its own, or one that strikes now and
    /// then as it does under each explanation.
    pub unknown_fault: f64,
    /// Connections that count: their end was seen.
    pub connections: u64,
    /// Those of them that failed.
    pub failures: u64,
    /// Those whose handshake was fine, and which were then closed without an answer.
    pub unserved: u64,
    /// How those that failed ended, the most frequent first.
    pub endings: Vec<Ended>,
}

/// Connections that ended in one way.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Ended {
    /// The way, in words.
    pub how: String,
    /// How many did.
    pub count: u64,
    /// Where it was seen first.
    pub first: Option<Example>,
}

/// Weighs explanations. Those whose likelihood is within a factor of `apart` of the best one's predict what would tell them
/// apart, if anything failed at all. `None` where `cancelled` was set.
///
/// # Errors
/// An explanation that the lab cannot run.
pub fn weigh(
    case: &Case,
    explanations: &[Explanation],
    apart: f64,
    assumptions: &Assumptions,
    cancelled: &AtomicBool,
) -> Result<Option<Weighing>, ExperimentError> {
    let count = |verdict| {
        let of_verdict = case.connections.iter().filter(|one| one.seen.ending.verdict() == verdict);
        of_verdict.map(|one| one.count).sum::<u64>()
    };
    let [fine, unserved, failures] = [Verdict::Fine, Verdict::Unserved, Verdict::Failed].map(count);
    let chance = Bench::new(&Explanation::none(), assumptions).weigh(case)?.log_likelihood;
    let unknown_fault = unknown_fault(case, fine, unserved, failures).total().max(chance);
    let mut weighed: Vec<Weighed> = Vec::new();
    let mut benches: Vec<Bench<'_>> = explanations.iter().map(|one| Bench::new(one, assumptions)).collect();
    for bench in &mut benches {
        if cancelled.load(Ordering::Relaxed) {
            return Ok(None);
        }
        weighed.push(bench.weigh(case)?);
    }
    let best = weighed.iter().map(|one| one.log_likelihood).fold(unknown_fault, f64::max);
    let fails = failures + unserved > 0 || !case.events.is_empty() || case.counts.is_some_and(|one| one.failures > 0);
    for (bench, one) in benches.iter_mut().zip(&mut weighed) {
        if cancelled.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let is_likelier = one.log_likelihood > chance + assumptions.explains.ln();
        one.explains = fails && (is_likelier || bench.foretells);
        if one.explains && one.log_likelihood > best - apart.ln() {
            one.predicted = Some(bench.predict()?);
        }
    }
    Ok(Some(Weighing {
        explanations: weighed,
        unknown_fault,
        connections: fine + unserved + failures,
        failures,
        unserved,
        endings: endings(&case.connections),
    }))
}

fn endings(connections: &[Counted<Observation>]) -> Vec<Ended> {
    let mut endings: Vec<Ended> = Vec::new();
    for one in connections.iter().filter(|one| one.seen.ending.verdict() == Verdict::Failed) {
        let how = one.seen.ending.to_string();
        match endings.iter_mut().find(|ended| ended.how == how) {
            Some(ended) => ended.count += one.count,
            None => endings.push(Ended { how, count: one.count, first: one.first.clone() }),
        }
    }
    endings.sort_by_key(|ended| std::cmp::Reverse(ended.count));
    endings
}

fn unknown_fault(case: &Case, fine: u64, unserved: u64, failures: u64) -> Parts {
    let mut endings: HashMap<Ending, u64> = HashMap::new();
    let (mut keys, mut differ, mut same) = (0.0, 0, 0);
    for one in &case.connections {
        if one.seen.ending.verdict() == Verdict::Failed {
            *endings.entry(one.seen.ending).or_default() += one.count;
            match one.seen.keys.differ() {
                Some(true) => differ += one.count,
                Some(false) => same += one.count,
                None => {}
            }
        }
        keys += one.count as f64 * zeros_by_chance(&one.seen).ln();
    }
    let events: Vec<u64> = case.events.iter().map(|one| one.count).collect();
    Parts {
        connections: ln_constant_rate(failures, fine + unserved + failures)
            + Service { served: fine, unserved }.log_likelihood()
            + ln_urn(endings.values().copied(), ENDINGS)
            + ln_constant_rate(differ, differ + same)
            + keys,
        events: ln_urn(events, EVENTS),
        counts: case.counts.map_or(0.0, |counts| -((counts.connections + 1) as f64).ln()),
    }
}

/// The chance of the zeros that a key log shows of Z, where they have nothing to do with how a connection ends.
fn zeros_by_chance(seen: &Observation) -> f64 {
    let zero = chances_of(seen.dh_p.as_ref()).any();
    match seen.keys.premasters.into_iter().flatten().next() {
        Some(Premaster::Full) => 1.0 - zero,
        Some(_) => zero,
        None => 1.0,
    }
}
