//! Diffie-Hellman exponents: how long they are, and whether they are used again.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tlslab_dh::{Group, GroupError};
use tlslab_proto::endpoint::diffie_hellman::{DiffieHellman, Honest};
use tlslab_proto::endpoint::trace::Event;

use super::pump::{Outcome, Setup};

/// Computes honestly, and remembers the exponents that it was given.
#[derive(Default)]
struct Recording {
    exponents: Mutex<Vec<Vec<u8>>>,
}

impl DiffieHellman for Recording {
    fn group(&self, p: &[u8], g: &[u8]) -> Result<Group, GroupError> {
        Group::custom(p, g)
    }

    fn public(&self, group: &Group, exponent: &[u8]) -> Vec<u8> {
        self.exponents.lock().unwrap().push(exponent.to_vec());
        Honest::default().public(group, exponent)
    }

    fn shared(&self, group: &Group, exponent: &[u8], peer: &[u8]) -> Vec<u8> {
        Honest::default().shared(group, exponent, peer)
    }
}

/// The length in bits of the longest of 32 exponents of either side.
fn longest(length: Value) -> usize {
    let recording = Arc::new(Recording::default());
    for trial in 0..16 {
        let mut setup = Setup { trial, ..Setup::both(json!({"exponent_length": length})) };
        (setup.client_dh, setup.server_dh) = (recording.clone(), recording.clone());
        assert_eq!(setup.outcome(), Outcome::Established);
    }
    let exponents = recording.exponents.lock().unwrap();
    assert_eq!(exponents.len(), 32);
    let bits = |exponent: &Vec<u8>| {
        let leading = exponent.iter().position(|byte| *byte != 0).expect("no exponent is zero");
        8 * (exponent.len() - leading) - exponent[leading].leading_zeros() as usize
    };
    exponents.iter().map(bits).max().unwrap()
}

#[test]
fn exponents_have_the_length_that_was_asked_for() {
    // That none of 32 has its top bit is a chance of 2^-32, and no chance at all with a seed that is fixed.
    let modp1024 = Group::by_name("modp1024").unwrap();
    assert_eq!(longest(json!("short")), modp1024.short_exponent_bits());
    assert_eq!(longest(json!("full")), 1024 + 64);
    assert_eq!(longest(json!(300)), 300);
    assert_eq!(longest(json!(8)), 8);
}

/// The public values of both sides in one connection of a trial.
fn public_values(reuse: &str, trial: u64, connection: u16) -> [Vec<u8>; 2] {
    let setup = Setup { trial, connection, ..Setup::both(json!({"exponent_reuse": reuse})) };
    let values = setup.run().client.trace().iter().find_map(|event| match event {
        Event::DiffieHellman { own_public, peer_public, .. } => Some([own_public.to_vec(), peer_public.to_vec()]),
        _ => None,
    });
    values.expect("the client has computed Z")
}

#[test]
fn exponents_are_used_again_within_a_trial_or_not_at_all() {
    let differ = |a: [Vec<u8>; 2], b: [Vec<u8>; 2]| a[0] != b[0] && a[1] != b[1];
    assert!(differ(public_values("fresh", 0, 0), public_values("fresh", 0, 1)));
    assert_eq!(public_values("within_trial", 0, 0), public_values("within_trial", 0, 1));
    assert!(differ(public_values("within_trial", 0, 0), public_values("within_trial", 1, 0)));
}
