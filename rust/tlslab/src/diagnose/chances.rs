//! Chances of leading zeros.

use tlslab_dh::trimmed;

use crate::experiment::Class;

/// The chances of no, of one, and of two and more leading zero bytes, in a number below a prime.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Chances(pub(super) [f64; Class::MOST + 1]);

impl Chances {
    /// Those of a prime of n bytes: at least k bytes of a number are zero where it is below 256^(n-k).
    pub(super) fn of(p: &[u8]) -> Self {
        // As a fraction of 256^n; its first bytes tell all that matters.
        let fraction = trimmed(p).iter().take(8).rev().fold(0.0, |rest, byte| (rest + f64::from(*byte)) / 256.0);
        let at_least = |zeros: i32| (256_f64.powi(-zeros) / fraction).min(1.0);
        Self([1.0 - at_least(1), at_least(1) - at_least(2), at_least(2)])
    }

    /// Those of a prime just below a byte boundary, as all of the usual groups have.
    pub(super) fn usual() -> Self {
        Self::of(&[0xff; 8])
    }

    /// The chance of at least one leading zero byte.
    pub(super) fn any(self) -> f64 {
        self.0[1] + self.0[2]
    }
}
