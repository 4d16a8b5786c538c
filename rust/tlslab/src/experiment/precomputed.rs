//! An exchange that was computed beforehand, handed to the endpoints of its trial.

use std::sync::Arc;

use tlslab_dh::{Group, GroupError, trimmed};
use tlslab_proto::endpoint::diffie_hellman::DiffieHellman;

use super::source::Exchanged;

/// Both sides of one exchange. It is handed out only to an endpoint that asks with the very exponent, and the very
/// public value of its peer, for which it was computed; whoever asks for anything else gets it computed.
pub(super) struct Precomputed {
    /// Who computes whatever else is asked for.
    otherwise: Arc<dyn DiffieHellman>,
    group: Group,
    exchanged: Exchanged,
    /// Whether the endpoints take these exponents, in place of those that they drew.
    dictates: bool,
}

impl Precomputed {
    pub(super) fn new(otherwise: Arc<dyn DiffieHellman>, group: Group, exchanged: Exchanged, dictates: bool) -> Self {
        Self { otherwise, group, exchanged, dictates }
    }

    /// Which of the two an endpoint with this exponent in this group is.
    fn party(&self, group: &Group, exponent: &[u8]) -> Option<usize> {
        if *group != self.group {
            return None;
        }
        self.exchanged.exponents.iter().position(|known| known == exponent)
    }
}

impl DiffieHellman for Precomputed {
    fn group(&self, p: &[u8], g: &[u8]) -> Result<Group, GroupError> {
        self.otherwise.group(p, g)
    }

    fn exponent(&self, group: &Group, peer: Option<&[u8]>, drawn: Vec<u8>) -> Vec<u8> {
        if self.dictates && *group == self.group {
            // A client knows its peer's public value by now, and a server does not.
            self.exchanged.exponents[usize::from(peer.is_none())].clone()
        } else {
            drawn
        }
    }

    fn public(&self, group: &Group, exponent: &[u8]) -> Vec<u8> {
        match self.party(group, exponent) {
            Some(party) => self.exchanged.values[party].clone(),
            None => self.otherwise.public(group, exponent),
        }
    }

    fn shared(&self, group: &Group, exponent: &[u8], peer: &[u8]) -> Vec<u8> {
        let [x, y, z] = &self.exchanged.values;
        match self.party(group, exponent) {
            Some(party) if trimmed(peer) == trimmed([y, x][party]) => z.clone(),
            _ => self.otherwise.shared(group, exponent, peer),
        }
    }
}
