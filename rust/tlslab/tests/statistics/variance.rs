//! The interval of a census, whose trials are independent in pairs only, and the test that agrees with it.

use proptest::prelude::*;
use tlslab::experiment::statistics::{
    Interval, MAX_TRIALS, StatisticsError, clopper_pearson, variance_interval, variance_test,
};

use crate::{check_intervals, check_refusals, counts, reference};

#[test]
fn intervals_agree_with_the_reference() {
    check_intervals(variance_interval, &reference().variance);
}

#[test]
fn bad_input_is_refused_by_name() {
    check_refusals(variance_interval);
    assert_eq!(variance_test(1, 0, 0.5), Err(StatisticsError::NoTrials));
    assert_eq!(variance_test(1, 10, 1.5), Err(StatisticsError::Probability(1.5)));
    assert!(matches!(variance_test(1, 10, f64::NAN), Err(StatisticsError::Probability(_))));
}

#[test]
fn the_ends_are_exact() {
    for confidence in [5e-324, 0.95, 1.0 - f64::EPSILON / 2.0] {
        for trials in [1, 10, 1_000_003, MAX_TRIALS] {
            assert_eq!(variance_interval(0, trials, confidence).unwrap().low, 0.0);
            assert_eq!(variance_interval(trials, trials, confidence).unwrap().high, 1.0);
        }
    }
    for (failures, p, p_value) in [(0, 0.0, 1.0), (1, 0.0, 0.0), (10, 1.0, 1.0), (9, 1.0, 0.0), (5, 0.5, 1.0)] {
        assert_eq!(variance_test(failures, 10, p), Ok(p_value), "{failures} of 10 under {p}");
    }
    // Ten trials, a mean of 5 and a variance of 2.5.
    assert_eq!(variance_test(0, 10, 0.5), Ok(0.1));
}

/// A census in small: the sums of two lists of three exponents modulo 7, where some sums fail. All 7^6 of them.
#[test]
fn a_small_census_keeps_the_confidence() {
    for failing in 1..7 {
        let p = f64::from(failing) / 7.0;
        let mut censuses = [0_u64; 10];
        for drawn in 0..7_u32.pow(6) {
            let exponent = |place: u32| drawn / 7_u32.pow(place) % 7;
            let sums = (0..3).flat_map(|one| (3..6).map(move |other| (exponent(one) + exponent(other)) % 7));
            censuses[sums.filter(|sum| *sum < failing).count()] += 1;
        }
        let all = 7_f64.powi(6);
        let moment = |power: i32| -> f64 {
            (0..).zip(censuses).map(|(k, count)| (f64::from(k) - 9.0 * p).powi(power) * count as f64 / all).sum()
        };
        assert!(moment(1).abs() < 1e-12 && (moment(2) - 9.0 * p * (1.0 - p)).abs() < 1e-12, "the premise: {failing}/7");
        for confidence in [0.3, 0.5, 0.8, 0.9] {
            let outside = (0..).zip(censuses).filter(|&(failures, _)| {
                let Interval { low, high } = variance_interval(failures, 9, confidence).unwrap();
                !(low..=high).contains(&p)
            });
            let outside = outside.map(|(_, count)| count as f64 / all).sum::<f64>();
            assert!(outside <= 1.0 - confidence, "{failing}/7 at {confidence}: {outside}");
        }
    }
}

proptest! {
    #[test]
    fn a_rate_is_in_the_interval_exactly_where_the_test_accepts_it(
        (failures, trials) in counts(),
        confidence in 0.01..0.999_999_f64,
        distance in -6.0..6.0_f64,
    ) {
        let seen = failures as f64 / trials as f64;
        let error = 1.0 - confidence;
        let p = (seen + distance * (seen.max(1.0 / trials as f64) / trials as f64 / error).sqrt()).clamp(0.0, 1.0);
        let p_value = variance_test(failures, trials, p).unwrap();
        // At a bound itself, rounding decides.
        prop_assume!((p_value / error - 1.0).abs() > 1e-6);
        let Interval { low, high } = variance_interval(failures, trials, confidence).unwrap();
        prop_assert_eq!((low..=high).contains(&p), p_value > error, "{} in {}..{}, p-value {}", p, low, high, p_value);
    }

    #[test]
    fn it_is_wider_than_that_of_independent_trials((failures, trials) in counts(), confidence in 0.5..0.999_f64) {
        let known = clopper_pearson(failures, trials, confidence).unwrap();
        let unknown = variance_interval(failures, trials, confidence).unwrap();
        prop_assert!(unknown.high - unknown.low > known.high - known.low || trials < 10);
    }

    #[test]
    fn more_confidence_is_a_wider_interval((failures, trials) in counts(), confidence in 0.01..0.9_f64) {
        let narrow = variance_interval(failures, trials, confidence).unwrap();
        let wide = variance_interval(failures, trials, confidence + 0.05).unwrap();
        prop_assert!(wide.low <= narrow.low && narrow.high <= wide.high && narrow.low < narrow.high);
    }
}
