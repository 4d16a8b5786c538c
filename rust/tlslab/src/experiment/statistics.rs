//! What a count of failures says about a rate: the Clopper-Pearson interval, and the exact test that agrees with it.
//!
//! Both are for a number of trials that was fixed beforehand. A rate lies inside the interval of confidence c exactly
//! where its p-value is above 1 - c, since both halve the error between the two tails.

use super::binomial::{Chance, UpperTail};

/// The most trials that the statistics take: counts up to here are exact as floats.
///
/// The cost grows with the standard deviation of the count: microseconds at a million trials, a millisecond or so at a
/// billion, some seconds at this limit.
pub const MAX_TRIALS: u64 = 1 << f64::MANTISSA_DIGITS;

/// Why a count of failures can't be judged.
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
}

/// A range of rates, both ends included.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The lowest rate, from 0 to 1.
    pub low: f64,
    /// The highest rate, from 0 to 1.
    pub high: f64,
}

/// The Clopper-Pearson interval: each rate under which neither tail from `failures` on has a chance below
/// (1 - `confidence`) / 2.
///
/// Without failures `low` is 0, without successes `high` is 1. Up to a billion trials both bounds are
/// good to a relative error of 1e-12.
///
/// # Errors
///
/// No trials, too many of them, more failures than trials, or a confidence that is not between 0 and 1.
pub fn clopper_pearson(failures: u64, trials: u64, confidence: f64) -> Result<Interval, StatisticsError> {
    check_counts(failures, trials)?;
    if !(confidence > 0.0 && confidence < 1.0) {
        return Err(StatisticsError::Confidence(confidence));
    }
    let tail = (1.0 - confidence) / 2.0;
    let successes = trials - failures;
    Ok(Interval {
        low: if failures == 0 { 0.0 } else { rate_with_tail(failures, trials, tail).p },
        // The highest failure rate is where the success rate is lowest.
        high: if successes == 0 { 1.0 } else { rate_with_tail(successes, trials, tail).q },
    })
}

/// The p-value of `failures` in `trials` under a failure rate of `p`: twice the smaller tail, `failures` included, and
/// at most 1.
///
/// Up to a billion trials it is good to a relative error of 1e-11; a p-value below the smallest float is 0.
///
/// # Errors
///
/// No trials, too many of them, more failures than trials, or a `p` that is not from 0 to 1.
pub fn binomial_test(failures: u64, trials: u64, p: f64) -> Result<f64, StatisticsError> {
    check_counts(failures, trials)?;
    if !(0.0..=1.0).contains(&p) {
        return Err(StatisticsError::Probability(p));
    }
    if p == 0.0 || p == 1.0 {
        let certain = if p == 0.0 { 0 } else { trials };
        return Ok(if failures == certain { 1.0 } else { 0.0 });
    }
    // The mean is within one of the median, so the tail that points away from it is the smaller, or both pass 1/2.
    let chance = Chance::new(p);
    let tail = if failures as f64 >= trials as f64 * p {
        UpperTail::new(failures, trials, chance)
    } else {
        UpperTail::new(trials - failures, trials, chance.mirrored())
    };
    Ok((2.0 * tail.ln().exp()).min(1.0))
}

fn check_counts(failures: u64, trials: u64) -> Result<(), StatisticsError> {
    match trials {
        0 => Err(StatisticsError::NoTrials),
        _ if trials > MAX_TRIALS => Err(StatisticsError::TooManyTrials { trials }),
        _ if failures > trials => Err(StatisticsError::MoreFailuresThanTrials { failures, trials }),
        _ => Ok(()),
    }
}

/// The rate at which P(X >= `count`) is `tail`, at most 1/2.
///
/// Newton's method on ln P as a function of the log-odds: that function is concave and rises, so after the first step
/// each one comes closer to the root from below. Log-odds keep a rate close to 1 as precise as one close to 0.
fn rate_with_tail(count: u64, trials: u64, tail: f64) -> Chance {
    const MAX_STEPS: usize = 100;
    let (k, n) = (count as f64, trials as f64);
    // Just below the rate that was seen, where the tail is about 1/2, and with finite odds even if all failed.
    let mut logit = (k / (n - k + 1.0)).ln();
    for _ in 0..MAX_STEPS {
        let rate = Chance::from_logit(logit);
        let now = UpperTail::new(count, trials, rate);
        // d P(X >= k) / d logit = k q P(X = k).
        let step = (now.ln() - tail.ln()) * now.in_first_terms / (k * rate.q);
        logit -= step;
        if step.abs() < 1e-12 {
            break;
        }
    }
    Chance::from_logit(logit)
}
