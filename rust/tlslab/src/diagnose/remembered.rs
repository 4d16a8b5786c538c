//! Exponents that meet a class, searched for once: all explanations ask for the same.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tlslab_dh::{Group, GroupError};
use tlslab_proto::endpoint::diffie_hellman::{DiffieHellman, Honest};

use crate::experiment::{Class, Forced};

/// What was searched for: the class, the prime, the peer's public value, and the exponent that was drawn.
type Search = (Class, Vec<u8>, Option<Vec<u8>>, Vec<u8>);

/// The exponents that were found.
#[derive(Default)]
pub(super) struct Memory(Mutex<HashMap<Search, Vec<u8>>>);

/// A provider of exponents that meet a class.
pub(super) struct Remembered {
    class: Class,
    forced: Forced,
    memory: Arc<Memory>,
}

impl Remembered {
    pub(super) fn new(honest: Honest, class: Class, memory: Arc<Memory>) -> Self {
        Self { class, forced: Forced::new(honest, Some(class)), memory }
    }
}

impl DiffieHellman for Remembered {
    fn group(&self, p: &[u8], g: &[u8]) -> Result<Group, GroupError> {
        self.forced.group(p, g)
    }

    fn exponent(&self, group: &Group, peer: Option<&[u8]>, drawn: Vec<u8>) -> Vec<u8> {
        let search = (self.class, group.modulus().to_vec(), peer.map(<[u8]>::to_vec), drawn.clone());
        let found = self.memory.0.lock().ok().and_then(|memory| memory.get(&search).cloned());
        found.unwrap_or_else(|| {
            let found = self.forced.exponent(group, peer, drawn);
            if let Ok(mut memory) = self.memory.0.lock() {
                memory.insert(search, found.clone());
            }
            found
        })
    }

    fn public(&self, group: &Group, exponent: &[u8]) -> Vec<u8> {
        self.forced.public(group, exponent)
    }

    fn shared(&self, group: &Group, exponent: &[u8], peer: &[u8]) -> Vec<u8> {
        self.forced.shared(group, exponent, peer)
    }
}
