//! The server's key exchange as a client checks it, and the client's own.

use std::sync::Arc;

use super::{ClientRole, ServerShare, State};
use crate::behaviour::values::{GroupCheck, SignedBytes, Switch};
use crate::crypto::draws::Purpose;
use crate::crypto::ecdh::{Curve, EcdhKey};
use crate::crypto::rsa_transport::{self, PREMASTER_LEN};
use crate::crypto::signature::VerifyingKey;
use crate::crypto::suite::{Authentication, KeyExchange, SuiteParams};
use crate::endpoint::core::Core;
use crate::endpoint::fatal::Fatal;
use crate::endpoint::negotiated::nothing_negotiated;
use crate::endpoint::peer_key::{self, PeerKey, RememberedKey};
use crate::endpoint::trace::{Event, Sink};
use crate::endpoint::{premaster, signed_params};
use crate::wire::registry::{AlertDescription, CurveType};
use crate::wire::{
    Certificate, ClientKeyExchange, DigitallySigned, ServerDhParams, ServerEcdhParams, ServerKeyExchange,
};

/// The public key of the server's certificate, which must be of the suite's kind (RFC 5246 7.4.2).
pub(super) fn server_key(
    remembered: &RememberedKey,
    certificate: &Certificate,
    params: &SuiteParams,
) -> Result<Arc<PeerKey>, Fatal> {
    let key = remembered
        .of(certificate)?
        .ok_or_else(|| Fatal::alert(AlertDescription::DECODE_ERROR, "the server's certificate list is empty"))?;
    match (params.authentication, &key.key) {
        (Authentication::Rsa, VerifyingKey::Rsa(_)) | (Authentication::Ecdsa, VerifyingKey::Ecdsa(_)) => Ok(key),
        _ => Err(Fatal::alert(
            AlertDescription::UNSUPPORTED_CERTIFICATE,
            format!("the suite is authenticated by {:?}, and the certificate's key is another", params.authentication),
        )),
    }
}

impl ClientRole {
    pub(super) fn on_server_key_exchange<S: Sink>(
        &mut self,
        core: &mut Core<S>,
        exchange: &ServerKeyExchange,
    ) -> Result<(), Fatal> {
        let share = match exchange {
            ServerKeyExchange::Dhe { params, .. } => self.finite_field_share(core, params)?,
            ServerKeyExchange::Ecdhe { params, .. } => curve_share(core, params)?,
            ServerKeyExchange::Opaque { .. } => {
                return Err(Fatal::alert(
                    AlertDescription::ILLEGAL_PARAMETER,
                    "the server's elliptic curve is not a named one",
                ));
            }
        };
        self.verify(core, exchange, &share)?;
        self.server_share = Some(share);
        self.state = State::CertificateRequestOrServerHelloDone;
        Ok(())
    }

    fn finite_field_share<S: Sink>(&self, core: &mut Core<S>, params: &ServerDhParams) -> Result<ServerShare, Fatal> {
        let group = core
            .environment
            .diffie_hellman
            .group(&params.dh_p, &params.dh_g)
            .map_err(|error| Fatal::alert(AlertDescription::ILLEGAL_PARAMETER, error.to_string()))?;
        let least = usize::from(self.config.own.min_group_bits);
        if group.bits() < least {
            let reason = format!("the server's prime has {} bits; this client takes {least} and more", group.bits());
            return Err(Fatal::alert(AlertDescription::INSUFFICIENT_SECURITY, reason));
        }
        let passes = match self.config.own.group_check {
            GroupCheck::None => Ok(()),
            GroupCheck::SafePrime if group.is_safe_prime() => Ok(()),
            GroupCheck::SafePrime => Err((AlertDescription::ILLEGAL_PARAMETER, "has a modulus that is no safe prime")),
            GroupCheck::Named if group.name().is_some() => Ok(()),
            GroupCheck::Named => Err((AlertDescription::INSUFFICIENT_SECURITY, "is none that has a name")),
        };
        passes.map_err(|(alert, what)| Fatal::alert(alert, format!("the server's Diffie-Hellman group {what}")))?;
        let used = core.accept_public(&group, &params.dh_ys)?;
        Ok(ServerShare::FiniteField { group, sent: params.dh_ys.to_vec(), used })
    }

    fn verify<S: Sink>(
        &self,
        core: &mut Core<S>,
        exchange: &ServerKeyExchange,
        share: &ServerShare,
    ) -> Result<(), Fatal> {
        let signed = match exchange {
            ServerKeyExchange::Dhe { signed_params, .. } => signed_params.as_ref(),
            ServerKeyExchange::Ecdhe { signed_params, .. } => Some(signed_params),
            ServerKeyExchange::Opaque { .. } => None,
        };
        let Some(DigitallySigned { algorithm, signature }) = signed else { return Ok(()) };
        if let Some(algorithm) = algorithm
            && !core.knobs.verified_schemes().contains(algorithm)
        {
            return Err(Fatal::alert(
                AlertDescription::ILLEGAL_PARAMETER,
                format!("the server signed with {algorithm}, which was not offered"),
            ));
        }
        let (group, bytes) = match share {
            ServerShare::FiniteField { group, .. } => (Some(group), self.config.own.verified_bytes),
            ServerShare::Curve { .. } => (None, SignedBytes::Wire),
        };
        let covered = signed_params::covered(core.negotiated()?, exchange, group, bytes)?;
        let key = self.server_key()?;
        let full_length = match key.key.modulus_len() {
            Some(modulus_len) if self.accepts_short_signatures() => premaster::pad_left(signature, modulus_len),
            _ => signature.to_vec(),
        };
        let verified = key.verify(core.environment.signatures, *algorithm, &covered, &full_length);
        core.sink.record(|| Event::Verified {
            covered: covered.into(),
            signature: signature.clone(),
            good: verified.is_ok(),
        });
        match verified {
            Err(error) if self.config.own.signature_check == Switch::On => Err(peer_key::refusal(error)),
            _ => Ok(()),
        }
    }

    /// The ClientKeyExchange; the premaster secret is set on the way.
    pub(super) fn client_key_exchange<S: Sink>(&mut self, core: &mut Core<S>) -> Result<ClientKeyExchange, Fatal> {
        match (core.negotiated()?.params.key_exchange, &self.server_share) {
            (KeyExchange::Rsa, _) => self.rsa(core),
            (KeyExchange::Dhe, Some(ServerShare::FiniteField { group, sent, used })) => {
                let pair = core.key_pair(group, Some(used));
                let public = premaster::encode_public(&pair.public, core.knobs.public_value).to_vec();
                core.agree_on_z(group, &pair.exponent, &public, sent, used)?;
                Ok(ClientKeyExchange::Dhe { dh_yc: public.into() })
            }
            (KeyExchange::Ecdhe, Some(ServerShare::Curve { curve, point })) => {
                let key = EcdhKey::from_bytes(*curve, &core.draw(Purpose::EcdhScalar));
                core.agree_on_point(&key, point)?;
                Ok(ClientKeyExchange::Ecdhe { ecdh_yc: key.public().into() })
            }
            _ => Err(nothing_negotiated()),
        }
    }

    fn rsa<S: Sink>(&self, core: &mut Core<S>) -> Result<ClientKeyExchange, Fatal> {
        let offer = self.offer.as_ref().ok_or_else(nothing_negotiated)?;
        let mut secret: [u8; PREMASTER_LEN] = core.draw(Purpose::Premaster);
        // RFC 5246 7.4.7.1: the version that was offered, against rollback.
        secret[..2].copy_from_slice(&offer.client_version.0.to_be_bytes());
        let mut padding = core.draws().rng(Purpose::RsaPadding, core.handshakes.number());
        let ciphertext = rsa_transport::encrypt(&self.server_key()?.key, &secret, &mut padding)
            .map_err(|error| Fatal::alert(AlertDescription::HANDSHAKE_FAILURE, error.to_string()))?;
        let sent = premaster::fixed_length(&ciphertext, self.config.own.rsa_ciphertext_zeros).to_vec();
        core.sink.record(|| Event::RsaTransport { ciphertext: sent.clone().into(), premaster: secret.into() });
        core.set_premaster(secret.to_vec())?;
        Ok(ClientKeyExchange::Rsa { encrypted_pre_master_secret: sent.into() })
    }
}

fn curve_share<S: Sink>(core: &Core<S>, params: &ServerEcdhParams) -> Result<ServerShare, Fatal> {
    let illegal = |reason: String| Fatal::alert(AlertDescription::ILLEGAL_PARAMETER, reason);
    let offered = core.knobs.curves.iter().any(|curve| curve.wire() == params.namedcurve);
    let curve = Curve::from_group(params.namedcurve)
        .filter(|_| offered && params.curve_type == CurveType::NAMED_CURVE)
        .ok_or_else(|| illegal(format!("the server chose curve {}, which was not offered", params.namedcurve)))?;
    curve.check(&params.public).map_err(|error| illegal(error.to_string()))?;
    Ok(ServerShare::Curve { curve, point: params.public.to_vec() })
}
