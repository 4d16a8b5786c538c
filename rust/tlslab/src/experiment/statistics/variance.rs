//! What a count says whose trials are independent in pairs only: its mean and its variance are all that is known.

use super::{Interval, StatisticsError, check_counts, check_probability, error_of};

/// The interval of the rate of a census: each rate from which the count is fewer than 1 / sqrt(1 - `confidence`)
/// standard deviations away.
///
/// It assumes that every trial fails with the same chance p, and that any two trials are independent. The rate that is
/// seen then has mean p and variance p(1 - p)/n, as if all trials were independent. Nothing else is assumed, so the
/// distribution has no known shape, and Chebyshev's inequality has to do. It is inverted exactly, with the variance of
/// the rate that is judged: a quadratic in p, whose roots are Wilson's with Chebyshev's factor in place of a normal
/// quantile. At a confidence of 0.95 that factor is 4.47, against 1.96: certainty about less costs a width of 2.3.
///
/// Chebyshev bounds both sides at once. Cantelli's inequality is sharper for one side, but used on either side with
/// half the error each it asks for sqrt(2 / error - 1) standard deviations, which is always more.
///
/// Without failures `low` is 0, without successes `high` is 1. Both bounds are good to a relative error of 1e-12.
///
/// # Errors
///
/// No trials, too many of them, more failures than trials, or a confidence that is not between 0 and 1.
pub fn variance_interval(failures: u64, trials: u64, confidence: f64) -> Result<Interval, StatisticsError> {
    check_counts(failures, trials)?;
    let (n, error) = (trials as f64, error_of(confidence)?);
    let (seen, not_seen) = (failures as f64 / n, (trials - failures) as f64 / n);
    // (seen - p)² = p (1 - p) spread
    let spread = 1.0 / (n * error);
    let root = (spread * (spread + 4.0 * seen * not_seen)).sqrt();
    let sum = 2.0 * seen + spread + root;
    Ok(Interval {
        // The product of the roots over the higher one: their difference would cancel.
        low: 2.0 * seen * seen / sum,
        high: if failures == trials { 1.0 } else { (sum / (2.0 * (1.0 + spread))).min(1.0) },
    })
}

/// The p-value of a rate of `p` for the count of a census: Chebyshev's bound on the chance of a count as far from its
/// mean, n p, as `failures`, and at most 1.
///
/// It assumes what [`variance_interval`] does and agrees with it: a rate is inside exactly where its p-value is at
/// least 1 - confidence.
///
/// # Errors
///
/// No trials, too many of them, more failures than trials, or a `p` that is not from 0 to 1.
pub fn variance_test(failures: u64, trials: u64, p: f64) -> Result<f64, StatisticsError> {
    check_counts(failures, trials)?;
    check_probability(p)?;
    let (n, k) = (trials as f64, failures as f64);
    let distance = k - n * p;
    Ok(if distance == 0.0 { 1.0 } else { (n * p * (1.0 - p) / (distance * distance)).min(1.0) })
}
