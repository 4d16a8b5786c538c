//! What a run has shown, as a set of numbers: an input is kept if it shows a new one.
//!
//! This is no coverage of code. It is what the traces tell: which message came after which at a side, with which outcome,
//! and what was refused.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use tlslab_proto::endpoint::trace::Event;

use super::input::Execution;
use crate::scenario::connection::Connection;

/// Features of a run.
pub(super) type Signal = BTreeSet<u64>;

/// The features of an execution.
pub(super) fn of(execution: &Execution) -> Signal {
    let mut signal = Signal::new();
    for (number, connection) in execution.connections.iter().enumerate() {
        signal.insert(hash(&("outcome", number.min(2), connection.outcome.label())));
        steps(connection, &mut signal);
    }
    signal
}

/// Pairs of what happened at a side, and what happened before.
fn steps(connection: &Connection, signal: &mut Signal) {
    let mut last = ["start"; 2].map(str::to_owned);
    for traced in &connection.trace {
        let step = describe(&traced.event);
        let last = &mut last[traced.side as usize];
        signal.insert(hash(&(traced.side, &*last, &step)));
        *last = step;
    }
}

fn describe(event: &Event) -> String {
    match event {
        Event::Sent { message, edited, protected } => format!("sent {} {edited} {protected}", message.name()),
        Event::Received { message } => format!("received {}", message.name()),
        Event::Refused { reason } => without_figures(reason),
        Event::ResumptionDecided { decision, reason, .. } => format!("{decision:?} {reason:?}"),
        Event::Established { agreed, .. } => {
            format!(
                "{:?} {} {} {:?} {}",
                agreed.version, agreed.suite, agreed.ems, agreed.resumed, agreed.encrypt_then_mac
            )
        }
        other => serde_json::to_value(other).map_or_else(|_| String::new(), |json| json["event"].to_string()),
    }
}

/// A text by which what differs in numbers only is the same.
pub(super) fn without_figures(text: &str) -> String {
    text.split(|character: char| !character.is_alphabetic())
        .filter(|word| word.len() > 1 && !word.bytes().all(|byte| byte.is_ascii_hexdigit()))
        .collect::<Vec<_>>()
        .join(" ")
}

fn hash(feature: &impl Hash) -> u64 {
    // The same on each machine: its keys are fixed.
    let mut hasher = DefaultHasher::new();
    feature.hash(&mut hasher);
    hasher.finish()
}
