//! Diffie-Hellman whose values have wanted numbers of leading zero bytes: made-up exponents for each class.

use std::sync::Mutex;

use tlslab_dh::{Group, GroupError, leading_zero_bytes};
use tlslab_proto::endpoint::diffie_hellman::{DiffieHellman, Honest};

/// The leading zero bytes of an exchange's values, in the length of the prime. A count of [`Class::MOST`] stands for
/// that many and more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Class {
    pub(super) z: usize,
    /// Of the server's public value and of the client's, where the outcome may depend on them.
    pub(super) publics: Option<[usize; 2]>,
}

impl Class {
    pub(super) const MOST: usize = 2;

    /// Whether `value` has `wanted` leading zero bytes.
    fn fits(wanted: usize, value: &[u8]) -> bool {
        leading_zero_bytes(value).min(Self::MOST) == wanted
    }
}

/// A provider that chooses exponents to meet a class, or leaves them as drawn; it remembers the group that was used.
pub(super) struct Forced {
    honest: Honest,
    class: Option<Class>,
    group: Mutex<Option<Group>>,
}

impl Forced {
    pub(super) fn new(honest: Honest, class: Option<Class>) -> Self {
        Self { honest, class, group: Mutex::new(None) }
    }

    /// The group of the last exchange, if there was one.
    pub(super) fn group(&self) -> Option<Group> {
        self.group.lock().ok()?.clone()
    }
}

/// Steps of a search for `zeros` zero bytes: 64 times the mean, which is missed once in 10^27.
fn limit(zeros: usize) -> u32 {
    64 << (8 * zeros)
}

/// The server's exponent, or the client's where its public value alone matters.
fn with_public(group: &Group, drawn: Vec<u8>, zeros: usize) -> Vec<u8> {
    group
        .exponent_with_secret(group.generator(), &drawn, limit(zeros), |public| Class::fits(zeros, public))
        .map_or(drawn, |(exponent, _)| exponent)
}

impl DiffieHellman for Forced {
    fn group(&self, p: &[u8], g: &[u8]) -> Result<Group, GroupError> {
        self.honest.group(p, g)
    }

    fn exponent(&self, group: &Group, peer: Option<&[u8]>, drawn: Vec<u8>) -> Vec<u8> {
        if let Ok(mut seen) = self.group.lock() {
            *seen = Some(group.clone());
        }
        let Some(class) = self.class else { return drawn };
        let Some(peer) = peer else {
            return match class.publics {
                Some([server, _]) => with_public(group, drawn, server),
                None => drawn,
            };
        };
        let mut start = drawn.clone();
        // With a wanted public value too, one secret in 256 to the number of its zeros will do.
        for _ in 0..class.publics.map_or(1, |[_, client]| limit(client)) {
            let wanted = |secret: &[u8]| Class::fits(class.z, secret);
            let Some((exponent, _)) = group.exponent_with_secret(peer, &start, limit(class.z), wanted) else { break };
            match class.publics {
                Some([_, client]) if !Class::fits(client, &group.pow_g(&exponent)) => start = successor(exponent),
                _ => return exponent,
            }
        }
        drawn
    }

    fn public(&self, group: &Group, exponent: &[u8]) -> Vec<u8> {
        self.honest.public(group, exponent)
    }

    fn shared(&self, group: &Group, exponent: &[u8], peer: &[u8]) -> Vec<u8> {
        self.honest.shared(group, exponent, peer)
    }
}

/// A big-endian number plus one.
fn successor(mut number: Vec<u8>) -> Vec<u8> {
    for byte in number.iter_mut().rev() {
        *byte = byte.wrapping_add(1);
        if *byte != 0 {
            return number;
        }
    }
    number.insert(0, 1);
    number
}
