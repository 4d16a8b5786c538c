//! What a peer's public value may be.

use crate::group::{Group, is_less};
use crate::zeros::trimmed;

impl Group {
    /// Whether a public value (big-endian, leading zeros ignored) is one that RFC 7919 section 5.1 allows: from 2 to
    /// p-2. The others have a secret of 0, 1 or -1.
    pub fn in_range(&self, y_be: &[u8]) -> bool {
        let y = trimmed(y_be);
        is_less(&[1], y) && is_less(y, self.modulus_minus_one())
    }

    /// Whether a public value (big-endian, leading zeros ignored) is a power of g: `y^order = 1`, with y from 1 to p-1.
    /// `None` where the order of g is unknown; the first call on a custom group looks for it, see [`Group::order`].
    pub fn in_subgroup(&self, y_be: &[u8]) -> Option<bool> {
        let order = self.order()?;
        let y = trimmed(y_be);
        // The nonzero residues of a prime are a cyclic group, so its elements of an order dividing g's are g's powers.
        let reduced = !y.is_empty() && is_less(y, self.modulus());
        Some(reduced && trimmed(&self.pow(y, order)) == [1])
    }
}
