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
    top_bit: Option<bool>,
    public_zeros: Option<usize>,
}

impl ChosenSecret {
    /// A provider whose secrets have exactly `zeros` leading zero bytes wherever the peer's value is known first.
    pub fn with_leading_zeros(zeros: usize) -> Self {
        Self { honest: Honest::default(), zeros, top_bit: None, public_zeros: None }
    }

    /// The same, with the top bit of the first byte that is not zero set or clear: where it is set, a signed integer
    /// takes another zero byte. It doubles the work.
    #[must_use]
    pub fn with_top_bit(self, set: bool) -> Self {
        Self { top_bit: Some(set), ..self }
    }

    /// The same, with exactly so many leading zero bytes in the own public value too. Each takes 256 times the work.
    #[must_use]
    pub fn with_public_zeros(self, zeros: usize) -> Self {
        Self { public_zeros: Some(zeros), ..self }
    }

    fn wants_secret(&self, secret: &[u8]) -> bool {
        let zeros = leading_zero_bytes(secret);
        let top_bit = secret.get(zeros).is_some_and(|first| first & 0x80 != 0);
        zeros == self.zeros && self.top_bit.is_none_or(|wanted| wanted == top_bit)
    }

    /// How many exponents are tried. Each step has a chance of 256^-zeros, halved by a wanted bit; 20 times the mean is
    /// missed once in 10^8.
    fn limit(&self) -> u32 {
        let bits = 8 * (self.zeros + self.public_zeros.unwrap_or(0)) + usize::from(self.top_bit.is_some());
        20 << bits.min(25)
    }

    /// An exponent whose secret is wanted, and whose public value is not short. Few are: another start costs less than walking
    /// along both powers. Where a whole walk has found nothing, another will not. Where a prime stands just above a byte
    /// boundary, all public values are short, and the secret is what counts.
    fn exponent_with_long_public(&self, group: &Group, peer: &[u8], drawn: &[u8]) -> Option<Vec<u8>> {
        let mut found = None;
        for attempt in 0..4 {
            let start: Vec<u8> = drawn.iter().map(|byte| byte ^ attempt).collect();
            let (exponent, _) =
                group.exponent_with_secret(peer, &start, self.limit(), |secret| self.wants_secret(secret))?;
            let is_long = leading_zero_bytes(&group.pow_g(&exponent)) == 0;
            found = Some(exponent);
            if is_long {
                break;
            }
        }
        found
    }
}

impl DiffieHellman for ChosenSecret {
    fn group(&self, p: &[u8], g: &[u8]) -> Result<Group, GroupError> {
        self.honest.group(p, g)
    }

    fn exponent(&self, group: &Group, peer: Option<&[u8]>, drawn: Vec<u8>) -> Vec<u8> {
        let Some(peer) = peer else { return drawn };
        let wants_secret = |secret: &[u8]| self.wants_secret(secret);
        let found = match self.public_zeros {
            None => group.exponent_with_secret(peer, &drawn, self.limit(), wants_secret).map(|(exponent, _)| exponent),
            Some(0) => self.exponent_with_long_public(group, peer, &drawn),
            Some(zeros) => group
                .exponent_with_powers([peer, group.generator()], &drawn, self.limit(), |[secret, public]| {
                    leading_zero_bytes(public) == zeros && wants_secret(secret)
                })
                .map(|(exponent, _)| exponent),
        };
        found.unwrap_or(drawn)
    }

    fn public(&self, group: &Group, exponent: &[u8]) -> Vec<u8> {
        self.honest.public(group, exponent)
    }

    fn shared(&self, group: &Group, exponent: &[u8], peer: &[u8]) -> Vec<u8> {
        self.honest.shared(group, exponent, peer)
    }
}
