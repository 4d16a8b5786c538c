//! What a count of failures says about a rate, and how many trials it takes to say it.
//!
//! How a run came to its end decides what its count means:
//!
//! - its number of trials was fixed beforehand: [`clopper_pearson`], and [`binomial_test`], the exact test that agrees
//!   with it. A rate lies inside the interval of confidence c exactly where its p-value is above 1 - c, since both
//!   halve the error between the two tails;
//! - it ended with a failure of a given number: [`negative_binomial_interval`];
//! - it ended when somebody had seen enough, a person or the rule [`precise_enough`]: [`confidence_sequence`];
//! - its trials are independent in pairs only, as those of a census: [`variance_interval`], and [`variance_test`].
//!
//! [`plan`] and [`trials_to_see_one`] tell beforehand how many trials it will take, and [`holm`] corrects p-values
//! for their number.

mod exact;
mod holm;
mod planning;
mod sequence;
mod variance;

pub use exact::{binomial_test, clopper_pearson, negative_binomial_interval};
pub use holm::holm;
pub use planning::{MAX_PLANNED, plan, trials_to_see_one};
pub use sequence::{confidence_sequence, precise_enough, relative_half_width};
pub use variance::{variance_interval, variance_test};

/// The most trials that the statistics take: counts up to here are exact as floats.
///
/// The cost grows with the standard deviation of the count: microseconds at a million trials, a millisecond or so at a
/// billion, some seconds at this limit.
pub const MAX_TRIALS: u64 = 1 << f64::MANTISSA_DIGITS;

/// Why a count of failures can't be judged, or an experiment not be planned.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum StatisticsError {
    /// No trial was run.
    #[error("there are no trials; a rate needs at least one")]
    NoTrials,
    /// More trials than [`MAX_TRIALS`].
    #[error("{trials} trials are too many; at most {MAX_TRIALS} are counted exactly")]
    TooManyTrials {
        /// The trials that were given.
        trials: u64,
    },
    /// A run without a failure that is said to have ended with one.
    #[error("there are no failures; a run that was stopped by a failure has at least one")]
    NoFailures,
    /// More failures than trials.
    #[error("{failures} failures in {trials} trials; expected at most as many failures as trials")]
    MoreFailuresThanTrials {
        /// The failures that were given.
        failures: u64,
        /// The trials that were given.
        trials: u64,
    },
    /// A confidence that is not between 0 and 1, both excluded.
    #[error("confidence {0} is out of range; expected more than 0 and less than 1, such as 0.95")]
    Confidence(f64),
    /// A probability that is not from 0 to 1, both included.
    #[error("probability {0} is out of range; expected 0 to 1")]
    Probability(f64),
    /// A relative precision that is not positive.
    #[error("precision {0} is out of range; expected more than 0, such as 0.1 for a tenth of the rate")]
    Precision(f64),
    /// A power that is not between 0 and 1, both excluded.
    #[error("power {0} is out of range; expected more than 0 and less than 1, such as 0.9")]
    Power(f64),
    /// A significance level that is not between 0 and 1, both excluded.
    #[error("alpha {0} is out of range; expected more than 0 and less than 1, such as 0.05")]
    Alpha(f64),
    /// A rate that was to be told from itself.
    #[error("no number of trials tells a rate of {0} from itself; expected two different rates")]
    SameRate(f64),
    /// No number of trials that anybody would run is enough.
    #[error("more than {limit} trials are needed; expected a higher rate, or one that differs more")]
    OutOfReach {
        /// The limit that was passed.
        limit: u64,
    },
}

/// A range of rates, both ends included.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The lowest rate, from 0 to 1.
    pub low: f64,
    /// The highest rate, from 0 to 1.
    pub high: f64,
}

fn check_counts(failures: u64, trials: u64) -> Result<(), StatisticsError> {
    match trials {
        0 => Err(StatisticsError::NoTrials),
        _ if trials > MAX_TRIALS => Err(StatisticsError::TooManyTrials { trials }),
        _ if failures > trials => Err(StatisticsError::MoreFailuresThanTrials { failures, trials }),
        _ => Ok(()),
    }
}

fn check_probability(p: f64) -> Result<(), StatisticsError> {
    if (0.0..=1.0).contains(&p) { Ok(()) } else { Err(StatisticsError::Probability(p)) }
}

/// The chance of error that a confidence leaves.
fn error_of(confidence: f64) -> Result<f64, StatisticsError> {
    if is_inside(confidence) { Ok(1.0 - confidence) } else { Err(StatisticsError::Confidence(confidence)) }
}

/// Whether a number is between 0 and 1, both excluded.
fn is_inside(number: f64) -> bool {
    number > 0.0 && number < 1.0
}
