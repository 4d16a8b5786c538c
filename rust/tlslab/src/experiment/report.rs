//! What a run has to tell.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tlslab_dh::batch::ExchangeZeros;
use tlslab_proto::behaviour::{ClientBehaviour, ServerBehaviour};
use tlslab_proto::endpoint::Signatures;

use super::options::Fidelity;
use super::part::{Part, Zeros, seed};
use super::source::Source;
use super::statistics::{self, Interval, StatisticsError};
use super::stop::Stopped;
use super::{Experiment, ExperimentError, SignatureChoice};
use crate::scenario::Scenario;

/// How fast a run was. It varies from run to run and is no part of what is compared.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Timing {
    /// Wall-clock seconds.
    pub seconds: f64,
    /// Those of the trials; the tables of powers took a little before them.
    pub trials_seconds: f64,
    /// Those of the audit.
    pub audit_seconds: f64,
    /// Threads.
    pub threads: usize,
    /// Trials a second, the audit included.
    pub per_second: f64,
    /// The kernel of the batch engine; null where there was none.
    pub kernel: Option<&'static str>,
    /// What the engine's tables of powers took, in bytes; null where there was none.
    pub table_bytes: Option<usize>,
}

impl Timing {
    fn of(facts: &Facts<'_>, trials: u64) -> Self {
        let seconds = facts.took.as_secs_f64();
        Self {
            seconds,
            trials_seconds: facts.ran.as_secs_f64(),
            audit_seconds: (facts.took - facts.ran).as_secs_f64(),
            threads: facts.threads,
            per_second: trials as f64 / seconds.max(f64::MIN_POSITIVE),
            kernel: facts.source.map(|source| source.kernel().name()),
            table_bytes: facts.source.map(Source::table_bytes),
        }
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
    #[serde(serialize_with = "seed::serialize")]
    pub seed: u64,
    /// `wire`: every trial ran byte for byte through the endpoints; `class`: Diffie-Hellman was computed for every trial,
    /// and the endpoints ran once for each class; `census`: so too, with trials that are independent in pairs.
    pub fidelity: Fidelity,
    /// Where the exponents are from.
    pub exponents: ExponentSource,
    /// Whether ServerKeyExchange was signed for real.
    pub signatures: SignatureChoice,
    /// Trials run: those with indices 0 to `trials`.
    pub trials: u64,
    /// Trials that failed.
    pub failures: u64,
    /// Failures to trials; null without trials.
    pub rate: Option<f64>,
    /// An interval of the rate at a confidence of 0.95, valid under the rule that stopped the run; null without trials.
    pub interval: Option<[f64; 2]>,
    /// Which interval that is.
    pub interval_kind: IntervalKind,
    /// The rate that theory expects; null where it does not tell.
    pub expected_rate: Option<f64>,
    /// The two-sided exact binomial test of the expected rate; of a census, Chebyshev's bound. Null without an expected
    /// rate, and where the failures themselves had a say in how many trials were run.
    pub p_value: Option<f64>,
    /// Trials by outcome.
    pub outcomes: BTreeMap<String, u64>,
    /// Failed trials by cause.
    pub causes: BTreeMap<String, u64>,
    /// The indices of the first failed trials, 10,000 at most.
    pub failed_trials: Vec<u64>,
    /// How many failed in all.
    pub failed_trials_total: u64,
    /// The classes that occurred, at class fidelity.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<ClassCount>,
    /// Trials that were replayed to audit the classes; none at wire fidelity, where every trial is the real thing.
    pub audited: u64,
    /// Why the run ended.
    pub stopped_by: Stopped,
    /// The SHA-256 over the digests of all trials' bytes in the order of their indices, if it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// How fast the run was.
    pub timing: Timing,
}

/// Where the exponents of trials are from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ExponentSource {
    /// Each endpoint draws its own, in the length that its knob asks for.
    Drawn,
    /// A census' blocks: all are as long as the group's order and more, whatever the knobs ask for.
    FullLengthSums,
}

/// An interval that is valid under a rule of stopping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IntervalKind {
    /// Clopper-Pearson: the number of trials was fixed, or a matter of time.
    ClopperPearson,
    /// The negative binomial's: the last trial was the last failure that was waited for.
    NegativeBinomial,
    /// A confidence sequence: valid whenever one stops, having looked at every trial.
    ConfidenceSequence,
    /// A census': it takes trials to be independent in pairs, and no more.
    Variance,
}

impl IntervalKind {
    fn under(stopped_by: Stopped, fidelity: Fidelity) -> Self {
        match stopped_by {
            // No rule of a census looks at failures, and it shows none to whoever might interrupt it.
            _ if fidelity == Fidelity::Census => Self::Variance,
            Stopped::Trials | Stopped::Seconds => Self::ClopperPearson,
            Stopped::MaxFailures => Self::NegativeBinomial,
            Stopped::Precision | Stopped::Interrupted => Self::ConfidenceSequence,
        }
    }

    /// The interval.
    ///
    /// # Errors
    /// No trials, or a confidence that is none.
    pub fn interval(self, failures: u64, trials: u64, confidence: f64) -> Result<Interval, StatisticsError> {
        match self {
            Self::ClopperPearson => statistics::clopper_pearson(failures, trials, confidence),
            Self::NegativeBinomial => statistics::negative_binomial_interval(failures, trials, confidence),
            Self::ConfidenceSequence => statistics::confidence_sequence(failures, trials, confidence),
            Self::Variance => statistics::variance_interval(failures, trials, confidence),
        }
    }

    /// The p-value of an expected rate, where the failures had no say in how many trials were run.
    fn test(self, failures: u64, trials: u64, expected: f64) -> Result<Option<f64>, StatisticsError> {
        match self {
            Self::ClopperPearson => statistics::binomial_test(failures, trials, expected).map(Some),
            Self::Variance => statistics::variance_test(failures, trials, expected).map(Some),
            Self::NegativeBinomial | Self::ConfidenceSequence => Ok(None),
        }
    }
}

/// A class of trials that occurred.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassCount {
    /// For each connection that happened, how many leading bytes are zero.
    pub zeros: Vec<Zeros>,
    /// How many trials are of this class.
    pub trials: u64,
    /// The share of trials that theory expects in it; null where it does not tell.
    pub expected_share: Option<f64>,
    /// The test of that share, as that of the expected rate; null without one.
    pub p_value: Option<f64>,
    /// How they end.
    pub outcome: String,
    /// How many of them were replayed in full, and found to be what the class says.
    pub audited: u64,
    /// With a confidence of 0.95, no more than this share of the class can be otherwise: 3/n by the rule of three, 0 where
    /// all were replayed; null without an audit.
    pub audit_can_have_missed: Option<f64>,
}

/// What a run knows besides its counts.
pub(super) struct Facts<'a> {
    pub(super) source: Option<&'a dyn Source>,
    /// How many trials of each class were audited, if they were.
    pub(super) audited: Option<Vec<u64>>,
    pub(super) expected_rate: Option<f64>,
    pub(super) stopped_by: Stopped,
    /// How long the trials took.
    pub(super) ran: Duration,
    /// How long they and the audit took.
    pub(super) took: Duration,
    pub(super) threads: usize,
}

impl Report {
    pub(super) fn new(experiment: &Experiment, part: Part, facts: &Facts<'_>) -> Result<Self, ExperimentError> {
        let Part { seed, fidelity, trials, failures, .. } = part;
        let tried = trials > 0;
        let interval_kind = IntervalKind::under(facts.stopped_by, fidelity);
        let interval = tried.then(|| interval_kind.interval(failures, trials, 0.95)).transpose()?;
        let p_value = match facts.expected_rate {
            Some(expected) if tried => interval_kind.test(failures, trials, expected)?,
            _ => None,
        };
        let signatures = match experiment.signatures() {
            Signatures::Real => SignatureChoice::Real,
            Signatures::Simulated => SignatureChoice::Simulated,
        };
        let exponents = match fidelity {
            Fidelity::Wire | Fidelity::Class => ExponentSource::Drawn,
            Fidelity::Census => ExponentSource::FullLengthSums,
        };
        let classes = class_counts(experiment, &part, facts, interval_kind)?;
        Ok(Self {
            client: experiment.client.clone(),
            server: experiment.server.clone(),
            scenario: experiment.scenario.clone(),
            seed,
            fidelity,
            exponents,
            signatures,
            trials,
            failures,
            rate: tried.then(|| failures as f64 / trials as f64),
            interval: interval.map(|Interval { low, high }| [low, high]),
            interval_kind,
            expected_rate: facts.expected_rate,
            p_value,
            audited: classes.iter().map(|class| class.audited).sum(),
            classes,
            stopped_by: facts.stopped_by,
            digest: part.digest,
            timing: Timing::of(facts, trials),
            outcomes: part.outcomes,
            causes: part.causes,
            failed_trials: part.failed_trials,
            failed_trials_total: failures,
        })
    }
}

fn class_counts(
    experiment: &Experiment,
    part: &Part,
    facts: &Facts<'_>,
    interval_kind: IntervalKind,
) -> Result<Vec<ClassCount>, ExperimentError> {
    let mut counts = Vec::new();
    for (position, class) in part.classes.iter().enumerate() {
        let path: Vec<ExchangeZeros> = class.zeros.iter().map(ExchangeZeros::from).collect();
        let expected_share =
            facts.source.and_then(|source| experiment.expected_share(source.group(), source.publics(), &path));
        let p_value = match expected_share {
            Some(share) => interval_kind.test(class.trials, part.trials, share)?,
            None => None,
        };
        let audited = facts.audited.as_ref().map_or(0, |audited| audited[position]);
        let audit_can_have_missed = match audited {
            0 => None,
            all if all == class.trials => Some(0.0),
            some => Some(3.0 / some as f64),
        };
        counts.push(ClassCount {
            zeros: class.zeros.clone(),
            trials: class.trials,
            expected_share,
            p_value,
            outcome: class.outcome.clone(),
            audited,
            audit_can_have_missed,
        });
    }
    Ok(counts)
}
