//! A queue of bytes, filled in pieces of any size and emptied in units that the reader chooses.

/// Bytes that have arrived and were not taken yet.
#[derive(Debug, Clone, Default)]
pub(super) struct ByteQueue {
    bytes: Vec<u8>,
    taken: usize,
}

impl ByteQueue {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        // What was taken is dropped before the queue grows, so it holds no more than what is waiting.
        self.bytes.drain(..self.taken);
        self.taken = 0;
        self.bytes.extend_from_slice(bytes);
    }

    pub(super) fn waiting(&self) -> &[u8] {
        &self.bytes[self.taken..]
    }

    /// Takes the first `len` bytes, or nothing if fewer are waiting.
    pub(super) fn take(&mut self, len: usize) -> Option<&[u8]> {
        let start = self.taken;
        let bytes = self.bytes.get(start..start.checked_add(len)?)?;
        self.taken += len;
        Some(bytes)
    }
}
