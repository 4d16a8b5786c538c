//! Runs trials on threads of its own. Thread count and interruption change no trial: a run that is cut short keeps the
//! trials from the first to the last before the cut.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use rayon::prelude::*;
use tlslab_proto::crypto::draws::Draws;

use super::report::{Report, Stopped, Tally, Timing};
use super::trial::{self, Replay};
use super::{Experiment, ExperimentError};

/// Trials that a thread does before the tally takes them in.
const BATCH_PER_THREAD: u64 = 64;

/// How an experiment is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunOptions {
    /// How many trials.
    pub trials: u64,
    /// The seed of all randomness.
    pub seed: u64,
    /// How many threads; 0 for as many as there are processors.
    pub threads: usize,
    /// Whether a digest of all trials' bytes is computed.
    pub digest: bool,
}

/// What a run shows to whoever waits for it, and how it is told to stop.
#[derive(Debug, Default)]
pub struct Monitor {
    /// Set to stop the run.
    pub cancelled: AtomicBool,
    /// Trials done.
    pub done: AtomicU64,
    /// Trials that failed.
    pub failures: AtomicU64,
}

impl Experiment {
    /// Runs trials 0 to `options.trials` and reports on them.
    ///
    /// # Errors
    /// The experiment cannot be run: nothing was.
    pub fn run(&self, options: &RunOptions, monitor: &Monitor) -> Result<Report, ExperimentError> {
        if options.trials == 0 {
            return Err(ExperimentError::NoTrials);
        }
        let setup = self.setup()?;
        let pool = rayon::ThreadPoolBuilder::new().num_threads(options.threads).build()?;
        let expected_rate = pool.install(|| self.expected_rate_unless(&monitor.cancelled))?;
        let started = Instant::now();
        let mut tally = Tally::new(options.digest);
        let batch = BATCH_PER_THREAD * pool.current_num_threads() as u64;
        let mut next = 0;
        while next < options.trials && !monitor.cancelled.load(Ordering::Relaxed) {
            let end = options.trials.min(next + batch);
            let run = |index| {
                let goes_on = !monitor.cancelled.load(Ordering::Relaxed);
                goes_on.then(|| trial::run(&setup, &self.scenario, Draws::new(options.seed, index), options.digest))
            };
            let trials: Vec<Option<_>> = pool.install(|| (next..end).into_par_iter().map(run).collect());
            // What comes after the first trial that was left out is dropped, so that a prefix remains.
            for trial in trials.into_iter().map_while(|trial| trial) {
                tally.add(next, &trial?);
                next += 1;
            }
            monitor.done.store(tally.trials(), Ordering::Relaxed);
            monitor.failures.store(tally.failures(), Ordering::Relaxed);
        }
        let timing = Timing::new(started.elapsed(), tally.trials(), pool.current_num_threads());
        let stopped_by = if next == options.trials { Stopped::Trials } else { Stopped::Interrupted };
        Report::new(self, options.seed, tally, expected_rate, stopped_by, timing)
    }

    /// Runs one trial again, byte for byte, with everything that happens in it.
    ///
    /// # Errors
    /// The experiment cannot be run.
    pub fn replay(&self, seed: u64, index: u64) -> Result<Replay, ExperimentError> {
        Ok(trial::replay(&self.setup()?, &self.scenario, Draws::new(seed, index))?)
    }
}
