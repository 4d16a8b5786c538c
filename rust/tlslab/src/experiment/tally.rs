//! The counts of a run, trial by trial in the order of their indices.

use std::collections::BTreeMap;
use std::ops::Range;

use sha2::{Digest, Sha256};

use super::ExperimentError;
use super::trial::Trial;
use crate::scenario::verdict::Cause;

/// As many failed trials as a report lists one by one.
pub(super) const LISTED_FAILURES: usize = 10_000;

/// The counts of a run, trial by trial in the order of their indices.
pub(super) struct Tally {
    first: u64,
    trials: u64,
    failures: u64,
    pub(super) outcomes: BTreeMap<String, u64>,
    pub(super) causes: BTreeMap<String, u64>,
    /// The indices of failed trials, up to the most that are listed.
    pub(super) failed_trials: Vec<u64>,
    listed: usize,
    /// How many trials failed before the first of these.
    failures_before: u64,
    digest: Option<Sha256>,
    /// What each trial came to, as a number, if that is asked for.
    codes: Option<Vec<u16>>,
}

impl Tally {
    /// Of the trials from `first` on. It lists `listed` failed ones at most, and makes a digest of all if asked to.
    pub(super) fn new(first: u64, listed: usize, digest: bool) -> Self {
        Self {
            first,
            trials: 0,
            failures: 0,
            outcomes: BTreeMap::new(),
            causes: BTreeMap::new(),
            failed_trials: Vec::new(),
            listed,
            failures_before: 0,
            digest: digest.then(Sha256::new),
            codes: None,
        }
    }

    /// Of trials that come after so many failed ones.
    pub(super) fn after(self, failures_before: u64) -> Self {
        Self { failures_before, ..self }
    }

    /// Keeps a number for each of so many trials too.
    pub(super) fn with_codes(self, trials: usize) -> Self {
        Self { codes: Some(Vec::with_capacity(trials)), ..self }
    }

    /// Takes in the next trial.
    pub(super) fn add(&mut self, trial: &Trial) {
        if let (Some(all), Some(one)) = (&mut self.digest, trial.digest) {
            all.update(one);
        }
        if trial.failed {
            self.list(self.next()..self.next() + 1);
        }
        self.count(trial, 1);
    }

    /// Counts trials that came to the same, among the next ones. They are not listed, and have no digest.
    pub(super) fn count(&mut self, trial: &Trial, trials: u64) {
        self.trials += trials;
        count(&mut self.outcomes, &trial.label, trials);
        if trial.failed {
            self.failures += trials;
            count(&mut self.causes, trial.cause.map_or("unknown", Cause::name), trials);
        }
    }

    /// Whether it matters which trials come to what, and not how many alone: there is room in the list of failed trials,
    /// or a number is kept for each.
    pub(super) fn wants_each(&self) -> bool {
        self.failed_trials.len() < self.listed || self.codes.is_some()
    }

    /// Keeps the number of the next trials, if that is asked for.
    pub(super) fn code(&mut self, code: usize, trials: u64) -> Result<(), ExperimentError> {
        if let Some(codes) = &mut self.codes {
            let code = u16::try_from(code).map_err(|_| ExperimentError::TooManyClasses)?;
            codes.resize(codes.len() + trials as usize, code);
        }
        Ok(())
    }

    /// The numbers of the trials; none if they were not asked for.
    pub(super) fn into_codes(self) -> Vec<u16> {
        self.codes.unwrap_or_default()
    }

    /// Lists failed trials, as far as there is room. They come in the order of their indices.
    pub(super) fn list(&mut self, failed: Range<u64>) {
        let room = self.listed - self.failed_trials.len();
        self.failed_trials.extend(failed.take(room));
    }

    /// The index of the first trial.
    pub(super) fn first(&self) -> u64 {
        self.first
    }

    /// How many trials have failed, those before the first of these included.
    pub(super) fn failures_so_far(&self) -> u64 {
        self.failures_before + self.failures
    }

    /// The index of the trial that comes next.
    pub(super) fn next(&self) -> u64 {
        self.first + self.trials
    }

    pub(super) fn trials(&self) -> u64 {
        self.trials
    }

    pub(super) fn failures(&self) -> u64 {
        self.failures
    }

    /// The SHA-256 over the digests of all trials, in hexadecimal.
    pub(super) fn digest(&self) -> Option<String> {
        self.digest.clone().map(|digest| hex::encode(digest.finalize()))
    }
}

fn count(counts: &mut BTreeMap<String, u64>, name: &str, more: u64) {
    match counts.get_mut(name) {
        Some(count) => *count += more,
        None => {
            counts.insert(name.to_owned(), more);
        }
    }
}
