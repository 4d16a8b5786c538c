//! When a run ends before all of its trials are done.

use std::ops::Range;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::options::Fidelity;
use super::{ExperimentError, statistics};

/// The rule of precision is looked at after this many trials, and again after as many.
const PRECISION_BORDER: u64 = 1_024;

/// When a run stops before all trials are done. None of the rules by default.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct StopRules {
    /// At the trial that is the so-many-th failure.
    pub max_failures: Option<u64>,
    /// Once half the width of the rate's confidence sequence (at 0.95) is at most this share of the rate. It is looked at
    /// every 1,024 trials.
    pub precision: Option<f64>,
    /// Once so much time has passed. How many trials that are varies from run to run.
    pub seconds: Option<Duration>,
}

/// Why a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stopped {
    /// All trials were done.
    Trials,
    /// As many trials had failed as were asked for; the last one did.
    MaxFailures,
    /// The rate was known as precisely as was asked for.
    Precision,
    /// Time was up.
    Seconds,
    /// It was told to stop.
    Interrupted,
}

impl StopRules {
    /// Whether the rules can be kept.
    ///
    /// # Errors
    /// No failures to stop at, a precision that is none, or a census with a rule that looks at failures.
    pub(super) fn validate(&self, fidelity: Fidelity) -> Result<(), ExperimentError> {
        let looking = [("max_failures", self.max_failures.is_some()), ("precision", self.precision.is_some())];
        if let (Fidelity::Census, Some((rule, _))) = (fidelity, looking.into_iter().find(|(_, given)| *given)) {
            return Err(ExperimentError::NoRuleForCensus { rule });
        }
        if self.max_failures == Some(0) {
            return Err(ExperimentError::NoFailuresToStopAt);
        }
        self.precision.map_or(Ok(false), |precision| statistics::precise_enough(0, 1, 0.95, precision))?;
        Ok(())
    }

    /// The numbers of trials of `trials` after which the rule of precision is looked at; none without that rule.
    pub(super) fn borders(&self, trials: Range<u64>) -> impl Iterator<Item = u64> {
        let numbers = trials.start / PRECISION_BORDER + 1..=trials.end / PRECISION_BORDER;
        self.precision.is_some().then_some(numbers).into_iter().flatten().map(|number| number * PRECISION_BORDER)
    }

    /// The rule that says to stop after so many trials, of which so many failed; time apart, which is no matter of
    /// trials.
    pub(super) fn reached(&self, failures: u64, trials: u64) -> Result<Option<Stopped>, ExperimentError> {
        if self.max_failures == Some(failures) {
            return Ok(Some(Stopped::MaxFailures));
        }
        match self.precision {
            Some(precision) if trials.is_multiple_of(PRECISION_BORDER) => {
                let precise = statistics::precise_enough(failures, trials, 0.95, precision)?;
                Ok(precise.then_some(Stopped::Precision))
            }
            _ => Ok(None),
        }
    }
}
