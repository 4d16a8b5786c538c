//! What an experiment is: two behaviours, a scenario and how signatures are made.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tlslab_proto::behaviour::values::{FixedLengthZeros, ShortFixedValue};
use tlslab_proto::behaviour::{BehaviourError, ClientBehaviour, ServerBehaviour};
use tlslab_proto::endpoint::diffie_hellman::Honest;
use tlslab_proto::endpoint::edit::EditError;
use tlslab_proto::endpoint::{ClientConfig, ServerConfig, Signatures};

use tlslab_dh::batch::BatchError;

use super::part::PartError;
use super::statistics::StatisticsError;
use crate::scenario::connection::Setup;
use crate::scenario::overrides::Overrides;
use crate::scenario::{Scenario, ScenarioError};

/// Two behaviours and a scenario, to be tried many times.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Experiment {
    /// How the client acts.
    pub client: ClientBehaviour,
    /// How the server acts.
    pub server: ServerBehaviour,
    /// What happens in each trial.
    pub scenario: Scenario,
    /// How ServerKeyExchange and CertificateVerify are signed.
    #[serde(default)]
    pub signatures: SignatureChoice,
}

/// How ServerKeyExchange and CertificateVerify are signed in an experiment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignatureChoice {
    /// By a keyed hash as long as a real signature, over the same bytes. Knobs about the zeros of RSA values need real
    /// signatures and get them.
    #[default]
    Simulated,
    /// By the certificate's key.
    Real,
}

/// An experiment that cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum ExperimentError {
    /// A behaviour contradicts itself.
    #[error(transparent)]
    Behaviour(#[from] BehaviourError),
    /// The scenario cannot be run.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// An edit does not fit the message that it selects.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// A statistic cannot be computed.
    #[error(transparent)]
    Statistics(#[from] StatisticsError),
    /// The threads could not be started.
    #[error("the experiment's threads could not be started: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
    /// The batch engine cannot be had.
    #[error(transparent)]
    Batch(#[from] BatchError),
    /// Class fidelity was asked for where outcomes may depend on more than classes.
    #[error("this experiment cannot be run by classes: {reason}; run it at wire fidelity")]
    NotByClasses {
        /// What else they may depend on.
        reason: &'static str,
    },
    /// A census was asked for where its trials would not do.
    #[error("this experiment cannot be run as a census: {reason}; run it at another fidelity")]
    NotByCensus {
        /// Why not.
        reason: &'static str,
    },
    /// A rule that looks at failures was given to a census.
    #[error("{rule} is no rule for a census, whose trials are independent in pairs only; give it trials or seconds")]
    NoRuleForCensus {
        /// The rule.
        rule: &'static str,
    },
    /// A trial that was audited is not what its class says.
    #[error("the audit of classes failed at trial {trial} of seed {seed}: {what}")]
    Audit {
        /// The seed.
        seed: u64,
        /// The trial.
        trial: u64,
        /// What differs.
        what: String,
    },
    /// A run cannot stop at no failures.
    #[error("a run stops at its first failure or a later one; max_failures is at least 1")]
    NoFailuresToStopAt,
    /// Trials are told apart by more classes than there are numbers for.
    #[error("the trials are of more than 65,536 classes, which have no numbers; count them without")]
    TooManyClasses,
    /// Parts of a run do not add up.
    #[error(transparent)]
    Part(#[from] PartError),
    /// No trials were asked for.
    #[error("an experiment runs at least one trial")]
    NoTrials,
}

/// Simulated signatures, but where knobs are about the bytes of real ones.
pub(crate) fn simulated_unless_needed(
    client: &ClientBehaviour,
    server: &ServerBehaviour,
    scenario: &Scenario,
) -> Signatures {
    let about_rsa_signatures = server.own.rsa_signature_zeros != FixedLengthZeros::Keep
        || client.own.short_rsa_signature != ShortFixedValue::Fail
        || scenario.connections.iter().any(|plan| {
            plan.server.contains_key("rsa_signature_zeros") || plan.client.contains_key("short_rsa_signature")
        });
    if about_rsa_signatures { Signatures::Real } else { Signatures::Simulated }
}

impl Experiment {
    /// How signatures are made after all.
    pub fn signatures(&self) -> Signatures {
        match self.signatures {
            SignatureChoice::Simulated => simulated_unless_needed(&self.client, &self.server, &self.scenario),
            SignatureChoice::Real => Signatures::Real,
        }
    }

    /// The endpoints of its trials, made ready.
    ///
    /// # Errors
    /// A behaviour that contradicts itself, or a scenario that cannot be run.
    pub fn setup(&self) -> Result<Setup, ExperimentError> {
        self.scenario.validate()?;
        let server = Arc::new(ServerConfig::new(&self.server)?);
        let overrides = Overrides::new(&self.client, &self.server, &self.scenario)?;
        Ok(Setup {
            overrides,
            client: Arc::new(ClientConfig::new(&self.client)?),
            diffie_hellman: Arc::new(Honest::with_groups(server.groups().to_vec())),
            server,
            signatures: self.signatures(),
        })
    }
}
