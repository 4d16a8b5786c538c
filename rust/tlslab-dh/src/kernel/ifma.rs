//! AVX-512 IFMA: eight lanes of 52-bit digits. One instruction multiplies two digits and adds half of their product.

use std::arch::x86_64::*;

use super::lanes::Lanes;
use super::vector::{self, LaneModulus};

/// Proof of AVX-512 F and IFMA.
#[derive(Clone, Copy)]
pub(crate) struct Ifma(());

/// A digit of each lane; with the alignment of its batch, a cache line.
const LANES: usize = 8;

impl Ifma {
    /// The proof, where this CPU can give it.
    pub(crate) fn detect() -> Option<Self> {
        let has_it = is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512ifma");
        has_it.then_some(Self(()))
    }

    /// See [`vector::multiply`]; `SHARED`: `b` is one number for all lanes.
    pub(crate) fn multiply<const SHARED: bool>(self, modulus: &LaneModulus, a: &[u64], b: &[u64], out: &mut [u64]) {
        // SAFETY: `self` is proof that the CPU has the features of the callee.
        unsafe { multiply::<SHARED>(self, modulus, a, b, out) }
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn multiply<const SHARED: bool>(proof: Ifma, modulus: &LaneModulus, a: &[u64], b: &[u64], out: &mut [u64]) {
    vector::multiply::<Ifma, SHARED>(proof, modulus, a, b, out);
}

impl Lanes for Ifma {
    type Vector = __m512i;
    type Block = [u64; LANES];
    const RADIX_BITS: u32 = 52;

    #[inline(always)]
    fn blocks(words: &[u64]) -> &[Self::Block] {
        words.as_chunks().0
    }

    #[inline(always)]
    fn blocks_mut(words: &mut [u64]) -> &mut [Self::Block] {
        words.as_chunks_mut().0
    }

    #[inline(always)]
    fn zero(self) -> __m512i {
        // SAFETY: `self` is proof of the instructions.
        unsafe { _mm512_setzero_si512() }
    }

    #[inline(always)]
    fn splat(self, word: u64) -> __m512i {
        // SAFETY: `self` is proof of the instructions.
        unsafe { _mm512_set1_epi64(word.cast_signed()) }
    }

    #[inline(always)]
    fn load(self, block: &Self::Block) -> __m512i {
        // SAFETY: `self` is proof of the instructions; the block has the 64 bytes that are read, at any alignment.
        unsafe { _mm512_loadu_si512(block.as_ptr().cast()) }
    }

    #[inline(always)]
    fn store(self, vector: __m512i, block: &mut Self::Block) {
        // SAFETY: `self` is proof of the instructions; the block has the 64 bytes that are written, at any alignment.
        unsafe { _mm512_storeu_si512(block.as_mut_ptr().cast(), vector) }
    }

    #[inline(always)]
    fn add(self, a: __m512i, b: __m512i) -> __m512i {
        // SAFETY: `self` is proof of the instructions.
        unsafe { _mm512_add_epi64(a, b) }
    }

    #[inline(always)]
    fn digit(self, sum: __m512i) -> __m512i {
        // SAFETY: `self` is proof of the instructions.
        unsafe { _mm512_and_si512(sum, _mm512_set1_epi64((1 << Self::RADIX_BITS) - 1)) }
    }

    #[inline(always)]
    fn carry(self, sum: __m512i) -> __m512i {
        // SAFETY: `self` is proof of the instructions.
        unsafe { _mm512_srli_epi64::<{ Self::RADIX_BITS }>(sum) }
    }

    #[inline(always)]
    fn digit_of_product(self, sum: __m512i, by: __m512i) -> __m512i {
        self.add_low(self.zero(), sum, by)
    }

    #[inline(always)]
    fn add_low(self, sum: __m512i, a: __m512i, b: __m512i) -> __m512i {
        // SAFETY: `self` is proof of the instructions.
        unsafe { _mm512_madd52lo_epu64(sum, a, b) }
    }

    #[inline(always)]
    fn add_high(self, sum: __m512i, a: __m512i, b: __m512i) -> __m512i {
        // SAFETY: `self` is proof of the instructions.
        unsafe { _mm512_madd52hi_epu64(sum, a, b) }
    }
}
