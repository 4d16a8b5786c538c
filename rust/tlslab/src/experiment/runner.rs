//! Runs trials on threads of its own. Thread count, kernel and interruption change no trial: a run that is cut short keeps
//! the trials from the first to the last before the cut.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde::Deserialize;
use tlslab_dh::Kernel;
use tlslab_dh::batch::DEFAULT_BUDGET;
use tlslab_proto::crypto::draws::Draws;

use super::audit::audit;
use super::class::Classes;
use super::engine::Engine;
use super::report::{Facts, Report};
use super::stop::{StopRules, Stopped};
use super::tally::Tally;
use super::tier::Tier;
use super::trial::{self, Replay};
use super::wire::Wire;
use super::{Experiment, ExperimentError};
use crate::scenario::connection::Setup;

/// A window of trials is made as long as takes about this, so that a run shows its progress and stops soon.
const WINDOW: Duration = Duration::from_millis(200);

/// Class fidelity pays only for more trials than its audit replays.
const WORTH_CLASSES: u64 = 20_000;

/// How trials are run.
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
        options.stop.validate()?;
        let setup = self.setup()?;
        let pool = rayon::ThreadPoolBuilder::new().num_threads(options.threads).build()?;
        pool.install(|| {
            let expected_rate = self.expected_rate_unless(&monitor.cancelled)?;
            let engine = self.engine(&setup, options)?;
            let started = Instant::now();
            let mut tier = self.tier(&setup, engine.as_ref(), options)?;
            let mut tally = Tally::new(options.digest);
            let stopped_by = run_windows(&mut tier, options, started, monitor, &mut tally)?;
            let classes = match &tier {
                Tier::Class(classes) => classes.classes(),
                Tier::Wire(_) => &[],
            };
            let audited = match stopped_by {
                Stopped::Interrupted => vec![0; classes.len()],
                _ => audit(self, &setup, engine.as_ref(), options.seed, classes)?,
            };
            let facts = Facts {
                seed: options.seed,
                fidelity: tier.name(),
                kernel: engine.as_ref().map(Engine::kernel),
                // A window may have met classes beyond the trial at which a rule stopped the run.
                classes: classes.iter().zip(audited).filter(|(class, _)| class.count > 0).collect(),
                expected_rate,
                stopped_by,
                elapsed: started.elapsed(),
                threads: pool.current_num_threads(),
            };
            Report::new(self, tally, facts)
        })
    }

    /// How the trials are done.
    fn tier<'a>(
        &'a self,
        setup: &'a Setup,
        engine: Option<&'a Engine>,
        options: &RunOptions,
    ) -> Result<Tier<'a>, ExperimentError> {
        let (seed, digest) = (options.seed, options.digest);
        Ok(if self.by_classes(options)? {
            Tier::Class(Classes::new(self, setup, engine, seed))
        } else {
            Tier::Wire(Wire { experiment: self, setup, engine, seed, digest })
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

/// Runs window after window, until a rule, the monitor or the end says stop.
fn run_windows(
    tier: &mut Tier<'_>,
    options: &RunOptions,
    started: Instant,
    monitor: &Monitor,
    tally: &mut Tally,
) -> Result<Stopped, ExperimentError> {
    let mut window = Window::new(rayon::current_num_threads());
    loop {
        let range = window.next(tally.trials(), options.trials);
        let stopped = tier.run(range, &monitor.cancelled, &options.stop, tally)?;
        window.done();
        monitor.done.store(tally.trials(), Ordering::Relaxed);
        monitor.failures.store(tally.failures(), Ordering::Relaxed);
        if let Some(stopped) = stopped {
            return Ok(stopped);
        }
        if tally.trials() == options.trials {
            return Ok(Stopped::Trials);
        }
        if monitor.cancelled.load(Ordering::Relaxed) {
            return Ok(Stopped::Interrupted);
        }
        if options.stop.seconds.is_some_and(|seconds| started.elapsed() >= seconds) {
            return Ok(Stopped::Seconds);
        }
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
