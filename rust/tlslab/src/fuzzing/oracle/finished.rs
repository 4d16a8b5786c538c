//! Finished and signatures are what a handshake rests on.

use tlslab_proto::crypto::Side;
use tlslab_proto::endpoint::trace::Event;
use tlslab_proto::wire::{Handshake, Message};

use super::{Completed, Evidence, at};

pub(super) fn judge(evidence: &Evidence<'_>) -> Option<String> {
    evidence.completed.iter().find_map(unproved)
}

fn unproved(Completed { side, events, .. }: &Completed<'_>) -> Option<String> {
    let expected = events.iter().rev().find_map(|event| match event {
        Event::VerifyData { sender, verify_data, .. } if *sender == side.peer() => Some(verify_data),
        _ => None,
    });
    let got = events.iter().rev().find_map(|event| match event {
        Event::Received { message: Message::Handshake(Handshake::Finished(finished)) } => Some(&finished.verify_data),
        _ => None,
    });
    if got.is_none() || got != expected {
        return Some(format!("the {side} is established without its peer's Finished, or with a wrong one"));
    }
    let bad = events.iter().any(|event| matches!(event, Event::Verified { good: false, .. }));
    bad.then(|| format!("the {side} is established in spite of a bad signature"))
}

pub(super) fn no_early_data(evidence: &Evidence<'_>) -> Option<String> {
    evidence.connections().find_map(|(_, connection)| {
        [Side::Client, Side::Server].into_iter().find_map(|side| {
            let is_data =
                |event: &&Event| matches!(event, Event::Received { message: Message::ApplicationData { .. } });
            let established = |event: &&Event| matches!(event, Event::Established { .. } | Event::Refused { .. });
            let mut early = at(connection, side).take_while(|event| !established(event)).filter(is_data);
            // The one that it refuses is in the trace as well.
            early.next()?;
            let refused = at(connection, side).any(|event| matches!(event, Event::Refused { .. }));
            (!refused).then(|| format!("the {side} took application data before its first handshake was done"))
        })
    })
}
