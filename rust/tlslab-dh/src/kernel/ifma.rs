//! AVX-512 IFMA: eight lanes of 52-bit digits. One instruction multiplies two digits and adds half of their product.

use std::arch::x86_64::*;
use std::ops::RangeInclusive;

use super::fraction;
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

    /// Makes a batch of a number for each lane, each in whole passes of digits.
    pub(crate) fn interleave(self, numbers: [&[u64]; LANES], batch: &mut [u64]) {
        // SAFETY: `self` is proof that the CPU has the features of the callee.
        unsafe { interleave(numbers, batch) }
    }

    /// See [`fraction::scan`].
    pub(crate) fn scan(self, a: &[u64], fractions: &[u64], ordinary: &RangeInclusive<u64>, out: &mut [u64]) -> bool {
        // SAFETY: `self` is proof that the CPU has the features of the callee.
        unsafe { scan(self, a, fractions, ordinary, out) }
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn multiply<const SHARED: bool>(proof: Ifma, modulus: &LaneModulus, a: &[u64], b: &[u64], out: &mut [u64]) {
    vector::multiply::<Ifma, SHARED>(proof, modulus, a, b, out);
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn scan(proof: Ifma, a: &[u64], fractions: &[u64], ordinary: &RangeInclusive<u64>, out: &mut [u64]) -> bool {
    fraction::scan(proof, a, fractions, ordinary, out)
}

/// Four digits of eight numbers at a time: two halves of a vector, of four lanes each, are transposed side by side.
#[target_feature(enable = "avx512f")]
fn interleave(numbers: [&[u64]; LANES], batch: &mut [u64]) {
    let first_pairs = _mm512_setr_epi64(0, 1, 8, 9, 4, 5, 12, 13);
    let second_pairs = _mm512_setr_epi64(2, 3, 10, 11, 6, 7, 14, 15);
    let (columns, _) = batch.as_chunks_mut::<{ 4 * LANES }>();
    let numbers = numbers.map(|number| &number.as_chunks::<4>().0[..columns.len()]);
    for (i, columns) in columns.iter_mut().enumerate() {
        // Plain loops: a closure would not be compiled for the instructions.
        let mut rows = [_mm512_setzero_si512(); 4];
        for lane in 0..4 {
            // SAFETY: both have the 32 bytes that are read, at any alignment.
            let (low, high) = unsafe {
                (
                    _mm256_loadu_si256(numbers[lane][i].as_ptr().cast()),
                    _mm256_loadu_si256(numbers[lane + 4][i].as_ptr().cast()),
                )
            };
            rows[lane] = _mm512_inserti64x4::<1>(_mm512_castsi256_si512(low), high);
        }
        // Of two rows each: the digits 0 and 2, the digits 1 and 3.
        let even = [_mm512_unpacklo_epi64(rows[0], rows[1]), _mm512_unpacklo_epi64(rows[2], rows[3])];
        let odd = [_mm512_unpackhi_epi64(rows[0], rows[1]), _mm512_unpackhi_epi64(rows[2], rows[3])];
        let digits = [
            _mm512_permutex2var_epi64(even[0], first_pairs, even[1]),
            _mm512_permutex2var_epi64(odd[0], first_pairs, odd[1]),
            _mm512_permutex2var_epi64(even[0], second_pairs, even[1]),
            _mm512_permutex2var_epi64(odd[0], second_pairs, odd[1]),
        ];
        for (block, digit) in columns.as_chunks_mut::<LANES>().0.iter_mut().zip(digits) {
            // SAFETY: the block has the 64 bytes that are written, at any alignment.
            unsafe { _mm512_storeu_si512(block.as_mut_ptr().cast(), digit) }
        }
    }
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

    #[inline(always)]
    fn add_quotient(self, sum: __m512i, a: __m512i, b: __m512i) -> __m512i {
        self.add_high(sum, a, b)
    }

    #[inline(always)]
    fn any_outside(self, vector: __m512i, low: __m512i, high: __m512i) -> bool {
        // SAFETY: `self` is proof of the instructions.
        unsafe { _mm512_cmplt_epu64_mask(vector, low) | _mm512_cmpgt_epu64_mask(vector, high) != 0 }
    }
}
