//! Whether a modulus is a safe prime: Miller-Rabin, and Pocklington's criterion for the upper of the two primes.

use crate::montgomery::{Accumulator, Montgomery};
use crate::pow::pow;
use crate::zeros::trimmed;

/// The bases of the Miller-Rabin test: the first 40 primes.
pub(crate) const BASES: [u8; 40] = [
    2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109,
    113, 127, 131, 137, 139, 149, 151, 157, 163, 167, 173,
];

/// Whether the odd `p` (trimmed, big-endian, of 16 bits or more) and `q = (p-1)/2` are prime, the latter by the first
/// `rounds` of [`BASES`].
///
/// If q is prime, one round proves p prime (Pocklington): it shows `2^(p-1) = 1`, and `2^2 - 1` has no factor in common
/// with p when 3 does not divide p.
pub(crate) fn is_safe_prime(p: &[u8], rounds: usize) -> bool {
    let q = half(p);
    let divisible_by_3 = p.iter().map(|&byte| u32::from(byte)).sum::<u32>() % 3 == 0;
    let q_is_odd = q[q.len() - 1] % 2 == 1;
    // p first: nearly every other modulus fails there, at the price of one exponentiation.
    q_is_odd
        && !divisible_by_3
        && is_strong_probable_prime(p, &BASES[..1])
        && is_strong_probable_prime(&q, &BASES[..rounds])
}

/// `(p-1)/2` of an odd `p`, trimmed.
pub(crate) fn half(p: &[u8]) -> Vec<u8> {
    shift_right(p, 1)
}

/// Whether the odd `n` (trimmed, big-endian) passes Miller-Rabin to each of the bases, which are less than `n`.
///
/// With `n - 1 = d 2^s`, a prime has `b^d = 1`, or -1 among `b^d, b^(2d), ..., b^(d 2^(s-1))`.
fn is_strong_probable_prime(n: &[u8], bases: &[u8]) -> bool {
    let modulus = Montgomery::new(n);
    let mut even = n.to_vec();
    even[n.len() - 1] &= 0xfe;
    let minus_one = modulus.form(&even);
    let twos = trailing_zeros(&even);
    let odd = shift_right(n, twos);
    bases.iter().all(|&base| {
        let mut power = Accumulator::new(&modulus, &pow(&modulus, &modulus.form(&[base]), &odd));
        let starts_at_one = power.value() == modulus.one();
        starts_at_one
            || (0..twos).any(|_| {
                let found = power.value() == minus_one;
                power.square();
                found
            })
    })
}

/// The zero bits at the end of a big-endian number that is not zero.
pub(crate) fn trailing_zeros(value: &[u8]) -> usize {
    let bytes = value.iter().rev().take_while(|&&byte| byte == 0).count();
    8 * bytes + value[value.len() - 1 - bytes].trailing_zeros() as usize
}

/// A big-endian number without its lowest `bits` bits, trimmed.
pub(crate) fn shift_right(value: &[u8], bits: usize) -> Vec<u8> {
    let kept = &value[..value.len() - bits / 8];
    let within = bits % 8;
    let above = [0].iter().chain(kept);
    let shifted: Vec<u8> =
        above.zip(kept).map(|(&high, &low)| (u16::from_be_bytes([high, low]) >> within) as u8).collect();
    trimmed(&shifted).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::group::{Group, bit_length};

    fn is_prime_by_division(n: u32) -> bool {
        n >= 2 && (2..).take_while(|d| d * d <= n).all(|d| !n.is_multiple_of(d))
    }

    /// Every odd number of 16 bits, against trial division.
    #[test]
    fn safe_primes_of_16_bits_are_found() {
        let mut found = 0;
        for p in (1u32 << 15 | 1..1 << 16).step_by(2) {
            let expected = is_prime_by_division(p) && is_prime_by_division(p / 2);
            assert_eq!(is_safe_prime(&p.to_be_bytes()[2..], BASES.len()), expected, "{p}");
            found += u32::from(expected);
        }
        assert!(found > 100);
    }

    /// All named primes are safe, by the full test up to 4096 bits. Of the longest only the first round is run, to save
    /// time: a random composite of that size passes it with a chance far below 2^-500.
    #[test]
    fn named_primes_are_safe() {
        for name in Group::names() {
            let group = Group::by_name(name).unwrap();
            let rounds = if group.bits() <= 4096 { BASES.len() } else { 1 };
            assert!(is_safe_prime(group.modulus(), rounds), "{name}");
        }
    }

    /// Composite numbers that deceive Miller-Rabin to base 2, to bases 2 to 7, and to bases 2 to 37 (OEIS A014233).
    #[test]
    fn strong_pseudoprimes_need_more_bases() {
        for (n, deceived) in [(2047u128, 1), (3_215_031_751, 4), (318_665_857_834_031_151_167_461, 12)] {
            let n = trimmed(&n.to_be_bytes()).to_vec();
            assert!(is_strong_probable_prime(&n, &BASES[..deceived]));
            assert!(!is_strong_probable_prime(&n, &BASES));
        }
    }

    #[test]
    fn shifts_cross_bytes() {
        assert_eq!(shift_right(&[0x12, 0x34, 0x56], 4), [0x01, 0x23, 0x45]);
        assert_eq!(shift_right(&[0x12, 0x34, 0x56], 13), [0x91]);
        assert_eq!(trailing_zeros(&[0x12, 0x30, 0x00]), 12);
        assert_eq!(bit_length(&half(&[0x80, 0x01])), 15);
    }
}
