//! What several tests need: powers by crypto-bigint, and made-up numbers.

use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, Odd};

/// `base^exponent mod p` in p's length, by crypto-bigint.
pub fn expected(p: &[u8], base: &[u8], exponent: &[u8]) -> Vec<u8> {
    let number = |bytes: &[u8]| BoxedUint::from_be_slice(bytes, 64 * bytes.len().div_ceil(8).max(1) as u32).unwrap();
    let modulus = Odd::new(number(p)).unwrap();
    let reduced = number(base).rem_vartime(modulus.as_nz_ref());
    let power = BoxedMontyForm::new(reduced, &BoxedMontyParams::new_vartime(modulus)).pow(&number(exponent)).retrieve();
    let bytes = power.to_be_bytes();
    bytes[bytes.len() - p.len()..].to_vec()
}

/// `len` bytes that look random, by xorshift from a seed; none of them is zero.
#[allow(dead_code, reason = "each test file is a crate of its own, and not all draw")]
pub fn draw(seed: u64, len: usize) -> Vec<u8> {
    let mut state = (seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8 | 1
    };
    std::iter::repeat_with(next).take(len).collect()
}
