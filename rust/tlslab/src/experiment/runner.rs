//! Runs trials on threads of its own. Thread count, kernel and interruption change no trial: a run that is cut short keeps
//! the trials from the first to the last before the cut.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde::Serialize;
use tlslab_proto::crypto::draws::Draws;

use super::audit::Audit;
use super::blocks::Blocks;
use super::engines::Engines;
use super::options::{Fidelity, RunOptions};
use super::part::{Part, PartClass, PartError};
use super::report::{Facts, Report};
use super::source::singly;
use super::stop::{StopRules, Stopped};
use super::tally::{LISTED_FAILURES, Tally};
use super::tier::Tier;
use super::trial::{self, Replay};
use super::{Experiment, ExperimentError};
use crate::scenario::connection::Setup;

/// A window of trials is made as long as takes about this, so that a run shows its progress and stops soon.
const WINDOW: Duration = Duration::from_millis(200);

/// What a run shows to whoever waits for it, and how it is told to stop.
#[derive(Debug)]
pub struct Monitor {
    /// Set to stop the run.
    pub cancelled: AtomicBool,
    /// Trials done.
    pub done: AtomicU64,
    failures: AtomicU64,
}

impl Monitor {
    const UNTOLD: u64 = u64::MAX;

    /// Trials that failed. A census does not tell before its end: whoever stopped it by what they see would bend its
    /// count, and it has no interval that allows for that.
    pub fn failures(&self) -> Option<u64> {
        Some(self.failures.load(Ordering::Relaxed)).filter(|failures| *failures != Self::UNTOLD)
    }
}

impl Default for Monitor {
    fn default() -> Self {
        Self { cancelled: AtomicBool::new(false), done: AtomicU64::new(0), failures: AtomicU64::new(Self::UNTOLD) }
    }
}

/// An experiment, made ready to be run: nothing of what was asked for is refused from here on. It can run any of its
/// trials, which are what they are whoever runs them, in which order and on which machine.
pub struct Prepared {
    experiment: Experiment,
    setup: Setup,
    engines: Engines,
    fidelity: Fidelity,
    options: RunOptions,
}

/// What each trial of a range came to, as a number.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Codes {
    /// At wire fidelity a position among the outcomes, else one among the classes.
    #[serde(skip)]
    pub codes: Vec<u16>,
    /// The outcomes, at wire fidelity.
    pub outcomes: Vec<String>,
    /// The classes, at the other fidelities.
    pub classes: Vec<PartClass>,
}

impl Experiment {
    /// Runs trials 0 to `options.trials` and reports on them.
    ///
    /// # Errors
    /// The experiment cannot be run, or not at the fidelity that was asked for: nothing was. Or the audit of classes
    /// found a trial that its class does not speak for.
    pub fn run(&self, options: &RunOptions, monitor: &Monitor) -> Result<Report, ExperimentError> {
        if options.trials == 0 {
            return Err(ExperimentError::NoTrials);
        }
        let prepared = self.prepare(options)?;
        threads(options)?.install(|| prepared.run(monitor))
    }

    /// The indices of the failed trials among those of `range`, in order, found by running them again as `options` say;
    /// up to where it was told to stop. So a report need not hold them, however many there are.
    ///
    /// # Errors
    /// As [`run`](Self::run); no audit is made.
    pub fn failed_trials(
        &self,
        options: &RunOptions,
        range: Range<u64>,
        monitor: &Monitor,
    ) -> Result<Vec<u64>, ExperimentError> {
        let prepared = self.prepare(options)?;
        threads(options)?.install(|| prepared.failed_trials(range, monitor))
    }

    /// Runs one trial again, byte for byte, with everything that happens in it. Trials of wire and class fidelity are the
    /// same ones; those of a census have exponents of their own.
    ///
    /// # Errors
    /// The experiment cannot be run, or not at that fidelity.
    pub fn replay(&self, seed: u64, index: u64, fidelity: Fidelity) -> Result<Replay, ExperimentError> {
        let setup = self.setup()?;
        // Only a census has to know it, and to find it out takes a connection.
        let group = if fidelity == Fidelity::Census { self.group_in_use(&setup)? } else { None };
        self.fidelity(&RunOptions { fidelity: fidelity.into(), ..RunOptions::new(1, seed) }, group.as_ref())?;
        let setup = match group {
            Some(group) => {
                let exponents = Blocks { seed, group: group.clone() }.exponents(index);
                singly(&setup, &group, exponents, true)
            }
            None => setup,
        };
        let setups = vec![setup; self.scenario.connections.len()];
        Ok(trial::replay(&setups, &self.scenario, Draws::new(seed, index))?)
    }

    /// The fidelity at which it would be run as `options` say. It takes a connection, and no tables.
    ///
    /// # Errors
    /// The experiment cannot be run, or not as it was asked for.
    pub fn check(&self, options: &RunOptions) -> Result<Fidelity, ExperimentError> {
        if options.trials == 0 {
            return Err(ExperimentError::NoTrials);
        }
        let group = self.group_in_use(&self.setup()?)?;
        let fidelity = self.fidelity(options, group.as_ref())?;
        options.stop.validate(fidelity)?;
        Ok(fidelity)
    }

    /// Makes it ready to be run as `options` say.
    ///
    /// # Errors
    /// The experiment cannot be run, or not at the fidelity that was asked for.
    pub fn prepare(&self, options: &RunOptions) -> Result<Prepared, ExperimentError> {
        let setup = self.setup()?;
        let group = self.group_in_use(&setup)?;
        let fidelity = self.fidelity(options, group.as_ref())?;
        options.stop.validate(fidelity)?;
        let engines = Engines::new(self, group.as_ref(), fidelity, options)?;
        Ok(Prepared { experiment: self.clone(), setup, engines, fidelity, options: options.clone() })
    }
}

fn threads(options: &RunOptions) -> Result<rayon::ThreadPool, ExperimentError> {
    Ok(rayon::ThreadPoolBuilder::new().num_threads(options.threads).build()?)
}

impl Prepared {
    /// How its trials are run.
    pub fn fidelity(&self) -> Fidelity {
        self.fidelity
    }

    /// Runs the trials of `range`, and says why it stopped: by a rule, as after `failures_before` failed ones before the
    /// range; time apart, which is for whoever has the parts of a run done.
    ///
    /// # Errors
    /// The threads cannot be started.
    pub fn part(
        &self,
        range: Range<u64>,
        failures_before: u64,
        rules: &StopRules,
        monitor: &Monitor,
    ) -> Result<(Part, Stopped), ExperimentError> {
        rules.validate(self.fidelity)?;
        threads(&self.options)?.install(|| self.count(range, failures_before, rules, monitor))
    }

    /// Reports on a run whose parts were added up, from trial 0 on. `took` is how long they took.
    ///
    /// # Errors
    /// The audit of classes found a trial that its class does not speak for, or the part does not start at trial 0.
    pub fn report(
        &self,
        part: Part,
        stopped_by: Stopped,
        took: Duration,
        monitor: &Monitor,
    ) -> Result<Report, ExperimentError> {
        if part.first != 0 {
            return Err(PartError::NotNextToEachOther { end: 0, next: part.first }.into());
        }
        threads(&self.options)?.install(|| {
            let expected_rate = self.experiment.expected_rate_unless(&self.setup, &monitor.cancelled)?;
            self.audited(part, stopped_by, expected_rate, took, monitor)
        })
    }

    /// What each trial of `range` comes to, as far as it is not told to stop; no audit is made.
    ///
    /// # Errors
    /// There are too many classes, or the threads cannot be started.
    pub fn codes(&self, range: Range<u64>, monitor: &Monitor) -> Result<Codes, ExperimentError> {
        let mut tier = self.tier();
        let mut tally = Tally::new(range.start, 0, false).with_codes((range.end - range.start) as usize);
        if !range.is_empty() {
            threads(&self.options)?
                .install(|| run_windows(&mut tier, range, &StopRules::default(), monitor, &mut tally))?;
        }
        Ok(Codes {
            codes: tally.into_codes(),
            outcomes: tier.outcomes().to_vec(),
            classes: tier.classes().iter().map(PartClass::from).collect(),
        })
    }

    fn run(&self, monitor: &Monitor) -> Result<Report, ExperimentError> {
        let expected_rate = self.experiment.expected_rate_unless(&self.setup, &monitor.cancelled)?;
        let started = Instant::now();
        let (part, stopped_by) = self.count(0..self.options.trials, 0, &self.options.stop, monitor)?;
        self.audited(part, stopped_by, expected_rate, started.elapsed(), monitor)
    }

    /// Runs trials, up to where a rule or the monitor says stop.
    fn count(
        &self,
        range: Range<u64>,
        failures_before: u64,
        rules: &StopRules,
        monitor: &Monitor,
    ) -> Result<(Part, Stopped), ExperimentError> {
        let mut tier = self.tier();
        let mut tally = Tally::new(range.start, LISTED_FAILURES, self.options.digest).after(failures_before);
        let stopped_by = match range.is_empty() {
            true => Stopped::Trials,
            false => run_windows(&mut tier, range, rules, monitor, &mut tally)?,
        };
        Ok((Part::of(self.options.seed, self.fidelity, tally, tier.classes()), stopped_by))
    }

    /// Audits what was counted, and reports on it.
    fn audited(
        &self,
        part: Part,
        mut stopped_by: Stopped,
        expected_rate: Option<f64>,
        ran: Duration,
        monitor: &Monitor,
    ) -> Result<Report, ExperimentError> {
        let started = Instant::now();
        let audit = Audit {
            experiment: &self.experiment,
            setup: &self.setup,
            source: self.engines.source(),
            seed: self.options.seed,
            cancelled: &monitor.cancelled,
        };
        let audited = match stopped_by {
            Stopped::Interrupted => None,
            _ => audit.run(&part.classes)?,
        };
        if audited.is_none() {
            stopped_by = Stopped::Interrupted;
        }
        let facts = Facts {
            source: self.engines.source(),
            audited,
            expected_rate,
            stopped_by,
            ran,
            took: ran + started.elapsed(),
            threads: rayon::current_num_threads(),
        };
        Report::new(&self.experiment, part, &facts)
    }

    fn failed_trials(&self, range: Range<u64>, monitor: &Monitor) -> Result<Vec<u64>, ExperimentError> {
        let mut tier = self.tier();
        let mut tally = Tally::new(range.start, usize::MAX, false);
        if !range.is_empty() {
            run_windows(&mut tier, range, &StopRules::default(), monitor, &mut tally)?;
        }
        Ok(tally.failed_trials)
    }

    fn tier(&self) -> Tier<'_> {
        Tier::new(&self.experiment, &self.setup, &self.engines, self.fidelity, &self.options)
    }
}

/// Runs window after window, until a rule, the monitor or the end says stop.
fn run_windows(
    tier: &mut Tier<'_>,
    trials: Range<u64>,
    rules: &StopRules,
    monitor: &Monitor,
    tally: &mut Tally,
) -> Result<Stopped, ExperimentError> {
    let started = Instant::now();
    let mut window = Window::new(tier);
    loop {
        let range = window.next(tally.next(), trials.end);
        let stopped = tier.run(range, &monitor.cancelled, rules, tally)?;
        window.done();
        monitor.done.store(tally.trials(), Ordering::Relaxed);
        if tier.tells_failures() {
            monitor.failures.store(tally.failures(), Ordering::Relaxed);
        }
        if let Some(stopped) = stopped {
            return Ok(stopped);
        }
        if tally.next() == trials.end {
            return Ok(Stopped::Trials);
        }
        if monitor.cancelled.load(Ordering::Relaxed) {
            return Ok(Stopped::Interrupted);
        }
        if rules.seconds.is_some_and(|seconds| started.elapsed() >= seconds) {
            return Ok(Stopped::Seconds);
        }
    }
}

/// How many trials are run before anyone looks up. It follows the speed, and changes no result.
struct Window {
    len: u64,
    least: u64,
    most: u64,
    started: Instant,
}

impl Window {
    fn new(tier: &Tier<'_>) -> Self {
        let least = tier.grain() * rayon::current_num_threads() as u64;
        Self { len: least, least, most: tier.longest_window(), started: Instant::now() }
    }

    fn next(&mut self, from: u64, end: u64) -> Range<u64> {
        self.started = Instant::now();
        from..end.min(from.saturating_add(self.len))
    }

    fn done(&mut self) {
        self.len = match self.started.elapsed() {
            elapsed if elapsed < WINDOW / 2 => self.len.saturating_mul(2).min(self.most),
            elapsed if elapsed > WINDOW * 2 => (self.len / 2).max(self.least),
            _ => self.len,
        };
    }
}

#[cfg(test)]
mod tests {
    use tlslab_dh::batch::BatchError;
    use tlslab_proto::behaviour::{ClientBehaviour, ServerBehaviour};

    use super::*;
    use crate::experiment::SignatureChoice;
    use crate::scenario::Scenario;

    /// What comes before trials may take seconds, such as the expected rate; a budget is refused before that too.
    #[test]
    fn a_budget_is_refused_before_any_work() {
        let experiment = Experiment {
            client: ClientBehaviour::from_assignments("ems=off").unwrap(),
            server: ServerBehaviour::from_assignments("ems=off,groups=modp768").unwrap(),
            scenario: Scenario::full(),
            signatures: SignatureChoice::Simulated,
        };
        for fidelity in [Fidelity::Wire, Fidelity::Class, Fidelity::Census] {
            let options = RunOptions { fidelity: fidelity.into(), memory_budget: 100, ..RunOptions::new(10, 1) };
            let error = experiment.prepare(&options).err().unwrap();
            assert!(matches!(error, ExperimentError::Batch(BatchError::BudgetTooSmall { .. })), "{error}");
        }
    }
}
