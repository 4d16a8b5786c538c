//! A kernel bound to a modulus.

use super::{Kernel, KernelError, fraction, portable};
use std::ops::RangeInclusive;

#[cfg(target_arch = "x86_64")]
use super::{avx2::Avx2, ifma::Ifma, lanes::Lanes, vector::LaneModulus};
use crate::montgomery::Montgomery;

/// Multiplication modulo n of as many pairs at once as the kernel has lanes.
///
/// A number is `digits` words, lowest first. A batch interleaves its lanes' numbers: digit `i` of lane `l` is word
/// `i * lanes + l`. Products are operands again, and not always reduced: they are below `2n`.
pub(crate) struct Multiplier {
    modulus: Modulus,
    lanes: usize,
    radix_bits: u32,
    digits: usize,
}

enum Modulus {
    Portable {
        limbs: Vec<u64>,
        negated_inverse: u64,
    },
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2, LaneModulus),
    #[cfg(target_arch = "x86_64")]
    Ifma(Ifma, LaneModulus),
}

impl Multiplier {
    /// Binds a kernel to a modulus.
    ///
    /// # Errors
    /// [`KernelError::NotSupported`].
    pub(crate) fn new(kernel: Kernel, arithmetic: &Montgomery) -> Result<Self, KernelError> {
        let (n, negated_inverse) = (arithmetic.modulus(), arithmetic.negated_inverse());
        let refused = KernelError::NotSupported { kernel };
        Ok(match kernel {
            Kernel::Portable => Self {
                modulus: Modulus::Portable { limbs: n.to_vec(), negated_inverse },
                lanes: kernel.lanes(),
                radix_bits: u64::BITS,
                digits: n.len(),
            },
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx2 => {
                let (proof, modulus) = (Avx2::detect().ok_or(refused)?, LaneModulus::new::<Avx2>(arithmetic));
                Self::vector::<Avx2>(kernel, modulus.digits.len(), Modulus::Avx2(proof, modulus))
            }
            #[cfg(target_arch = "x86_64")]
            Kernel::Ifma => {
                let (proof, modulus) = (Ifma::detect().ok_or(refused)?, LaneModulus::new::<Ifma>(arithmetic));
                Self::vector::<Ifma>(kernel, modulus.digits.len(), Modulus::Ifma(proof, modulus))
            }
            #[cfg(not(target_arch = "x86_64"))]
            Kernel::Avx2 | Kernel::Ifma => return Err(refused),
        })
    }

    #[cfg(target_arch = "x86_64")]
    fn vector<L: Lanes>(kernel: Kernel, digits: usize, modulus: Modulus) -> Self {
        Self { modulus, lanes: kernel.lanes(), radix_bits: L::RADIX_BITS, digits }
    }

    /// How many numbers a batch has.
    pub(crate) fn lanes(&self) -> usize {
        self.lanes
    }

    /// Bits in a digit.
    pub(crate) fn radix_bits(&self) -> usize {
        self.radix_bits as usize
    }

    /// Words in a number.
    pub(crate) fn digits(&self) -> usize {
        self.digits
    }

    /// Words in a batch.
    pub(crate) fn batch_words(&self) -> usize {
        self.digits * self.lanes
    }

    /// Makes a batch of a number for each lane.
    pub(crate) fn interleave<'n>(&self, number: impl Fn(usize) -> &'n [u64], batch: &mut [u64]) {
        match &self.modulus {
            Modulus::Portable { .. } => batch.copy_from_slice(number(0)),
            #[cfg(target_arch = "x86_64")]
            Modulus::Avx2(proof, _) => proof.interleave(std::array::from_fn(number), batch),
            #[cfg(target_arch = "x86_64")]
            Modulus::Ifma(proof, _) => proof.interleave(std::array::from_fn(number), batch),
        }
    }

    /// Takes a lane's number from a batch.
    pub(crate) fn extract(&self, batch: &[u64], lane: usize, number: &mut [u64]) {
        for (digit, block) in number.iter_mut().zip(batch.chunks_exact(self.lanes)) {
            *digit = block[lane];
        }
    }

    /// `out = a * b / R mod n` in each lane.
    pub(crate) fn multiply(&self, a: &[u64], b: &[u64], out: &mut [u64]) {
        self.dispatch::<false>(a, b, out);
    }

    /// `out = a * b / R mod n` in each lane, for a batch `a` and one number `b`.
    pub(crate) fn multiply_by_one(&self, a: &[u64], b: &[u64], out: &mut [u64]) {
        self.dispatch::<true>(a, b, out);
    }

    /// See [`super::fraction`]: the first digits of the fractions of the numbers `a` times each of
    /// [`fraction::COLUMNS`] fractions, one batch after the other. Whether any is not in the ordinary range.
    pub(crate) fn scan(&self, a: &[u64], fractions: &[u64], ordinary: &RangeInclusive<u64>, out: &mut [u64]) -> bool {
        match &self.modulus {
            Modulus::Portable { .. } => fraction::scan_portable(a, fractions, ordinary, out),
            #[cfg(target_arch = "x86_64")]
            Modulus::Avx2(proof, _) => proof.scan(a, fractions, ordinary, out),
            #[cfg(target_arch = "x86_64")]
            Modulus::Ifma(proof, _) => proof.scan(a, fractions, ordinary, out),
        }
    }

    fn dispatch<const SHARED: bool>(&self, a: &[u64], b: &[u64], out: &mut [u64]) {
        match &self.modulus {
            Modulus::Portable { limbs, negated_inverse } => portable::multiply(limbs, *negated_inverse, a, b, out),
            #[cfg(target_arch = "x86_64")]
            Modulus::Avx2(proof, modulus) => proof.multiply::<SHARED>(modulus, a, b, out),
            #[cfg(target_arch = "x86_64")]
            Modulus::Ifma(proof, modulus) => proof.multiply::<SHARED>(modulus, a, b, out),
        }
    }
}
