//! Natural numbers as little-endian 64-bit limbs: the few schoolbook steps that the rest needs.

/// The limbs of a big-endian number: as many as its bytes fill.
pub(crate) fn from_be(bytes: &[u8]) -> Vec<u64> {
    bytes.rchunks(8).map(|chunk| chunk.iter().fold(0, |limb, &byte| limb << 8 | u64::from(byte))).collect()
}

/// The lowest limbs of a big-endian number, as many as `limbs` has.
pub(crate) fn copy_from_be(bytes: &[u8], limbs: &mut [u64]) {
    limbs.fill(0);
    for (limb, chunk) in limbs.iter_mut().zip(bytes.rchunks(8)) {
        *limb = chunk.iter().fold(0, |limb, &byte| limb << 8 | u64::from(byte));
    }
}

/// The lowest bytes of `limbs`, big-endian, as many as `bytes` has.
pub(crate) fn copy_to_be(limbs: &[u64], bytes: &mut [u8]) {
    bytes.fill(0);
    for (chunk, limb) in bytes.rchunks_mut(8).zip(limbs) {
        chunk.copy_from_slice(&limb.to_be_bytes()[8 - chunk.len()..]);
    }
}

/// The lowest `len` bytes of `limbs`, big-endian.
pub(crate) fn to_be(limbs: &[u64], len: usize) -> Vec<u8> {
    let mut bytes: Vec<u8> = limbs.iter().flat_map(|limb| limb.to_le_bytes()).take(len).collect();
    bytes.reverse();
    bytes
}

/// The length in bits: 0 of zero.
pub(crate) fn bit_length(a: &[u64]) -> usize {
    let significant = a.iter().rposition(|&limb| limb != 0);
    significant.map_or(0, |highest| 64 * highest + (64 - a[highest].leading_zeros() as usize))
}

/// Whether `a < b`; both have the same number of limbs.
pub(crate) fn is_less(a: &[u64], b: &[u64]) -> bool {
    a.iter().rev().lt(b.iter().rev())
}

/// `a += b`; returns the carry out of `a`. A shorter `b` is extended by zeros.
pub(crate) fn add_assign(a: &mut [u64], b: &[u64]) -> bool {
    let extended = b.iter().copied().chain(std::iter::repeat(0));
    a.iter_mut().zip(extended).fold(false, |carry, (a, b)| {
        let (sum, first) = a.overflowing_add(b);
        let (sum, second) = sum.overflowing_add(u64::from(carry));
        *a = sum;
        first | second
    })
}

/// `a -= b`, modulo two to the number of bits in `a`. Both have the same number of limbs.
pub(crate) fn sub_assign(a: &mut [u64], b: &[u64]) {
    a.iter_mut().zip(b).fold(false, |borrow, (a, b)| {
        let (difference, first) = a.overflowing_sub(*b);
        let (difference, second) = difference.overflowing_sub(u64::from(borrow));
        *a = difference;
        first | second
    });
}

/// `a * b`, in as many limbs as both have.
pub(crate) fn multiply(a: &[u64], b: &[u64]) -> Vec<u64> {
    let mut product = vec![0; a.len() + b.len()];
    for (i, &digit) in a.iter().enumerate() {
        let mut carry = 0;
        for (sum, &limb) in product[i..].iter_mut().zip(b) {
            let wide = u128::from(digit) * u128::from(limb) + u128::from(*sum) + u128::from(carry);
            (*sum, carry) = (wide as u64, (wide >> 64) as u64);
        }
        product[i + b.len()] = carry;
    }
    product
}

/// `(head * 2^n + a) / divisor`, rounded down, in place of the `n` bits of `a`; `head` is less than `divisor`.
pub(crate) fn divide_assign(head: u64, a: &mut [u64], divisor: u64) {
    a.iter_mut().rev().fold(head, |remainder, limb| {
        let dividend = u128::from(remainder) << 64 | u128::from(*limb);
        *limb = (dividend / u128::from(divisor)) as u64;
        (dividend % u128::from(divisor)) as u64
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_and_limbs_convert_both_ways() {
        let bytes: Vec<u8> = (1..=19).collect();
        let limbs = from_be(&bytes);
        assert_eq!(limbs, [0x0c0d_0e0f_1011_1213, 0x0405_0607_0809_0a0b, 0x0001_0203]);
        assert_eq!(to_be(&limbs, 19), bytes);
        assert_eq!(to_be(&limbs, 2), [0x12, 0x13]);
        assert!(from_be(&[]).is_empty());

        let mut copied = [9; 4];
        copy_from_be(&bytes, &mut copied);
        assert_eq!((&copied[..3], copied[3]), (limbs.as_slice(), 0));
        copy_from_be(&bytes, &mut copied[..1]);
        assert_eq!(copied[0], limbs[0]);
        for len in [0, 2, 16, 19, 24, 30] {
            let mut out = vec![9; len];
            copy_to_be(&limbs, &mut out);
            let padded = [vec![0; len.saturating_sub(19)], bytes[19usize.saturating_sub(len)..].to_vec()].concat();
            assert_eq!(out, padded);
        }
    }

    #[test]
    fn carries_and_borrows_run_through() {
        let mut a = [u64::MAX, u64::MAX, 6];
        assert!(!add_assign(&mut a, &[1]));
        assert_eq!(a, [0, 0, 7]);
        sub_assign(&mut a, &[1, 0, 0]);
        assert_eq!(a, [u64::MAX, u64::MAX, 6]);
        assert!(add_assign(&mut a, &[1, 0, u64::MAX - 6]));
        assert_eq!(a, [0, 0, 0]);
    }

    #[test]
    fn a_product_of_the_largest_is_right() {
        // (2^128 - 1) (2^64 - 1) = 2^192 - 2^128 - 2^64 + 1
        assert_eq!(multiply(&[u64::MAX; 2], &[u64::MAX]), [1, u64::MAX, u64::MAX - 1]);
        assert!(multiply(&[], &[]).is_empty());
    }

    #[test]
    fn lengths_are_counted_in_bits() {
        for (limbs, bits) in [([].as_slice(), 0), (&[0, 0], 0), (&[1], 1), (&[0, 1, 0], 65), (&[u64::MAX], 64)] {
            assert_eq!(bit_length(limbs), bits);
        }
    }

    #[test]
    fn the_highest_limb_decides_an_order() {
        assert!(is_less(&[9, 1], &[0, 2]));
        assert!(!is_less(&[9, 1], &[9, 1]));
        assert!(!is_less(&[0, 2], &[9, 1]));
    }

    #[test]
    fn a_quotient_times_its_divisor_is_the_dividend() {
        let mut third = [0, 0];
        divide_assign(1, &mut third, 3);
        assert_eq!(third, [0x5555_5555_5555_5555; 2]);
    }
}
