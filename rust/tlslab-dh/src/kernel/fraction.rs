//! Where a product lies between 0 and n, without the product.
//!
//! For numbers A and B, `A B mod n` is `n` times the fractional part of `A (B / n)`. Let A have `D` digits `a_0, a_1, ...`
//! of `w` bits, lowest first, and `B / n` the digits `b_1, b_2, ...` after the point, highest first. Digit `a_i` times
//! `b_j` counts `2^(w (i - j))`, and whole numbers do not matter. So in units of `2^-w` the fractional part is
//!
//! ```text
//! F' = sum of (a_i b_(i+1)  +  floor(a_i b_(i+2) / 2^w))  modulo 2^w
//! ```
//!
//! and what was left out: of each `a_i` less than one unit of rounding, and less than one unit of all `a_i b_j` with
//! `j > i + 2`; and less than one unit of all digits after `b_(D+1)`. With the error `E = 2D + 1`, the true place is at
//! least `F'` and below `F' + E` (it may pass 1 and wrap). `2D` multiply-adds say this to some 45 bits of 52, where the
//! product takes `4D^2`: it is needed only where `F'` is too close to a border.

use std::ops::RangeInclusive;

#[cfg(target_arch = "x86_64")]
use super::lanes::Lanes;

/// Fractions at a time: their sums are independent, and share the digits of A.
pub(crate) const COLUMNS: usize = 4;

/// What a place may exceed its estimate by, in units, for numbers of so many digits.
pub(crate) fn error(digits: usize) -> u64 {
    2 * digits as u64 + 1
}

/// The estimates for a batch of numbers (of `D` digits, or more that are zero) and [`COLUMNS`] fractions (of `D + 1`
/// digits each): a batch of estimates for each fraction. Whether any is outside of `ordinary`.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub(crate) fn scan<L: Lanes>(
    lanes: L,
    a: &[u64],
    fractions: &[u64],
    ordinary: &RangeInclusive<u64>,
    out: &mut [u64],
) -> bool {
    let len = fractions.len() / COLUMNS;
    let a = &L::blocks(a)[..len - 1];
    let mut columns = [fractions; COLUMNS];
    let mut next = [lanes.zero(); COLUMNS];
    for c in 0..COLUMNS {
        columns[c] = &fractions[c * len..(c + 1) * len];
        next[c] = lanes.splat(columns[c][0]);
    }
    let mut products = [lanes.zero(); COLUMNS];
    let mut quotients = [lanes.zero(); COLUMNS];
    for (i, block) in a.iter().enumerate() {
        let digit = lanes.load(block);
        for c in 0..COLUMNS {
            products[c] = lanes.add_low(products[c], digit, next[c]);
            next[c] = lanes.splat(columns[c][i + 1]);
            quotients[c] = lanes.add_quotient(quotients[c], digit, next[c]);
        }
    }
    let (low, high) = (lanes.splat(*ordinary.start()), lanes.splat(*ordinary.end()));
    let out = &mut L::blocks_mut(out)[..COLUMNS];
    let mut any = false;
    for c in 0..COLUMNS {
        let estimate = lanes.digit(lanes.add(products[c], quotients[c]));
        any |= lanes.any_outside(estimate, low, high);
        lanes.store(estimate, &mut out[c]);
    }
    any
}

/// As [`scan`], for one number in 64-bit limbs.
pub(crate) fn scan_portable(a: &[u64], fractions: &[u64], ordinary: &RangeInclusive<u64>, out: &mut [u64]) -> bool {
    let len = fractions.len() / COLUMNS;
    for (fraction, out) in fractions.chunks_exact(len).zip(out.iter_mut()) {
        let pairs = fraction.iter().zip(&fraction[1..]);
        *out = a.iter().zip(pairs).fold(0, |sum: u64, (&a, (&first, &second))| {
            let quotient = (u128::from(a) * u128::from(second)) >> 64;
            sum.wrapping_add(a.wrapping_mul(first)).wrapping_add(quotient as u64)
        });
    }
    out[..COLUMNS].iter().any(|estimate| !ordinary.contains(estimate))
}
