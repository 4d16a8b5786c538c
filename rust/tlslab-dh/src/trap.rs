//! A group that is none: whatever the exponent, the secret is known beforehand.

use crate::group::{Group, GroupError};
use crate::limbs;
use crate::prime::{shift_right, trailing_zeros};
use crate::zeros::trimmed;

impl Group {
    /// A composite modulus, with `value` (big-endian) for its generator, of which every power is `value` itself: the odd
    /// part of `value * (value - 1)`. By its first factor each power is 0, by its second it is 1.
    ///
    /// A peer that takes the group and `value` for a public value has the secret `value`. That a composite
    /// modulus makes secrets predictable is how Bhargavan and others bring two DHE connections to the same one ("Triple
    /// Handshakes and Cookie Cutters", IEEE S&P 2014). The modulus is odd, so that only a test for primes finds it out.
    ///
    /// # Errors
    /// As [`Group::custom`]: the modulus is about twice as long as `value`.
    pub fn trapping(value: &[u8]) -> Result<Self, GroupError> {
        let value = trimmed(value);
        let factor = limbs::from_be(value);
        let mut one_less = factor.clone();
        limbs::sub_assign(&mut one_less, &one(factor.len()));
        let product = limbs::to_be(&limbs::multiply(&factor, &one_less), 2 * value.len());
        let product = trimmed(&product);
        let twos = if product.is_empty() { 0 } else { trailing_zeros(product) };
        Self::custom(&shift_right(product, twos), value)
    }
}

/// 1 in as many limbs, none of which are none.
fn one(len: usize) -> Vec<u64> {
    (0..len).map(|index| u64::from(index == 0)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_power_is_the_value() {
        let ffdhe2048 = Group::by_name("ffdhe2048").unwrap();
        // An even value, an odd one, one with many twos in its neighbour, and a public value.
        let public = ffdhe2048.pow_g(&[0xab; 29]);
        for value in [&[0x12, 0x34][..], &[0x12, 0x35], &[0x11, 0x00, 0x01], &[0, 0, 0xff, 0xfe, 0xfd], &public] {
            let group = Group::trapping(value).unwrap();
            assert_eq!(group.generator(), trimmed(value));
            assert!(!group.is_safe_prime());
            assert!(group.in_range(value));
            assert_ne!(group.in_subgroup(value), Some(false));
            for exponent in [&[1][..], &[2], &[0x7f; 40]] {
                assert_eq!(trimmed(&group.pow_g(exponent)), trimmed(value));
                assert_eq!(trimmed(&group.pow(value, exponent)), trimmed(value));
            }
        }
        assert_eq!(Group::trapping(&public).unwrap().bits().div_ceil(64), 4096 / 64);
    }

    #[test]
    fn what_is_too_small_or_too_large_traps_nobody() {
        for value in [&[][..], &[0], &[1], &[2], &[15]] {
            assert!(matches!(Group::trapping(value), Err(GroupError::ModulusTooShort { .. })), "{value:?}");
        }
        // 2^16 is too round: the odd part of 2^16 (2^16 - 1) is less than it.
        assert!(matches!(Group::trapping(&[1, 0, 0]), Err(GroupError::GeneratorTooLarge { .. })));
        assert!(matches!(Group::trapping(&[0xff; 600]), Err(GroupError::ModulusTooLong { .. })));
    }
}
