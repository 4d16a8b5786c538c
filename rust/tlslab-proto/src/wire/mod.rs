//! Bytes to messages and back: a total, lossless codec. Nothing here knows a state, a key or a behaviour.
//!
//! Decoding holds a peer to the RFCs' length limits and names the field that broke one. Encoding writes whatever the
//! length prefixes can hold, so that an edit may break those limits. What decodes encodes to the same bytes again.

mod alert;
mod bytes;
mod codec;
mod error;
mod extension;
mod handshake;
mod heartbeat;
mod message;
mod record;
pub mod registry;

use serde::{Deserialize, Deserializer};

pub use alert::Alert;
pub use bytes::{Bytes, NotText, Random, Text};
pub use codec::{Decode, Encode, Number, Reader, Vector};
pub use error::{DecodeError, EncodeError};
pub use extension::{Extension, Extensions, ServerName};
pub use handshake::{
    Certificate, CertificateRequest, ClientHello, ClientKeyExchange, Context, DigitallySigned, Finished, Handshake,
    HandshakeHeader, KeyExchangeKind, NewSessionTicket, ServerDhParams, ServerEcdhParams, ServerHello,
    ServerKeyExchange,
};
pub use heartbeat::Heartbeat;
pub use message::{CHANGE_CIPHER_SPEC, Message};
pub use record::{MAX_CIPHERTEXT, MAX_PLAINTEXT, Record, RecordHeader};

/// Deserialises a variant that has no fields but its tag, and refuses others, which serde ignores in a unit variant.
fn no_fields<'de, D: Deserializer<'de>>(deserializer: D) -> Result<(), D::Error> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct NoFields {}
    NoFields::deserialize(deserializer).map(|NoFields {}| ())
}
