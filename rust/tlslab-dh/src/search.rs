//! Looking for an exponent whose secret has a wanted property.

use crate::group::Group;
use crate::montgomery::Accumulator;
use crate::pow::pow;
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
        let arithmetic = self.arithmetic();
        let peer = arithmetic.form(peer_public);
        let mut exponent = trimmed(start_exponent_be).to_vec();
        // A number times a form is a number: Z needs no conversion at each step.
        let start = arithmetic.number(&pow(arithmetic, &peer, &exponent));
        let mut secret = Accumulator::new(arithmetic, &start);
        for _ in 0..limit {
            let padded = arithmetic.to_be(secret.value());
            if want(&padded) {
                return Some((exponent, padded));
            }
            secret.multiply(&peer);
            increment(&mut exponent);
        }
        None
    }
}

/// Adds one to a big-endian number, which grows where it must.
fn increment(value_be: &mut Vec<u8>) {
    for byte in value_be.iter_mut().rev() {
        *byte = byte.wrapping_add(1);
        if *byte != 0 {
            return;
        }
    }
    value_be.insert(0, 1);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn increments_carry() {
        for (before, after) in [(vec![], vec![1]), (vec![0x12, 0xff], vec![0x13, 0]), (vec![0xff, 0xff], vec![1, 0, 0])]
        {
            let mut value = before;
            increment(&mut value);
            assert_eq!(value, after);
        }
    }
}
