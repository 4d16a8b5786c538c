//! Holm's correction for many tests.

use super::{StatisticsError, check_probability};

/// P-values adjusted for their number, in the order in which they came.
///
/// To reject where the adjusted value is at most alpha keeps the chance of even one wrong rejection at most alpha,
/// whatever the tests have to do with each other (Holm, "A simple sequentially rejective multiple test procedure",
/// Scandinavian Journal of Statistics 6, 1979). The smallest of m values is multiplied by m, the next by m - 1, and
/// so on; none falls below the one before, nor passes 1.
///
/// # Errors
///
/// A p-value that is not from 0 to 1.
pub fn holm(p_values: &[f64]) -> Result<Vec<f64>, StatisticsError> {
    for &p_value in p_values {
        check_probability(p_value)?;
    }
    let mut rising: Vec<_> = (0..p_values.len()).collect();
    rising.sort_by(|&one, &other| p_values[one].total_cmp(&p_values[other]));
    let mut adjusted = vec![0.0; p_values.len()];
    let mut before = 0.0_f64;
    for (rank, &index) in rising.iter().enumerate() {
        let factor = (p_values.len() - rank) as f64;
        before = before.max((factor * p_values[index]).min(1.0));
        adjusted[index] = before;
    }
    Ok(adjusted)
}
