//! Outgoing messages to fragments.

use crate::wire::MAX_PLAINTEXT;

/// How many bytes a fragment may have: 1 to 2^14 (RFC 5246 6.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FragmentLimit(usize);

impl FragmentLimit {
    /// As many as a record may carry.
    pub const MAX: Self = Self(MAX_PLAINTEXT);

    /// A limit of `bytes`, or `None` outside 1 to 2^14.
    pub fn new(bytes: usize) -> Option<Self> {
        (1..=MAX_PLAINTEXT).contains(&bytes).then_some(Self(bytes))
    }

    /// Cuts a message, or several in a row, into fragments that are full but for the last. There are none of nothing.
    pub fn fragments(self, bytes: &[u8]) -> impl ExactSizeIterator<Item = &[u8]> {
        bytes.chunks(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_outside_a_record_are_refused() {
        assert_eq!(FragmentLimit::new(0), None);
        assert_eq!(FragmentLimit::new(MAX_PLAINTEXT + 1), None);
        assert_eq!(FragmentLimit::new(MAX_PLAINTEXT), Some(FragmentLimit::MAX));
    }

    #[test]
    fn fragments_are_full_but_for_the_last() {
        let limit = FragmentLimit::new(2).unwrap();
        assert_eq!(limit.fragments(b"abcde").collect::<Vec<_>>(), [&b"ab"[..], b"cd", b"e"]);
        assert_eq!(limit.fragments(b"").len(), 0);
    }
}
