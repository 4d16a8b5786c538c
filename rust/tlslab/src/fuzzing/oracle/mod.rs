//! Oracles: each judges what happened, as a function of the traces and of what was done to the bytes on the way. None can
//! see a behaviour.

mod agreement;
mod authentication;
mod extended_master_secret;
mod finished;
mod heartbeat;
mod interoperability;
mod message_order;
mod resumption;

use tlslab_proto::crypto::Side;
use tlslab_proto::endpoint::Established;
use tlslab_proto::endpoint::trace::Event;
use tlslab_proto::wire::Message;

use super::input::Execution;
use crate::scenario::connection::Connection;
use crate::scenario::{Plan, Scenario};

/// What an oracle sees.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// What was done on the way, and between connections.
    pub scenario: &'a Scenario,
    /// What happened.
    pub execution: &'a Execution,
}

impl<'a> Evidence<'a> {
    /// The connections that there were, with their plans.
    fn connections(self) -> impl Iterator<Item = (&'a Plan, &'a Connection)> {
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
    judge: fn(Evidence<'_>) -> Option<String>,
}

impl Oracle {
    /// What is wrong; `None` where nothing is.
    pub fn judge(&self, evidence: Evidence<'_>) -> Option<String> {
        (self.judge)(evidence)
    }

    /// The oracle of this name.
    pub fn by_name(name: &str) -> Option<Self> {
        ORACLES.iter().find(|oracle| oracle.name == name).copied()
    }
}

/// All oracles.
pub const ORACLES: &[Oracle] = &[
    Oracle { name: "no_panic", rule: "an endpoint takes any bytes without a panic", judge: no_panic },
    Oracle {
        name: "bounded",
        rule: "a connection ends, or both sides wait for each other, within a bounded number of steps",
        judge: bounded,
    },
    Oracle {
        name: "interoperability",
        rule: "two sides that are left alone come to an agreement, or find in their hellos that there is none",
        judge: interoperability::judge,
    },
    Oracle {
        name: "agreement",
        rule: "two sides that have finished a handshake agree on version, suite, EMS, resumption, keys and transcripts",
        judge: agreement::judge,
    },
    Oracle {
        name: "authentication",
        rule: "what somebody has changed on the way never ends as if nothing had been (RFC 5246 F.1)",
        judge: authentication::judge,
    },
    Oracle {
        name: "finished",
        rule: "a handshake is not done before a Finished with the right verify_data, and every signature is good \
               (RFC 5246 7.4.9, 7.4.3, 7.4.8)",
        judge: finished::judge,
    },
    Oracle {
        name: "data_before_finished",
        rule: "no application data is taken in a first handshake (RFC 5246 7.4.9)",
        judge: finished::no_early_data,
    },
    Oracle {
        name: "message_order",
        rule: "a handshake that was finished had the messages of RFC 5246 7.3 in their order, and no others",
        judge: message_order::judge,
    },
    Oracle {
        name: "extended_master_secret",
        rule: "the master secret is extended where both hellos say so, and only there (RFC 7627 5.2)",
        judge: extended_master_secret::full,
    },
    Oracle {
        name: "resumption_with_ems",
        rule: "a session is resumed only where session and hellos all have EMS, or none of them (RFC 7627 5.3)",
        judge: extended_master_secret::resumed,
    },
    Oracle {
        name: "premaster_zeros",
        rule: "leading zero bytes of Z are stripped (RFC 5246 8.1.2)",
        judge: agreement::premaster_zeros,
    },
    Oracle {
        name: "ticket_key",
        rule: "a ticket is not accepted once its key is gone (RFC 5077 3.2)",
        judge: resumption::ticket_key,
    },
    Oracle {
        name: "heartbeat",
        rule: "a heartbeat's response has the payload of a request, and no more (RFC 6520 4)",
        judge: heartbeat::judge,
    },
    Oracle {
        name: "fallback",
        rule: "a server that speaks a later version refuses a client that falls back (RFC 7507 3)",
        judge: resumption::fallback,
    },
];

/// The first objection of each oracle that has one.
pub fn objections(oracles: &[Oracle], evidence: Evidence<'_>) -> Vec<(Oracle, String)> {
    oracles.iter().filter_map(|oracle| oracle.judge(evidence).map(|what| (*oracle, what))).collect()
}

fn no_panic(evidence: Evidence<'_>) -> Option<String> {
    evidence.execution.panic.clone()
}

/// The recorder gives up where a connection does not end.
fn bounded(evidence: Evidence<'_>) -> Option<String> {
    let endless = |(_, connection): &(&Plan, &Connection)| connection.truncated;
    evidence.connections().find(endless).map(|_| "more happened in a connection than is kept of one".to_owned())
}

/// What happened at one side.
fn at(connection: &Connection, side: Side) -> impl DoubleEndedIterator<Item = &Event> {
    connection.trace.iter().filter(move |traced| traced.side == side).map(|traced| &traced.event)
}

/// The handshakes that one side has finished: the events of each, from its ClientHello on.
fn handshakes(connection: &Connection, side: Side) -> Vec<(&Established, Vec<&Event>)> {
    let mut finished = Vec::new();
    let mut events = Vec::new();
    for event in at(connection, side) {
        let begins = match (side, event) {
            (Side::Client, Event::Sent { message, edited: false, .. })
            | (Side::Server, Event::Received { message }) => message.name() == "ClientHello",
            _ => false,
        };
        if begins {
            events.clear();
        }
        events.push(event);
        if let Event::Established { agreed, .. } = event {
            finished.push((agreed, std::mem::take(&mut events)));
        }
    }
    finished
}

/// The messages that a side was sent, in order.
fn received<'a>(events: &[&'a Event]) -> Vec<&'a Message> {
    let message = |event: &&'a Event| match event {
        Event::Received { message } => Some(message),
        _ => None,
    };
    events.iter().filter_map(message).collect()
}
