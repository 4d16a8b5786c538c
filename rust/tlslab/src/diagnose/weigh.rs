//! Weighing: how likely the evidence is under each explanation, and under a fault that is none of them.
//!
//! What an explanation comes to is what the lab sees of it. The rest is modelled, and said here: a real peer that finds
//! the same thing wrong at the same place mostly reacts as the lab's does, and anything can fail for reasons of its own.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serialize};
use tlslab_proto::crypto::Side;
use tlslab_proto::wire::Bytes;

use super::events::{Direction, Event};
use super::evidence::{Counted, Example};
use super::explanation::{Chances, Condition, Explanation, Outlook};
use super::likelihood::{ln_binomial, ln_constant_rate, ln_urn};
use super::observation::{Ending, How, Observation, Premaster, Verdict};
use super::prediction::{Predicted, failing, own_outlooks, predict, rate};
use super::remembered::Memory;
use crate::experiment::ExperimentError;

/// The chance that a connection fails for a reason that the explanation does not give.
const FAULT: f64 = 1e-3;

/// The chance that a peer reacts to what is wrong as the lab's does: by that alert, or by that end.
const REACTION: f64 = 0.7;

/// Other reactions at the same place: alerts that are in use, closes, resets, silence.
const REACTIONS: f64 = 12.0;

/// Ways in which something unknown can end a connection: places, sides and reactions, as far as they are met.
const ENDINGS: f64 = 24.0;

/// The chance that a key log says what it should: it may be another connection's, or wrong.
const KEY_LOG: f64 = 0.99;

/// The chance that a fault which is no explanation's leaves the sides with different keys.
const UNKNOWN_KEYS: f64 = 0.05;

/// An explanation explains something where it makes the evidence so many times likelier than no defect does.
const EXPLAINS: f64 = 2.0;

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
    fn total(self) -> f64 {
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
    cancelled: &AtomicBool,
) -> Result<Option<Weighing>, ExperimentError> {
    let memory = Arc::default();
    let count = |verdict| {
        let of_verdict = case.connections.iter().filter(|one| one.seen.ending.verdict() == verdict);
        of_verdict.map(|one| one.count).sum::<u64>()
    };
    let [fine, unserved, failures] = [Verdict::Fine, Verdict::Unserved, Verdict::Failed].map(count);
    let chance = Bench::new(&Explanation::none(), &memory).weigh(case)?.log_likelihood;
    let unknown_fault = unknown_fault(case, fine, unserved, failures).total().max(chance);
    let mut weighed: Vec<Weighed> = Vec::new();
    let mut benches: Vec<Bench<'_>> = explanations.iter().map(|explanation| Bench::new(explanation, &memory)).collect();
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
        let is_likelier = one.log_likelihood > chance + EXPLAINS.ln();
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
    let mut keys = 0.0;
    for one in &case.connections {
        if one.seen.ending.verdict() == Verdict::Failed {
            *endings.entry(one.seen.ending).or_default() += one.count;
        }
        keys += one.count as f64 * unknown_keys(&one.seen).ln();
    }
    let events: Vec<u64> = case.events.iter().map(|one| one.count).collect();
    Parts {
        connections: ln_constant_rate(failures, fine + unserved + failures)
            + ln_constant_rate(unserved, fine + unserved)
            + ln_urn(endings.values().copied(), ENDINGS)
            + keys,
        events: ln_urn(events, 2.0 * ENDINGS),
        counts: case.counts.map_or(0.0, |counts| -((counts.connections + 1) as f64).ln()),
    }
}

/// What a key log shows, where the cause is unknown.
fn unknown_keys(seen: &Observation) -> f64 {
    let differ = match seen.keys.differ() {
        Some(true) => UNKNOWN_KEYS,
        Some(false) => 1.0 - UNKNOWN_KEYS,
        None => 1.0,
    };
    let zero = chances_of(seen.dh_p.as_ref()).any();
    match seen.keys.premasters.into_iter().flatten().next() {
        Some(Premaster::Full) => differ * (1.0 - zero),
        Some(_) => differ * zero,
        None => differ,
    }
}

/// The chances of leading zeros below a prime; the usual ones where there is none.
fn chances_of(p: Option<&Bytes>) -> Chances {
    p.map_or_else(Chances::usual, |p| Chances::of(p))
}

/// An explanation, and what it was found to come to.
struct Bench<'a> {
    explanation: &'a Explanation,
    /// By condition, and by the chance of a leading zero in parts of a million.
    found: HashMap<(Condition, u32), Vec<Outlook>>,
    own: Option<Vec<Outlook>>,
    /// Whether most connections that it leaves unserved were.
    foretells: bool,
    memory: &'a Arc<Memory>,
}

impl<'a> Bench<'a> {
    fn new(explanation: &'a Explanation, memory: &'a Arc<Memory>) -> Self {
        Self { explanation, found: HashMap::new(), own: None, foretells: false, memory }
    }

    /// What it comes to where it shows.
    fn own(&mut self) -> Result<&[Outlook], ExperimentError> {
        if self.own.is_none() {
            self.own = Some(own_outlooks(self.explanation, self.memory)?);
        }
        Ok(self.own.as_deref().unwrap_or_default())
    }

    fn predict(&mut self) -> Result<Predicted, ExperimentError> {
        let (explanation, memory) = (self.explanation, self.memory);
        predict(explanation, self.own()?, memory)
    }

    fn weigh(&mut self, case: &Case) -> Result<Weighed, ExperimentError> {
        let id = self.explanation.id.clone();
        let connections = self.connections(&case.connections)?;
        let asks_for_own = !case.events.is_empty() || case.counts.is_some();
        let own = if asks_for_own { self.own()? } else { &[] };
        let counts = case.counts.map_or(0.0, |counts| of_counts(counts, own));
        let parts = Parts { connections, events: events(&case.events, own), counts };
        Ok(Weighed { id, log_likelihood: parts.total(), parts, explains: false, predicted: None })
    }

    fn connections(&mut self, connections: &[Counted<Observation>]) -> Result<f64, ExperimentError> {
        let mut sum = 0.0;
        // Those that the explanation leaves unserved go unserved at a rate of their own, and so do the others.
        let [mut foretold, mut others] = [Service::default(); 2];
        for one in connections.iter().filter(|one| one.seen.ending.verdict() != Verdict::Unknown) {
            let outlooks = self.outlooks(&one.seen)?;
            let service = if foretells_unserved(&one.seen, outlooks) { &mut foretold } else { &mut others };
            service.add(one);
            sum += one.count as f64 * likelihood(&one.seen, outlooks).ln();
        }
        self.foretells = 2 * foretold.unserved > foretold.total();
        Ok(sum + foretold.log_likelihood() + others.log_likelihood())
    }

    fn outlooks(&mut self, seen: &Observation) -> Result<&[Outlook], ExperimentError> {
        // A scenario is what it is under any condition.
        let is_scenario = self.explanation.scenario.is_some();
        let condition = if is_scenario { Condition::of_cause_1() } else { Condition::of(seen) };
        let chances = if is_scenario { Chances::usual() } else { chances_of(seen.dh_p.as_ref()) };
        Ok(match self.found.entry((condition, (chances.any() * 1e6) as u32)) {
            Entry::Occupied(found) => found.into_mut(),
            Entry::Vacant(place) => {
                let outlooks = self.explanation.outlooks(&place.key().0, &chances, self.memory)?;
                place.insert(outlooks)
            }
        })
    }
}

fn of_counts(counts: Counts, own: &[Outlook]) -> f64 {
    // What fails for other reasons is left out: against the rates in question it is nothing.
    ln_binomial(counts.failures, counts.connections, rate(own).clamp(FAULT * FAULT, 1.0 - FAULT))
}

/// Connections whose handshake was fine.
#[derive(Debug, Clone, Copy, Default)]
struct Service {
    served: u64,
    unserved: u64,
}

impl Service {
    fn add(&mut self, one: &Counted<Observation>) {
        match one.seen.ending.verdict() {
            Verdict::Fine => self.served += one.count,
            Verdict::Unserved => self.unserved += one.count,
            Verdict::Failed | Verdict::Unknown => {}
        }
    }

    fn total(self) -> u64 {
        self.served + self.unserved
    }

    fn log_likelihood(self) -> f64 {
        ln_constant_rate(self.unserved, self.total())
    }
}

/// Whether the application of the explanation leaves such connections unserved.
fn foretells_unserved(seen: &Observation, outlooks: &[Outlook]) -> bool {
    outlooks.iter().map(|outlook| &outlook.seen).any(|other| {
        other.ending.verdict() == Verdict::Unserved
            && other.over == seen.over
            && other.ems == seen.ems
            && other.resumed == seen.resumed
            && other.offered_session == seen.offered_session
            && other.certificate_requested == seen.certificate_requested
    })
}

/// The likelihood of how a connection ended, its public values being what they are.
fn likelihood(seen: &Observation, outlooks: &[Outlook]) -> f64 {
    let fits = |outlook: &&Outlook| {
        let other = &outlook.seen;
        let most = |zeros: u8| zeros.min(2);
        (most(other.ys_zeros), most(other.yc_zeros)) == (most(seen.ys_zeros), most(seen.yc_zeros))
            && (other.short_signature, other.short_ciphertext) == (seen.short_signature, seen.short_ciphertext)
    };
    let fitting: Vec<_> = outlooks.iter().filter(fits).collect();
    let total: f64 = fitting.iter().map(|outlook| outlook.chance).sum();
    let weighted =
        |outlook: &&Outlook| outlook.chance * likeness(seen.ending, outlook.seen.ending) * keys(seen, outlook);
    let by_explanation = match total > 0.0 {
        true => fitting.iter().map(weighted).sum::<f64>() / total,
        // So rare that the lab did not look: nothing is said against it.
        false => f64::from(u8::from(seen.ending.verdict() != Verdict::Failed)),
    };
    let by_fault = match seen.ending.verdict() {
        Verdict::Failed => FAULT / ENDINGS,
        _ => 0.0,
    };
    (1.0 - FAULT) * by_explanation + by_fault + f64::MIN_POSITIVE
}

/// The chance that a connection is seen to end so where the lab's ended otherwise, or just so.
fn likeness(seen: Ending, lab: Ending) -> f64 {
    match (seen.verdict(), lab.verdict()) {
        (Verdict::Failed, Verdict::Failed) if (seen.stage, seen.by) == (lab.stage, lab.by) => {
            if seen.how == lab.how {
                REACTION
            } else {
                (1.0 - REACTION) / REACTIONS
            }
        }
        (Verdict::Failed, _) | (_, Verdict::Failed) => 0.0,
        _ => 1.0,
    }
}

/// The chance that a key log shows what it shows.
fn keys(seen: &Observation, outlook: &Outlook) -> f64 {
    let chance = |fits: bool| if fits { KEY_LOG } else { 1.0 - KEY_LOG };
    let differ = seen.keys.differ().map_or(1.0, |differ| chance(differ == outlook.masters_differ));
    let premasters = seen.keys.premasters.iter().zip(outlook.premasters);
    let premaster: f64 = premasters.filter_map(|(seen, lab)| seen.map(|seen| chance(lab == Some(seen)))).product();
    differ * premaster
}

/// The likelihood of the alerts that a Windows has logged, which is one side or the other, given that there were so many.
fn events(events: &[Counted<Event>], own: &[Outlook]) -> f64 {
    if events.is_empty() {
        return 0.0;
    }
    let total: f64 = failing(own).map(|outlook| outlook.chance).sum();
    let of_side = |windows: Side| {
        let of_event = |one: &Counted<Event>| {
            let weighted = |outlook: &Outlook| outlook.chance * event_likeness(one.seen, outlook.seen.ending, windows);
            let sum: f64 = failing(own).map(weighted).sum();
            let by_explanation = if total > 0.0 { sum / total } else { 0.0 };
            one.count as f64 * ((1.0 - FAULT) * by_explanation + FAULT / (2.0 * ENDINGS)).ln()
        };
        events.iter().map(of_event).sum::<f64>()
    };
    let [client, server] = [of_side(Side::Client), of_side(Side::Server)];
    let most = client.max(server);
    most + (0.5 * ((client - most).exp() + (server - most).exp())).ln()
}

fn event_likeness(event: Event, lab: Ending, windows: Side) -> f64 {
    let (How::Alert(alert), Some(by)) = (lab.how, lab.by) else { return 0.0 };
    let direction = if by == windows { Direction::Sent } else { Direction::Received };
    match (event.direction == direction, event.alert == alert) {
        (false, _) => 0.0,
        (true, true) => REACTION,
        (true, false) => (1.0 - REACTION) / REACTIONS,
    }
}
