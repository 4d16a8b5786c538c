//! Targets of texts and files that people give to the lab.

use std::sync::atomic::AtomicBool;

use tlslab_proto::behaviour::{Behaviour, ClientBehaviour, OwnKnobs, ServerBehaviour};

use crate::diagnose::{KeyLog, read_capture, read_events};
use crate::windows::read_reg;

pub(super) fn capture(bytes: &[u8]) {
    let capture = read_capture(bytes, &KeyLog::default(), &AtomicBool::new(false));
    let told: u64 = capture.connections.iter().map(|connection| connection.count).sum();
    // A connection takes a packet at least.
    assert!(told + capture.not_tls + capture.incomplete <= capture.packets, "more connections than packets");
    serde_json::to_string(&capture).expect("what a capture holds is plain data");
}

pub(super) fn registry(bytes: &[u8]) {
    if let Ok(registry) = read_reg(bytes) {
        serde_json::to_string(&registry).expect("registry values are plain data");
    }
}

pub(super) fn events(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    // What breaks off gives what comes before, and an export cut at its end is no other one.
    let _ = read_events(text).map(|export| export.events.len());
}

pub(super) fn key_log(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let mut once = KeyLog::default();
    once.add(text);
    let mut twice = once.clone();
    twice.add(text);
    assert_eq!(once, twice, "a key log that is read again says something else");
}

pub(super) fn behaviour(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    ClientBehaviour::from_json(text).iter().for_each(read_again);
    ServerBehaviour::from_json(text).iter().for_each(read_again);
    ClientBehaviour::from_assignments(text).iter().for_each(read_again);
    ServerBehaviour::from_assignments(text).iter().for_each(read_again);
}

fn read_again<Own: OwnKnobs + std::fmt::Debug>(behaviour: &Behaviour<Own>) {
    let json = serde_json::to_string(behaviour).expect("a behaviour is plain data");
    let again = Behaviour::<Own>::from_json(&json);
    assert!(again.is_ok_and(|again| again == *behaviour), "{json} reads as another behaviour");
}
