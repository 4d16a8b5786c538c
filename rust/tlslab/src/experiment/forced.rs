//! Diffie-Hellman whose values have wanted numbers of leading zero bytes: made-up exponents for each class.

use std::collections::BTreeMap;
use std::sync::Mutex;

use tlslab_dh::{Group, GroupError, leading_zero_bytes};
use tlslab_proto::endpoint::diffie_hellman::{DiffieHellman, Honest};

/// The leading zero bytes of an exchange's values, in the length of the prime. A count of [`Class::MOST`] stands for
/// that many and more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Class {
    /// Of Z.
    pub z: usize,
    /// Of the server's public value and of the client's, where the outcome may depend on them.
    pub publics: Option<[usize; 2]>,
}

impl Class {
    /// The count that stands for itself and all higher ones.
    pub const MOST: usize = 2;

    /// Whether `value` has `wanted` leading zero bytes.
    fn fits(wanted: usize, value: &[u8]) -> bool {
        leading_zero_bytes(value).min(Self::MOST) == wanted
    }
}

/// What an exponent is searched by: the prime, the bases and where the search starts, and the zeros that are wanted.
type Sought = (Vec<u8>, Vec<Vec<u8>>, Vec<u8>, Vec<usize>);

/// What searches have found: experiments in one group search for the same few exponents, and two zero bytes take 65,536
/// steps to meet.
static FOUND: Mutex<BTreeMap<Sought, Option<Vec<u8>>>> = Mutex::new(BTreeMap::new());

/// As many as are remembered.
const REMEMBERED: usize = 4_096;

/// What `search` finds, or what it found before.
fn remembered(sought: Sought, search: impl FnOnce() -> Option<Vec<u8>>) -> Option<Vec<u8>> {
    if let Some(found) = FOUND.lock().ok().and_then(|found| found.get(&sought).cloned()) {
        return found;
    }
    let exponent = search();
    if let Ok(mut found) = FOUND.lock() {
        if found.len() >= REMEMBERED {
            found.clear();
        }
        found.insert(sought, exponent.clone());
    }
    exponent
}

/// A provider that chooses exponents to meet a class, or leaves them as drawn; it remembers the group that was used.
pub struct Forced {
    honest: Honest,
    class: Option<Class>,
    group: Mutex<Option<Group>>,
}

impl Forced {
    /// A provider that meets `class`, or draws freely.
    pub fn new(honest: Honest, class: Option<Class>) -> Self {
        Self { honest, class, group: Mutex::new(None) }
    }

    /// The group of the last exchange, if there was one.
    pub(super) fn group_used(&self) -> Option<Group> {
        self.group.lock().ok()?.clone()
    }
}

/// Steps of a search for `zeros` zero bytes: 64 times the mean, which is missed once in 10^27; a thousand million at most.
fn limit(zeros: usize) -> u32 {
    64 << (8 * zeros.min(3))
}

impl Class {
    /// An exponent that meets the class, at or after the one that was drawn: the client's if the server's public value
    /// is known, else the server's.
    fn exponent(self, group: &Group, server_public: Option<&[u8]>, drawn: &[u8]) -> Option<Vec<u8>> {
        let sought = |bases: &[&[u8]], zeros: &[usize]| {
            (group.modulus().to_vec(), bases.iter().map(|base| base.to_vec()).collect(), drawn.to_vec(), zeros.to_vec())
        };
        let with_power = |base, zeros| {
            let wanted = |power: &[u8]| Self::fits(zeros, power);
            remembered(sought(&[base], &[zeros]), || {
                group.exponent_with_secret(base, drawn, limit(zeros), wanted).map(|(exponent, _)| exponent)
            })
        };
        match (server_public, self.publics) {
            (None, None) => None,
            (None, Some([server, _])) => with_power(group.generator(), server),
            (Some(peer), None) => with_power(peer, self.z),
            (Some(peer), Some([_, client])) => {
                let wanted = |[z, x]: [&[u8]; 2]| Self::fits(self.z, z) && Self::fits(client, x);
                let bases = [peer, group.generator()];
                remembered(sought(&bases, &[self.z, client]), || {
                    let found = group.exponent_with_powers(bases, drawn, limit(self.z + client), wanted);
                    found.map(|(exponent, _)| exponent)
                })
            }
        }
    }
}

impl DiffieHellman for Forced {
    fn group(&self, p: &[u8], g: &[u8]) -> Result<Group, GroupError> {
        self.honest.group(p, g)
    }

    fn exponent(&self, group: &Group, peer: Option<&[u8]>, drawn: Vec<u8>) -> Vec<u8> {
        if let Ok(mut seen) = self.group.lock() {
            *seen = Some(group.clone());
        }
        self.class.and_then(|class| class.exponent(group, peer, &drawn)).unwrap_or(drawn)
    }

    fn public(&self, group: &Group, exponent: &[u8]) -> Vec<u8> {
        self.honest.public(group, exponent)
    }

    fn shared(&self, group: &Group, exponent: &[u8], peer: &[u8]) -> Vec<u8> {
        self.honest.shared(group, exponent, peer)
    }
}
