//! Log-likelihoods of counts.

/// The logarithm of the number of ways to choose `k` of `n`.
fn ln_choose(n: u64, k: u64) -> f64 {
    let k = k.min(n - k);
    (1..=k).map(|i| ((n - k + i) as f64 / i as f64).ln()).sum()
}

/// That of `failures` in `trials`, in any order, each at `rate`.
pub(super) fn ln_binomial(failures: u64, trials: u64, rate: f64) -> f64 {
    ln_choose(trials, failures) + failures as f64 * rate.ln() + (trials - failures) as f64 * (1.0 - rate).ln()
}

/// That of `failures` in `trials`, in one order, at a rate of which nothing is known: it is uniform.
pub(super) fn ln_constant_rate(failures: u64, trials: u64) -> f64 {
    -((trials + 1) as f64).ln() - ln_choose(trials, failures)
}

/// That of draws which come out in one of `ways` ways, in one order, how often being unknown: what has come out before is
/// likely to come out again (Pólya's urn, which begins with one ball in all).
pub(super) fn ln_urn(counts: impl IntoIterator<Item = u64>, ways: f64) -> f64 {
    let mut drawn: u64 = 0;
    let mut sum = 0.0;
    for count in counts {
        for again in 0..count {
            sum += ((again as f64 + 1.0 / ways) / (drawn as f64 + 1.0)).ln();
            drawn += 1;
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_close(got: f64, expected: f64) {
        assert!((got - expected).abs() < 1e-12 * expected.abs().max(1.0), "{got}, not {expected}");
    }

    #[test]
    fn likelihoods_are_right_for_small_counts() {
        assert_close(ln_binomial(1, 3, 0.25), (3.0 * 0.25 * 0.75 * 0.75_f64).ln());
        assert_close(ln_binomial(0, 2, 0.5), 0.25_f64.ln());
        // The integral of r (1 - r)^2 is 1/12.
        assert_close(ln_constant_rate(1, 3), (1.0 / 12.0_f64).ln());
        assert_close(ln_constant_rate(0, 0), 0.0);
        assert_close(ln_urn([2], 4.0), (0.25 * (1.25 / 2.0_f64)).ln());
        assert_close(ln_urn([1, 1], 4.0), (0.25 * (0.25 / 2.0_f64)).ln());
        assert_close(ln_urn([0; 0], 4.0), 0.0);
    }

    #[test]
    fn an_urn_s_chances_add_up_to_one() {
        let three = [([3, 0], 1.0), ([2, 1], 3.0), ([1, 2], 3.0), ([0, 3], 1.0)];
        assert_close(three.iter().map(|(counts, orders)| orders * ln_urn(*counts, 2.0).exp()).sum(), 1.0);
    }
}
