//! Many exponents in one buffer.

use std::borrow::Cow;

use super::BatchError;
use crate::group::bit_length;
use crate::zeros::trimmed;

/// Exponents of one length, big-endian and back to back; each is at least 1.
#[derive(Debug, Clone)]
pub struct Exponents<'a> {
    bytes: Cow<'a, [u8]>,
    len: usize,
}

impl<'a> Exponents<'a> {
    /// The exponents of `len` bytes each in a buffer.
    ///
    /// # Errors
    /// [`BatchError::RaggedExponents`], [`BatchError::ZeroExponent`].
    pub fn new(bytes: &'a [u8], len: usize) -> Result<Self, BatchError> {
        if len == 0 || !bytes.len().is_multiple_of(len) {
            return Err(BatchError::RaggedExponents { bytes: bytes.len(), len });
        }
        let this = Self { bytes: Cow::Borrowed(bytes), len };
        let zero = this.iter().position(|exponent| trimmed(exponent).is_empty());
        zero.map_or(Ok(()), |index| Err(BatchError::ZeroExponent { index, count: this.count() }))?;
        Ok(this)
    }

    /// Exponents that were computed here. A product that was reduced modulo the order may be zero.
    pub(crate) fn computed(bytes: Vec<u8>, len: usize) -> Self {
        Self { bytes: Cow::Owned(bytes), len }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.bytes.len() / self.len
    }

    /// The length of the longest, in bits.
    pub fn bits(&self) -> usize {
        self.iter().map(|exponent| bit_length(trimmed(exponent))).max().unwrap_or(0)
    }

    /// Each in turn, with its leading zeros.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.bytes.chunks_exact(self.len)
    }

    /// Groups of up to `count` in turn.
    pub(crate) fn chunks(&self, count: usize) -> impl Iterator<Item = impl ExactSizeIterator<Item = &[u8]>> {
        self.bytes.chunks(count * self.len).map(|chunk| chunk.chunks_exact(self.len))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_is_cut_into_exponents() {
        let exponents = Exponents::new(&[0, 1, 2, 0, 0, 0xff], 2).unwrap();
        assert_eq!(exponents.iter().collect::<Vec<_>>(), [[0, 1], [2, 0], [0, 0xff]]);
        assert_eq!((exponents.count(), exponents.bits()), (3, 10));
        let chunks: Vec<Vec<_>> = exponents.chunks(2).map(Iterator::collect).collect();
        assert_eq!(chunks, [vec![[0, 1], [2, 0]], vec![[0, 0xff]]]);
        assert_eq!(Exponents::new(&[], 5).unwrap().count(), 0);
    }

    #[test]
    fn bad_buffers_are_refused() {
        let refused = |bytes: &[u8], len| Exponents::new(bytes, len).unwrap_err();
        assert_eq!(refused(&[1, 2, 3], 2), BatchError::RaggedExponents { bytes: 3, len: 2 });
        assert_eq!(refused(&[], 0), BatchError::RaggedExponents { bytes: 0, len: 0 });
        assert_eq!(refused(&[1, 2, 0, 0], 2), BatchError::ZeroExponent { index: 1, count: 2 });
    }
}
