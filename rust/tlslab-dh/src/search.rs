//! Looking for an exponent whose powers have a wanted property.

use crate::group::Group;
use crate::montgomery::Accumulator;
use crate::pow::pow;
use crate::sum::sum;
use crate::zeros::trimmed;

impl Group {
    /// Walks the exponents x, x+1, x+2, ... from `start_exponent_be`, `limit` of them, to the first whose secret
    /// `Z = peer_public^x mod p` is wanted, and returns that exponent (big-endian, minimal) with its Z.
    ///
    /// `want` sees Z padded to [`Group::len`] bytes. Each step costs one modular product, so that a Z with a leading
    /// zero byte, one in 256, is found in well under a millisecond at 2048 bits.
    pub fn exponent_with_secret(
        &self,
        peer_public: &[u8],
        start_exponent_be: &[u8],
        limit: u32,
        want: impl Fn(&[u8]) -> bool,
    ) -> Option<(Vec<u8>, Vec<u8>)> {
        let (exponent, [secret]) =
            self.exponent_with_powers([peer_public], start_exponent_be, limit, |[secret]| want(secret))?;
        Some((exponent, secret))
    }

    /// As [`exponent_with_secret`](Self::exponent_with_secret), to the first exponent whose powers of several bases are
    /// wanted together. Each step costs one modular product for each of them.
    pub fn exponent_with_powers<const N: usize>(
        &self,
        bases: [&[u8]; N],
        start_exponent_be: &[u8],
        limit: u32,
        want: impl Fn([&[u8]; N]) -> bool,
    ) -> Option<(Vec<u8>, [Vec<u8>; N])> {
        let arithmetic = self.arithmetic();
        let bases = bases.map(|base| arithmetic.form(base));
        let mut exponent = trimmed(start_exponent_be).to_vec();
        // A number times a form is a number: powers need no conversion at each step.
        let mut powers = bases.each_ref().map(|base| {
            let start = arithmetic.number(&pow(arithmetic, base, &exponent));
            Accumulator::new(arithmetic, &start)
        });
        for _ in 0..limit {
            let padded = powers.each_ref().map(|power| arithmetic.to_be(power.value()));
            if want(padded.each_ref().map(Vec::as_slice)) {
                return Some((exponent, padded));
            }
            for (power, base) in powers.iter_mut().zip(&bases) {
                power.multiply(base);
            }
            exponent = sum(&exponent, &[1]);
        }
        None
    }
}
