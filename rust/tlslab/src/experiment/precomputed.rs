//! An exchange that was computed in a batch, handed to the endpoints of its trial.

use std::sync::Arc;

use tlslab_dh::{Group, GroupError};
use tlslab_proto::endpoint::diffie_hellman::DiffieHellman;

/// Both sides of one exchange. It is handed out only to an endpoint that asks with the very exponent, and the very
/// public value of its peer, for which it was computed; whoever asks for anything else gets it computed.
pub(super) struct Precomputed {
    /// Who computes whatever else is asked for.
    pub(super) otherwise: Arc<dyn DiffieHellman>,
    pub(super) group: Group,
    /// The client's exponent and the server's.
    pub(super) exponents: [Vec<u8>; 2],
    /// Their public values, in the length of the prime.
    pub(super) publics: [Vec<u8>; 2],
    /// The secret, in the length of the prime.
    pub(super) z: Vec<u8>,
}

impl Precomputed {
    /// Which of the two an endpoint with this exponent in this group is.
    fn party(&self, group: &Group, exponent: &[u8]) -> Option<usize> {
        if *group != self.group {
            return None;
        }
        self.exponents.iter().position(|known| known == exponent)
    }
}

impl DiffieHellman for Precomputed {
    fn group(&self, p: &[u8], g: &[u8]) -> Result<Group, GroupError> {
        self.otherwise.group(p, g)
    }

    fn public(&self, group: &Group, exponent: &[u8]) -> Vec<u8> {
        match self.party(group, exponent) {
            Some(party) => self.publics[party].clone(),
            None => self.otherwise.public(group, exponent),
        }
    }

    fn shared(&self, group: &Group, exponent: &[u8], peer: &[u8]) -> Vec<u8> {
        match self.party(group, exponent) {
            Some(party) if significant(peer) == significant(&self.publics[1 - party]) => self.z.clone(),
            _ => self.otherwise.shared(group, exponent, peer),
        }
    }
}

fn significant(value: &[u8]) -> &[u8] {
    &value[tlslab_dh::leading_zero_bytes(value)..]
}
