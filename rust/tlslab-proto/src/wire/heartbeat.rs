//! The heartbeat protocol (RFC 6520 4).

use serde::{Deserialize, Serialize};

use super::bytes::Bytes;
use super::codec::{Decode, Encode, Number, Reader};
use super::error::{DecodeError, EncodeError};
use super::registry::HeartbeatMessageType;

/// `HeartbeatMessage`. Its length is declared apart from the bytes that are there, and need not be theirs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Heartbeat {
    /// A request, or the response to one.
    pub heartbeat_type: HeartbeatMessageType,
    /// How many of the bytes that follow are payload, as declared.
    pub payload_length: u16,
    /// The payload, and at least 16 bytes of padding.
    pub payload_and_padding: Bytes,
}

impl Heartbeat {
    /// Bytes before the payload.
    pub const HEADER_LEN: usize = 3;

    /// The fewest bytes of padding.
    pub const MIN_PADDING: usize = 16;

    /// The payload; `None` where the declared length leaves no room for the padding, or goes beyond what is there: such
    /// a message must be discarded silently (RFC 6520 4).
    pub fn payload(&self) -> Option<&[u8]> {
        let length = usize::from(self.payload_length);
        let has_room = length + Self::MIN_PADDING <= self.payload_and_padding.len();
        has_room.then(|| &self.payload_and_padding[..length])
    }
}

impl Encode for Heartbeat {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.heartbeat_type.put(out);
        self.payload_length.put(out);
        out.extend_from_slice(&self.payload_and_padding);
        Ok(())
    }
}

impl Decode for Heartbeat {
    const NAME: &'static str = "HeartbeatMessage";

    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            heartbeat_type: r.number("HeartbeatMessage.type")?,
            payload_length: r.number("HeartbeatMessage.payload_length")?,
            payload_and_padding: r.rest().into(),
        })
    }
}
