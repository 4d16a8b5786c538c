//! Leading zero bytes: how many there are, and how likely they are.

use crate::group::Group;

/// How many bytes at the front of `value` are zero.
pub fn leading_zero_bytes(value: &[u8]) -> usize {
    value.iter().take_while(|&&byte| byte == 0).count()
}

/// `value` without its leading zero bytes; nothing is left of zero.
pub fn trimmed(value: &[u8]) -> &[u8] {
    &value[leading_zero_bytes(value)..]
}

impl Group {
    /// The chance that a uniform number from 1 to p-1, in [`Group::len`] bytes, begins with at least `k` zero bytes.
    ///
    /// Of n bytes, these are the numbers below `256^(n-k)`: about `256^(n-k) / p`, which is 1/256 for the named groups
    /// and k = 1, and nearly 1 for a p just above a byte boundary. Exact to the last few bits of the result.
    pub fn probability_of_leading_zeros(&self, k: u32) -> f64 {
        let significant = self.len().saturating_sub(k as usize);
        if significant == self.len() {
            return 1.0;
        }
        ratio(&vec![0xff; significant], self.modulus_minus_one())
    }
}

/// `a / b` of big-endian numbers, where `b` is trimmed and not zero, and `a` is no longer.
fn ratio(a: &[u8], b: &[u8]) -> f64 {
    let ((a, a_dropped), (b, b_dropped)) = (leading(a), leading(b));
    // A power of 256 is exact, as long as it is not below the smallest number there is.
    a / b * 256f64.recip().powi(b_dropped - a_dropped)
}

/// A number's first 16 bytes, rounded, and how many bytes come after.
fn leading(value_be: &[u8]) -> (f64, i32) {
    let (head, rest) = value_be.split_at(value_be.len().min(16));
    let head = head.iter().fold(0u128, |head, &byte| head << 8 | u128::from(byte));
    (head as f64, rest.len() as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leading_zeros_are_counted_and_trimmed() {
        for (value, zeros) in [([].as_slice(), 0), (&[0, 0], 2), (&[0, 1, 0], 1), (&[7, 0], 0)] {
            assert_eq!(leading_zero_bytes(value), zeros);
            assert_eq!(trimmed(value), &value[zeros..]);
        }
    }

    /// Against a count of all values, for moduli just above and just below a byte boundary and between.
    #[test]
    fn the_probability_is_the_count() {
        for p in [0x8001u32, 0x8003, 0xc001, 0xfff1, 0x1_0001, 0x1_0003, 0x2_0003, 0xff_ffff, 0xa0_0001] {
            let group = Group::custom(&p.to_be_bytes(), &[2]).unwrap();
            for k in 0..=5 {
                let count = (1..p).filter(|z| leading_zero_bytes(&z.to_be_bytes()[4 - group.len()..]) >= k).count();
                let expected = count as f64 / f64::from(p - 1);
                let probability = group.probability_of_leading_zeros(k as u32);
                assert!((probability - expected).abs() <= 1e-15 * expected, "{p:#x}, {k}: {probability} {expected}");
            }
        }
    }

    #[test]
    fn the_probability_is_right_for_long_moduli() {
        let group = Group::by_name("ffdhe2048").unwrap();
        assert_eq!(group.probability_of_leading_zeros(0), 1.0);
        // p is 2^2048 (1 - ε) with ε < 2^-63.
        assert_eq!(group.probability_of_leading_zeros(1), 1.0 / 256.0);
        assert_eq!(group.probability_of_leading_zeros(3), 256f64.powi(-3));
        assert_eq!(group.probability_of_leading_zeros(100), 256f64.powi(-100));
        assert_eq!(group.probability_of_leading_zeros(256), 0.0);
        assert_eq!(group.probability_of_leading_zeros(u32::MAX), 0.0);

        // 256^128 + 1 has 129 bytes, of which the first is nearly always zero in a random number below it.
        let mut p = vec![0; 129];
        (p[0], p[128]) = (1, 1);
        let above = Group::custom(&p, &[2]).unwrap();
        assert_eq!(above.probability_of_leading_zeros(1), 1.0);
        assert_eq!(above.probability_of_leading_zeros(2), 1.0 / 256.0);
        p[0] = 3;
        let thrice = Group::custom(&p, &[2]).unwrap();
        assert_eq!(thrice.probability_of_leading_zeros(1), 1.0 / 3.0);
    }
}
