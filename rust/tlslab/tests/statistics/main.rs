//! The statistics, against values computed at 50 digits, against their definitions and against each other.

mod ended;
mod exact;
mod planning;
mod sequence;
mod variance;

use proptest::prelude::*;
use serde::Deserialize;
use tlslab::experiment::statistics::{Interval, StatisticsError};

/// Made by `data/trials.py`.
const REFERENCE: &str = include_str!("../data/trials.json");

#[derive(Deserialize)]
struct Reference {
    ended_by_failure: Vec<IntervalCase>,
    sequence: Vec<IntervalCase>,
    variance: Vec<IntervalCase>,
    plans: Vec<planning::PlanCase>,
}

#[derive(Debug, Deserialize)]
struct IntervalCase {
    failures: u64,
    trials: u64,
    confidence: f64,
    low: f64,
    high: f64,
}

fn reference() -> Reference {
    serde_json::from_str(REFERENCE).expect("the table is valid JSON")
}

/// The relative error of `value`; none where both are 0.
fn relative_error(value: f64, expected: f64) -> f64 {
    if value == expected { 0.0 } else { ((value - expected) / expected).abs() }
}

type Bounds = fn(u64, u64, f64) -> Result<Interval, StatisticsError>;

/// Compares intervals with those of a table.
fn check_intervals(bounds: Bounds, cases: &[IntervalCase]) {
    assert!(cases.len() >= 30);
    for case in cases {
        let Interval { low, high } = bounds(case.failures, case.trials, case.confidence).unwrap();
        for (value, expected) in [(low, case.low), (high, case.high)] {
            let error = relative_error(value, expected);
            assert!(error < 1e-12, "{case:?}: got {low}..{high}, off by {error:e}");
        }
    }
}

/// Hands in counts and confidences that no interval can be made of.
fn check_refusals(bounds: Bounds) {
    assert_eq!(bounds(0, 0, 0.95), Err(StatisticsError::NoTrials));
    assert_eq!(bounds(1, u64::MAX, 0.95), Err(StatisticsError::TooManyTrials { trials: u64::MAX }));
    assert_eq!(bounds(11, 10, 0.95), Err(StatisticsError::MoreFailuresThanTrials { failures: 11, trials: 10 }));
    for confidence in [0.0, 1.0, -0.1, 95.0, f64::INFINITY] {
        assert_eq!(bounds(1, 10, confidence), Err(StatisticsError::Confidence(confidence)));
    }
    assert!(matches!(bounds(1, 10, f64::NAN), Err(StatisticsError::Confidence(_))));
}

/// Trials of every order of magnitude up to 10^9, and any number of failures among them.
fn counts() -> impl Strategy<Value = (u64, u64)> {
    (0_u32..=9)
        .prop_flat_map(|digits| 1..=10_u64.pow(digits))
        .prop_flat_map(|trials| (prop_oneof![0..=trials, 0..=trials.min(50)], Just(trials)))
}

/// The chances of 0 to `trials` failures.
fn binomial(trials: u64, p: f64) -> Vec<f64> {
    let mut chances = vec![0.0; trials as usize + 1];
    chances[0] = 1.0;
    for _ in 0..trials {
        for k in (0..chances.len()).rev() {
            let one_fewer = if k > 0 { chances[k - 1] } else { 0.0 };
            chances[k] = chances[k] * (1.0 - p) + one_fewer * p;
        }
    }
    chances
}
