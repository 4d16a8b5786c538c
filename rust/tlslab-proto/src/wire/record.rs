//! Records as they cross the wire (RFC 5246 6.2), protected or not.

use serde::{Deserialize, Serialize};

use super::bytes::Bytes;
use super::codec::{Decode, Encode, Number, Reader, Vector};
use super::error::{DecodeError, EncodeError};
use super::registry::{ContentType, ProtocolVersion};

/// The most bytes that a `TLSPlaintext.fragment` may have (RFC 5246 6.2.1): 2^14.
pub const MAX_PLAINTEXT: usize = 1 << 14;

/// The most bytes that a `TLSCiphertext.fragment` may have (RFC 5246 6.2.3): 2^14 + 2048.
pub const MAX_CIPHERTEXT: usize = MAX_PLAINTEXT + 2048;

/// The five bytes before a fragment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RecordHeader {
    /// The protocol that the fragment belongs to.
    pub content_type: ContentType,
    /// The version that the sender speaks.
    pub version: ProtocolVersion,
    /// Bytes of the fragment, as declared: the limits depend on the protection, so the record layer checks them.
    pub length: u16,
}

impl RecordHeader {
    /// Bytes of a header.
    pub const LEN: usize = 5;

    /// The header that these bytes are: any five bytes are one.
    pub fn from_array([content_type, major, minor, high, low]: [u8; Self::LEN]) -> Self {
        Self {
            content_type: ContentType(content_type),
            version: ProtocolVersion(u16::from_be_bytes([major, minor])),
            length: u16::from_be_bytes([high, low]),
        }
    }

    /// The header's bytes.
    pub fn to_array(self) -> [u8; Self::LEN] {
        let [major, minor] = self.version.0.to_be_bytes();
        let [high, low] = self.length.to_be_bytes();
        [self.content_type.0, major, minor, high, low]
    }
}

impl Encode for RecordHeader {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        out.extend_from_slice(&self.to_array());
        Ok(())
    }
}

impl Decode for RecordHeader {
    const NAME: &'static str = "Record header";

    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.array("Record header").map(Self::from_array)
    }
}

/// A record: a header and the fragment that it declares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The protocol that the fragment belongs to.
    #[serde(rename = "type")]
    pub content_type: ContentType,
    /// The version that the sender speaks.
    pub version: ProtocolVersion,
    /// The bytes, protected or not. The limits are the record layer's to check.
    pub fragment: Bytes,
}

const FRAGMENT: Vector = Vector::new("Record.fragment", 0..=0xffff);

impl Encode for Record {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.content_type.put(out);
        self.version.put(out);
        FRAGMENT.write_bytes(out, &self.fragment)
    }
}

impl Decode for Record {
    const NAME: &'static str = "Record";

    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            content_type: r.number("Record.type")?,
            version: r.number("Record.version")?,
            fragment: FRAGMENT.read_bytes(r)?,
        })
    }
}
