//! How Diffie-Hellman over finite fields reaches an endpoint: a provider that knows no TLS and sees no behaviour.

use tlslab_dh::{Group, GroupError, leading_zero_bytes, trimmed};

/// A provider of Diffie-Hellman. An endpoint asks it for its own public value and for the secret that it shares
/// with the public value that arrived; how the answers are computed is the provider's affair.
pub trait DiffieHellman: Send + Sync {
    /// The group with prime `p` and generator `g`, as they came over the wire.
    ///
    /// # Errors
    /// A prime or generator that [`Group::custom`] refuses.
    fn group(&self, p: &[u8], g: &[u8]) -> Result<Group, GroupError>;

    /// The exponent to use, where `drawn` is the endpoint's draw and `peer` the peer's public value if it is known
    /// already (it is to a client).
    fn exponent(&self, _group: &Group, _peer: Option<&[u8]>, drawn: Vec<u8>) -> Vec<u8> {
        drawn
    }

    /// g^exponent mod p, in the length of p.
    fn public(&self, group: &Group, exponent: &[u8]) -> Vec<u8>;

    /// peer^exponent mod p, in the length of p.
    fn shared(&self, group: &Group, exponent: &[u8], peer: &[u8]) -> Vec<u8>;
}

/// Diffie-Hellman computed as it is asked for: an honest endpoint that knows one exponent.
#[derive(Debug, Clone, Default)]
pub struct Honest {
    known: Vec<Group>,
}

impl Honest {
    /// A provider that recognises `known` groups on the wire, so that their tables are built once.
    pub fn with_groups(known: Vec<Group>) -> Self {
        Self { known }
    }
}

impl DiffieHellman for Honest {
    fn group(&self, p: &[u8], g: &[u8]) -> Result<Group, GroupError> {
        let (p, g) = (trimmed(p), trimmed(g));
        match self.known.iter().find(|known| known.modulus() == p && known.generator() == g) {
            Some(known) => Ok(known.clone()),
            None => Group::custom(p, g),
        }
    }

    fn public(&self, group: &Group, exponent: &[u8]) -> Vec<u8> {
        group.pow_g(exponent)
    }

    fn shared(&self, group: &Group, exponent: &[u8], peer: &[u8]) -> Vec<u8> {
        group.pow(peer, exponent)
    }
}

/// A client that has seen the server's public value can choose its exponent so that the shared secret has a wanted
/// number of leading zero bytes: some 256 modular products a byte, and no luck.
#[derive(Debug, Clone)]
pub struct ChosenSecret {
    honest: Honest,
    zeros: usize,
}

impl ChosenSecret {
    /// A provider whose secrets have exactly `zeros` leading zero bytes wherever the peer's value is known first.
    pub fn with_leading_zeros(zeros: usize) -> Self {
        Self { honest: Honest::default(), zeros }
    }
}

impl DiffieHellman for ChosenSecret {
    fn group(&self, p: &[u8], g: &[u8]) -> Result<Group, GroupError> {
        self.honest.group(p, g)
    }

    fn exponent(&self, group: &Group, peer: Option<&[u8]>, drawn: Vec<u8>) -> Vec<u8> {
        // Each step has a chance of 256^-zeros; 64 times the mean is missed once in 10^27.
        let limit = 64 << (8 * self.zeros).min(24);
        let wanted = |secret: &[u8]| leading_zero_bytes(secret) == self.zeros;
        peer.and_then(|peer| group.exponent_with_secret(peer, &drawn, limit, wanted))
            .map_or(drawn, |(exponent, _)| exponent)
    }

    fn public(&self, group: &Group, exponent: &[u8]) -> Vec<u8> {
        self.honest.public(group, exponent)
    }

    fn shared(&self, group: &Group, exponent: &[u8], peer: &[u8]) -> Vec<u8> {
        self.honest.shared(group, exponent, peer)
    }
}
