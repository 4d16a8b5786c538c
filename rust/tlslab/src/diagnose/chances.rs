//! Chances of leading zeros, and a group whose values have them.

use tlslab_dh::{Group, trimmed};
use tlslab_proto::behaviour::lists::{CustomGroup, GroupSpec};

use crate::experiment::Class;

/// As many of a prime's first bytes as are looked at: they tell all that matters.
const START: usize = 8;

/// What connections of the lab take the rest of their prime from: a small one, since no outcome depends on its length.
const SMALL: &str = "modp768";

/// The chances of no, of one, and of two and more leading zero bytes, in a number below a prime.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Chances {
    /// By number of zero bytes.
    pub(super) of: [f64; Class::MOST + 1],
    /// How the prime begins.
    start: [u8; START],
}

impl Chances {
    /// Those of a prime of n bytes: at least k bytes of a number are zero where it is below 256^(n-k).
    pub(super) fn below(p: &[u8]) -> Self {
        let p = trimmed(p);
        if p.is_empty() {
            return Self::usual();
        }
        let mut start = [0; START];
        for (to, from) in start.iter_mut().zip(p) {
            *to = *from;
        }
        // As a fraction of 256^n.
        let fraction = start.iter().rev().fold(0.0, |rest, byte| (rest + f64::from(*byte)) / 256.0);
        let at_least = |zeros: i32| (256_f64.powi(-zeros) / fraction).min(1.0);
        Self { of: [1.0 - at_least(1), at_least(1) - at_least(2), at_least(2)], start }
    }

    /// Those of a prime just below a byte boundary, as all of the usual groups have.
    pub(super) fn usual() -> Self {
        Self::below(&[0xff; START])
    }

    /// The chance of at least one leading zero byte.
    pub(super) fn any(&self) -> f64 {
        self.of[1] + self.of[2]
    }

    /// A small group whose values have these chances, so that what is likely is soon met: its modulus begins as the prime
    /// does, and goes on as that of [`SMALL`], which is itself the group of the usual chances. Any other is hardly ever
    /// prime; two sides agree on a Z all the same, and no side asks.
    pub(super) fn group(&self) -> GroupSpec {
        let small = Group::by_name(SMALL).expect("it is one of the named groups");
        let p = [&self.start, &small.modulus()[START..]].concat();
        GroupSpec::Custom(CustomGroup { p, g: small.generator().to_vec() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chances_follow_from_how_a_prime_begins() {
        let [none, one, two] = Chances::below(&[0, 2, 0, 0, 0]).of;
        assert_eq!([none, one, two], [0.5, 0.5 - 1.0 / 512.0, 1.0 / 512.0]);
        assert_eq!(Chances::below(&[1, 0, 0]).any(), 1.0);
        assert_eq!(Chances::below(&[]), Chances::usual());
        assert!((Chances::usual().any() - 1.0 / 256.0).abs() < 1e-12);
    }

    #[test]
    fn the_usual_chances_are_those_of_the_small_group() {
        let GroupSpec::Custom(CustomGroup { p, g }) = Chances::usual().group() else { unreachable!() };
        assert_eq!(Group::custom(&p, &g).ok().and_then(|group| group.name()), Some(SMALL));
    }
}
