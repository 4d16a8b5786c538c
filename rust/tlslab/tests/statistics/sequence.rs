//! The confidence sequence, and the rule that stops on it.

use proptest::prelude::*;
use tlslab::experiment::statistics::{
    Interval, MAX_TRIALS, StatisticsError, clopper_pearson, confidence_sequence, precise_enough, relative_half_width,
};

use crate::{Bounds, check_intervals, check_refusals, counts, reference};

#[test]
fn intervals_agree_with_the_reference() {
    check_intervals(confidence_sequence, &reference().sequence);
}

#[test]
fn bad_input_is_refused_by_name() {
    check_refusals(confidence_sequence);
    assert_eq!(precise_enough(11, 10, 0.95, 0.1), confidence_sequence(11, 10, 0.95).map(|_| true));
    for precision in [0.0, -0.1, f64::INFINITY] {
        assert_eq!(precise_enough(1, 10, 0.95, precision), Err(StatisticsError::Precision(precision)));
    }
    assert!(matches!(precise_enough(1, 10, 0.95, f64::NAN), Err(StatisticsError::Precision(_))));
}

#[test]
fn extreme_but_valid_input_ends_in_a_sane_answer() {
    for confidence in [5e-324, 1e-9, 1.0 - f64::EPSILON / 2.0] {
        for trials in [1, 2, 3, 1_000, MAX_TRIALS - 1, MAX_TRIALS] {
            for failures in [0, 1, trials / 2, trials - 1, trials] {
                let Interval { low, high } = confidence_sequence(failures, trials, confidence).unwrap();
                let seen = failures as f64 / trials as f64;
                assert!(0.0 <= low && low <= seen, "{failures}/{trials} at {confidence}: {low}..{high}");
                assert!(seen <= high && high <= 1.0, "{failures}/{trials} at {confidence}: {low}..{high}");
            }
        }
    }
}

/// The chance that a rate of `p` is outside of an interval at *any* number of trials up to `limit`, summed exactly over
/// all runs.
fn chance_ever_outside(bounds: Bounds, p: f64, confidence: f64, limit: u64) -> f64 {
    // By the number of failures: the chance of having got there with p always inside.
    let mut inside = vec![1.0];
    let mut outside = 0.0;
    for trials in 1..=limit {
        inside.push(0.0);
        for k in (0..inside.len()).rev() {
            let one_fewer = if k > 0 { inside[k - 1] } else { 0.0 };
            inside[k] = inside[k] * (1.0 - p) + one_fewer * p;
        }
        for (failures, chance) in (0..).zip(&mut inside).filter(|(_, chance)| **chance > 0.0) {
            let Interval { low, high } = bounds(failures, trials, confidence).unwrap();
            if !(low..=high).contains(&p) {
                outside += std::mem::take(chance);
            }
        }
    }
    outside
}

#[test]
fn the_chance_of_ever_being_wrong_is_at_most_the_error() {
    for confidence in [0.8, 0.95] {
        for p in [0.004, 0.05, 0.5, 0.97] {
            let outside = chance_ever_outside(confidence_sequence, p, confidence, 200);
            assert!(outside <= 1.0 - confidence, "{p} at {confidence}: {outside}");
        }
    }
    // An interval for a number of trials that was fixed beforehand does not keep its confidence.
    assert!(chance_ever_outside(clopper_pearson, 0.5, 0.95, 200) > 0.1);
}

/// SplitMix64 (Steele, Lea and Flood, 2014): small, and the same everywhere.
struct Draws(u64);

impl Draws {
    /// A number above 0 and at most 1.
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64 + f64::EPSILON / 4.0
    }

    /// How many trials it takes to the next failure.
    fn gap(&mut self, p: f64) -> u64 {
        1 + (self.uniform().ln() / (-p).ln_1p()) as u64
    }
}

/// How many of `runs` runs, each of `failures` failures, ever had an interval without `p`.
fn runs_ever_outside(bounds: Bounds, p: f64, confidence: f64, runs: u64, failures: u64) -> u64 {
    let mut draws = Draws(2016);
    let ever_outside = (0..runs).filter(|_| {
        let mut trials = 0;
        // All gaps are drawn, so that the runs stay the same whatever the bounds.
        let failed: Vec<_> = (0..failures).map(|_| (trials += draws.gap(p), trials).1).collect();
        // With trials, the bounds fall; so they pass p from above just before a failure, and from below just at one.
        (0..).zip(&failed).any(|(before, &trials)| {
            let high = if trials > 1 { bounds(before, trials - 1, confidence).unwrap().high } else { 1.0 };
            high < p || bounds(before + 1, trials, confidence).unwrap().low > p
        })
    });
    ever_outside.count() as u64
}

#[test]
fn long_runs_are_wrong_no_more_often_than_the_error() {
    let (confidence, runs) = (0.9, 300);
    for p in [0.5, 1.0 / 256.0, 1e-6] {
        let outside = runs_ever_outside(confidence_sequence, p, confidence, runs, 120);
        let among_runs = clopper_pearson(outside, runs, 0.999).unwrap();
        assert!(among_runs.low <= 1.0 - confidence, "{p}: {outside} of {runs}");
        let fixed = runs_ever_outside(clopper_pearson, p, confidence, runs, 120);
        let among_runs = clopper_pearson(fixed, runs, 0.999).unwrap();
        assert!(among_runs.low > 1.0 - confidence, "{p}: the wrong interval was wrong only in {fixed} of {runs}");
    }
}

#[test]
fn small_rates_need_fewer_failures_than_under_jeffreys_mixture() {
    // By mpmath from the definition: Jeffreys' mixture needs 1,950 and 2,822.
    for (trials_per_failure, failures) in [(256, 1_741), (1_000_000, 1_967)] {
        let enough = |failures: u64| precise_enough(failures, failures * trials_per_failure, 0.95, 0.1).unwrap();
        assert!(enough(failures) && !enough(failures - 1), "1/{trials_per_failure}");
    }
}

#[test]
fn a_half_width_is_told_in_units_of_the_rate() {
    let interval = Interval { low: 0.25, high: 0.75 };
    assert_eq!(relative_half_width(interval, 0.5), 0.5);
    assert_eq!(relative_half_width(interval, 0.0), f64::INFINITY);
    assert_eq!(precise_enough(0, 1_000_000, 0.95, 1e9), Ok(false));
    assert_eq!(precise_enough(1, 1, 0.95, 0.6), Ok(true));
}

proptest! {
    #[test]
    fn it_holds_what_the_fixed_interval_of_twice_the_error_holds(
        (failures, trials) in counts(),
        confidence in 0.51..0.999_999_f64,
    ) {
        let sequence = confidence_sequence(failures, trials, confidence).unwrap();
        let fixed = clopper_pearson(failures, trials, 2.0 * confidence - 1.0).unwrap();
        prop_assert!(sequence.low <= fixed.low && fixed.high <= sequence.high, "{:?} in {:?}", fixed, sequence);
    }

    #[test]
    fn it_is_wider_than_the_fixed_interval_but_for_a_few_trials(
        (failures, trials) in counts(),
        confidence in 0.9..0.999_f64,
    ) {
        prop_assume!(trials >= 1_000);
        let sequence = confidence_sequence(failures, trials, confidence).unwrap();
        let fixed = clopper_pearson(failures, trials, confidence).unwrap();
        prop_assert!(sequence.low <= fixed.low && fixed.high <= sequence.high, "{:?} in {:?}", fixed, sequence);
    }

    #[test]
    fn more_confidence_is_a_wider_interval((failures, trials) in counts(), confidence in 0.01..0.9_f64) {
        let narrow = confidence_sequence(failures, trials, confidence).unwrap();
        let wide = confidence_sequence(failures, trials, confidence + 0.05).unwrap();
        prop_assert!(wide.low <= narrow.low && narrow.high <= wide.high);
        prop_assert!(narrow.low < narrow.high);
    }

    #[test]
    fn both_bounds_rise_with_the_failures((failures, trials) in counts(), confidence in 0.01..0.999_f64) {
        prop_assume!(failures < trials);
        let one = confidence_sequence(failures, trials, confidence).unwrap();
        let more = confidence_sequence(failures + 1, trials, confidence).unwrap();
        prop_assert!(one.low <= more.low && one.high <= more.high);
    }
}
