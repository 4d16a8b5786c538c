//! What a run has to tell.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};
use tlslab_proto::behaviour::{ClientBehaviour, ServerBehaviour};
use tlslab_proto::endpoint::Signatures;

use super::statistics::{self, Interval};
use super::trial::Trial;
use super::{Experiment, ExperimentError, SignatureChoice};
use crate::scenario::Scenario;

/// As many failed trials as a report lists one by one.
const LISTED_FAILURES: usize = 10_000;

/// The counts of a run, trial by trial in the order of their indices.
pub(super) struct Tally {
    trials: u64,
    failures: u64,
    outcomes: BTreeMap<String, u64>,
    causes: BTreeMap<String, u64>,
    failed_trials: Vec<u64>,
    digest: Option<Sha256>,
}

impl Tally {
    pub(super) fn new(digest: bool) -> Self {
        Self {
            trials: 0,
            failures: 0,
            outcomes: BTreeMap::new(),
            causes: BTreeMap::new(),
            failed_trials: Vec::new(),
            digest: digest.then(Sha256::new),
        }
    }

    pub(super) fn add(&mut self, index: u64, trial: &Trial) {
        self.trials += 1;
        *self.outcomes.entry(trial.outcome.label()).or_default() += 1;
        if let (Some(all), Some(one)) = (&mut self.digest, trial.digest) {
            all.update(one);
        }
        if !trial.outcome.failed() {
            return;
        }
        self.failures += 1;
        let cause = match serde_json::to_value(trial.cause) {
            Ok(serde_json::Value::String(cause)) => cause,
            _ => "unknown".to_owned(),
        };
        *self.causes.entry(cause).or_default() += 1;
        if self.failed_trials.len() < LISTED_FAILURES {
            self.failed_trials.push(index);
        }
    }

    pub(super) fn trials(&self) -> u64 {
        self.trials
    }

    pub(super) fn failures(&self) -> u64 {
        self.failures
    }
}

/// Why a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stopped {
    /// All trials were done.
    Trials,
    /// It was told to stop.
    Interrupted,
}

/// How fast a run was. It varies from run to run and is no part of what is compared.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Timing {
    /// Wall-clock seconds.
    pub seconds: f64,
    /// Threads.
    pub threads: usize,
    /// Trials a second.
    pub per_second: f64,
}

impl Timing {
    pub(super) fn new(elapsed: Duration, trials: u64, threads: usize) -> Self {
        let seconds = elapsed.as_secs_f64();
        Self { seconds, threads, per_second: trials as f64 / seconds.max(f64::MIN_POSITIVE) }
    }
}

/// The result of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// How the client acted.
    pub client: ClientBehaviour,
    /// How the server acted.
    pub server: ServerBehaviour,
    /// What happened in each trial.
    pub scenario: Scenario,
    /// The seed.
    #[serde(serialize_with = "as_text")]
    pub seed: u64,
    /// `wire`: every trial ran byte for byte through the endpoints.
    pub fidelity: &'static str,
    /// Whether ServerKeyExchange was signed for real.
    pub signatures: SignatureChoice,
    /// Trials run: those with indices 0 to `trials`.
    pub trials: u64,
    /// Trials that failed.
    pub failures: u64,
    /// Failures to trials; null without trials.
    pub rate: Option<f64>,
    /// The Clopper-Pearson interval of the rate at a confidence of 0.95; null without trials.
    pub interval: Option<[f64; 2]>,
    /// The rate that theory expects; null where it does not tell.
    pub expected_rate: Option<f64>,
    /// The two-sided exact binomial test of the expected rate; null without one.
    pub p_value: Option<f64>,
    /// Trials by outcome.
    pub outcomes: BTreeMap<String, u64>,
    /// Failed trials by cause.
    pub causes: BTreeMap<String, u64>,
    /// The indices of the first failed trials, 10,000 at most.
    pub failed_trials: Vec<u64>,
    /// How many failed in all.
    pub failed_trials_total: u64,
    /// Trials that were replayed to audit a faster fidelity; none at wire fidelity, where every trial is the real thing.
    pub audited: u64,
    /// Why the run ended.
    pub stopped_by: Stopped,
    /// The SHA-256 over the digests of all trials' bytes in the order of their indices, if it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// How fast the run was.
    pub timing: Timing,
}

fn as_text<S: Serializer>(seed: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(seed)
}

impl Report {
    pub(super) fn new(
        experiment: &Experiment,
        seed: u64,
        tally: Tally,
        expected_rate: Option<f64>,
        stopped_by: Stopped,
        timing: Timing,
    ) -> Result<Self, ExperimentError> {
        let Tally { trials, failures, outcomes, causes, failed_trials, digest } = tally;
        let tried = trials > 0;
        let interval = tried.then(|| statistics::clopper_pearson(failures, trials, 0.95)).transpose()?;
        let p_value = expected_rate
            .filter(|_| tried)
            .map(|expected| statistics::binomial_test(failures, trials, expected))
            .transpose()?;
        let signatures = match experiment.signatures() {
            Signatures::Real => SignatureChoice::Real,
            Signatures::Simulated => SignatureChoice::Simulated,
        };
        Ok(Self {
            client: experiment.client.clone(),
            server: experiment.server.clone(),
            scenario: experiment.scenario.clone(),
            seed,
            fidelity: "wire",
            signatures,
            trials,
            failures,
            rate: tried.then(|| failures as f64 / trials as f64),
            interval: interval.map(|Interval { low, high }| [low, high]),
            expected_rate,
            p_value,
            outcomes,
            causes,
            failed_trials,
            failed_trials_total: failures,
            audited: 0,
            stopped_by,
            digest: digest.map(|digest| hex::encode(digest.finalize())),
            timing,
        })
    }
}
