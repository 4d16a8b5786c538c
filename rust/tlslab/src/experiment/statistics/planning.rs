//! How many trials an experiment needs.

use super::{StatisticsError, check_probability, is_inside};
use crate::experiment::binomial::{Chance, upper_tail};

/// The most trials that [`plan`] plans for. A plan of that size for rates around 1/2 takes seconds, one for small rates
/// milliseconds.
pub const MAX_PLANNED: u64 = 1 << 40;

/// The critical count from which on a plan may be a little above the least: see [`Saw::trials_with`].
const MAX_EXACT: u64 = 1 << 20;

/// Teeth are searched for by doubling, so beyond the last trial.
const MAX_SEARCHED: u64 = 4 * MAX_PLANNED;

/// The least number of trials that has at least one failure with a chance of `power`: the least n with
/// 1 - (1 - `rate`)^n >= `power`.
///
/// "At least" is meant up to rounding: a rate of 1/2 and a power of 3/4 need two trials.
///
/// # Errors
///
/// A rate that is not from 0 to 1, a power that is not between 0 and 1, or more trials than
/// [`MAX_TRIALS`](super::MAX_TRIALS), as for a rate of 0.
pub fn trials_to_see_one(rate: f64, power: f64) -> Result<u64, StatisticsError> {
    check_probability(rate)?;
    check_power(power)?;
    let trials = (-power).ln_1p() / (-rate).ln_1p();
    let nearest = trials.round();
    let trials = if (trials - nearest).abs() < trials * 1e-14 { nearest } else { trials.ceil() };
    // A rate of 1 needs 0 by the formula, and a rate of 0 needs infinitely many.
    if trials <= super::MAX_TRIALS as f64 {
        Ok((trials as u64).max(1))
    } else {
        Err(StatisticsError::OutOfReach { limit: super::MAX_TRIALS })
    }
}

/// The least number of trials from which on the exact test of `against` at level `alpha` has a power of `power`, where
/// the true rate is `rate`.
///
/// The test is [`binomial_test`](super::binomial_test), and it rejects where its p-value is at most `alpha`, which is
/// where `against` lies outside the Clopper-Pearson interval of confidence 1 - `alpha`. Only a rejection on the side of
/// the true rate counts: what strays to the other side of `against` is an error and no success. (It is at most
/// `alpha`/2, and next to nothing wherever the power is worth the name.)
///
/// Counts are whole, so the power rises and falls like a saw as trials are added. Every number of trials from the
/// result on has the power, and the one before it has not; some smaller numbers may have it too. (Where the test turns
/// on more than a million failures, or successes if they are fewer, the one before may have it too: the result is then
/// up to some ten-thousandth above the least.)
///
/// `against` may be 0, which a single failure refutes at any level: that is [`trials_to_see_one`]. Likewise 1. `rate`
/// may be 0 or 1: how many trials without a failure refute `against`?
///
/// # Errors
///
/// A rate that is not from 0 to 1, a power or an alpha that is not between 0 and 1, two equal rates, or more trials
/// than [`MAX_PLANNED`].
pub fn plan(rate: f64, power: f64, alpha: f64, against: f64) -> Result<u64, StatisticsError> {
    check_probability(rate)?;
    check_probability(against)?;
    check_power(power)?;
    if !is_inside(alpha) {
        return Err(StatisticsError::Alpha(alpha));
    }
    if rate == against {
        return Err(StatisticsError::SameRate(rate));
    }
    if against == 0.0 || against == 1.0 {
        return trials_to_see_one((rate - against).abs(), power);
    }
    let saw = Saw { rate: Chance::new(rate), against: Chance::new(against), tail: alpha / 2.0, above: rate > against };
    // Of failures and successes, the rarer are counted: there are fewer critical counts.
    let saw = if against <= 0.5 { saw } else { saw.mirrored() };
    let trials = saw.trials_with(power)?;
    if trials <= MAX_PLANNED { Ok(trials) } else { Err(StatisticsError::OutOfReach { limit: MAX_PLANNED }) }
}

fn check_power(power: f64) -> Result<(), StatisticsError> {
    if is_inside(power) { Ok(()) } else { Err(StatisticsError::Power(power)) }
}

/// The power of the test as a function of the number of trials: teeth, one for each critical count.
///
/// The critical count is the one that rejects `against` by the least: that many failures or more if the rate is
/// `above`, fewer than that otherwise. While it stays the same, the power moves one way with the trials; where it
/// changes, the power jumps back. So each tooth has its lowest power at one end.
#[derive(Debug, Clone, Copy)]
struct Saw {
    rate: Chance,
    against: Chance,
    /// The level of either side of the test.
    tail: f64,
    above: bool,
}

impl Saw {
    /// The same test with failures and successes swapped.
    fn mirrored(self) -> Self {
        Self { rate: self.rate.mirrored(), against: self.against.mirrored(), above: !self.above, ..self }
    }

    /// The least number of trials from which on the power is at least `power`; where [`MAX_EXACT`] is passed, a number
    /// from which on it is, not necessarily the least.
    fn trials_with(self, power: f64) -> Result<u64, StatisticsError> {
        // Were the number of trials a real one, the lowest power of a tooth would rise from tooth to tooth. Rounding
        // to whole trials moves it by less than one trial's worth: where it is enough even without that trial, it is
        // enough on all teeth that follow.
        let safe = |tooth| self.lowest(tooth).map(|trials| self.power(tooth, self.one_worse(trials)) >= power);
        let mut enough = 1;
        while !safe(enough)? {
            enough *= 2;
        }
        let mut too_few = enough / 2;
        while enough - too_few > 1 {
            let middle = too_few + (enough - too_few) / 2;
            *(if safe(middle)? { &mut enough } else { &mut too_few }) = middle;
        }
        // Teeth before it may do as well, by the luck of rounding, up to about as many as the square root of the count;
        // the lowest tooth, on which nothing rejects, does not.
        while enough < MAX_EXACT && self.power(enough - 1, self.lowest(enough - 1)?) >= power {
            enough -= 1;
        }
        let (before, next) = (self.lowest(enough - 1)?, self.lowest(enough)?);
        if self.above {
            // The power rises through the tooth that has too little at its first number of trials.
            Ok(least(before, next, |trials| self.power(enough - 1, trials) >= power))
        } else {
            Ok(before + 1)
        }
    }

    /// The chance that the critical count of a tooth rejects on the true rate's side.
    fn power(self, tooth: u64, trials: u64) -> f64 {
        if self.above {
            upper_tail(tooth, trials, self.rate)
        } else {
            upper_tail((trials + 1).saturating_sub(tooth), trials, self.rate.mirrored())
        }
    }

    /// The number of trials at which a tooth has its lowest power: the first if the rate is above, else the last.
    fn lowest(self, tooth: u64) -> Result<u64, StatisticsError> {
        if self.above {
            // Where one failure fewer no longer rejects.
            self.least_trials(tooth, |trials| upper_tail(tooth - 1, trials, self.against) > self.tail)
        } else {
            // Before one failure more rejects too.
            let not_failed = self.against.mirrored();
            let next = |trials: u64| upper_tail(trials.saturating_sub(tooth), trials, not_failed) <= self.tail;
            self.least_trials(tooth, next).map(|first| first - 1)
        }
    }

    /// The least number of trials that a predicate accepts, which is around the one with `count` failures expected.
    fn least_trials(self, count: u64, accepts: impl Fn(u64) -> bool) -> Result<u64, StatisticsError> {
        let mut to = (((count + 1) as f64 / self.against.p).ceil() as u64).min(MAX_SEARCHED);
        while !accepts(to) {
            if to == MAX_SEARCHED {
                return Err(StatisticsError::OutOfReach { limit: MAX_PLANNED });
            }
            to = (2 * to).min(MAX_SEARCHED);
        }
        Ok(least(0, to, accepts))
    }

    /// The number of trials next to that one, on the side where the power is lower.
    fn one_worse(self, trials: u64) -> u64 {
        if self.above { trials.saturating_sub(1) } else { trials + 1 }
    }
}

/// The least number in `from..=to` that a predicate accepts which accepts `to` and, once it accepts, goes on.
fn least(mut from: u64, mut to: u64, accepts: impl Fn(u64) -> bool) -> u64 {
    while from < to {
        let middle = from + (to - from) / 2;
        if accepts(middle) {
            to = middle;
        } else {
            from = middle + 1;
        }
    }
    to
}
