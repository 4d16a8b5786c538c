//! What an endpoint is given apart from its behaviour: randomness, Diffie-Hellman, identities, edits,
//! sessions, the time.

use std::sync::Arc;

use tlslab_dh::Group;

use super::diffie_hellman::DiffieHellman;
use super::edit::Edit;
use super::identity::ReadyIdentity;
use super::peer_key::RememberedKey;
use super::session::SessionStores;
use crate::behaviour::{BehaviourError, ClientBehaviour, ClientKnobs, ServerBehaviour, ServerKnobs, SharedKnobs};
use crate::crypto::certificate::Identity;
use crate::crypto::draws::Draws;
use crate::wire::registry::CipherSuite;

/// A client's behaviour and identities, made ready for any number of connections.
pub struct ClientConfig {
    pub(super) shared: Arc<SharedKnobs>,
    pub(super) own: ClientKnobs,
    pub(super) suites: Vec<CipherSuite>,
    pub(super) identities: Vec<ReadyIdentity>,
    pub(super) known_key: RememberedKey,
}

impl ClientConfig {
    /// The configuration of `behaviour` with the lab's own certificates, of the kinds that it names.
    ///
    /// # Errors
    /// As [`Behaviour::validate`](crate::behaviour::Behaviour::validate).
    pub fn new(behaviour: &ClientBehaviour) -> Result<Self, BehaviourError> {
        let identities = behaviour.own.certificates.iter().copied().map(ReadyIdentity::of_the_lab);
        Self::with_identities(behaviour, identities.collect())
    }

    /// The configuration of `behaviour` with these certificates and keys, in order of preference.
    ///
    /// # Errors
    /// As [`Behaviour::validate`](crate::behaviour::Behaviour::validate).
    pub fn with_identities(behaviour: &ClientBehaviour, identities: Vec<Identity>) -> Result<Self, BehaviourError> {
        behaviour.validate()?;
        Ok(Self {
            shared: Arc::new(behaviour.shared.clone()),
            own: behaviour.own.clone(),
            suites: behaviour.suites(),
            identities: identities.into_iter().map(ReadyIdentity::new).collect(),
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
    pub(super) known_key: RememberedKey,
}

impl ServerConfig {
    /// The configuration of `behaviour` with the lab's own certificates, of the kinds that it names.
    ///
    /// # Errors
    /// As [`Behaviour::validate`](crate::behaviour::Behaviour::validate).
    pub fn new(behaviour: &ServerBehaviour) -> Result<Self, BehaviourError> {
        let identities = behaviour.own.certificates.iter().copied().map(ReadyIdentity::of_the_lab);
        Self::with_identities(behaviour, identities.collect())
    }

    /// The configuration of `behaviour` with these certificates and keys, in order of preference.
    ///
    /// # Errors
    /// As [`Behaviour::validate`](crate::behaviour::Behaviour::validate).
    pub fn with_identities(behaviour: &ServerBehaviour, identities: Vec<Identity>) -> Result<Self, BehaviourError> {
        behaviour.validate()?;
        let groups = behaviour.own.groups.iter().map(|group| group.resolve()).collect::<Result<_, _>>()?;
        Ok(Self {
            shared: Arc::new(behaviour.shared.clone()),
            own: behaviour.own.clone(),
            suites: behaviour.suites(),
            groups,
            identities: identities.into_iter().map(ReadyIdentity::new).collect(),
            known_key: RememberedKey::default(),
        })
    }

    /// The same, with those of `known` in the place of its groups that are equal to them: tables that one has are
    /// there for all.
    #[must_use]
    pub fn with_known_groups(mut self, known: &[Group]) -> Self {
        for group in &mut self.groups {
            if let Some(known) = known.iter().find(|known| *known == group) {
                *group = known.clone();
            }
        }
        self
    }

    /// The Diffie-Hellman groups that the server offers.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }
}

/// Whether ServerKeyExchange and CertificateVerify are signed for real.
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
