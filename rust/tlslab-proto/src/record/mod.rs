//! Records: protection and fragmentation.
//!
//! Outgoing, a message is cut by [`fragment`], each piece is sealed by [`protection`] and goes out behind a
//! [`header`]. Incoming, [`deframer`] finds the records, protection opens them, and [`joiner`] makes messages of
//! their handshake fragments again.

pub mod deframer;
pub mod fragment;
pub mod joiner;
pub mod protection;
mod queue;

pub use protection::Protection;

use crate::wire::registry::{ContentType, ProtocolVersion};

/// Length of a record header in bytes.
pub const HEADER_LEN: usize = 5;

/// The most bytes that a `TLSPlaintext.fragment` may have (RFC 5246 6.2.1).
pub const MAX_PLAINTEXT_LEN: usize = 1 << 14;

/// The most bytes that a `TLSCiphertext.fragment` may have (RFC 5246 6.2.3).
pub const MAX_CIPHERTEXT_LEN: usize = MAX_PLAINTEXT_LEN + 2048;

/// A record as it is on the wire: its fragment is protected if the connection is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// What the record carries.
    pub content_type: ContentType,
    /// The version in the header.
    pub version: ProtocolVersion,
    /// What follows the header.
    pub fragment: Vec<u8>,
}

/// The header of a record (RFC 5246 6.2.1) whose fragment has `fragment_len` bytes.
pub fn header(content_type: ContentType, version: ProtocolVersion, fragment_len: u16) -> [u8; HEADER_LEN] {
    let [major, minor] = version.0.to_be_bytes();
    let [high, low] = fragment_len.to_be_bytes();
    [content_type.0, major, minor, high, low]
}
