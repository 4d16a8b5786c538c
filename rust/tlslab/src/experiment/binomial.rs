//! The tail of the binomial distribution, to near full precision from one trial to 2^53.
//!
//! The tail is summed outwards from its first term, all terms positive, and that first term comes from Loader's
//! saddle-point form ("Fast and accurate computation of binomial probabilities", 2000), whose factors stay small
//! where ln Γ of a billion would have lost six digits. Those factors are of use elsewhere too.

use std::f64::consts::TAU;

/// The chance `p` of an event and the chance `q` that it stays away, each with its own relative precision.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chance {
    pub(super) p: f64,
    pub(super) q: f64,
}

impl Chance {
    /// The chance `p`, from 0 to 1.
    pub(super) fn new(p: f64) -> Self {
        Self { p, q: 1.0 - p }
    }

    /// The chance whose log-odds ln(p/q) are `logit`.
    pub(super) fn from_logit(logit: f64) -> Self {
        Self { p: 1.0 / (1.0 + (-logit).exp()), q: 1.0 / (1.0 + logit.exp()) }
    }

    /// The chance of the contrary.
    pub(super) fn mirrored(self) -> Self {
        Self { p: self.q, q: self.p }
    }

    fn ln_p(self) -> f64 {
        if self.p < 0.5 { self.p.ln() } else { (-self.q).ln_1p() }
    }
}

/// P(X >= k) for X the number of events in some trials, as ln P(X = k) and P(X >= k) / P(X = k).
#[derive(Debug, Clone, Copy)]
pub(super) struct UpperTail {
    ln_first: f64,
    /// The whole tail in units of its first term: at least 1.
    pub(super) in_first_terms: f64,
}

impl UpperTail {
    /// The tail from `k` on, `1 <= k <= trials <= 2^53`, of `trials` trials with `0 < p < 1`.
    ///
    /// `k` has to be at or above the mean, `trials * p`, so that the terms fall from the first on. There are then no
    /// more than some ten standard deviations of them.
    pub(super) fn new(k: u64, trials: u64, chance: Chance) -> Self {
        let (n, mut k) = (trials as f64, k as f64);
        let odds = chance.p / chance.q;
        let ln_first = ln_probability(k, n, chance);
        let (mut term, mut sum) = (1.0, 0.0);
        while term > sum * 1e-20 {
            sum += term;
            term *= (n - k) / (k + 1.0) * odds;
            k += 1.0;
        }
        Self { ln_first, in_first_terms: sum }
    }

    /// ln P(X >= k); finite where P(X >= k) itself is too small for a float.
    pub(super) fn ln(self) -> f64 {
        self.ln_first + self.in_first_terms.ln()
    }
}

/// P(X >= k) for X the number of events in `trials` trials, any `k`, any chance.
pub(super) fn upper_tail(k: u64, trials: u64, chance: Chance) -> f64 {
    if k == 0 {
        return 1.0;
    }
    if k > trials || chance.p == 0.0 {
        return 0.0;
    }
    if chance.q == 0.0 {
        return 1.0;
    }
    if k as f64 >= trials as f64 * chance.p {
        UpperTail::new(k, trials, chance).ln().exp()
    } else {
        // Fewer than k events: more than trials - k that stay away, and that tail points away from the mean.
        1.0 - UpperTail::new(trials - k + 1, trials, chance.mirrored()).ln().exp()
    }
}

/// ln P(X = k), `1 <= k <= n`.
fn ln_probability(k: f64, n: f64, chance: Chance) -> f64 {
    if k == n {
        return n * chance.ln_p();
    }
    let rest = n - k;
    stirling_error(n)
        - stirling_error(k)
        - stirling_error(rest)
        - deviance(k, n * chance.p)
        - deviance(rest, n * chance.q)
        + 0.5 * (n / (TAU * k * rest)).ln()
}

/// ln n! less Stirling's formula, `n >= 1`.
fn stirling_error(n: f64) -> f64 {
    if n < 16.0 {
        // An exact product: 15! is well below 2^53.
        let factorial: f64 = (1..=n as u32).map(f64::from).product();
        return factorial.ln() - ((n + 0.5) * n.ln() - n + 0.5 * TAU.ln());
    }
    stirling_series(n)
}

/// ln Γ(x) less Stirling's formula, `x >= 16`.
fn stirling_series(x: f64) -> f64 {
    let square = x * x;
    (1.0 / 12.0 - (1.0 / 360.0 - (1.0 / 1260.0 - (1.0 / 1680.0 - 1.0 / 1188.0 / square) / square) / square) / square)
        / x
}

/// ln Γ(n + a) less n ln n - n, for a whole `n` from 0 on and 0 < `a` <= 1: it grows like ln n only.
pub(super) fn ln_gamma_excess(n: f64, a: f64) -> f64 {
    if n < 16.0 {
        // Γ(x + 1) = x Γ(x), up to where the series holds.
        let product: f64 = (n as u32..16).map(|whole| f64::from(whole) + a).product();
        let power = if n == 0.0 { 0.0 } else { n * n.ln() - n };
        return ln_gamma_excess(16.0, a) - product.ln() + (16.0 * 16.0_f64.ln() - 16.0) - power;
    }
    (a - 0.5) * n.ln() + (n + a - 0.5) * (a / n).ln_1p() - a + 0.5 * TAU.ln() + stirling_series(n + a)
}

/// x ln(x/m) + m - x, by a series where `x` and `m` are so close that the terms would cancel.
pub(super) fn deviance(x: f64, m: f64) -> f64 {
    let ratio = (x - m) / (x + m);
    if ratio.abs() >= 0.1 {
        return x * (x / m).ln() + m - x;
    }
    let mut sum = (x - m) * ratio;
    let mut power = 2.0 * x * ratio;
    for odd in (3..).step_by(2) {
        power *= ratio * ratio;
        let next = sum + power / f64::from(odd);
        if next == sum {
            break;
        }
        sum = next;
    }
    sum
}
