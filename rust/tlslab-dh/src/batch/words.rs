//! Words in memory as the vector kernels like them.

use std::ops::{Deref, DerefMut};

/// A cache line, which is also the widest vector.
const LINE_WORDS: usize = 8;

/// A fixed number of words that begin at the border of a cache line, so that no vector straddles two.
pub(crate) struct Words {
    buffer: Vec<u64>,
    start: usize,
    len: usize,
}

impl Words {
    /// `len` zeros.
    pub(crate) fn zeros(len: usize) -> Self {
        let buffer = vec![0; len + LINE_WORDS - 1];
        // The standard library may refuse to say; then speed alone is lost.
        let start = buffer.as_ptr().align_offset(LINE_WORDS * size_of::<u64>()).min(LINE_WORDS - 1);
        Self { buffer, start, len }
    }
}

impl Deref for Words {
    type Target = [u64];

    fn deref(&self) -> &[u64] {
        &self.buffer[self.start..self.start + self.len]
    }
}

impl DerefMut for Words {
    fn deref_mut(&mut self) -> &mut [u64] {
        &mut self.buffer[self.start..self.start + self.len]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_aligned() {
        for len in [1, 7, 8, 1000] {
            let words = Words::zeros(len);
            assert_eq!(words.len(), len);
            assert!(words.as_ptr().addr().is_multiple_of(64));
        }
    }
}
