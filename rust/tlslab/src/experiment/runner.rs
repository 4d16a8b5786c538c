//! Runs trials on threads of its own. Thread count, kernel and interruption change no trial: a run that is cut short keeps
//! the trials from the first to the last before the cut.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tlslab_dh::Kernel;
use tlslab_dh::batch::DEFAULT_BUDGET;
use tlslab_proto::crypto::draws::Draws;

use super::audit::audit;
use super::class::Classes;
use super::engine::Engine;
use super::report::{Facts, Report};
use super::tally::{Stopped, Tally};
use super::trial::{self, Replay};
use super::wire::Wire;
use super::{Experiment, ExperimentError};
use crate::scenario::connection::Setup;

/// A window of trials is made as long as takes about this, so that a run shows its progress and stops soon.
const WINDOW: Duration = Duration::from_millis(200);

/// Class fidelity pays only for more trials than its audit replays.
const WORTH_CLASSES: u64 = 20_000;

/// How trials are run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FidelityChoice {
    /// By classes where that is allowed and worth it, else at wire fidelity.
    #[default]
    Auto,
    /// Every trial byte for byte through the endpoints.
    Wire,
    /// Diffie-Hellman for every trial, the endpoints once for each class, and an audit.
    Class,
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
        }
    }
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
    /// The experiment cannot be run, or not at the fidelity that was asked for: nothing was. Or the audit of class
    /// fidelity found a trial that its class does not speak for.
    pub fn run(&self, options: &RunOptions, monitor: &Monitor) -> Result<Report, ExperimentError> {
        if options.trials == 0 {
            return Err(ExperimentError::NoTrials);
        }
        let setup = self.setup()?;
        let pool = rayon::ThreadPoolBuilder::new().num_threads(options.threads).build()?;
        pool.install(|| {
            let expected_rate = self.expected_rate_unless(&monitor.cancelled)?;
            let engine = self.engine(&setup, options)?;
            let by_classes = self.by_classes(options)?;
            let started = Instant::now();
            let mut tally = Tally::new(options.digest);
            let mut classes = Classes::new(self, &setup, engine.as_ref(), options.seed);
            let wire = Wire {
                experiment: self,
                setup: &setup,
                engine: engine.as_ref(),
                seed: options.seed,
                digest: options.digest,
            };
            let mut window = Window::new(pool.current_num_threads());
            while tally.trials() < options.trials && !monitor.cancelled.load(Ordering::Relaxed) {
                let range = window.next(tally.trials(), options.trials);
                if by_classes {
                    for class in classes.of(range)? {
                        tally.add(&classes.classes()[class].trial);
                    }
                } else {
                    for trial in wire.trials(range, &monitor.cancelled)? {
                        tally.add(&trial);
                    }
                }
                window.done();
                monitor.done.store(tally.trials(), Ordering::Relaxed);
                monitor.failures.store(tally.failures(), Ordering::Relaxed);
            }
            let stopped_by = if tally.trials() == options.trials { Stopped::Trials } else { Stopped::Interrupted };
            let audited = match (by_classes, stopped_by) {
                (true, Stopped::Trials) => audit(self, &setup, engine.as_ref(), options.seed, classes.classes())?,
                _ => vec![0; classes.classes().len()],
            };
            let facts = Facts {
                seed: options.seed,
                fidelity: if by_classes { "class" } else { "wire" },
                kernel: engine.as_ref().map(Engine::kernel),
                classes: classes.classes().iter().zip(audited).collect(),
                expected_rate,
                stopped_by,
                elapsed: started.elapsed(),
                threads: pool.current_num_threads(),
            };
            Report::new(self, tally, facts)
        })
    }

    /// Whether trials are run by classes.
    fn by_classes(&self, options: &RunOptions) -> Result<bool, ExperimentError> {
        let refusal =
            if options.digest { Some("a digest is made of the bytes of all trials") } else { self.beyond_classes() };
        match (options.fidelity, refusal) {
            (FidelityChoice::Wire, _) => Ok(false),
            (FidelityChoice::Class, Some(reason)) => Err(ExperimentError::NotByClasses { reason }),
            (FidelityChoice::Class, None) => Ok(true),
            (FidelityChoice::Auto, refusal) => Ok(refusal.is_none() && options.trials > WORTH_CLASSES),
        }
    }

    /// The batch engine for the group that the endpoints use, if they use one.
    fn engine(&self, setup: &Setup, options: &RunOptions) -> Result<Option<Engine>, ExperimentError> {
        let kernel = options.kernel.unwrap_or_else(Kernel::detect);
        match self.group_in_use(setup)? {
            Some(group) => Engine::new(self, &group, kernel, options.memory_budget),
            None => Ok(None),
        }
    }

    /// Runs one trial again, byte for byte, with everything that happens in it.
    ///
    /// # Errors
    /// The experiment cannot be run.
    pub fn replay(&self, seed: u64, index: u64) -> Result<Replay, ExperimentError> {
        Ok(trial::replay(&self.setup()?, &self.scenario, Draws::new(seed, index))?)
    }
}

/// How many trials are run before anyone looks up. It follows the speed, and changes no result.
struct Window {
    len: u64,
    least: u64,
    started: Instant,
}

impl Window {
    fn new(threads: usize) -> Self {
        let least = 64 * threads as u64;
        Self { len: least, least, started: Instant::now() }
    }

    fn next(&mut self, from: u64, end: u64) -> std::ops::Range<u64> {
        self.started = Instant::now();
        from..end.min(from.saturating_add(self.len))
    }

    fn done(&mut self) {
        self.len = match self.started.elapsed() {
            elapsed if elapsed < WINDOW / 2 => self.len.saturating_mul(2).min(1 << 20),
            elapsed if elapsed > WINDOW * 2 => (self.len / 2).max(self.least),
            _ => self.len,
        };
    }
}
