//! Natural numbers in digits of other sizes than a limb.

/// The lowest `count` digits of `bits` bits (at most 64) of a number in 64-bit limbs; both lowest first.
pub(crate) fn split(limbs: &[u64], bits: u32, count: usize) -> Vec<u64> {
    let mut digits = vec![0; count];
    split_into(limbs, bits, &mut digits);
    digits
}

/// As [`split`], into the caller's words.
pub(crate) fn split_into(limbs: &[u64], bits: u32, digits: &mut [u64]) {
    let mask = u64::MAX >> (64 - bits);
    let limb = |index: usize| u128::from(limbs.get(index).copied().unwrap_or(0));
    for (i, digit) in digits.iter_mut().enumerate() {
        let start = i * bits as usize;
        let pair = limb(start / 64) | limb(start / 64 + 1) << 64;
        *digit = (pair >> (start % 64)) as u64 & mask;
    }
}

/// The lowest limbs of the number with these digits of `bits` bits (at most 64), lowest first, as many as `limbs` has.
pub(crate) fn join_into(digits: impl Iterator<Item = u64>, bits: u32, limbs: &mut [u64]) {
    limbs.fill(0);
    for (i, digit) in digits.enumerate() {
        let start = i * bits as usize;
        let shifted = u128::from(digit) << (start % 64);
        if let Some(limb) = limbs.get_mut(start / 64) {
            *limb |= shifted as u64;
        }
        if let Some(limb) = limbs.get_mut(start / 64 + 1) {
            *limb |= (shifted >> 64) as u64;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_join_to_what_was_split() {
        let limbs = [0x0123_4567_89ab_cdef, u64::MAX, 0x8000_0000_0000_0001, 0, 0xfedc_ba98_7654_3210];
        for bits in [1, 7, 27, 52, 63, 64] {
            let count = (64 * limbs.len()).div_ceil(bits as usize) + 2;
            let digits = split(&limbs, bits, count);
            assert!(digits.iter().all(|&digit| bits == 64 || digit < 1 << bits));
            let mut joined = [0; 5];
            join_into(digits.iter().copied(), bits, &mut joined);
            assert_eq!(joined, limbs, "{bits} bits");
            assert_eq!(split(&limbs, bits, 3), digits[..3], "the lowest");
            join_into(digits.into_iter(), bits, &mut joined[..2]);
            assert_eq!(joined[..2], limbs[..2], "the lowest");
        }
    }
}
