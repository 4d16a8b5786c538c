//! Fractions of the modulus, and what a place among them says about leading zeros: see [`crate::kernel::fraction`].

use std::ops::RangeInclusive;

use super::Engine;
use crate::kernel::{fraction, radix};
use crate::limbs;
use crate::pow::pow;

/// How the fractions of a modulus are made and read.
pub(super) struct Fractions {
    engine: Engine,
    /// Digits after the point.
    len: usize,
    /// `2^(w len)` as a form.
    shift: Vec<u64>,
    /// `-1 / n` modulo a power of two that is not below `2^(w len)`.
    negated_inverse: Vec<u64>,
    /// By k - 1, the first digit of the fraction below which a number has at least k leading zero bytes.
    borders: Vec<u64>,
    /// What a place may exceed its estimate by.
    error: u64,
    /// The largest digit.
    most: u64,
}

impl Fractions {
    /// For numbers below 2n.
    pub(super) fn new(engine: &Engine) -> Self {
        let (arithmetic, multiplier) = (engine.group().arithmetic(), engine.multiplier());
        let bits = multiplier.radix_bits();
        let digits = (arithmetic.bits() + 1).div_ceil(bits).min(multiplier.digits());
        let len = digits + 1;
        let exponent = u32::try_from(len * bits).unwrap_or(u32::MAX).to_be_bytes();
        let mut this = Self {
            engine: engine.clone(),
            len,
            shift: pow(arithmetic, &arithmetic.form(&[2]), &exponent),
            negated_inverse: negated_inverse(arithmetic.modulus(), (len * bits).div_ceil(64)),
            borders: Vec::new(),
            error: fraction::error(digits),
            most: u64::MAX >> (64 - bits),
        };
        let bytes = engine.group().len();
        // Beyond so many bytes the border is within the error of 0.
        let count = bytes.min(bits / 8 + 2);
        this.borders = (1..=count).map(|k| this.of(&power_of_two(8 * (bytes - k), arithmetic.limbs()))[0]).collect();
        this
    }

    /// Digits in a fraction.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The digits after the point of a reduced number (in limbs) divided by n, the highest first.
    ///
    /// With `M = 2^(w len)`, they are those of `q = (number M - r) / n` with `r = number M mod n`. Since `q < M`, and `M`
    /// divides `number M`, q is `-r / n` modulo M: no division.
    pub(super) fn of(&self, number: &[u64]) -> Vec<u64> {
        let mut remainder = vec![0; number.len()];
        self.engine.group().arithmetic().mul(number, &self.shift, &mut remainder);
        let mut quotient = limbs::multiply(&remainder, &self.negated_inverse);
        quotient.truncate(self.negated_inverse.len());
        let mut digits = radix::split(&quotient, self.engine.multiplier().radix_bits() as u32, self.len);
        digits.reverse();
        digits
    }

    /// The estimates of numbers that surely have no leading zero byte.
    pub(super) fn ordinary(&self) -> RangeInclusive<u64> {
        self.borders[0].saturating_add(1)..=self.most - self.error
    }

    /// The leading zero bytes of a number with this estimate, if it says.
    pub(super) fn zeros(&self, estimate: u64) -> Option<u16> {
        if estimate > self.most - self.error {
            return None;
        }
        // No border is a whole number, since n is odd: below it means not above its digit.
        let possible = self.borders.iter().filter(|&&border| estimate <= border).count();
        let certain = self.borders.iter().filter(|&&border| estimate + self.error <= border).count();
        (possible == certain).then_some(certain as u16)
    }
}

/// `2^exponent`, in so many limbs.
fn power_of_two(exponent: usize, limbs: usize) -> Vec<u64> {
    let mut power = vec![0; limbs];
    power[exponent / 64] = 1 << (exponent % 64);
    power
}

/// `-1 / n` modulo `2^(64 len)`, for odd `n`, by Newton's iteration: each step doubles the number of correct bits.
fn negated_inverse(n: &[u64], len: usize) -> Vec<u64> {
    // n is its own inverse modulo 8; the steps give 6, 12, ... bits.
    let mut inverse = vec![n[0]];
    let mut correct = 3;
    while correct < 64 * len {
        correct *= 2;
        inverse.resize(usize::div_ceil(correct, 64).min(len), 0);
        // x (2 - n x): with -n x = not (n x) + 1, the factor is not (n x) + 3.
        let mut factor = limbs::multiply(&n[..n.len().min(inverse.len())], &inverse);
        factor.truncate(inverse.len());
        factor.iter_mut().for_each(|limb| *limb = !*limb);
        limbs::add_assign(&mut factor, &[3]);
        let modulus_limbs = inverse.len();
        inverse = limbs::multiply(&inverse, &factor);
        inverse.truncate(modulus_limbs);
    }
    inverse.iter_mut().for_each(|limb| *limb = !*limb);
    limbs::add_assign(&mut inverse, &[1]);
    inverse
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Group, Kernel, leading_zero_bytes};

    #[test]
    fn the_inverse_is_one() {
        for n in [vec![3], vec![u64::MAX, 5], vec![0xdead_beef_dead_beef, 0, 9, u64::MAX], vec![1, 0, 1]] {
            for len in [1, 2, 3, 4, 5, 9] {
                let mut product = limbs::multiply(&n, &negated_inverse(&n, len));
                product.truncate(len);
                assert_eq!(product, vec![u64::MAX; len], "{n:x?} {len}");
            }
        }
    }

    /// Of every number below small moduli, by each kernel: the fraction's digits, and what they say of zeros.
    #[test]
    fn small_fractions_are_right() {
        for p in [0x8001u32, 0xffff, 0x1_0001, 0x1_0007, 0xff_ffff, 0x100_0001] {
            let group = Group::custom(&p.to_be_bytes(), &[2]).unwrap();
            for kernel in Kernel::available() {
                let engine = Engine::new(&group, kernel).unwrap();
                let fractions = Fractions::new(&engine);
                let mut told = 0;
                let step = p as usize / 3000 + 1;
                for number in (0..p).step_by(step).chain(p - 9..p) {
                    let digits = fractions.of(&[u64::from(number)]);
                    assert_eq!(digits.len(), fractions.len());
                    let mut rest = u128::from(number);
                    for &digit in &digits {
                        rest <<= engine.multiplier().radix_bits();
                        assert_eq!(u128::from(digit), rest / u128::from(p), "{number} / {p}, {kernel}");
                        rest %= u128::from(p);
                    }
                    let zeros = leading_zero_bytes(&number.to_be_bytes()[4 - group.len()..]);
                    for error in [0, 1, fractions.error / 2, fractions.error - 1] {
                        let estimate = digits[0].wrapping_sub(error) & fractions.most;
                        if let Some(estimated) = fractions.zeros(estimate) {
                            assert_eq!(usize::from(estimated), zeros, "{number} / {p}, {kernel}");
                            told += 1;
                        } else {
                            assert!(!fractions.ordinary().contains(&estimate));
                        }
                        if fractions.ordinary().contains(&estimate) {
                            assert_eq!(zeros, 0);
                        }
                    }
                }
                assert!(told > 4000, "{told}");
            }
        }
    }

    /// The estimates of products at every length about the kernels' digits, with numbers at the edges and up to 2n-1,
    /// against the place of the true product: never too high, and never too low by the error or more.
    #[test]
    fn estimates_are_within_their_error() {
        for bits in (16..=220).chain([767, 1024, 2047, 2048, 3119, 3120, 4096, 8191, 8192]) {
            let mut p = vec![0xff; usize::div_ceil(bits, 8)];
            p[0] >>= (8 - bits % 8) % 8;
            let group = Group::custom(&p, &[2]).unwrap();
            let arithmetic = group.arithmetic();
            let n = arithmetic.modulus();
            let numbers = edges(n);
            for kernel in Kernel::available() {
                let engine = Engine::new(&group, kernel).unwrap();
                let (multiplier, fractions) = (engine.multiplier(), Fractions::new(&engine));
                let lanes = multiplier.lanes();
                let mut estimates = vec![0; fraction::COLUMNS * lanes];
                for (i, a) in numbers.iter().enumerate() {
                    let rights: Vec<_> = (0..fraction::COLUMNS).map(|c| &numbers[(i + c) % numbers.len()]).collect();
                    let columns: Vec<u64> = rights.iter().flat_map(|right| fractions.of(right)).collect();
                    // The same number, and the same plus n, in turn.
                    let mut unreduced = [a.as_slice(), &[0]].concat();
                    limbs::add_assign(&mut unreduced, n);
                    let split =
                        |number: &[u64]| radix::split(number, multiplier.radix_bits() as u32, multiplier.digits());
                    let digits = [split(a), if kernel == Kernel::Portable { split(a) } else { split(&unreduced) }];
                    let mut batch = vec![0; multiplier.batch_words()];
                    multiplier.interleave(|lane| &digits[lane % 2], &mut batch);
                    multiplier.scan(&batch, &columns, &fractions.ordinary(), &mut estimates);
                    for (right, estimates) in rights.iter().zip(estimates.chunks(lanes)) {
                        let mut product = vec![0; n.len()];
                        arithmetic.mul(a, &arithmetic.form_of_limbs(right), &mut product);
                        let place = fractions.of(&product)[0];
                        for estimate in estimates {
                            let error = place.wrapping_sub(*estimate) & fractions.most;
                            assert!(error < fractions.error, "{kernel}, {bits} bits: {place:#x} {estimate:#x}");
                        }
                    }
                }
            }
        }
    }

    /// A scan says whether an estimate is out of the ordinary, whichever it is.
    #[test]
    fn a_scan_finds_what_is_out_of_the_ordinary() {
        let group = Group::by_name("modp768").unwrap();
        for kernel in Kernel::available() {
            let engine = Engine::new(&group, kernel).unwrap();
            let (multiplier, fractions) = (engine.multiplier(), Fractions::new(&engine));
            // Below the ordinary range, in it, and above.
            let (small, large) = (power_of_two(700, 12), power_of_two(767, 12));
            let mut minus_one = group.arithmetic().modulus().to_vec();
            minus_one[0] -= 1;
            let digits = [&large, &small, &minus_one].map(|number| engine.digits_of_number(number));
            let one = fractions.of(&power_of_two(0, 12));
            let ones = one.repeat(fraction::COLUMNS);
            let mut estimates = vec![0; fraction::COLUMNS * multiplier.lanes()];
            for odd_lane in 0..=multiplier.lanes() {
                for odd in [1, 2] {
                    let mut batch = vec![0; multiplier.batch_words()];
                    multiplier.interleave(|lane| &digits[if lane == odd_lane { odd } else { 0 }], &mut batch);
                    let found = multiplier.scan(&batch, &ones, &fractions.ordinary(), &mut estimates);
                    assert_eq!(found, odd_lane < multiplier.lanes(), "{kernel}");
                }
            }
        }
    }

    /// 0, 1, n-1, runs of ones and of zeros below n.
    fn edges(n: &[u64]) -> Vec<Vec<u64>> {
        let (mut one, mut minus_one) = (vec![0; n.len()], n.to_vec());
        (one[0], minus_one[0]) = (1, n[0] - 1);
        let mut ones = vec![u64::MAX; n.len()];
        ones[n.len() - 1] = n[n.len() - 1] / 2;
        let mut gap = ones.clone();
        gap[n.len() / 2] &= 0xff;
        vec![vec![0; n.len()], one, minus_one, ones, gap]
    }
}
