//! Clopper-Pearson intervals and the exact test, against values computed at 50 digits and against each other.

use proptest::prelude::*;
use serde::Deserialize;
use tlslab::experiment::statistics::{Interval, MAX_TRIALS, StatisticsError, binomial_test, clopper_pearson};

use crate::{IntervalCase, check_intervals, check_refusals, counts, relative_error};

/// Made by `data/binomial.py`.
const REFERENCE: &str = include_str!("../data/binomial.json");

#[derive(Deserialize)]
struct Reference {
    intervals: Vec<IntervalCase>,
    tests: Vec<TestCase>,
}

#[derive(Debug, Deserialize)]
struct TestCase {
    failures: u64,
    trials: u64,
    p: f64,
    p_value: f64,
}

fn reference() -> Reference {
    serde_json::from_str(REFERENCE).expect("the table is valid JSON")
}

#[test]
fn intervals_agree_with_the_reference() {
    let cases = reference().intervals;
    assert!(cases.len() >= 80);
    check_intervals(clopper_pearson, &cases);
}

#[test]
fn p_values_agree_with_the_reference() {
    let cases = reference().tests;
    assert!(cases.len() >= 20);
    for case in cases {
        let p_value = binomial_test(case.failures, case.trials, case.p).unwrap();
        let error = relative_error(p_value, case.p_value);
        assert!(error < 1e-11, "{case:?}: got {p_value}, off by {error:e}");
    }
}

#[test]
fn the_ends_are_exact() {
    assert_eq!(clopper_pearson(0, 10, 0.95).unwrap().low, 0.0);
    assert_eq!(clopper_pearson(10, 10, 0.95).unwrap().high, 1.0);
    for (failures, p, p_value) in [(0, 0.0, 1.0), (1, 0.0, 0.0), (10, 1.0, 1.0), (9, 1.0, 0.0)] {
        assert_eq!(binomial_test(failures, 10, p), Ok(p_value), "{failures} of 10 under {p}");
    }
}

#[test]
fn extreme_but_valid_input_ends_in_a_sane_answer() {
    for p in [f64::MIN_POSITIVE, 5e-324, 1.0 - f64::EPSILON / 2.0] {
        for failures in [0, 1, MAX_TRIALS - 1, MAX_TRIALS] {
            let p_value = binomial_test(failures, MAX_TRIALS, p).unwrap();
            assert!((0.0..=1.0).contains(&p_value), "{failures} under {p}: {p_value}");
        }
    }
    for confidence in [5e-324, 1e-9, 1.0 - f64::EPSILON / 2.0] {
        for (failures, trials) in [(0, 1), (1, 1), (1, 2), (1, MAX_TRIALS), (MAX_TRIALS, MAX_TRIALS)] {
            let Interval { low, high } = clopper_pearson(failures, trials, confidence).unwrap();
            let seen = failures as f64 / trials as f64;
            assert!(low <= seen && seen <= high, "{failures}/{trials} at {confidence}: {low}..{high}");
        }
    }
}

#[test]
fn bad_input_is_refused_by_name() {
    check_refusals(clopper_pearson);
    let test = |failures, trials, p| binomial_test(failures, trials, p).unwrap_err();
    assert_eq!(test(1, 0, 0.5), StatisticsError::NoTrials);
    assert_eq!(test(0, MAX_TRIALS + 1, 0.5), StatisticsError::TooManyTrials { trials: MAX_TRIALS + 1 });
    let more = StatisticsError::MoreFailuresThanTrials { failures: 11, trials: 10 };
    assert_eq!(test(11, 10, 0.5), more);
    for p in [-f64::MIN_POSITIVE, 1.0 + f64::EPSILON, f64::NEG_INFINITY] {
        assert_eq!(test(1, 10, p), StatisticsError::Probability(p));
    }
    assert!(matches!(test(1, 10, f64::NAN), StatisticsError::Probability(_)));
    assert_eq!(more.to_string(), "11 failures in 10 trials; expected at most as many failures as trials");
}

proptest! {
    #[test]
    fn a_rate_is_in_the_interval_exactly_where_the_test_accepts_it(
        (failures, trials) in counts(),
        confidence in 0.01..0.999_999_f64,
        distance in -6.0..6.0_f64,
    ) {
        let seen = failures as f64 / trials as f64;
        let deviation = (seen.max(1.0 / trials as f64) / trials as f64).sqrt();
        let p = (seen + distance * deviation).clamp(0.0, 1.0);
        let p_value = binomial_test(failures, trials, p).unwrap();
        let error = 1.0 - confidence;
        // At a bound itself, rounding decides.
        prop_assume!((p_value / error - 1.0).abs() > 1e-6);
        let Interval { low, high } = clopper_pearson(failures, trials, confidence).unwrap();
        prop_assert_eq!((low..=high).contains(&p), p_value > error, "{} in {}..{}, p-value {}", p, low, high, p_value);
    }

    #[test]
    fn failures_and_successes_are_symmetric((failures, trials) in counts(), confidence in 0.01..0.999_999_f64) {
        let of_failures = clopper_pearson(failures, trials, confidence).unwrap();
        let of_successes = clopper_pearson(trials - failures, trials, confidence).unwrap();
        prop_assert!((of_failures.low - (1.0 - of_successes.high)).abs() < 1e-15);
        prop_assert!((of_failures.high - (1.0 - of_successes.low)).abs() < 1e-15);
    }

    #[test]
    fn more_confidence_is_a_wider_interval((failures, trials) in counts(), confidence in 0.01..0.9_f64) {
        let narrow = clopper_pearson(failures, trials, confidence).unwrap();
        let wide = clopper_pearson(failures, trials, confidence + 0.05).unwrap();
        prop_assert!(wide.low <= narrow.low && narrow.high <= wide.high);
        prop_assert!(narrow.low < narrow.high);
    }
}
