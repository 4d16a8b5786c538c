//! Ephemeral Diffie-Hellman at one endpoint: its own key pair, and the premaster secret that the peer's share gives.

use tlslab_dh::Group;

use super::core::Core;
use super::fatal::Fatal;
use super::premaster;
use super::trace::{Event, Sink};
use crate::behaviour::values::{ExponentLength, ExponentReuse, ExponentRule};
use crate::crypto::draws::{EndpointDraws, Purpose};
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
        let connection = match self.knobs.exponent_reuse {
            ExponentReuse::Fresh => self.environment.connection,
            ExponentReuse::WithinTrial => 0,
        };
        let draws = self.environment.draws.endpoint(connection, self.side);
        let provider = &self.environment.diffie_hellman;
        let mut occurrence = 0;
        loop {
            let drawn = draw(&draws, occurrence, group, self.knobs.exponent_length);
            let exponent = provider.exponent(group, peer, drawn);
            let public = provider.public(group, &exponent);
            occurrence += 1;
            if group.in_range(&public) || occurrence == MAX_DRAWS {
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

/// An exponent of the length that the knob asks for.
fn draw(draws: &EndpointDraws, occurrence: u32, group: &Group, length: ExponentLength) -> Vec<u8> {
    let bits = match length {
        ExponentLength::Rule(ExponentRule::Short) => group.short_exponent_bits(),
        // 64 bits more than the order make every power of g as likely as any other, to 2^-64.
        ExponentLength::Rule(ExponentRule::Full) => group.bits() + 64,
        ExponentLength::Bits(bits) => usize::from(bits),
    };
    let mut exponent = vec![0; bits.div_ceil(8)];
    draws.fill(Purpose::DhExponent, occurrence, &mut exponent);
    if let Some(first) = exponent.first_mut() {
        *first &= 0xff >> (8 * bits.div_ceil(8) - bits);
    }
    exponent
}
