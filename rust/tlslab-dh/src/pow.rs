//! Exponentiation: powers of the generator, and of any base.

use crate::group::Group;
use crate::montgomery::{Accumulator, Montgomery};
use crate::zeros::trimmed;

impl Group {
    /// `g^exponent mod p`, padded to [`Group::len`] bytes; big-endian. `g^0` is 1.
    ///
    /// After a few calls it works by tables that are built once and shared by all clones and threads (some 10,000
    /// products, at most 2 MiB each): one for exponents up to twice the length of a short one (512 bits or more), one
    /// for those up to p's length. Longer exponents take as long as [`Group::pow`]. Not constant-time.
    pub fn pow_g(&self, exponent_be: &[u8]) -> Vec<u8> {
        let (arithmetic, fixed_base) = (self.arithmetic(), self.fixed_base());
        let exponent = trimmed(exponent_be);
        let power = match fixed_base.comb(arithmetic, exponent) {
            Some(comb) => comb.pow(arithmetic, exponent),
            None => pow(arithmetic, fixed_base.base(), exponent),
        };
        arithmetic.to_be(&arithmetic.number(&power))
    }

    /// `base^exponent mod p`, padded to [`Group::len`] bytes; big-endian. A base of any length is reduced first; `0^0`
    /// is 1. Takes time in proportion to the exponent's length. Not constant-time.
    pub fn pow(&self, base_be: &[u8], exponent_be: &[u8]) -> Vec<u8> {
        let arithmetic = self.arithmetic();
        let power = pow(arithmetic, &arithmetic.form(base_be), trimmed(exponent_be));
        arithmetic.to_be(&arithmetic.number(&power))
    }
}

/// The form of `base` (a form) to the power of a big-endian exponent, by fixed windows of four bits.
pub(crate) fn pow(modulus: &Montgomery, base: &[u64], exponent_be: &[u8]) -> Vec<u64> {
    let mut power = Accumulator::new(modulus, modulus.one());
    let mut powers = Vec::with_capacity(16);
    for _ in 0..16 {
        powers.push(power.value().to_vec());
        power.multiply(base);
    }

    let mut power = Accumulator::new(modulus, modulus.one());
    for window in exponent_be.iter().flat_map(|byte| [byte >> 4, byte & 0xf]) {
        for _ in 0..4 {
            power.square();
        }
        if window != 0 {
            power.multiply(&powers[usize::from(window)]);
        }
    }
    power.into_value()
}
