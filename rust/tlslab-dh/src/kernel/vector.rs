//! Montgomery multiplication of a batch, one trial a lane: the algorithm of all vector kernels.
//!
//! # Layout
//! A number is `k` digits of `w` bits, lowest first, with `R = 2^(w k)`. A batch is digit-major: digit `i` of lane `l`
//! is word `i * lanes + l`. `k` is a multiple of the rows that one pass takes (the digits above the number are zero).
//!
//! # Range
//! `R > 4n`, and operands are below `2n`. So the product `(a b + q n) / R` with `q < R` is below `4n^2 / R + n < 2n`:
//! products need no final subtraction, and are operands again. With operands below `n` it is below `n + n^2 / R`.
//!
//! # Lazy carries
//! A column sums, over all rows, at most `k` low and `k` high halves of `a b` and as many of `q n`, and one carry: less
//! than `4k 2^w` and that carry. With `w = 52` and `k <= 160` (8192 bits) this is below `2^62`. With whole products of
//! `w = 27` bits it is less than `2k 2^54`, and with `k <= 304` below `2^63.3`. So no sum overflows its 64 bits, and
//! carries run once, at the end; only the lowest digit of each row must be exact earlier, for the row's quotient.
//!
//! # Speed
//! `ROWS` rows share one pass over the columns, so that each column is loaded and stored once for `4 ROWS` multiply-adds,
//! and the sums of `a b` do not wait for the quotients.

use super::lanes::Lanes;
use super::radix;
use crate::montgomery::Montgomery;

/// Rows in a pass.
const ROWS: usize = 4;

/// A modulus as the vector kernels see it.
pub(crate) struct LaneModulus {
    /// The digits of n, lowest first; they are the same in each lane.
    pub(crate) digits: Vec<u64>,
    /// `-1 / n` modulo the radix.
    pub(crate) negated_inverse: u64,
}

impl LaneModulus {
    /// Digits for `R > 4n`, in whole passes.
    pub(crate) fn new<L: Lanes>(arithmetic: &Montgomery) -> Self {
        let bits = arithmetic.bits() + 2;
        let count = bits.div_ceil(L::RADIX_BITS as usize).next_multiple_of(ROWS);
        Self {
            digits: radix::split(arithmetic.modulus(), L::RADIX_BITS, count),
            // The inverse modulo 2^64 is one modulo each lower power of two.
            negated_inverse: arithmetic.negated_inverse() & ((1 << L::RADIX_BITS) - 1),
        }
    }
}

/// `out = a * b / R mod n`, in the range above, all digits carried. `b` is a batch or, where `SHARED`, one number for
/// all lanes.
#[inline(always)]
pub(crate) fn multiply<L: Lanes, const SHARED: bool>(
    lanes: L,
    modulus: &LaneModulus,
    a: &[u64],
    b: &[u64],
    out: &mut [u64],
) {
    let n = modulus.digits.as_slice();
    let k = n.len();
    let (a, out) = (&L::blocks(a)[..k], &mut L::blocks_mut(out)[..k]);
    let negated_inverse = lanes.splat(modulus.negated_inverse);
    for block in out.iter_mut() {
        lanes.store(lanes.zero(), block);
    }
    for row in (0..k).step_by(ROWS) {
        let mut digits = [lanes.zero(); ROWS];
        for r in 0..ROWS {
            digits[r] = if SHARED { lanes.splat(b[row + r]) } else { lanes.load(&L::blocks(b)[row + r]) };
        }
        pass(lanes, n, negated_inverse, a, &digits, out);
    }
    propagate(lanes, out);
}

/// `sums = (sums + a * digits + q * n) / 2^(ROWS w)`, with the `q` that makes it a whole number.
#[inline(always)]
fn pass<L: Lanes>(
    lanes: L,
    n: &[u64],
    negated_inverse: L::Vector,
    a: &[L::Block],
    digits: &[L::Vector; ROWS],
    sums: &mut [L::Block],
) {
    let k = n.len();
    let (a, sums) = (&a[..k], &mut sums[..k]);
    let mut quotients = [lanes.zero(); ROWS];
    let mut carry = lanes.zero();

    // The lowest columns: each gives a quotient, which makes its digit zero.
    for column in 0..ROWS {
        let mut sum = lanes.load(&sums[column]);
        for r in 0..=column {
            sum = lanes.add_low(sum, lanes.load(&a[column - r]), digits[r]);
        }
        for r in 0..column {
            sum = lanes.add_high(sum, lanes.load(&a[column - 1 - r]), digits[r]);
        }
        let mut reduction = carry;
        for r in 0..column {
            reduction = lanes.add_low(reduction, lanes.splat(n[column - r]), quotients[r]);
            reduction = lanes.add_high(reduction, lanes.splat(n[column - 1 - r]), quotients[r]);
        }
        sum = lanes.add(sum, reduction);
        quotients[column] = lanes.digit_of_product(sum, negated_inverse);
        carry = lanes.carry(lanes.add_low(sum, lanes.splat(n[0]), quotients[column]));
    }

    // Whole columns, ROWS at a time.
    for start in (ROWS..k).step_by(ROWS) {
        let a = &a[start - ROWS..start + ROWS];
        let n = &n[start - ROWS..start + ROWS];
        let sums = &mut sums[start - ROWS..start + ROWS];
        for column in ROWS..2 * ROWS {
            let mut sum = lanes.load(&sums[column]);
            let mut reduction = carry;
            carry = lanes.zero();
            for r in 0..ROWS {
                sum = lanes.add_low(sum, lanes.load(&a[column - r]), digits[r]);
                sum = lanes.add_high(sum, lanes.load(&a[column - 1 - r]), digits[r]);
                reduction = lanes.add_low(reduction, lanes.splat(n[column - r]), quotients[r]);
                reduction = lanes.add_high(reduction, lanes.splat(n[column - 1 - r]), quotients[r]);
            }
            lanes.store(lanes.add(sum, reduction), &mut sums[column - ROWS]);
        }
    }

    // The highest columns.
    for column in 0..ROWS {
        let mut sum = carry;
        carry = lanes.zero();
        for r in column..ROWS {
            sum = lanes.add_high(sum, lanes.load(&a[k + column - 1 - r]), digits[r]);
            sum = lanes.add_high(sum, lanes.splat(n[k + column - 1 - r]), quotients[r]);
        }
        for r in column + 1..ROWS {
            sum = lanes.add_low(sum, lanes.load(&a[k + column - r]), digits[r]);
            sum = lanes.add_low(sum, lanes.splat(n[k + column - r]), quotients[r]);
        }
        lanes.store(sum, &mut sums[k - ROWS + column]);
    }
}

/// Carries each sum into the next, which leaves digits.
#[inline(always)]
fn propagate<L: Lanes>(lanes: L, sums: &mut [L::Block]) {
    let mut carry = lanes.zero();
    for block in sums {
        let sum = lanes.add(lanes.load(block), carry);
        lanes.store(lanes.digit(sum), block);
        carry = lanes.carry(sum);
    }
}
