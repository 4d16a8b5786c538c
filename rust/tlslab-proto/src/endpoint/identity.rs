//! An endpoint's own identity, ready to sign with.

use super::environment::Signatures;
use super::fatal::Fatal;
use crate::behaviour::SharedKnobs;
use crate::behaviour::values::CertificateKind;
use crate::crypto::certificate::{Fingerprint, Identity};
use crate::crypto::signature::VerifyingKey;
use crate::crypto::simulated::SimulatedKey;
use crate::wire::Certificate;
use crate::wire::registry::{AlertDescription, SignatureScheme};

/// An identity with what is derived from its key once.
pub(super) struct ReadyIdentity {
    pub(super) kind: CertificateKind,
    pub(super) identity: Identity,
    simulated: SimulatedKey,
}

impl ReadyIdentity {
    pub(super) fn new(identity: Identity) -> Self {
        let key = identity.key.verifying_key();
        let kind = match key {
            VerifyingKey::Rsa(_) => CertificateKind::Rsa,
            VerifyingKey::Ecdsa(_) => CertificateKind::Ecdsa,
        };
        Self { kind, simulated: SimulatedKey::new(&key), identity }
    }

    /// The lab's own identity of a kind.
    pub(super) fn of_the_lab(kind: CertificateKind) -> Identity {
        match kind {
            CertificateKind::Rsa => Identity::lab_rsa().clone(),
            CertificateKind::Ecdsa => Identity::lab_ecdsa().clone(),
        }
    }

    /// The Certificate message.
    pub(super) fn certificate(&self) -> Certificate {
        let chain = self.identity.chain.iter().map(|certificate| certificate.clone().into());
        Certificate { certificate_list: chain.collect() }
    }

    /// Which certificate it is.
    pub(super) fn fingerprint(&self) -> Option<Fingerprint> {
        self.identity.chain.first().map(|certificate| Fingerprint::of(certificate))
    }

    /// Signs `covered`, with a scheme in TLS 1.2 and without one before.
    pub(super) fn sign(
        &self,
        signatures: Signatures,
        scheme: Option<SignatureScheme>,
        covered: &[u8],
    ) -> Result<Vec<u8>, Fatal> {
        match signatures {
            Signatures::Simulated => Ok(self.simulated.sign(scheme, covered)),
            Signatures::Real => self
                .identity
                .key
                .sign(scheme, covered)
                .map_err(|error| Fatal::alert(AlertDescription::INTERNAL_ERROR, error.to_string())),
        }
    }
}

/// The endpoint's first scheme under which a key of `kind` signs and that the peer verifies.
pub(super) fn common_scheme(
    knobs: &SharedKnobs,
    kind: CertificateKind,
    verified: &[SignatureScheme],
) -> Option<SignatureScheme> {
    let fits = |scheme: &SignatureScheme| match kind {
        CertificateKind::Rsa => scheme.is_rsa_pkcs1(),
        CertificateKind::Ecdsa => scheme.is_ecdsa(),
    };
    let own = knobs.signature_algorithms.iter().map(|scheme| scheme.0);
    own.filter(fits).find(|scheme| verified.contains(scheme))
}
