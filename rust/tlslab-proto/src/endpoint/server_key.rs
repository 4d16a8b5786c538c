//! The key of a server's certificate, as its client knows it.

use std::sync::{Arc, OnceLock};

use crate::crypto::certificate::IdentityError;
use crate::crypto::signature::{SignatureError, VerifyingKey};
use crate::crypto::simulated::SimulatedKey;
use crate::endpoint::environment::Signatures;
use crate::wire::registry::SignatureScheme;

/// A verifying key, and the simulation of it if that is asked for.
pub(super) struct ServerKey {
    pub(super) key: VerifyingKey,
    simulated: OnceLock<SimulatedKey>,
}

impl ServerKey {
    fn read(certificate: &[u8]) -> Result<Self, IdentityError> {
        Ok(Self { key: VerifyingKey::from_certificate(certificate)?, simulated: OnceLock::new() })
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

/// Remembers the key of the first certificate that a client sees. An experiment's client sees the same one in each of
/// its connections, and reading it takes longer than all other messages of a handshake together.
#[derive(Default)]
pub(super) struct RememberedKey(OnceLock<(Vec<u8>, Arc<ServerKey>)>);

impl RememberedKey {
    /// The key of `certificate`, which is DER.
    pub(super) fn of(&self, certificate: &[u8]) -> Result<Arc<ServerKey>, IdentityError> {
        match self.0.get() {
            Some((known, key)) if known == certificate => Ok(key.clone()),
            Some(_) => ServerKey::read(certificate).map(Arc::new),
            None => {
                let key = Arc::new(ServerKey::read(certificate)?);
                // Another connection may have been quicker; what it remembers serves as well.
                let _ = self.0.set((certificate.to_vec(), key.clone()));
                Ok(key)
            }
        }
    }
}
