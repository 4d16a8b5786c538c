//! Exponents modulo the order of g.

use crate::group::{Group, bit_length};
use crate::limbs;
use crate::montgomery::Montgomery;
use crate::prime::half;
use crate::zeros::trimmed;

/// The order of a generator modulo a safe prime: (p-1)/2, which is odd, or p-1, twice that.
pub(crate) struct Order {
    bits: usize,
    odd: Montgomery,
    /// The odd part where it is half of the order.
    doubled: Option<Vec<u64>>,
}

impl Group {
    /// An exponent modulo the order of g (both big-endian), which gives the same power of g; `None` where the order is
    /// unknown: see [`Group::order`].
    pub fn exponent_modulo_order(&self, exponent_be: &[u8]) -> Option<Vec<u8>> {
        let order = Order::of(self)?;
        let reduced = order.reduce(&limbs::from_be(exponent_be));
        Some(trimmed(&limbs::to_be(&reduced, 8 * reduced.len())).to_vec())
    }
}

impl Order {
    /// `None` where the order of g is unknown.
    pub(crate) fn of(group: &Group) -> Option<Self> {
        let order = group.order()?;
        let odd = Montgomery::new(&half(group.modulus()));
        let bits = bit_length(trimmed(order));
        let is_even = order.last().is_some_and(|last| last % 2 == 0);
        Some(Self { bits, doubled: is_even.then(|| odd.modulus().to_vec()), odd })
    }

    /// The length in bits.
    pub(crate) fn bits(&self) -> usize {
        self.bits
    }

    /// A number modulo the order, in limbs.
    pub(crate) fn reduce(&self, number: &[u64]) -> Vec<u64> {
        let mut residue = self.odd.number(&self.odd.form_of_limbs(number));
        if let Some(odd) = &self.doubled {
            // Of the two candidates, the one of the number's parity (Chinese remainder theorem).
            residue.push(0);
            if number.first().is_some_and(|low| (low ^ residue[0]) & 1 == 1) {
                limbs::add_assign(&mut residue, odd);
            }
        }
        residue
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both kinds of order of the safe prime 0x1_0007, against plain remainders.
    #[test]
    fn remainders_are_right() {
        let mut orders = Vec::new();
        for g in [2, 3, 5, 7] {
            let group = Group::custom(&[1, 0, 7], &[g]).unwrap();
            let order = Order::of(&group).unwrap();
            let expected = group.order().unwrap().iter().fold(0u128, |sum, &byte| sum << 8 | u128::from(byte));
            assert_eq!(order.bits(), 128 - expected.leading_zeros() as usize);
            for number in [0, 1, 0x8002, 0x8003, 0x8004, 0x1_0005, 0x1_0006, 0x1_0007, u128::MAX, u128::MAX / 3] {
                let reduced = order.reduce(&[number as u64, (number >> 64) as u64]);
                assert_eq!(u128::from(reduced[0]), number % expected, "{number:#x} modulo {expected:#x}");
                assert!(reduced[1..].iter().all(|&limb| limb == 0));
                let bytes = group.exponent_modulo_order(&number.to_be_bytes()).unwrap();
                assert_eq!(bytes, trimmed(&(number % expected).to_be_bytes()));
            }
            orders.push(expected);
        }
        assert!(orders.contains(&0x8003) && orders.contains(&0x1_0006), "both kinds: {orders:x?}");
    }

    #[test]
    fn no_order_is_made_up() {
        assert!(Order::of(&Group::custom(&[0x80, 0x87], &[2]).unwrap()).is_none());
    }
}
