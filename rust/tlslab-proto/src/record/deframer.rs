//! Incoming bytes to records.

use super::queue::ByteQueue;
use crate::wire::registry::{ContentType, ProtocolVersion};
use crate::wire::{MAX_CIPHERTEXT, Record, RecordHeader};

/// Why the bytes are no records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FramingError {
    /// A header announces a longer fragment than any record may have (RFC 5246 6.2.3): the alert is record_overflow.
    #[error("the {content_type} record's header announces {length} bytes; a record has at most {MAX_CIPHERTEXT}")]
    TooLong {
        /// The content type in the header.
        content_type: ContentType,
        /// The version in the header.
        version: ProtocolVersion,
        /// The length in the header, in bytes.
        length: usize,
    },
}

/// Cuts a stream of bytes into records, however the bytes arrive.
///
/// Any content type and version is let through: which are allowed is for the endpoint to say.
#[derive(Debug, Clone, Default)]
pub struct Deframer {
    queue: ByteQueue,
    failure: Option<FramingError>,
}

impl Deframer {
    /// A deframer to which nothing has arrived.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in bytes from the wire. After an error they are thrown away: where the next record starts is not known.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.failure.is_none() {
            self.queue.push(bytes);
        }
    }

    /// The next record, or `None` until more bytes arrive. An overlong record is an error as soon as its header is
    /// there, and stays one.
    pub fn next_record(&mut self) -> Result<Option<Record>, FramingError> {
        let next = match self.failure {
            Some(failure) => Err(failure),
            None => self.parse(),
        };
        if let Err(failure) = next {
            *self = Self { queue: ByteQueue::default(), failure: Some(failure) };
        }
        next
    }

    /// The header of the next record, once it is there: what it says can be refused before the record is whole.
    pub fn next_header(&self) -> Option<RecordHeader> {
        self.queue.waiting().first_chunk().map(|header| RecordHeader::from_array(*header))
    }

    /// Whether part of a record is waiting for the rest: a stream that ends here was truncated.
    pub fn is_partial(&self) -> bool {
        !self.queue.waiting().is_empty()
    }

    fn parse(&mut self) -> Result<Option<Record>, FramingError> {
        let Some(RecordHeader { content_type, version, length }) = self.next_header() else { return Ok(None) };
        let length = usize::from(length);
        if length > MAX_CIPHERTEXT {
            return Err(FramingError::TooLong { content_type, version, length });
        }
        let record = self.queue.take(RecordHeader::LEN + length);
        Ok(record.map(|record| Record { content_type, version, fragment: record[RecordHeader::LEN..].into() }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Bytes;

    #[test]
    fn an_overlong_record_is_refused_at_its_header_and_for_good() {
        let mut deframer = Deframer::new();
        deframer.push(&[23, 3, 3, 0x48]);
        assert_eq!(deframer.next_header(), None);
        assert_eq!(deframer.next_record(), Ok(None));
        assert!(deframer.is_partial());
        deframer.push(&[0x01]);
        let failure = deframer.next_record();
        assert!(matches!(failure, Err(FramingError::TooLong { length: 0x4801, .. })));
        deframer.push(&[22, 3, 3, 0, 0]);
        assert_eq!(deframer.next_record(), failure);
        assert!(!deframer.is_partial());
    }

    #[test]
    fn the_longest_and_the_empty_record_pass() {
        let mut deframer = Deframer::new();
        deframer.push(&[23, 3, 3, 0x48, 0x00]);
        assert_eq!(deframer.next_header().unwrap().length, 0x4800);
        deframer.push(&[7; MAX_CIPHERTEXT]);
        deframer.push(&[99, 9, 8, 0, 0]);
        assert_eq!(deframer.next_record().unwrap().unwrap().fragment.len(), MAX_CIPHERTEXT);
        let odd =
            Record { content_type: ContentType(99), version: ProtocolVersion(0x0908), fragment: Bytes::default() };
        assert_eq!(deframer.next_record(), Ok(Some(odd)));
        assert_eq!(deframer.next_record(), Ok(None));
        assert!(!deframer.is_partial());
    }
}
