//! The counts of a run, trial by trial in the order of their indices.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::trial::Trial;
use crate::scenario::verdict::Cause;

/// As many failed trials as a report lists one by one.
const LISTED_FAILURES: usize = 10_000;

/// The counts of a run, trial by trial in the order of their indices.
pub(super) struct Tally {
    trials: u64,
    failures: u64,
    pub(super) outcomes: BTreeMap<String, u64>,
    pub(super) causes: BTreeMap<String, u64>,
    pub(super) failed_trials: Vec<u64>,
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

    /// Takes in the next trial.
    pub(super) fn add(&mut self, trial: &Trial) {
        let index = self.trials;
        self.trials += 1;
        count(&mut self.outcomes, &trial.label);
        if let (Some(all), Some(one)) = (&mut self.digest, trial.digest) {
            all.update(one);
        }
        if !trial.failed {
            return;
        }
        self.failures += 1;
        count(&mut self.causes, trial.cause.map_or("unknown", Cause::name));
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

    /// The SHA-256 over the digests of all trials, in hexadecimal.
    pub(super) fn digest(&self) -> Option<String> {
        self.digest.clone().map(|digest| hex::encode(digest.finalize()))
    }
}

fn count(counts: &mut BTreeMap<String, u64>, name: &str) {
    match counts.get_mut(name) {
        Some(count) => *count += 1,
        None => {
            counts.insert(name.to_owned(), 1);
        }
    }
}
