//! What an endpoint is given apart from its behaviour: randomness, Diffie-Hellman, identities, edits,
//! sessions, the time.

use std::sync::Arc;

use tlslab_dh::Group;

use super::diffie_hellman::DiffieHellman;
use super::edit::Edit;
use super::server_key::RememberedKey;
use super::session::SessionStores;
use crate::behaviour::values::CertificateKind;
use crate::behaviour::{BehaviourError, ClientBehaviour, ClientKnobs, ServerBehaviour, ServerKnobs, SharedKnobs};
use crate::crypto::certificate::Identity;
use crate::crypto::draws::Draws;
use crate::crypto::signature::VerifyingKey;
use crate::crypto::simulated::SimulatedKey;
use crate::wire::registry::CipherSuite;

/// A client's behaviour, made ready for any number of connections.
pub struct ClientConfig {
    pub(super) shared: Arc<SharedKnobs>,
    pub(super) own: ClientKnobs,
    pub(super) suites: Vec<CipherSuite>,
    pub(super) known_key: RememberedKey,
}

impl ClientConfig {
    /// The configuration of `behaviour`.
    ///
    /// # Errors
    /// As [`Behaviour::validate`](crate::behaviour::Behaviour::validate).
    pub fn new(behaviour: &ClientBehaviour) -> Result<Self, BehaviourError> {
        behaviour.validate()?;
        Ok(Self {
            shared: Arc::new(behaviour.shared.clone()),
            own: behaviour.own.clone(),
            suites: behaviour.suites(),
            known_key: RememberedKey::default(),
        })
    }
}

/// A server's behaviour and identities, made ready for any number of connections.
pub struct ServerConfig {
    pub(super) shared: Arc<SharedKnobs>,
    pub(super) own: ServerKnobs,
    pub(super) suites: Vec<CipherSuite>,
    pub(super) groups: Vec<Group>,
    pub(super) identities: Vec<ReadyIdentity>,
}

/// An identity with what is derived from its key once.
pub(super) struct ReadyIdentity {
    pub(super) kind: CertificateKind,
    pub(super) identity: Identity,
    pub(super) simulated: SimulatedKey,
}

impl ServerConfig {
    /// The configuration of `behaviour` with the lab's own certificates, of the kinds that it names.
    ///
    /// # Errors
    /// As [`Behaviour::validate`](crate::behaviour::Behaviour::validate).
    pub fn new(behaviour: &ServerBehaviour) -> Result<Self, BehaviourError> {
        let identities = behaviour.own.certificates.iter().map(|kind| match kind {
            CertificateKind::Rsa => Identity::lab_rsa().clone(),
            CertificateKind::Ecdsa => Identity::lab_ecdsa().clone(),
        });
        Self::with_identities(behaviour, identities.collect())
    }

    /// The configuration of `behaviour` with these certificates and keys, in order of preference.
    ///
    /// # Errors
    /// As [`Behaviour::validate`](crate::behaviour::Behaviour::validate).
    pub fn with_identities(behaviour: &ServerBehaviour, identities: Vec<Identity>) -> Result<Self, BehaviourError> {
        behaviour.validate()?;
        let groups = behaviour.own.groups.iter().map(|group| group.resolve()).collect::<Result<_, _>>()?;
        let identities = identities
            .into_iter()
            .map(|identity| {
                let key = identity.key.verifying_key();
                ReadyIdentity { kind: kind(&key), simulated: SimulatedKey::new(&key), identity }
            })
            .collect();
        Ok(Self {
            shared: Arc::new(behaviour.shared.clone()),
            own: behaviour.own.clone(),
            suites: behaviour.suites(),
            groups,
            identities,
        })
    }

    /// The Diffie-Hellman groups that the server offers.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }
}

/// The kind of certificate that holds `key`.
pub(super) fn kind(key: &VerifyingKey) -> CertificateKind {
    match key {
        VerifyingKey::Rsa(_) => CertificateKind::Rsa,
        VerifyingKey::Ecdsa(_) => CertificateKind::Ecdsa,
    }
}

/// Whether ServerKeyExchange is signed for real.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signatures {
    /// By the certificate's key.
    Real,
    /// By a keyed hash of the same length: for experiments in which both ends are simulated.
    Simulated,
}

/// What an endpoint is given for one connection.
#[derive(Clone)]
pub struct Environment {
    /// All the randomness of the trial.
    pub draws: Draws,
    /// The connection's number within the trial.
    pub connection: u16,
    /// How finite-field Diffie-Hellman is computed.
    pub diffie_hellman: Arc<dyn DiffieHellman>,
    /// Whether signatures are real.
    pub signatures: Signatures,
    /// Edits of what the endpoint sends; those of the other side are skipped.
    pub edits: Arc<[Edit]>,
    /// The sessions that earlier connections left, and in which this one leaves its own.
    pub sessions: SessionStores,
    /// What time it is, in seconds since any moment that all connections of the stores share.
    pub now: u64,
}
