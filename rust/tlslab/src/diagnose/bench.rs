//! A bench on which one explanation is weighed: how likely the evidence is under it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use tlslab_proto::crypto::Side;
use tlslab_proto::wire::Bytes;

use super::assumptions::{Assumptions, ENDINGS, EVENTS, REACTIONS};
use super::chances::Chances;
use super::condition::Condition;
use super::events::{Direction, Event};
use super::evidence::Counted;
use super::explanation::Explanation;
use super::likelihood::{ln_binomial, ln_constant_rate};
use super::observation::{Ending, How, Observation, Verdict};
use super::outlook::Outlook;
use super::prediction::{Predicted, failing, own_outlooks, predict, rate};
use super::weigh::{Case, Counts, Parts, Weighed};
use crate::experiment::ExperimentError;

/// The chances of leading zeros below a prime; the usual ones where there is none.
pub(super) fn chances_of(p: Option<&Bytes>) -> Chances {
    p.map_or_else(Chances::usual, |p| Chances::below(p))
}

/// An explanation, and what it was found to come to.
pub(super) struct Bench<'a> {
    explanation: &'a Explanation,
    /// By condition, and by the chance of a leading zero in parts of a million.
    found: HashMap<(Condition, u32), Vec<Outlook>>,
    own: Option<Vec<Outlook>>,
    /// Whether most connections that it leaves unserved were.
    pub(super) foretells: bool,
    assumptions: &'a Assumptions,
}

impl<'a> Bench<'a> {
    pub(super) fn new(explanation: &'a Explanation, assumptions: &'a Assumptions) -> Self {
        Self { explanation, found: HashMap::new(), own: None, foretells: false, assumptions }
    }

    /// What it comes to where it shows.
    fn own(&mut self) -> Result<&[Outlook], ExperimentError> {
        if self.own.is_none() {
            self.own = Some(own_outlooks(self.explanation)?);
        }
        Ok(self.own.as_deref().unwrap_or_default())
    }

    pub(super) fn predict(&mut self) -> Result<Predicted, ExperimentError> {
        let explanation = self.explanation;
        predict(explanation, self.own()?)
    }

    pub(super) fn weigh(&mut self, case: &Case) -> Result<Weighed, ExperimentError> {
        let id = self.explanation.id.clone();
        let connections = self.connections(&case.connections)?;
        let asks_for_own = !case.events.is_empty() || case.counts.is_some();
        let assumptions = self.assumptions;
        let fault = assumptions.fault;
        let own = if asks_for_own { self.own()? } else { &[] };
        let counts = case.counts.map_or(0.0, |counts| of_counts(counts, own, fault));
        let parts = Parts { connections, events: events(&case.events, own, assumptions), counts };
        Ok(Weighed { id, log_likelihood: parts.total(), parts, explains: false, predicted: None })
    }

    fn connections(&mut self, connections: &[Counted<Observation>]) -> Result<f64, ExperimentError> {
        let assumptions = self.assumptions;
        let mut sum = 0.0;
        // Those that the explanation leaves unserved go unserved at a rate of their own, and so do the others.
        let [mut always, mut sometimes, mut others] = [Service::default(); 3];
        for one in connections.iter().filter(|one| one.seen.ending.verdict() != Verdict::Unknown) {
            let outlooks = self.outlooks(&one.seen)?;
            match foretold(&one.seen, outlooks) {
                Foretold::Unserved => always.add(one),
                Foretold::Either => sometimes.add(one),
                Foretold::Served => others.add(one),
            }
            sum += one.count as f64 * likelihood(&one.seen, outlooks, assumptions).ln();
        }
        let [unserved, total] = [always, sometimes]
            .iter()
            .fold([0, 0], |[unserved, total], one| [unserved + one.unserved, total + one.unserved + one.served]);
        self.foretells = 2 * unserved > total;
        let against = always.served as f64 * assumptions.fault.ln();
        Ok(sum + against + sometimes.log_likelihood() + others.log_likelihood())
    }

    fn outlooks(&mut self, seen: &Observation) -> Result<&[Outlook], ExperimentError> {
        // A scenario is what it is under any condition.
        let is_scenario = self.explanation.scenario.is_some();
        let condition = if is_scenario { Condition::of_cause_1() } else { Condition::of(seen) };
        let chances = if is_scenario { Chances::usual() } else { chances_of(seen.dh_p.as_ref()) };
        Ok(match self.found.entry((condition, (chances.any() * 1e6) as u32)) {
            Entry::Occupied(found) => found.into_mut(),
            Entry::Vacant(place) => {
                let outlooks = self.explanation.outlooks(&place.key().0, &chances)?;
                place.insert(outlooks)
            }
        })
    }
}

fn of_counts(counts: Counts, own: &[Outlook], fault: f64) -> f64 {
    // What fails for other reasons is left out: against the rates in question it is nothing.
    ln_binomial(counts.failures, counts.connections, rate(own).clamp(fault * fault, 1.0 - fault))
}

/// Connections whose handshake was fine.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Service {
    pub(super) served: u64,
    pub(super) unserved: u64,
}

impl Service {
    fn add(&mut self, one: &Counted<Observation>) {
        match one.seen.ending.verdict() {
            Verdict::Fine => self.served += one.count,
            Verdict::Unserved => self.unserved += one.count,
            Verdict::Failed | Verdict::Unknown => {}
        }
    }

    /// Applications have reasons of their own, of which nothing is known: all go unserved by one, none do, or some at any
    /// rate, and each is as likely as another.
    pub(super) fn log_likelihood(self) -> f64 {
        let (served, unserved) = (self.served, self.unserved);
        let certain = f64::from(u8::from(served == 0)) + f64::from(u8::from(unserved == 0));
        ((certain + ln_constant_rate(unserved, served + unserved).exp()) / 3.0).ln()
    }
}

/// What becomes of connections like one, by an explanation, after a handshake that was fine.
enum Foretold {
    Served,
    Unserved,
    /// It depends on what the application does.
    Either,
}

fn foretold(seen: &Observation, outlooks: &[Outlook]) -> Foretold {
    let alike = outlooks.iter().map(|outlook| &outlook.seen).filter(|other| {
        other.over == seen.over
            && other.ems == seen.ems
            && other.resumed == seen.resumed
            && other.offered_session == seen.offered_session
            && other.certificate_requested == seen.certificate_requested
    });
    let verdicts: Vec<_> = alike.map(|other| other.ending.verdict()).collect();
    match (verdicts.contains(&Verdict::Unserved), verdicts.contains(&Verdict::Fine)) {
        (true, false) => Foretold::Unserved,
        (true, true) => Foretold::Either,
        (false, _) => Foretold::Served,
    }
}

/// The likelihood of how a connection ended, its public values being what they are.
fn likelihood(seen: &Observation, outlooks: &[Outlook], assumptions: &Assumptions) -> f64 {
    let fits = |outlook: &&Outlook| {
        let other = &outlook.seen;
        let most = |zeros: u8| zeros.min(2);
        (most(other.ys_zeros), most(other.yc_zeros)) == (most(seen.ys_zeros), most(seen.yc_zeros))
            && (other.short_signature, other.short_ciphertext) == (seen.short_signature, seen.short_ciphertext)
    };
    let fitting: Vec<_> = outlooks.iter().filter(fits).collect();
    let total: f64 = fitting.iter().map(|outlook| outlook.chance).sum();
    let Assumptions { fault, reaction, .. } = *assumptions;
    let weighted = |outlook: &&Outlook| {
        outlook.chance * likeness(seen.ending, outlook.seen.ending, reaction) * keys(seen, outlook, fault)
    };
    let by_explanation = match total > 0.0 {
        true => fitting.iter().map(weighted).sum::<f64>() / total,
        // So rare that the lab did not look: nothing is said against it.
        false => f64::from(u8::from(seen.ending.verdict() != Verdict::Failed)),
    };
    let by_fault = match seen.ending.verdict() {
        Verdict::Failed => fault / ENDINGS,
        _ => 0.0,
    };
    (1.0 - fault) * by_explanation + by_fault + f64::MIN_POSITIVE
}

/// The chance that a connection is seen to end so where the lab's ended otherwise, or just so.
fn likeness(seen: Ending, lab: Ending, reaction: f64) -> f64 {
    match (seen.verdict(), lab.verdict()) {
        (Verdict::Failed, Verdict::Failed) if (seen.stage, seen.by) == (lab.stage, lab.by) => {
            if seen.how == lab.how {
                reaction
            } else {
                (1.0 - reaction) / (REACTIONS - 1.0)
            }
        }
        (Verdict::Failed, _) | (_, Verdict::Failed) => 0.0,
        _ => 1.0,
    }
}

/// The chance that a key log shows what it shows.
fn keys(seen: &Observation, outlook: &Outlook, fault: f64) -> f64 {
    let chance = |fits: bool| if fits { 1.0 - fault } else { fault };
    let differ = seen.keys.differ().map_or(1.0, |differ| chance(differ == outlook.masters_differ));
    let premasters = seen.keys.premasters.iter().zip(outlook.premasters);
    let premaster: f64 = premasters.filter_map(|(seen, lab)| seen.map(|seen| chance(lab == Some(seen)))).product();
    differ * premaster
}

/// The likelihood of the alerts that a Windows has logged, which is one side or the other, given that there were so many.
fn events(events: &[Counted<Event>], own: &[Outlook], assumptions: &Assumptions) -> f64 {
    if events.is_empty() {
        return 0.0;
    }
    let Assumptions { fault, reaction, .. } = *assumptions;
    let total: f64 = failing(own).map(|outlook| outlook.chance).sum();
    let of_side = |windows: Side| {
        let of_event = |one: &Counted<Event>| {
            let weighted =
                |outlook: &Outlook| outlook.chance * event_likeness(one.seen, outlook.seen.ending, windows, reaction);
            let sum: f64 = failing(own).map(weighted).sum();
            let by_explanation = if total > 0.0 { sum / total } else { 0.0 };
            one.count as f64 * ((1.0 - fault) * by_explanation + fault / EVENTS).ln()
        };
        events.iter().map(of_event).sum::<f64>()
    };
    let [client, server] = [of_side(Side::Client), of_side(Side::Server)];
    let most = client.max(server);
    most + (0.5 * ((client - most).exp() + (server - most).exp())).ln()
}

fn event_likeness(event: Event, lab: Ending, windows: Side, reaction: f64) -> f64 {
    let (How::Alert(alert), Some(by)) = (lab.how, lab.by) else { return 0.0 };
    let direction = if by == windows { Direction::Sent } else { Direction::Received };
    match (event.direction == direction, event.alert == alert) {
        (false, _) => 0.0,
        (true, true) => reaction,
        (true, false) => (1.0 - reaction) / (REACTIONS - 1.0),
    }
}
