//! Oracles: each judges what happened, as a function of the traces and of what was done to the bytes on the way. None can
//! see a behaviour.

mod again;
mod agreement;
mod alert;
mod authentication;
mod codec;
mod extended_master_secret;
mod finished;
mod heartbeat;
mod interoperability;
mod message_order;
mod resumption;

use std::sync::Arc;

use tlslab_proto::crypto::Side;
use tlslab_proto::endpoint::Established;
use tlslab_proto::endpoint::trace::Event;
use tlslab_proto::wire::Message;

use super::input::{Execution, Input};
use crate::scenario::connection::Connection;
use crate::scenario::{Plan, Scenario};

/// What an oracle sees.
#[derive(Debug)]
pub struct Evidence<'a> {
    /// What was done on the way, and between connections.
    scenario: &'a Scenario,
    /// What happened.
    pub execution: &'a Execution,
    /// The handshakes that were completed, by connection, the client's first.
    completed: Vec<Completed<'a>>,
}

/// A handshake that one side has completed.
#[derive(Debug)]
struct Completed<'a> {
    /// What was to happen in its connection.
    plan: &'a Plan,
    /// Whose view this is.
    side: Side,
    /// What it came to there.
    agreed: &'a Established,
    /// What happened there, from its ClientHello on.
    events: Vec<&'a Event>,
}

impl<'a> Evidence<'a> {
    /// What there is to see of an execution of this scenario.
    pub fn of(scenario: &'a Scenario, execution: &'a Execution) -> Self {
        let mut evidence = Self { scenario, execution, completed: Vec::new() };
        for (plan, connection) in scenario.connections.iter().zip(&execution.connections) {
            for side in [Side::Client, Side::Server] {
                complete(&mut evidence.completed, plan, connection, side);
            }
        }
        evidence
    }

    /// The connections that there were, with their plans.
    fn connections(&self) -> impl Iterator<Item = (&'a Plan, &'a Connection)> {
        self.scenario.connections.iter().zip(&self.execution.connections)
    }
}

/// Something that must hold whatever the scenario.
#[derive(Clone, Copy)]
pub struct Oracle {
    /// Its name, in findings.
    pub name: &'static str,
    /// What must hold, and who says so.
    pub rule: &'static str,
    judge: Judge,
}

/// How an oracle comes to its judgement.
#[derive(Clone, Copy)]
enum Judge {
    /// By the traces.
    Traces(fn(&Evidence<'_>) -> Option<String>),
    /// By running the input once more, or in another way. That takes time, so it is asked about one input in so many.
    Again { every: u64, judge: fn(&Input, &Execution) -> Option<String> },
}

impl Oracle {
    const fn of_traces(name: &'static str, rule: &'static str, judge: fn(&Evidence<'_>) -> Option<String>) -> Self {
        Self { name, rule, judge: Judge::Traces(judge) }
    }

    const fn again(
        name: &'static str,
        rule: &'static str,
        every: u64,
        judge: fn(&Input, &Execution) -> Option<String>,
    ) -> Self {
        Self { name, rule, judge: Judge::Again { every, judge } }
    }

    /// What is wrong by the traces; `None` where nothing is, or the oracle has to run the input again.
    pub fn judge(&self, evidence: &Evidence<'_>) -> Option<String> {
        match self.judge {
            Judge::Traces(judge) => judge(evidence),
            Judge::Again { .. } => None,
        }
    }

    /// What is wrong; `None` where nothing is.
    pub fn judge_run(&self, input: &Input, evidence: &Evidence<'_>) -> Option<String> {
        match self.judge {
            Judge::Traces(judge) => judge(evidence),
            Judge::Again { judge, .. } => judge(input, evidence.execution),
        }
    }

    /// The oracle of this name.
    pub fn by_name(name: &str) -> Option<Self> {
        ORACLES.iter().find(|oracle| oracle.name == name).copied()
    }
}

/// Says what is wrong with what came of an input.
pub type Judging = dyn Fn(&Input, &Evidence<'_>) -> Option<String> + Send + Sync;

/// An oracle of the lab's, or a function that is not.
#[derive(Clone)]
pub struct AnyOracle {
    /// Its name, in findings.
    pub name: String,
    /// What must hold.
    pub rule: String,
    /// It is asked about one input in so many, those whose number this divides.
    pub every: u64,
    /// What is wrong; `None` where nothing is.
    pub judge: Arc<Judging>,
}

impl From<Oracle> for AnyOracle {
    fn from(oracle: Oracle) -> Self {
        let every = match oracle.judge {
            Judge::Traces(_) => 1,
            Judge::Again { every, .. } => every,
        };
        let judge = Arc::new(move |input: &Input, evidence: &Evidence<'_>| oracle.judge_run(input, evidence));
        Self { name: oracle.name.to_owned(), rule: oracle.rule.to_owned(), every, judge }
    }
}

/// All oracles.
pub const ORACLES: &[Oracle] = &[
    Oracle::of_traces("no_panic", "an endpoint takes any bytes without a panic", no_panic),
    Oracle::of_traces(
        "bounded",
        "a connection ends, or both sides wait for each other, within a bounded number of steps and bytes",
        bounded,
    ),
    Oracle::of_traces(
        "interoperability",
        "two sides that are left alone come to an agreement, or find in their hellos that there is none",
        interoperability::judge,
    ),
    Oracle::of_traces(
        "agreement",
        "two sides that have finished a handshake agree on version, suite, EMS, resumption, keys and transcripts",
        agreement::judge,
    ),
    Oracle::of_traces(
        "authentication",
        "what somebody has changed on the way never ends as if nothing had been (RFC 5246 F.1)",
        authentication::judge,
    ),
    Oracle::of_traces(
        "finished",
        "a handshake is not done before a Finished with the right verify_data, and every signature is good (RFC 5246 \
         7.4.9, 7.4.3, 7.4.8)",
        finished::judge,
    ),
    Oracle::of_traces(
        "data_before_finished",
        "no application data is taken in a first handshake (RFC 5246 7.4.9)",
        finished::no_early_data,
    ),
    Oracle::of_traces(
        "message_order",
        "a handshake that was finished had the messages of RFC 5246 7.3 in their order, and no others",
        message_order::judge,
    ),
    Oracle::of_traces(
        "alert",
        "what is refused for a reason that the RFCs have an alert for gets that alert (RFC 5246 7.2.2, 7.4.1.3, 7.4.1.4)",
        alert::judge,
    ),
    Oracle::of_traces(
        "extended_master_secret",
        "the master secret is extended where both hellos say so, and only there (RFC 7627 5.2)",
        extended_master_secret::full,
    ),
    Oracle::of_traces(
        "resumption_with_ems",
        "a session is resumed only where session and hellos all have EMS, or none of them (RFC 7627 5.3)",
        extended_master_secret::resumed,
    ),
    Oracle::of_traces(
        "premaster_zeros",
        "leading zero bytes of Z are stripped (RFC 5246 8.1.2)",
        agreement::premaster_zeros,
    ),
    Oracle::of_traces(
        "ticket_key",
        "a ticket is not accepted once its key is gone (RFC 5077 3.2)",
        resumption::ticket_key,
    ),
    Oracle::of_traces(
        "heartbeat",
        "a heartbeat's response has the payload of a request, and no more (RFC 6520 4)",
        heartbeat::judge,
    ),
    Oracle::of_traces(
        "fallback",
        "a server that speaks a later version refuses a client that falls back (RFC 7507 3)",
        resumption::fallback,
    ),
    Oracle::again("codec", "what arrived is encoded, and decoded, to itself again", 8, codec::judge),
    Oracle::again("determinism", "the same input gives the same bytes and traces again", 64, again::same),
    Oracle::again(
        "tiers",
        "at wire fidelity and at class fidelity the same trials come to the same, where classes will do",
        8192,
        again::same_by_classes,
    ),
];

/// The first objection of each oracle that has one by the traces.
pub fn objections(oracles: &[Oracle], evidence: &Evidence<'_>) -> Vec<(Oracle, String)> {
    oracles.iter().filter_map(|oracle| oracle.judge(evidence).map(|what| (*oracle, what))).collect()
}

fn no_panic(evidence: &Evidence<'_>) -> Option<String> {
    evidence.execution.panic.clone()
}

/// The recorder gives up where a connection does not end.
fn bounded(evidence: &Evidence<'_>) -> Option<String> {
    let endless = |(_, connection): &(&Plan, &Connection)| connection.truncated;
    evidence.connections().find(endless).map(|_| "more happened in a connection than is kept of one".to_owned())
}

/// What happened at one side.
fn at(connection: &Connection, side: Side) -> impl DoubleEndedIterator<Item = &Event> {
    connection.trace.iter().filter(move |traced| traced.side == side).map(|traced| &traced.event)
}

/// Adds the handshakes that one side has completed.
fn complete<'a>(completed: &mut Vec<Completed<'a>>, plan: &'a Plan, connection: &'a Connection, side: Side) {
    let mut events: Vec<&Event> = Vec::new();
    let mut offer = None;
    for event in at(connection, side) {
        match (side, event) {
            // Only one that is answered begins a handshake: an edit may have another sent in the middle.
            (Side::Client, Event::Sent { message, edited: false, .. }) if message.name() == "ClientHello" => {
                offer = Some(events.len());
            }
            (Side::Client, Event::Received { message }) if message.name() == "ServerHello" => {
                events.drain(..offer.take().unwrap_or(0));
            }
            (Side::Server, Event::Received { message }) if message.name() == "ClientHello" => events.clear(),
            _ => {}
        }
        events.push(event);
        if let Event::Established { agreed, .. } = event {
            completed.push(Completed { plan, side, agreed, events: std::mem::take(&mut events) });
            offer = None;
        }
    }
}

/// The messages that a side was sent, in order.
fn received<'a>(events: &[&'a Event]) -> Vec<&'a Message> {
    let message = |event: &&'a Event| match event {
        Event::Received { message } => Some(message),
        _ => None,
    };
    events.iter().filter_map(message).collect()
}
