//! Ephemeral Diffie-Hellman at one endpoint: its own key pair, and the premaster secret that the peer's share gives.

use tlslab_dh::Group;

use super::core::Core;
use super::environment::Environment;
use super::exponent::drawn_exponent;
use super::fatal::Fatal;
use super::premaster;
use super::trace::{Event, Sink};
use crate::behaviour::values::ExponentReuse;
use crate::crypto::ecdh::EcdhKey;
use crate::wire::registry::AlertDescription;

/// Exponents whose public value no peer may accept (1 or p - 1) are drawn again, this often at most. Only tiny groups
/// ever need it.
const MAX_DRAWS: u32 = 16;

/// An exponent and g^exponent, in the length of the prime.
pub(super) struct KeyPair {
    pub(super) exponent: Vec<u8>,
    pub(super) public: Vec<u8>,
}

impl<S: Sink> Core<S> {
    /// The key pair of this handshake; `peer` is the peer's public value if it is known already.
    pub(super) fn key_pair(&self, group: &Group, peer: Option<&[u8]>) -> KeyPair {
        let Environment { draws, connection, .. } = self.environment;
        let provider = &self.environment.diffie_hellman;
        let first = match self.knobs.exponent_reuse {
            ExponentReuse::Fresh => self.handshakes.number() * MAX_DRAWS,
            ExponentReuse::WithinTrial => 0,
        };
        let mut attempt = 0;
        loop {
            let drawn = drawn_exponent(&self.knobs, group, draws, connection, self.side, first + attempt);
            let exponent = provider.exponent(group, peer, drawn);
            let public = provider.public(group, &exponent);
            attempt += 1;
            if group.in_range(&public) || attempt == MAX_DRAWS {
                return KeyPair { exponent, public };
            }
        }
    }

    /// The integer that the behaviour makes of a peer's public value.
    ///
    /// # Errors
    /// illegal_parameter where its checks refuse the value (RFC 7919 5.1).
    pub(super) fn accept_public(&mut self, group: &Group, public: &[u8]) -> Result<Vec<u8>, Fatal> {
        let (check, short) = (self.knobs.public_value_check, self.knobs.short_public_value);
        premaster::accept_public(group, public, check, short).inspect_err(|_| {
            self.sink.record(|| Event::PublicValueRefused { peer_public: public.into() });
        })
    }

    /// Sets the premaster secret of finite-field Diffie-Hellman. `own_public` and `peer_public` are as they crossed
    /// the wire; `peer_used` is the integer that the behaviour makes of the latter.
    pub(super) fn agree_on_z(
        &mut self,
        group: &Group,
        exponent: &[u8],
        own_public: &[u8],
        peer_public: &[u8],
        peer_used: &[u8],
    ) -> Result<(), Fatal> {
        let z = self.environment.diffie_hellman.shared(group, exponent, peer_used);
        let negotiated = self.negotiated()?;
        let zeros = if negotiated.ems { self.knobs.premaster_zeros_ems } else { self.knobs.premaster_zeros };
        let premaster = premaster::premaster_secret(&z, zeros.get(negotiated.version)).to_vec();
        self.sink.record(|| Event::DiffieHellman {
            own_public: own_public.into(),
            peer_public: peer_public.into(),
            peer_used: peer_used.into(),
            z: z.clone().into(),
            premaster: premaster.clone().into(),
        });
        self.set_premaster(premaster)
    }

    /// Sets the premaster secret of elliptic-curve Diffie-Hellman.
    ///
    /// # Errors
    /// illegal_parameter for a point that is none (RFC 8422 5.11).
    pub(super) fn agree_on_point(&mut self, key: &EcdhKey, peer: &[u8]) -> Result<(), Fatal> {
        let z = key
            .shared_secret(peer)
            .map_err(|error| Fatal::alert(AlertDescription::ILLEGAL_PARAMETER, error.to_string()))?;
        let premaster = premaster::fixed_length(&z, self.knobs.ecdh_zeros).to_vec();
        self.sink.record(|| Event::Ecdh { z: z.into(), premaster: premaster.clone().into() });
        self.set_premaster(premaster)
    }
}
