//! What one side tells the other, whatever the record protocol that carries it.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Value;

use super::alert::Alert;
use super::bytes::Bytes;
use super::codec::{Decode, Encode, Reader};
use super::error::{DecodeError, EncodeError};
use super::handshake::{Context, Handshake};
use super::heartbeat::Heartbeat;
use super::no_fields;
use super::registry::ContentType;

/// The one byte of a ChangeCipherSpec (RFC 5246 7.1).
pub const CHANGE_CIPHER_SPEC: u8 = 1;

/// A message of any protocol above the record layer.
///
/// In JSON, an object whose `type` is the variant's name, or the handshake message's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(remote = "Self", tag = "type", deny_unknown_fields)]
pub enum Message {
    /// The sender switches to the keys that it agreed on.
    #[serde(deserialize_with = "no_fields")]
    ChangeCipherSpec,
    /// A warning, or the end.
    Alert(Alert),
    /// Bytes of the application.
    ApplicationData {
        /// The bytes.
        data: Bytes,
    },
    /// A question whether the peer is still there, or the answer (RFC 6520).
    Heartbeat(Heartbeat),
    /// A content type that TLS 1.0 to 1.2 do not define; an edit may also give a defined one bytes that do not parse.
    UnknownContent {
        /// The content type.
        content_type: ContentType,
        /// The bytes.
        fragment: Bytes,
    },
    /// A handshake message.
    #[serde(skip)]
    Handshake(Handshake),
}

impl Message {
    /// What the message is called: `ClientHello`, `ChangeCipherSpec`, `Alert`, `ApplicationData`, ...
    pub fn name(&self) -> &'static str {
        match self {
            Self::ChangeCipherSpec => "ChangeCipherSpec",
            Self::Alert(_) => "Alert",
            Self::ApplicationData { .. } => "ApplicationData",
            Self::Heartbeat(_) => "Heartbeat",
            Self::UnknownContent { .. } => "UnknownContent",
            Self::Handshake(handshake) => handshake.name(),
        }
    }

    /// The content type of the records that carry the message.
    pub fn content_type(&self) -> ContentType {
        match self {
            Self::ChangeCipherSpec => ContentType::CHANGE_CIPHER_SPEC,
            Self::Alert(_) => ContentType::ALERT,
            Self::ApplicationData { .. } => ContentType::APPLICATION_DATA,
            Self::Heartbeat(_) => ContentType::HEARTBEAT,
            Self::UnknownContent { content_type, .. } => *content_type,
            Self::Handshake(_) => ContentType::HANDSHAKE,
        }
    }

    /// Reads the one message that `bytes`, of records of a content type, hold.
    pub fn decode(content_type: ContentType, bytes: &[u8], context: &Context) -> Result<Self, DecodeError> {
        Ok(match content_type {
            ContentType::CHANGE_CIPHER_SPEC => {
                Reader::new(bytes).all("ChangeCipherSpec", decode_change_cipher_spec)?;
                Self::ChangeCipherSpec
            }
            ContentType::ALERT => Self::Alert(Alert::from_bytes(bytes)?),
            ContentType::HANDSHAKE => Self::Handshake(Handshake::decode(bytes, context)?),
            ContentType::APPLICATION_DATA => Self::ApplicationData { data: bytes.into() },
            // One that is too short to be one is refused, as any type that the state does not allow.
            ContentType::HEARTBEAT if bytes.len() >= Heartbeat::HEADER_LEN => {
                Self::Heartbeat(Heartbeat::from_bytes(bytes)?)
            }
            _ => Self::UnknownContent { content_type, fragment: bytes.into() },
        })
    }
}

fn decode_change_cipher_spec(r: &mut Reader<'_>) -> Result<(), DecodeError> {
    const FIELD: &str = "ChangeCipherSpec.type";
    match r.number(FIELD)? {
        CHANGE_CIPHER_SPEC => Ok(()),
        got => Err(DecodeError::BadValue { field: FIELD, got, expected: CHANGE_CIPHER_SPEC }),
    }
}

impl Encode for Message {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        match self {
            Self::ChangeCipherSpec => out.push(CHANGE_CIPHER_SPEC),
            Self::Alert(alert) => alert.encode(out)?,
            Self::ApplicationData { data } => out.extend_from_slice(data),
            Self::Heartbeat(heartbeat) => heartbeat.encode(out)?,
            Self::UnknownContent { fragment, .. } => out.extend_from_slice(fragment),
            Self::Handshake(handshake) => handshake.encode(out)?,
        }
        Ok(())
    }
}

impl From<Handshake> for Message {
    fn from(handshake: Handshake) -> Self {
        Self::Handshake(handshake)
    }
}

impl From<Alert> for Message {
    fn from(alert: Alert) -> Self {
        Self::Alert(alert)
    }
}

// `remote` makes the derived functions inherent ones, so that the traits can add the handshake messages to them: serde's
// own `untagged` would do, but lose the reason of a refusal.

impl Serialize for Message {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Handshake(handshake) => handshake.serialize(serializer),
            _ => Self::serialize(self, serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Message {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fields = Value::deserialize(deserializer)?;
        match fields["type"].as_str() {
            Some("ChangeCipherSpec" | "Alert" | "ApplicationData" | "Heartbeat" | "UnknownContent") => {
                Self::deserialize(fields)
            }
            _ => Handshake::deserialize(fields).map(Self::Handshake),
        }
        .map_err(de::Error::custom)
    }
}
