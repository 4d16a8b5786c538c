//! Montgomery multiplication of single numbers over 64-bit limbs, on any CPU.
//!
//! With `k` limbs and `R = 2^(64k)`. Product and reduction share one loop (FIOS: Koç, Acar and Kaliski, 1996), and two
//! rows share one pass over the columns: each of the four products of a column has a carry of its own, so that four
//! independent chains keep the multiplier busy, and a column is loaded and stored once for four products. (Column sums of
//! 192 bits, the other way to do this, take three times as long: the compiler does not keep their carries in the flags.
//! A squaring of its own, with half of the products, saves about a tenth of the time.)

use crate::limbs::{is_less, sub_assign};

/// `out = a * b / R mod n`, reduced, for `b < n` and any `a`; all have the limbs of the odd `n`.
///
/// Before each pass the running sum is below `a + n`: it fits in `out` and one `overflow` bit.
pub(crate) fn multiply(n: &[u64], negated_inverse: u64, a: &[u64], b: &[u64], out: &mut [u64]) {
    out.fill(0);
    let mut overflow = 0;
    let (pairs, last) = b.as_chunks();
    for &pair in pairs {
        overflow = two_rows(n, negated_inverse, a, pair, out, overflow);
    }
    if let &[digit] = last {
        overflow = one_row(n, negated_inverse, a, digit, out, overflow);
    }
    if overflow != 0 || !is_less(out, n) {
        sub_assign(out, n);
    }
}

/// `sums = (sums + a * digit + q * n) / 2^64`, with the `q` that makes it a whole number; takes and returns the bit
/// above `sums`.
#[inline(always)]
fn one_row(n: &[u64], negated_inverse: u64, a: &[u64], digit: u64, sums: &mut [u64], overflow: u64) -> u64 {
    let k = n.len();
    let (a, sums) = (&a[..k], &mut sums[..k]);
    let (low, mut a_carry) = multiply_add(a[0], digit, sums[0], 0);
    let quotient = low.wrapping_mul(negated_inverse);
    let (_, mut n_carry) = multiply_add(n[0], quotient, low, 0);
    for c in 1..k {
        let sum;
        (sum, a_carry) = multiply_add(a[c], digit, sums[c], a_carry);
        (sums[c - 1], n_carry) = multiply_add(n[c], quotient, sum, n_carry);
    }
    let top = u128::from(a_carry) + u128::from(n_carry) + u128::from(overflow);
    sums[k - 1] = top as u64;
    (top >> 64) as u64
}

/// Two rows at once, the lower digit's first.
#[inline(always)]
fn two_rows(n: &[u64], negated_inverse: u64, a: &[u64], digits: [u64; 2], sums: &mut [u64], overflow: u64) -> u64 {
    let k = n.len();
    let (a, sums) = (&a[..k], &mut sums[..k]);

    let (low, a0) = multiply_add(a[0], digits[0], sums[0], 0);
    let q0 = low.wrapping_mul(negated_inverse);
    let (_, n0) = multiply_add(n[0], q0, low, 0);

    let (sum, mut a0) = multiply_add(a[1], digits[0], sums[1], a0);
    let (sum, mut n0) = multiply_add(n[1], q0, sum, n0);
    let (sum, mut a1) = multiply_add(a[0], digits[1], sum, 0);
    let q1 = sum.wrapping_mul(negated_inverse);
    let (_, mut n1) = multiply_add(n[0], q1, sum, 0);

    for c in 2..k {
        let mut sum = sums[c];
        (sum, a0) = multiply_add(a[c], digits[0], sum, a0);
        (sum, n0) = multiply_add(n[c], q0, sum, n0);
        (sum, a1) = multiply_add(a[c - 1], digits[1], sum, a1);
        (sums[c - 2], n1) = multiply_add(n[c - 1], q1, sum, n1);
    }

    // Column k, of the second row alone, and what is above it.
    let top = u128::from(a0) + u128::from(n0) + u128::from(overflow);
    let (sum, a1) = multiply_add(a[k - 1], digits[1], top as u64, a1);
    let (sum, n1) = multiply_add(n[k - 1], q1, sum, n1);
    sums[k - 2] = sum;
    let top = u128::from(a1) + u128::from(n1) + (top >> 64);
    sums[k - 1] = top as u64;
    (top >> 64) as u64
}

/// `a * b + c + d` as (low, high); it cannot overflow.
#[inline(always)]
fn multiply_add(a: u64, b: u64, c: u64, d: u64) -> (u64, u64) {
    let sum = u128::from(a) * u128::from(b) + u128::from(c) + u128::from(d);
    (sum as u64, (sum >> 64) as u64)
}
