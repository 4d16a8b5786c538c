//! Multiplication modulo an odd number in Montgomery form, over 64-bit limbs.
//!
//! All arithmetic on single numbers passes through [`Montgomery`] and [`Accumulator`]. Batches have their own: see
//! [`crate::batch`].
//!
//! With `k` limbs in the modulus `n` and `R = 2^(64k)`, a value `x` is held as `x R mod n` (its *form*), and
//! [`Montgomery::mul`] takes `a` and `b` to `a b / R mod n`.

use crate::kernel::portable;
use crate::limbs::{self, add_assign, is_less, sub_assign};

/// An odd modulus and what multiplication by it needs.
pub(crate) struct Montgomery {
    modulus: Vec<u64>,
    /// The modulus' length in bytes.
    len: usize,
    /// `-1 / n` modulo 2^64.
    negated_inverse: u64,
    /// The form of 1: `R mod n`.
    one: Vec<u64>,
    /// The form of `R`: `R^2 mod n`. A product with it takes a value to its form.
    r_squared: Vec<u64>,
}

impl Montgomery {
    /// Prepares for the odd modulus `modulus_be`, which has no leading zeros and is at least 3.
    pub(crate) fn new(modulus_be: &[u8]) -> Self {
        let modulus = limbs::from_be(modulus_be);
        let one = r_modulo(&modulus);
        let mut this = Self {
            negated_inverse: negated_inverse(modulus[0]),
            len: modulus_be.len(),
            r_squared: one.clone(),
            one,
            modulus,
        };
        // R = 2^(64k) = (2^k)^(2^6): k doublings of the form of 1, then six squarings.
        for _ in 0..this.limbs() {
            let same = this.r_squared.clone();
            add_modulo(&mut this.r_squared, &same, &this.modulus);
        }
        for _ in 0..6 {
            let mut square = Accumulator::new(&this, &this.r_squared);
            square.square();
            this.r_squared = square.into_value();
        }
        this
    }

    /// n, lowest limb first.
    pub(crate) fn modulus(&self) -> &[u64] {
        &self.modulus
    }

    /// The length of n in bits.
    pub(crate) fn bits(&self) -> usize {
        limbs::bit_length(&self.modulus)
    }

    /// `-1 / n` modulo 2^64.
    pub(crate) fn negated_inverse(&self) -> u64 {
        self.negated_inverse
    }

    /// The number of limbs in the modulus and in every value.
    pub(crate) fn limbs(&self) -> usize {
        self.modulus.len()
    }

    /// The form of 1.
    pub(crate) fn one(&self) -> &[u64] {
        &self.one
    }

    /// The form of a big-endian number of any length, reduced.
    pub(crate) fn form(&self, value_be: &[u8]) -> Vec<u64> {
        self.form_of_limbs(&limbs::from_be(value_be))
    }

    /// The form of a number of any length, reduced.
    pub(crate) fn form_of_limbs(&self, value: &[u64]) -> Vec<u64> {
        // Horner's rule in base R: a product of forms with R^2 is a shift by one digit.
        let mut form = Accumulator::new(self, &vec![0; self.limbs()]);
        let mut term = vec![0; self.limbs()];
        for digit in value.chunks(self.limbs()).rev() {
            form.multiply(&self.r_squared);
            let mut padded = digit.to_vec();
            padded.resize(self.limbs(), 0);
            self.mul(&padded, &self.r_squared, &mut term);
            add_modulo(&mut form.value, &term, &self.modulus);
        }
        form.into_value()
    }

    /// The number of which `form` is the form.
    pub(crate) fn number(&self, form: &[u64]) -> Vec<u64> {
        let mut one = vec![0; self.limbs()];
        one[0] = 1;
        let mut number = vec![0; self.limbs()];
        self.mul(form, &one, &mut number);
        number
    }

    /// A reduced number (not a form) as big-endian bytes, padded to the modulus' length.
    pub(crate) fn to_be(&self, number: &[u64]) -> Vec<u8> {
        limbs::to_be(number, self.len)
    }

    /// `out = a * b / R mod n`, for `b < n` and any `a` of as many limbs.
    pub(crate) fn mul(&self, a: &[u64], b: &[u64], out: &mut [u64]) {
        portable::multiply(&self.modulus, self.negated_inverse, a, b, out);
    }
}

/// A running product; it owns the second buffer that a product needs.
pub(crate) struct Accumulator<'m> {
    modulus: &'m Montgomery,
    value: Vec<u64>,
    spare: Vec<u64>,
}

impl<'m> Accumulator<'m> {
    /// Starts at `value`.
    pub(crate) fn new(modulus: &'m Montgomery, value: &[u64]) -> Self {
        Self { modulus, value: value.to_vec(), spare: vec![0; modulus.limbs()] }
    }

    /// `value = value * by / R`.
    pub(crate) fn multiply(&mut self, by: &[u64]) {
        self.modulus.mul(&self.value, by, &mut self.spare);
        std::mem::swap(&mut self.value, &mut self.spare);
    }

    /// `value = value * value / R`.
    pub(crate) fn square(&mut self) {
        self.modulus.mul(&self.value, &self.value, &mut self.spare);
        std::mem::swap(&mut self.value, &mut self.spare);
    }

    /// The product so far.
    pub(crate) fn value(&self) -> &[u64] {
        &self.value
    }

    /// The product.
    pub(crate) fn into_value(self) -> Vec<u64> {
        self.value
    }
}

/// `a = a + b mod n`, for reduced `a` and `b`.
fn add_modulo(a: &mut [u64], b: &[u64], n: &[u64]) {
    let carry = add_assign(a, b);
    if carry || !is_less(a, n) {
        sub_assign(a, n);
    }
}

/// `2^(64k) mod n`, by doubling the highest power of two below `n`.
fn r_modulo(n: &[u64]) -> Vec<u64> {
    let mut power = vec![0; n.len()];
    let unused = n[n.len() - 1].leading_zeros();
    power[n.len() - 1] = 1 << (63 - unused);
    for _ in 0..=unused {
        let same = power.clone();
        add_modulo(&mut power, &same, n);
    }
    power
}

/// `-1 / n` modulo 2^64 for odd `n`, by Newton's iteration: each step doubles the number of correct bits.
fn negated_inverse(n: u64) -> u64 {
    // n is its own inverse modulo 8: three bits to start from.
    let inverse = (0..5).fold(n, |x, _| x.wrapping_mul(2u64.wrapping_sub(n.wrapping_mul(x))));
    inverse.wrapping_neg()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_inverse_is_one() {
        for n in [1u64, 3, 0xffff_ffff_ffff_ffff, 0xdead_beef_dead_beef] {
            assert_eq!(n.wrapping_mul(negated_inverse(n)), u64::MAX);
        }
    }

    /// Every product modulo every small odd number, in one limb; R is 2^64.
    #[test]
    fn small_products_are_right() {
        for n in (3..60u8).step_by(2) {
            let modulus = Montgomery::new(&[n]);
            for (a, b) in (0..n).flat_map(|a| (0..n).map(move |b| (a, b))) {
                let mut product = Accumulator::new(&modulus, &modulus.form(&[a]));
                product.multiply(&modulus.form(&[b]));
                let expected = u16::from(a) * u16::from(b) % u16::from(n);
                assert_eq!(modulus.number(product.value()), [u64::from(expected)], "{a} * {b} mod {n}");
            }
        }
    }

    /// The largest operands, at the moduli with the most and the fewest spare bits, overflow into the extra bit.
    #[test]
    fn the_largest_operands_reduce() {
        for modulus_be in [[0xff; 24].as_slice(), &[[1].as_slice(), &[0xff; 16]].concat()] {
            let modulus = Montgomery::new(modulus_be);
            let mut minus_one = modulus_be.to_vec();
            minus_one[modulus_be.len() - 1] -= 1;
            let mut product = Accumulator::new(&modulus, &modulus.form(&minus_one));
            product.square();
            assert_eq!(product.value(), modulus.one());
        }
    }

    /// A number longer than the modulus is reduced: 256^300 by Horner's rule, and by 2400 doublings.
    #[test]
    fn long_numbers_are_reduced() {
        let modulus = Montgomery::new(&[0xfd; 23]);
        let mut long = vec![0; 301];
        long[0] = 1;
        let mut power = modulus.one().to_vec();
        for _ in 0..2400 {
            let same = power.clone();
            add_modulo(&mut power, &same, &modulus.modulus);
        }
        assert_eq!(modulus.form(&long), power);
    }
}
