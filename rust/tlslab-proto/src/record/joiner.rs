//! Incoming handshake fragments to whole messages.

use super::queue::ByteQueue;
use crate::wire::HandshakeHeader;
use crate::wire::registry::HandshakeType;

/// The longest handshake message body that is accepted unless the caller says otherwise: 256 KiB. The format allows
/// 16 MiB, which no peer needs and any peer could make us hold; the longest ClientHello has 131,396 bytes, its vectors
/// all being full, and long certificate chains stay well below that.
pub const DEFAULT_MAX_MESSAGE_LEN: usize = 1 << 18;

/// Why fragments do not make messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JoinError {
    /// A handshake record without content (RFC 5246 6.2.1 forbids it).
    #[error("a handshake record is empty; zero-length fragments are for application data only")]
    EmptyFragment,
    /// A message header announces a longer body than is accepted.
    #[error("the {message}'s header announces {length} bytes; at most {limit} are accepted")]
    TooLong {
        /// The type in the header.
        message: HandshakeType,
        /// The length in the header, in bytes.
        length: usize,
        /// The limit in bytes.
        limit: usize,
    },
}

/// Joins handshake fragments to messages, whether several messages share a record or one spans many.
#[derive(Debug, Clone)]
pub struct HandshakeJoiner {
    queue: ByteQueue,
    max_message_len: usize,
    failure: Option<JoinError>,
}

impl Default for HandshakeJoiner {
    fn default() -> Self {
        Self::new(DEFAULT_MAX_MESSAGE_LEN)
    }
}

impl HandshakeJoiner {
    /// A joiner for messages whose bodies have at most `max_message_len` bytes.
    pub fn new(max_message_len: usize) -> Self {
        Self { queue: ByteQueue::default(), max_message_len, failure: None }
    }

    /// Takes in the opened fragment of a handshake record. After an overlong message it is thrown away.
    pub fn push(&mut self, fragment: &[u8]) -> Result<(), JoinError> {
        if fragment.is_empty() {
            return Err(JoinError::EmptyFragment);
        }
        if self.failure.is_none() {
            self.queue.push(fragment);
        }
        Ok(())
    }

    /// The next whole message, header included, or `None` until more fragments arrive. An overlong message is an error
    /// as soon as its header is there, and stays one.
    pub fn next_message(&mut self) -> Result<Option<Vec<u8>>, JoinError> {
        let next = match self.failure {
            Some(failure) => Err(failure),
            None => self.parse(),
        };
        if let Err(failure) = next {
            self.queue = ByteQueue::default();
            self.failure = Some(failure);
        }
        next
    }

    /// Whether anything is waiting: once [`next_message`](Self::next_message) has given `None`, the start of a message.
    /// No other content type, and no ChangeCipherSpec, may come before its end.
    pub fn is_partial(&self) -> bool {
        !self.queue.waiting().is_empty()
    }

    /// The type of the message that comes next, as soon as its first byte is there.
    pub fn next_type(&self) -> Option<HandshakeType> {
        self.queue.waiting().first().map(|msg_type| HandshakeType(*msg_type))
    }

    fn parse(&mut self) -> Result<Option<Vec<u8>>, JoinError> {
        let Some(header) = self.queue.waiting().first_chunk() else { return Ok(None) };
        let HandshakeHeader { msg_type, length } = HandshakeHeader::from_array(*header);
        if length > self.max_message_len {
            return Err(JoinError::TooLong { message: msg_type, length, limit: self.max_message_len });
        }
        Ok(self.queue.take(HandshakeHeader::LEN + length).map(<[u8]>::to_vec))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_joined_and_split() {
        let mut joiner = HandshakeJoiner::default();
        joiner.push(&[14, 0, 0, 0, 20, 0]).unwrap();
        assert_eq!(joiner.next_message(), Ok(Some(vec![14, 0, 0, 0])));
        assert_eq!(joiner.next_message(), Ok(None));
        assert!(joiner.is_partial());
        joiner.push(&[0, 2, 7]).unwrap();
        assert_eq!(joiner.next_message(), Ok(None));
        joiner.push(&[8]).unwrap();
        assert_eq!(joiner.next_message(), Ok(Some(vec![20, 0, 0, 2, 7, 8])));
        assert!(!joiner.is_partial());
    }

    #[test]
    fn empty_fragments_and_overlong_messages_are_refused() {
        let mut joiner = HandshakeJoiner::new(258);
        assert_eq!(joiner.push(&[]), Err(JoinError::EmptyFragment));
        joiner.push(&[11, 0, 1, 2]).unwrap();
        assert_eq!(joiner.next_message(), Ok(None));
        let mut joiner = HandshakeJoiner::new(258);
        joiner.push(&[11, 0, 1, 3]).unwrap();
        let refusal = JoinError::TooLong { message: HandshakeType::CERTIFICATE, length: 259, limit: 258 };
        assert_eq!(joiner.next_message(), Err(refusal));
        joiner.push(&[14, 0, 0, 0]).unwrap();
        assert_eq!(joiner.next_message(), Err(refusal));
        assert!(!joiner.is_partial());
    }
}
