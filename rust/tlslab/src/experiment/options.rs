//! How an experiment is run.

use serde::{Deserialize, Serialize};
use tlslab_dh::batch::DEFAULT_BUDGET;
use tlslab_dh::{Group, Kernel};

use super::stop::StopRules;
use super::{Experiment, ExperimentError};

/// Class fidelity pays only for more trials than its audit replays.
const WORTH_CLASSES: u64 = 20_000;

/// How trials are run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fidelity {
    /// Every trial byte for byte through the endpoints.
    Wire,
    /// Diffie-Hellman for every trial, the endpoints once for each class, and an audit.
    Class,
    /// As by classes, with trials that are independent in pairs and cost a product each.
    Census,
}

/// Which fidelity is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FidelityChoice {
    /// By classes where that is allowed and worth it, else at wire fidelity.
    #[default]
    Auto,
    /// Every trial byte for byte through the endpoints.
    Wire,
    /// Diffie-Hellman for every trial, the endpoints once for each class, and an audit.
    Class,
    /// As by classes, with trials that are independent in pairs and cost a product each.
    Census,
}

/// How an experiment is run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunOptions {
    /// How many trials, at most.
    pub trials: u64,
    /// The seed of all randomness.
    pub seed: u64,
    /// How many threads; 0 for as many as there are processors.
    pub threads: usize,
    /// Whether a digest of all trials' bytes is computed; only at wire fidelity.
    pub digest: bool,
    /// How trials are run.
    pub fidelity: FidelityChoice,
    /// The kernel of the batch engine; `None` for the fastest that the CPU has. It changes the speed alone.
    pub kernel: Option<Kernel>,
    /// The memory that the batch engine's tables may take, in bytes.
    pub memory_budget: usize,
    /// When it stops before all trials are done.
    pub stop: StopRules,
}

impl RunOptions {
    /// All trials, by default means.
    pub fn new(trials: u64, seed: u64) -> Self {
        Self {
            trials,
            seed,
            threads: 0,
            digest: false,
            fidelity: FidelityChoice::Auto,
            kernel: None,
            memory_budget: DEFAULT_BUDGET,
            stop: StopRules::default(),
        }
    }
}

impl From<Fidelity> for FidelityChoice {
    fn from(fidelity: Fidelity) -> Self {
        match fidelity {
            Fidelity::Wire => Self::Wire,
            Fidelity::Class => Self::Class,
            Fidelity::Census => Self::Census,
        }
    }
}

impl Experiment {
    /// The fidelity at which a run is done, whose endpoints use `group`.
    pub(super) fn fidelity(&self, options: &RunOptions, group: Option<&Group>) -> Result<Fidelity, ExperimentError> {
        let refusal = if options.digest {
            Some("a digest is made of the bytes of all trials")
        } else {
            self.beyond_classes().or_else(|| self.beyond_batches(group?))
        };
        match (options.fidelity, refusal) {
            (FidelityChoice::Wire, _) => Ok(Fidelity::Wire),
            (FidelityChoice::Class, None) => Ok(Fidelity::Class),
            (FidelityChoice::Class, Some(reason)) => Err(ExperimentError::NotByClasses { reason }),
            (FidelityChoice::Census, refusal) => match refusal.or_else(|| self.beyond_census(group)) {
                None => Ok(Fidelity::Census),
                Some(reason) => Err(ExperimentError::NotByCensus { reason }),
            },
            (FidelityChoice::Auto, None) if options.trials > WORTH_CLASSES => Ok(Fidelity::Class),
            (FidelityChoice::Auto, _) => Ok(Fidelity::Wire),
        }
    }
}
