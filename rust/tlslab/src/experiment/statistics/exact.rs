//! The Clopper-Pearson interval, the exact test that agrees with it, and the interval of a run that a failure ended.

use super::{Interval, StatisticsError, check_counts, check_probability, error_of};
use crate::experiment::binomial::{Chance, UpperTail};

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
    let tail = error_of(confidence)? / 2.0;
    let successes = trials - failures;
    Ok(Interval {
        low: if failures == 0 { 0.0 } else { rate_with_tail(failures, trials, tail).p },
        // The highest failure rate is where the success rate is lowest.
        high: if successes == 0 { 1.0 } else { rate_with_tail(successes, trials, tail).q },
    })
}

/// The interval of the rate where a run was stopped at its `failures`-th failure, which was the last of `trials`.
///
/// The count of trials, not that of failures, was left to chance: it is negative binomial, and each rate is in the
/// interval under which neither of its tails from `trials` on has a chance below (1 - `confidence`) / 2. N trials
/// for r failures take n or fewer exactly where n trials have r failures or more, so the bounds are beta quantiles: of
/// Beta(r, n - r + 1) as in [`clopper_pearson`], and of Beta(r, n - r), which is lower than there. (Johnson, Kemp and
/// Kotz, "Univariate Discrete Distributions", 3rd edition, 5.8.)
///
/// A run may also have a limit of trials. Where it ends at the limit with fewer failures, [`clopper_pearson`] is the
/// interval, and the two together keep the confidence: each orders all ends of a run in the same way.
///
/// If all trials failed `high` is 1. Up to a billion trials both bounds are good to a relative error of 1e-12.
///
/// # Errors
///
/// No trials, too many of them, no failure, more failures than trials, or a confidence that is not between 0 and 1.
pub fn negative_binomial_interval(failures: u64, trials: u64, confidence: f64) -> Result<Interval, StatisticsError> {
    check_counts(failures, trials)?;
    if failures == 0 {
        return Err(StatisticsError::NoFailures);
    }
    let tail = error_of(confidence)? / 2.0;
    let successes = trials - failures;
    Ok(Interval {
        low: rate_with_tail(failures, trials, tail).p,
        // Fewer than `failures` in all trials but the last: at least `successes` successes there.
        high: if successes == 0 { 1.0 } else { rate_with_tail(successes, trials - 1, tail).q },
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
    check_probability(p)?;
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
