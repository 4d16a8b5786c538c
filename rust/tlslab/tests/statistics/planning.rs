//! Plans, and Holm's correction.

use proptest::prelude::*;
use serde::Deserialize;
use tlslab::experiment::statistics::{StatisticsError, binomial_test, holm, plan, trials_to_see_one};

use crate::{binomial, reference};

#[derive(Debug, Deserialize)]
pub(crate) struct PlanCase {
    rate: f64,
    power: f64,
    alpha: f64,
    against: f64,
    trials: u64,
}

#[test]
fn plans_agree_with_the_reference() {
    let cases = reference().plans;
    assert!(cases.len() >= 8);
    for case in cases {
        assert_eq!(plan(case.rate, case.power, case.alpha, case.against), Ok(case.trials), "{case:?}");
    }
}

/// The chance that `trials` trials refute `against` on the side of `rate`, summed over all counts.
fn power(trials: u64, rate: f64, alpha: f64, against: f64) -> f64 {
    let refutes = |failures: u64| {
        let above = failures as f64 > against * trials as f64;
        above == (rate > against) && binomial_test(failures, trials, against).unwrap() <= alpha
    };
    (0..).zip(binomial(trials, rate)).filter(|&(failures, _)| refutes(failures)).map(|(_, chance)| chance).sum()
}

#[test]
fn from_the_planned_trials_on_the_power_is_kept_and_just_before_it_is_not() {
    let mut dips = 0;
    for (rate, goal, alpha, against) in [
        (0.5, 0.9, 0.05, 0.25),
        (0.25, 0.9, 0.05, 0.5),
        (0.6, 0.8, 0.05, 0.5),
        (0.4, 0.8, 0.05, 0.5),
        (0.1, 0.9, 0.05, 0.03),
        (0.03, 0.8, 0.1, 0.1),
        (0.95, 0.9, 0.01, 0.8),
        (0.8, 0.9, 0.01, 0.95),
        (0.0, 0.9, 0.05, 0.05),
        (1.0, 0.9, 0.05, 0.9),
        (0.3, 0.1, 0.2, 0.29),
    ] {
        let case = format!("{rate} against {against} at {alpha}");
        let least = plan(rate, goal, alpha, against).unwrap();
        assert!((2..=250).contains(&least), "{case}: {least}");
        assert!(power(least - 1, rate, alpha, against) < goal, "{case}: {least} is not the least");
        for trials in least..=2 * least + 40 {
            assert!(power(trials, rate, alpha, against) >= goal, "{case}: {least}, but {trials} has less");
        }
        dips += (1..least).filter(|&trials| power(trials, rate, alpha, against) >= goal).count();
    }
    // Some had the power before, or these cases would say nothing of the saw.
    assert!(dips > 20, "{dips}");
}

#[test]
fn a_plan_that_turns_on_many_failures_has_the_power() {
    for (rate, against) in [(0.5, 0.4995), (0.5, 0.5005)] {
        let trials = plan(rate, 0.9, 0.05, against).unwrap();
        // The normal approximation, good to a thousandth here.
        let normal = 10.507 * 0.25 / 0.0005_f64.powi(2);
        assert!((trials as f64 / normal - 1.0).abs() < 2e-3, "{rate} against {against}: {trials}, not {normal}");
    }
}

#[test]
fn one_failure_is_seen() {
    // The rule of three, at a power of 0.95.
    for (rate, power, trials) in [
        (1.0, 0.9, 1),
        (0.5, 0.75, 2),
        (0.5, 0.76, 3),
        (0.9, 0.99, 2),
        (1.0 / 256.0, 0.95, 766),
        (1e-6, 0.95, 2_995_731),
    ] {
        assert_eq!(trials_to_see_one(rate, power), Ok(trials), "{rate} at {power}");
        assert_eq!(plan(rate, power, 0.05, 0.0), Ok(trials));
        assert_eq!(plan(1.0 - rate, power, 0.05, 1.0), trials_to_see_one(1.0 - (1.0 - rate), power));
    }
}

#[test]
fn bad_input_is_refused_by_name() {
    for rate in [-0.1, 1.1, f64::INFINITY] {
        assert_eq!(trials_to_see_one(rate, 0.9), Err(StatisticsError::Probability(rate)));
        assert_eq!(plan(rate, 0.9, 0.05, 0.1), Err(StatisticsError::Probability(rate)));
        assert_eq!(plan(0.1, 0.9, 0.05, rate), Err(StatisticsError::Probability(rate)));
    }
    for outside in [0.0, 1.0, -1.0, 90.0] {
        assert_eq!(trials_to_see_one(0.1, outside), Err(StatisticsError::Power(outside)));
        assert_eq!(plan(0.1, outside, 0.05, 0.2), Err(StatisticsError::Power(outside)));
        assert_eq!(plan(0.1, 0.9, outside, 0.2), Err(StatisticsError::Alpha(outside)));
    }
    assert!(matches!(plan(0.1, f64::NAN, 0.05, 0.2), Err(StatisticsError::Power(_))));
    assert!(matches!(plan(0.1, 0.9, f64::NAN, 0.2), Err(StatisticsError::Alpha(_))));
    assert_eq!(plan(0.1, 0.9, 0.05, 0.1), Err(StatisticsError::SameRate(0.1)));
}

#[test]
fn what_no_number_of_trials_would_show_is_refused() {
    let refused = |result| matches!(result, Err(StatisticsError::OutOfReach { .. }));
    assert!(refused(trials_to_see_one(0.0, 0.9)));
    assert!(refused(trials_to_see_one(5e-324, 0.9)));
    assert!(refused(plan(0.5, 0.9, 0.05, 0.5 + 1e-12)));
    assert!(refused(plan(0.5, 0.9, 0.05, 0.5 - 1e-12)));
    assert!(refused(plan(1e-300, 0.9, 0.05, 2e-300)));
    assert!(refused(plan(0.0, 0.9, 0.05, 1e-300)));
}

#[test]
fn holm_adjusts_as_he_did() {
    assert_eq!(holm(&[]), Ok(vec![]));
    assert_eq!(holm(&[0.03]), Ok(vec![0.03]));
    assert_eq!(holm(&[0.25, 0.03125, 0.0625, 0.75]), Ok(vec![0.5, 0.125, 0.1875, 0.75]));
    // The second is no smaller than the first, and none passes 1.
    assert_eq!(holm(&[0.25, 0.26, 1.0]), Ok(vec![0.75, 0.75, 1.0]));
    assert_eq!(holm(&[0.1, 1.5]), Err(StatisticsError::Probability(1.5)));
    assert!(matches!(holm(&[f64::NAN]), Err(StatisticsError::Probability(_))));
}

proptest! {
    #[test]
    fn one_failure_is_seen_by_the_least_number_of_trials(exponent in -7.0..0.0_f64, power in 0.01..0.999_f64) {
        let rate = 10_f64.powf(exponent);
        let trials = trials_to_see_one(rate, power).unwrap();
        let seen = |trials: u64| 1.0 - (1.0 - rate).powf(trials as f64);
        prop_assert!(seen(trials) > power - 1e-8);
        prop_assert!(seen(trials - 1) < power + 1e-8);
    }

    #[test]
    fn more_power_takes_more_trials(exponent in -6.0..-1.0_f64, factor in 1.5..10.0_f64, power in 0.2..0.9_f64) {
        let rate = 10_f64.powf(exponent);
        for against in [rate / factor, (rate * factor).min(0.9)] {
            prop_assert!(plan(rate, power, 0.05, against).unwrap() <= plan(rate, power + 0.09, 0.05, against).unwrap());
            prop_assert!(plan(rate, power, 0.05, against).unwrap() <= plan(rate, power, 0.01, against).unwrap());
        }
    }

    #[test]
    fn holm_keeps_order_and_only_raises(p_values in prop::collection::vec(0.0..=1.0_f64, 0..20)) {
        let adjusted = holm(&p_values).unwrap();
        prop_assert_eq!(adjusted.len(), p_values.len());
        for (one, first) in p_values.iter().zip(&adjusted) {
            prop_assert!(one <= first && *first <= 1.0);
            for (other, second) in p_values.iter().zip(&adjusted) {
                prop_assert!(one > other || first <= second);
            }
        }
    }
}
