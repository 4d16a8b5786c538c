//! What a run has shown, as a set of numbers: an input is kept if it shows a new one.
//!
//! This is no coverage of code. It is what the traces tell: which message came after which at a side, with which outcome,
//! and what was refused.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, DefaultHasher, Hash, Hasher};
use std::mem::discriminant;

use tlslab_proto::endpoint::trace::Event;

use super::input::Execution;
use crate::scenario::connection::Connection;

/// Features of a run, each once.
pub(super) type Signal = Vec<u64>;

/// Features of many runs.
pub(super) type Seen = HashSet<u64, BuildHasherDefault<AsItIs>>;

/// A hasher of what is a hash already.
#[derive(Default)]
pub(super) struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |hash, byte| hash << 8 | u64::from(*byte));
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// The features of an execution.
pub(super) fn of(execution: &Execution) -> Signal {
    let mut signal = Signal::new();
    for (number, connection) in execution.connections.iter().enumerate() {
        signal.push(hash(&("outcome", number.min(2), connection.outcome.label())));
        steps(connection, &mut signal);
    }
    signal.sort_unstable();
    signal.dedup();
    signal
}

/// Pairs of what happened at a side, and what happened before.
fn steps(connection: &Connection, signal: &mut Signal) {
    let mut last = [0; 2];
    for traced in &connection.trace {
        let step = step(&traced.event);
        let last = &mut last[traced.side as usize];
        signal.push(hash(&(traced.side as u8, *last, step)));
        *last = step;
    }
}

/// What kind of thing happened.
fn step(event: &Event) -> u64 {
    let kind = discriminant(event);
    match event {
        Event::Sent { message, edited, protected } => hash(&(kind, message.name(), edited, protected)),
        Event::Received { message } => hash(&(kind, message.name())),
        Event::Refused { reason } => hash(&(kind, without_figures(reason))),
        Event::ResumptionDecided { decision, reason, .. } => hash(&(kind, decision, reason)),
        Event::Established { agreed, .. } => hash(&(
            kind,
            agreed.version.wire().0,
            agreed.suite.0,
            agreed.ems,
            agreed.resumed.is_some(),
            agreed.encrypt_then_mac,
        )),
        _ => hash(&kind),
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
