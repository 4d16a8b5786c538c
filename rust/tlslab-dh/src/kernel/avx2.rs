//! AVX2: four lanes of 27-bit digits, whose whole products fit in a lane.

use std::arch::x86_64::*;
use std::ops::RangeInclusive;

use super::fraction;
use super::lanes::Lanes;
use super::vector::{self, LaneModulus};

/// Proof of AVX2.
#[derive(Clone, Copy)]
pub(crate) struct Avx2(());

const LANES: usize = 4;

impl Avx2 {
    /// The proof, where this CPU can give it.
    pub(crate) fn detect() -> Option<Self> {
        is_x86_feature_detected!("avx2").then_some(Self(()))
    }

    /// See [`vector::multiply`]; `SHARED`: `b` is one number for all lanes.
    pub(crate) fn multiply<const SHARED: bool>(self, modulus: &LaneModulus, a: &[u64], b: &[u64], out: &mut [u64]) {
        // SAFETY: `self` is proof that the CPU has the features of the callee.
        unsafe { multiply::<SHARED>(self, modulus, a, b, out) }
    }

    /// Makes a batch of a number for each lane.
    pub(crate) fn interleave(self, numbers: [&[u64]; LANES], batch: &mut [u64]) {
        let (blocks, _) = batch.as_chunks_mut::<LANES>();
        let numbers = numbers.map(|number| &number[..blocks.len()]);
        for (i, block) in blocks.iter_mut().enumerate() {
            *block = numbers.map(|number| number[i]);
        }
    }

    /// See [`fraction::scan`].
    pub(crate) fn scan(self, a: &[u64], fractions: &[u64], ordinary: &RangeInclusive<u64>, out: &mut [u64]) -> bool {
        // SAFETY: `self` is proof that the CPU has the features of the callee.
        unsafe { scan(self, a, fractions, ordinary, out) }
    }
}

#[target_feature(enable = "avx2")]
fn multiply<const SHARED: bool>(proof: Avx2, modulus: &LaneModulus, a: &[u64], b: &[u64], out: &mut [u64]) {
    vector::multiply::<Avx2, SHARED>(proof, modulus, a, b, out);
}

#[target_feature(enable = "avx2")]
fn scan(proof: Avx2, a: &[u64], fractions: &[u64], ordinary: &RangeInclusive<u64>, out: &mut [u64]) -> bool {
    fraction::scan(proof, a, fractions, ordinary, out)
}

impl Lanes for Avx2 {
    type Vector = __m256i;
    type Block = [u64; LANES];
    const RADIX_BITS: u32 = 27;

    #[inline(always)]
    fn blocks(words: &[u64]) -> &[Self::Block] {
        words.as_chunks().0
    }

    #[inline(always)]
    fn blocks_mut(words: &mut [u64]) -> &mut [Self::Block] {
        words.as_chunks_mut().0
    }

    #[inline(always)]
    fn zero(self) -> __m256i {
        // SAFETY: `self` is proof of the instructions.
        unsafe { _mm256_setzero_si256() }
    }

    #[inline(always)]
    fn splat(self, word: u64) -> __m256i {
        // SAFETY: `self` is proof of the instructions.
        unsafe { _mm256_set1_epi64x(word.cast_signed()) }
    }

    #[inline(always)]
    fn load(self, block: &Self::Block) -> __m256i {
        // SAFETY: `self` is proof of the instructions; the block has the 32 bytes that are read, at any alignment.
        unsafe { _mm256_loadu_si256(block.as_ptr().cast()) }
    }

    #[inline(always)]
    fn store(self, vector: __m256i, block: &mut Self::Block) {
        // SAFETY: `self` is proof of the instructions; the block has the 32 bytes that are written, at any alignment.
        unsafe { _mm256_storeu_si256(block.as_mut_ptr().cast(), vector) }
    }

    #[inline(always)]
    fn add(self, a: __m256i, b: __m256i) -> __m256i {
        // SAFETY: `self` is proof of the instructions.
        unsafe { _mm256_add_epi64(a, b) }
    }

    #[inline(always)]
    fn digit(self, sum: __m256i) -> __m256i {
        // SAFETY: `self` is proof of the instructions.
        unsafe { _mm256_and_si256(sum, _mm256_set1_epi64x((1 << Self::RADIX_BITS) - 1)) }
    }

    #[inline(always)]
    fn carry(self, sum: __m256i) -> __m256i {
        // SAFETY: `self` is proof of the instructions.
        unsafe { _mm256_srli_epi64::<{ Self::RADIX_BITS as i32 }>(sum) }
    }

    #[inline(always)]
    fn digit_of_product(self, sum: __m256i, by: __m256i) -> __m256i {
        // The instruction takes the low 32 bits of each lane: the digit and bits above it, which stay above it.
        self.digit(self.add_low(self.zero(), sum, by))
    }

    #[inline(always)]
    fn add_low(self, sum: __m256i, a: __m256i, b: __m256i) -> __m256i {
        // SAFETY: `self` is proof of the instructions.
        unsafe { _mm256_add_epi64(sum, _mm256_mul_epu32(a, b)) }
    }

    #[inline(always)]
    fn add_high(self, sum: __m256i, _: __m256i, _: __m256i) -> __m256i {
        sum
    }

    #[inline(always)]
    fn add_quotient(self, sum: __m256i, a: __m256i, b: __m256i) -> __m256i {
        self.add(sum, self.carry(self.add_low(self.zero(), a, b)))
    }

    #[inline(always)]
    fn any_outside(self, vector: __m256i, low: __m256i, high: __m256i) -> bool {
        // SAFETY: `self` is proof of the instructions.
        unsafe {
            let outside = _mm256_or_si256(_mm256_cmpgt_epi64(low, vector), _mm256_cmpgt_epi64(vector, high));
            _mm256_movemask_epi8(outside) != 0
        }
    }
}
