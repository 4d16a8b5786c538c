//! The key of a peer's certificate, as the endpoint that verifies its signatures knows it.

use std::sync::{Arc, LazyLock, OnceLock};

use super::environment::Signatures;
use super::fatal::Fatal;
use crate::crypto::certificate::{Fingerprint, Identity, IdentityError};
use crate::crypto::signature::{SignatureError, VerifyingKey};
use crate::crypto::simulated::SimulatedKey;
use crate::wire::Certificate;
use crate::wire::registry::{AlertDescription, SignatureScheme};

/// A verifying key, and the simulation of it if that is asked for.
pub(super) struct PeerKey {
    pub(super) key: VerifyingKey,
    pub(super) fingerprint: Fingerprint,
    simulated: OnceLock<SimulatedKey>,
}

impl PeerKey {
    fn read(certificate: &[u8]) -> Result<Self, IdentityError> {
        let key = VerifyingKey::from_certificate(certificate)?;
        Ok(Self { key, fingerprint: Fingerprint::of(certificate), simulated: OnceLock::new() })
    }

    pub(super) fn verify(
        &self,
        signatures: Signatures,
        scheme: Option<SignatureScheme>,
        covered: &[u8],
        signature: &[u8],
    ) -> Result<(), SignatureError> {
        match signatures {
            Signatures::Real => self.key.verify(scheme, covered, signature),
            Signatures::Simulated => {
                let simulated = self.simulated.get_or_init(|| SimulatedKey::new(&self.key));
                simulated.verify(scheme, covered, signature)
            }
        }
    }
}

/// The refusal of a signature (RFC 5246 7.2.2). Its algorithm must fit the certificate's key (RFC 5246 7.4.3, 7.4.8).
pub(super) fn refusal(error: SignatureError) -> Fatal {
    let description = match error {
        SignatureError::WrongKey { .. } => AlertDescription::ILLEGAL_PARAMETER,
        _ => AlertDescription::DECRYPT_ERROR,
    };
    Fatal::alert(description, error.to_string())
}

/// Remembers the key of the first certificate that an endpoint sees. An experiment's client sees the same one in each of
/// its connections, and reading it takes longer than all other messages of a handshake together.
#[derive(Default)]
pub(super) struct RememberedKey(OnceLock<(Vec<u8>, Arc<PeerKey>)>);

impl RememberedKey {
    /// The key of the sender's own certificate in `message`, which is the first of the list (RFC 5246 7.4.2); `None` if
    /// the list is empty. The chain is not validated: the lab is about the handshake, and its peers' certificates are
    /// their own.
    pub(super) fn of(&self, message: &Certificate) -> Result<Option<Arc<PeerKey>>, Fatal> {
        let Some(certificate) = message.certificate_list.first() else { return Ok(None) };
        let key = self.read(certificate).map_err(|error| {
            let description = match error {
                IdentityError::PublicKey { .. } => AlertDescription::UNSUPPORTED_CERTIFICATE,
                _ => AlertDescription::BAD_CERTIFICATE,
            };
            Fatal::alert(description, error.to_string())
        })?;
        Ok(Some(key))
    }

    fn read(&self, certificate: &[u8]) -> Result<Arc<PeerKey>, IdentityError> {
        if let Some((_, key)) = lab_keys().iter().find(|(known, _)| *known == certificate) {
            return Ok(key.clone());
        }
        match self.0.get() {
            Some((known, key)) if known == certificate => Ok(key.clone()),
            Some(_) => PeerKey::read(certificate).map(Arc::new),
            None => {
                let key = Arc::new(PeerKey::read(certificate)?);
                // Another connection may have been quicker; what it remembers serves as well.
                let _ = self.0.set((certificate.to_vec(), key.clone()));
                Ok(key)
            }
        }
    }
}

/// The keys of the lab's own certificates, which nearly all simulated endpoints have: they are read once.
fn lab_keys() -> &'static [(&'static [u8], Arc<PeerKey>)] {
    static KEYS: LazyLock<Vec<(&[u8], Arc<PeerKey>)>> = LazyLock::new(|| {
        let own =
            [Identity::lab_rsa(), Identity::lab_ecdsa()].into_iter().filter_map(|identity| identity.chain.first());
        own.filter_map(|certificate| Some((&certificate[..], Arc::new(PeerKey::read(certificate).ok()?)))).collect()
    });
    &KEYS
}
