//! The server's key exchange, and the client's as a server takes it.

use super::{Exchange, ServerRole, Share};
use crate::behaviour::values::{FixedLengthZeros, ShortFixedValue, SignedBytes};
use crate::crypto::Side;
use crate::crypto::draws::Purpose;
use crate::crypto::ecdh::EcdhKey;
use crate::crypto::rsa_transport::{self, PREMASTER_LEN};
use crate::crypto::signature::SigningKey;
use crate::endpoint::core::Core;
use crate::endpoint::environment::Signatures;
use crate::endpoint::fatal::Fatal;
use crate::endpoint::negotiated::nothing_negotiated;
use crate::endpoint::trace::{Event, Sink};
use crate::endpoint::{premaster, signed_params};
use crate::wire::registry::CurveType;
use crate::wire::{Bytes, ClientKeyExchange, DigitallySigned, ServerDhParams, ServerEcdhParams, ServerKeyExchange};

impl ServerRole {
    /// The ServerKeyExchange, with a fresh share.
    pub(super) fn server_key_exchange<S: Sink>(&mut self, core: &mut Core<S>) -> Result<ServerKeyExchange, Fatal> {
        let (mut message, share) = match &self.choice()?.exchange {
            Exchange::Rsa => return Err(nothing_negotiated()),
            Exchange::FiniteField(group) => {
                let pair = core.key_pair(group, None);
                let sent = premaster::encode_public(&pair.public, core.knobs.public_value).to_vec();
                let params = ServerDhParams {
                    dh_p: group.modulus().into(),
                    dh_g: group.generator().into(),
                    dh_ys: sent.clone().into(),
                };
                let share = Share::FiniteField { group: group.clone(), pair, sent };
                (ServerKeyExchange::Dhe { params, signed_params: None }, share)
            }
            Exchange::Curve(curve) => {
                let key = EcdhKey::from_bytes(*curve, &core.draw(Purpose::EcdhScalar));
                let params = ServerEcdhParams {
                    curve_type: CurveType::NAMED_CURVE,
                    namedcurve: curve.group(),
                    public: key.public().into(),
                };
                let unsigned = DigitallySigned { algorithm: None, signature: Bytes::default() };
                (ServerKeyExchange::Ecdhe { params, signed_params: unsigned }, Share::Curve(key))
            }
        };
        if self.choice()?.identity.is_some() {
            let signed = self.sign(core, &message, &share)?;
            match &mut message {
                ServerKeyExchange::Dhe { signed_params, .. } => *signed_params = Some(signed),
                ServerKeyExchange::Ecdhe { signed_params, .. } => *signed_params = signed,
                ServerKeyExchange::Opaque { .. } => {}
            }
        }
        self.share = Some(share);
        Ok(message)
    }

    fn sign<S: Sink>(
        &self,
        core: &mut Core<S>,
        message: &ServerKeyExchange,
        share: &Share,
    ) -> Result<DigitallySigned, Fatal> {
        let (group, bytes) = match share {
            Share::FiniteField { group, .. } => (Some(group), self.config.own.signed_bytes),
            Share::Curve(_) => (None, SignedBytes::Wire),
        };
        let covered = signed_params::covered(core.negotiated()?, message, group, bytes)?;
        let (identity, algorithm) = (self.identity()?, self.choice()?.scheme);
        let signature = identity.sign(core.environment.signatures, algorithm, &covered)?;
        let is_rsa = identity.identity.key.modulus_len().is_some();
        let zeros = if is_rsa { self.config.own.rsa_signature_zeros } else { FixedLengthZeros::Keep };
        let signature: Bytes = premaster::fixed_length(&signature, zeros).into();
        core.sink.record(|| Event::Signed { covered: covered.into(), signature: signature.clone() });
        Ok(DigitallySigned { algorithm, signature })
    }

    /// Takes the client's share, and the premaster secret that follows.
    pub(super) fn on_client_key_exchange<S: Sink>(
        &mut self,
        core: &mut Core<S>,
        exchange: &ClientKeyExchange,
    ) -> Result<(), Fatal> {
        match (exchange, &self.share) {
            (ClientKeyExchange::Rsa { encrypted_pre_master_secret }, _) => {
                self.decrypt(core, encrypted_pre_master_secret)?;
            }
            (ClientKeyExchange::Dhe { dh_yc }, Some(Share::FiniteField { group, pair, sent })) => {
                let used = core.accept_public(group, dh_yc)?;
                core.agree_on_z(group, &pair.exponent, sent, dh_yc, &used)?;
            }
            (ClientKeyExchange::Ecdhe { ecdh_yc }, Some(Share::Curve(key))) => core.agree_on_point(key, ecdh_yc)?,
            _ => return Err(nothing_negotiated()),
        }
        // The session hash of RFC 7627 ends with this message.
        core.master()?;
        self.state = self.after_key_exchange();
        Ok(())
    }

    /// RFC 5246 7.4.7.1: whatever is wrong with the ciphertext, the handshake goes on with a random premaster secret,
    /// so that nothing is told about the padding; it fails at Finished.
    fn decrypt<S: Sink>(&self, core: &mut Core<S>, ciphertext: &Bytes) -> Result<(), Fatal> {
        let key = &self.identity()?.identity.key;
        let full_length = match (self.config.own.short_rsa_ciphertext, key.modulus_len()) {
            (ShortFixedValue::Accept, Some(modulus_len)) => premaster::pad_left(ciphertext, modulus_len),
            _ => ciphertext.to_vec(),
        };
        let offered_version = self.choice()?.client_version.0.to_be_bytes();
        let random: [u8; PREMASTER_LEN] = core.draw(Purpose::Premaster);
        let premaster = expected_premaster(core, key, offered_version, &full_length)
            .or_else(|| rsa_transport::decrypt(key, &full_length).ok())
            .filter(|premaster| premaster[..2] == offered_version)
            .unwrap_or(random);
        core.sink.record(|| Event::RsaTransport { ciphertext: ciphertext.clone(), premaster: premaster.into() });
        core.set_premaster(premaster.to_vec())
    }
}

/// The premaster secret of the ciphertext that a simulated client's draws come to, if that is what arrived.
///
/// Decrypting it would give the same, and take longer than the rest of a simulated handshake; encrypting takes a fraction.
fn expected_premaster<S: Sink>(
    core: &Core<S>,
    key: &SigningKey,
    offered_version: [u8; 2],
    ciphertext: &[u8],
) -> Option<[u8; PREMASTER_LEN]> {
    if core.environment.signatures == Signatures::Real {
        return None;
    }
    let client = core.environment.draws.endpoint(core.environment.connection, Side::Client);
    let number = core.handshakes.number();
    let mut premaster = [0; PREMASTER_LEN];
    client.fill(Purpose::Premaster, number, &mut premaster);
    premaster[..2].copy_from_slice(&offered_version);
    let mut padding = client.rng(Purpose::RsaPadding, number);
    let expected = rsa_transport::encrypt(&key.verifying_key(), &premaster, &mut padding).ok()?;
    (expected == ciphertext).then_some(premaster)
}
