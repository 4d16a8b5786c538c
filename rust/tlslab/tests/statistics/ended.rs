//! The interval of a run that ended with a failure.

use proptest::prelude::*;
use tlslab::experiment::statistics::{
    Interval, MAX_TRIALS, StatisticsError, clopper_pearson, negative_binomial_interval,
};

use crate::{binomial, check_intervals, check_refusals, counts, reference};

#[test]
fn intervals_agree_with_the_reference() {
    check_intervals(negative_binomial_interval, &reference().ended_by_failure);
}

#[test]
fn bad_input_is_refused_by_name() {
    check_refusals(negative_binomial_interval);
    assert_eq!(negative_binomial_interval(0, 10, 0.95), Err(StatisticsError::NoFailures));
}

#[test]
fn extreme_but_valid_input_ends_in_a_sane_answer() {
    for confidence in [5e-324, 1e-9, 1.0 - f64::EPSILON / 2.0] {
        for (failures, trials) in [(1, 1), (1, 2), (1, MAX_TRIALS), (MAX_TRIALS, MAX_TRIALS)] {
            let Interval { low, high } = negative_binomial_interval(failures, trials, confidence).unwrap();
            assert!(0.0 < low && low <= high && high <= 1.0, "{failures}/{trials} at {confidence}: {low}..{high}");
        }
    }
}

/// The chances that a rate is below and above the interval, where `failures` failures end a run: a sum over all
/// numbers of trials until hardly a chance is left.
fn errors(failures: u64, p: f64, confidence: f64) -> (f64, f64) {
    let mut chance = p.powi(failures as i32);
    let (mut below, mut above, mut rest) = (0.0, 0.0, 1.0);
    for trials in failures.. {
        let Interval { low, high } = negative_binomial_interval(failures, trials, confidence).unwrap();
        below += if p < low { chance } else { 0.0 };
        above += if p > high { chance } else { 0.0 };
        rest -= chance;
        if rest < 1e-7 {
            break;
        }
        chance *= (1.0 - p) * trials as f64 / (trials + 1 - failures) as f64;
    }
    (below, above)
}

#[test]
fn each_side_errs_no_more_often_than_half_the_error() {
    for confidence in [0.5, 0.9, 0.95] {
        let half = (1.0 - confidence) / 2.0;
        for failures in [1, 2, 3, 5, 10] {
            for p in [0.9, 0.5, 0.3, 0.1, 0.04, 0.01] {
                let (below, above) = errors(failures, p, confidence);
                assert!(below <= half + 1e-7, "{failures} at {p}: below the interval with {below}");
                assert!(above <= half + 1e-7, "{failures} at {p}: above the interval with {above}");
                // Where many numbers of trials share the error, little of it is left unused.
                let shared = failures >= 3 && p <= 0.04;
                assert!(!shared || below + above > 0.9 * 2.0 * half, "{failures} at {p}: {below}, {above}");
            }
        }
    }
}

#[test]
fn a_limit_of_trials_keeps_the_confidence() {
    let confidence = 0.9;
    let half = (1.0 - confidence) / 2.0;
    for (limit, most) in [(20, 3), (60, 2), (60, 12)] {
        for percent in 1..100 {
            let p = f64::from(percent) / 100.0;
            let (mut below, mut above, mut all) = (0.0, 0.0, 0.0);
            let mut add = |interval: Interval, chance: f64| {
                all += chance;
                below += if p < interval.low { chance } else { 0.0 };
                above += if p > interval.high { chance } else { 0.0 };
            };
            for (failures, chance) in (0..most).zip(binomial(limit, p)) {
                add(clopper_pearson(failures, limit, confidence).unwrap(), chance);
            }
            for trials in most..=limit {
                let chance = binomial(trials - 1, p)[most as usize - 1] * p;
                add(negative_binomial_interval(most, trials, confidence).unwrap(), chance);
            }
            assert!((all - 1.0).abs() < 1e-9, "the ends of a run add up to {all}");
            assert!(below <= half + 1e-12 && above <= half + 1e-12, "{most} of {limit} at {p}: {below}, {above}");
        }
    }
}

proptest! {
    #[test]
    fn it_lies_lower_than_that_of_fixed_trials((failures, trials) in counts(), confidence in 0.01..0.999_999_f64) {
        prop_assume!(failures > 0);
        let ended = negative_binomial_interval(failures, trials, confidence).unwrap();
        let fixed = clopper_pearson(failures, trials, confidence).unwrap();
        prop_assert_eq!(ended.low, fixed.low);
        prop_assert!(ended.low < ended.high && ended.high <= fixed.high);
    }
}
