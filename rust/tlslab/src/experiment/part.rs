//! Parts of a run: the trials of a contiguous range, counted, on any machine. Parts that follow each other add up to what
//! one run would have counted, so a run's report does not depend on where its trials were done.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tlslab_dh::batch::ExchangeZeros;

use super::ExperimentError;
use super::classes::{AUDITED_LARGEST, AUDITED_OTHERS, Class, hash};
use super::options::Fidelity;
use super::stop::StopRules;
use super::tally::{LISTED_FAILURES, Tally};
use super::trial::Trial;
use crate::scenario::verdict::Cause;

/// The counts of the trials of a contiguous range.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// The seed of its trials.
    #[serde(with = "seed")]
    pub seed: u64,
    /// How they were run.
    pub fidelity: Fidelity,
    /// The index of its first trial.
    pub first: u64,
    /// How many trials.
    pub trials: u64,
    /// How many of them failed.
    pub failures: u64,
    /// Trials by outcome.
    pub outcomes: BTreeMap<String, u64>,
    /// Failed trials by cause.
    pub causes: BTreeMap<String, u64>,
    /// The indices of the first failed trials, 10,000 at most.
    pub failed_trials: Vec<u64>,
    /// The classes that occurred, in the order of their first trials.
    pub classes: Vec<PartClass>,
    /// The SHA-256 over the digests of its trials, if it was asked for; parts that were added up have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

/// A class of trials in a part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartClass {
    /// For each connection that happened, how many leading bytes are zero.
    pub zeros: Vec<Zeros>,
    /// How its first trial ended.
    pub outcome: String,
    /// Whether that is a failure.
    pub failed: bool,
    /// What caused it.
    pub cause: Option<Cause>,
    /// How many trials are of this class.
    pub trials: u64,
    /// Those that may be in the audit, in the order of their hashes.
    pub sample: Vec<u64>,
}

/// How many leading bytes of an exchange's values are zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Zeros {
    /// Of the secret.
    pub z: u16,
    /// Of the client's public value; 0 where the outcome cannot depend on it.
    pub client_public: u16,
    /// Of the server's public value; 0 where the outcome cannot depend on it.
    pub server_public: u16,
}

/// Parts that do not add up.
#[derive(Debug, thiserror::Error)]
pub enum PartError {
    /// What a part says of itself cannot be.
    #[error("the part that starts at trial {first} is damaged: {what}")]
    Damaged {
        /// Its first trial.
        first: u64,
        /// What cannot be.
        what: &'static str,
    },
    /// They are no parts of the same run.
    #[error("the parts that start at trials {first} and {next} are of different runs: their {what} differ")]
    OfDifferentRuns {
        /// The first trial of the one.
        first: u64,
        /// That of the other.
        next: u64,
        /// In what they differ.
        what: &'static str,
    },
    /// They overlap, or trials are missing between them.
    #[error("a part that starts at trial {next} does not follow one that ends before trial {end}")]
    NotNextToEachOther {
        /// The trial after the one.
        end: u64,
        /// The first trial of the other.
        next: u64,
    },
    /// Two trials of a class did not come to the same.
    #[error("a class came to {one} before trial {next}, and to {other} after it: it does not speak for its trials")]
    ClassesDisagree {
        /// What it came to.
        one: String,
        /// What it came to later.
        other: String,
        /// Where the later part starts.
        next: u64,
    },
}

impl Part {
    /// What a run has counted.
    pub(super) fn of(seed: u64, fidelity: Fidelity, tally: Tally, classes: &[Class]) -> Self {
        Self {
            seed,
            fidelity,
            first: tally.first(),
            trials: tally.trials(),
            failures: tally.failures(),
            digest: tally.digest(),
            // A window may have met more classes, beyond the trial at which a rule stopped the run.
            classes: classes.iter().filter(|class| class.count > 0).map(PartClass::from).collect(),
            outcomes: tally.outcomes,
            causes: tally.causes,
            failed_trials: tally.failed_trials,
        }
    }

    /// The trial after its last.
    pub fn end(&self) -> u64 {
        self.first.saturating_add(self.trials)
    }

    /// Adds the part that follows it.
    ///
    /// # Errors
    /// It does not follow, is of another run, or contradicts this one.
    pub fn add(&mut self, next: Self) -> Result<(), PartError> {
        let (first, end) = (self.first, self.end());
        let of_different_runs = |what| Err(PartError::OfDifferentRuns { first, next: next.first, what });
        if self.seed != next.seed {
            return of_different_runs("seeds");
        }
        if self.fidelity != next.fidelity {
            return of_different_runs("fidelities");
        }
        if next.first != end {
            return Err(PartError::NotNextToEachOther { end, next: next.first });
        }
        for class in next.classes {
            match self.classes.iter_mut().find(|known| known.zeros == class.zeros) {
                Some(known) => known.add(class, self.seed, next.first)?,
                None => self.classes.push(class),
            }
        }
        add_counts(&mut self.outcomes, next.outcomes);
        add_counts(&mut self.causes, next.causes);
        let room = LISTED_FAILURES - self.failed_trials.len().min(LISTED_FAILURES);
        self.failed_trials.extend(next.failed_trials.into_iter().take(room));
        self.trials += next.trials;
        self.failures += next.failures;
        self.digest = None;
        Ok(())
    }

    /// Whether a rule that looks at failures may stop a run within this part, which comes after so many failures. It says
    /// so for sure unless more trials failed than are listed.
    ///
    /// # Errors
    /// A precision that is none.
    pub fn may_reach(&self, rules: &StopRules, failures_before: u64) -> Result<bool, ExperimentError> {
        if rules.max_failures.is_some_and(|most| most <= failures_before.saturating_add(self.failures)) {
            return Ok(true);
        }
        if rules.precision.is_some() && self.failures > self.failed_trials.len() as u64 {
            return Ok(true);
        }
        for trials in rules.borders(self.first..self.end()) {
            let failures = self.failed_trials.partition_point(|index| *index < trials) as u64;
            if rules.reached(failures_before + failures, trials)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Refuses what cannot be the counts of any trials. A part may come out of a file.
    ///
    /// # Errors
    /// It says what cannot be.
    pub fn validate(&self) -> Result<(), PartError> {
        let all = |indices: &[u64]| indices.iter().all(|index| (self.first..self.end()).contains(index));
        let rising = |indices: &[u64]| indices.windows(2).all(|pair| pair[0] < pair[1]);
        let listed = self.failures.min(LISTED_FAILURES as u64);
        let checks = [
            (self.first.checked_add(self.trials).is_some(), "it has more trials than there are"),
            (sum(self.outcomes.values().copied()) == Some(self.trials), "its outcomes do not add up"),
            (sum(self.causes.values().copied()) == Some(self.failures), "its causes do not add up"),
            (self.failures <= self.trials, "it has more failures than trials"),
            (self.failed_trials.len() as u64 == listed, "its list of failed trials is of another length"),
            (all(&self.failed_trials) && rising(&self.failed_trials), "its failed trials are none of its trials"),
            (
                self.fidelity == Fidelity::Wire
                    || sum(self.classes.iter().map(|class| class.trials)) == Some(self.trials),
                "its classes do not add up",
            ),
            (self.classes.iter().all(|class| all(&class.sample)), "a class has samples that are none of its trials"),
            (
                self.classes.iter().all(|class| class.sample.len() <= AUDITED_LARGEST),
                "a class has more samples than are audited",
            ),
        ];
        match checks.into_iter().find(|(sound, _)| !sound) {
            Some((_, what)) => Err(PartError::Damaged { first: self.first, what }),
            None => Ok(()),
        }
    }
}

impl From<&Class> for PartClass {
    fn from(class: &Class) -> Self {
        let Trial { label, failed, cause, .. } = &class.trial;
        Self {
            zeros: class.path.iter().map(Zeros::from).collect(),
            outcome: label.clone(),
            failed: *failed,
            cause: *cause,
            trials: class.count,
            sample: class.sampled(),
        }
    }
}

impl PartClass {
    /// The trials that the audit replays, in the order of their indices.
    pub(super) fn audited(&self, is_largest: bool) -> Vec<u64> {
        let most = if is_largest { AUDITED_LARGEST } else { AUDITED_OTHERS };
        let mut indices: Vec<u64> = self.sample.iter().copied().take(most).collect();
        indices.sort_unstable();
        indices
    }

    fn add(&mut self, later: Self, seed: u64, next: u64) -> Result<(), PartError> {
        if (&self.outcome, self.failed, self.cause) != (&later.outcome, later.failed, later.cause) {
            return Err(PartError::ClassesDisagree { one: self.outcome.clone(), other: later.outcome, next });
        }
        self.trials += later.trials;
        self.sample.extend(later.sample);
        self.sample.sort_by_cached_key(|index| (hash(seed, *index), *index));
        self.sample.truncate(AUDITED_LARGEST);
        Ok(())
    }
}

/// The sum, if it is a number of trials.
fn sum(mut counts: impl Iterator<Item = u64>) -> Option<u64> {
    counts.try_fold(0, u64::checked_add)
}

fn add_counts(counts: &mut BTreeMap<String, u64>, more: BTreeMap<String, u64>) {
    for (name, more) in more {
        *counts.entry(name).or_default() += more;
    }
}

impl From<&ExchangeZeros> for Zeros {
    fn from(zeros: &ExchangeZeros) -> Self {
        Self { z: zeros.z, client_public: zeros.x, server_public: zeros.y }
    }
}

impl From<&Zeros> for ExchangeZeros {
    fn from(zeros: &Zeros) -> Self {
        Self { z: zeros.z, x: zeros.client_public, y: zeros.server_public }
    }
}

/// A seed as JSON has it: as text, since it may have 64 bits.
pub(super) mod seed {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(in super::super) fn serialize<S: Serializer>(seed: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(seed)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}
