//! ClientHello and ServerHello (RFC 5246 7.4.1).

use serde::{Deserialize, Serialize};

use crate::wire::bytes::{Bytes, Random};
use crate::wire::codec::{Decode, Encode, Number, Reader, Vector};
use crate::wire::error::{DecodeError, EncodeError};
use crate::wire::extension::Extensions;
use crate::wire::registry::{CipherSuite, CompressionMethod, ProtocolVersion};

/// `ClientHello` (RFC 5246 7.4.1.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientHello {
    /// The newest version that the client speaks.
    pub client_version: ProtocolVersion,
    /// The client's random.
    pub random: Random,
    /// The session to resume, 32 bytes at most, or empty.
    pub session_id: Bytes,
    /// The suites that the client speaks, the preferred first.
    pub cipher_suites: Vec<CipherSuite>,
    /// The compression methods that the client speaks.
    pub compression_methods: Vec<CompressionMethod>,
    /// The extensions; `None` where the hello ends before them, which an empty block does not.
    pub extensions: Option<Extensions>,
}

/// `ServerHello` (RFC 5246 7.4.1.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerHello {
    /// The version of the connection.
    pub server_version: ProtocolVersion,
    /// The server's random.
    pub random: Random,
    /// The session, 32 bytes at most, or empty if it cannot be resumed.
    pub session_id: Bytes,
    /// The suite of the connection.
    pub cipher_suite: CipherSuite,
    /// The compression method of the connection.
    pub compression_method: CompressionMethod,
    /// The extensions; `None` where the hello ends before them, which an empty block does not.
    pub extensions: Option<Extensions>,
}

const CLIENT_SESSION_ID: Vector = Vector::new("ClientHello.session_id", 0..=32);
const CIPHER_SUITES: Vector = Vector::new("ClientHello.cipher_suites", 2..=0xfffe);
const COMPRESSION_METHODS: Vector = Vector::new("ClientHello.compression_methods", 1..=0xff);
const CLIENT_EXTENSIONS: Vector = Vector::new("ClientHello.extensions", 0..=0xffff);
const SERVER_SESSION_ID: Vector = Vector::new("ServerHello.session_id", 0..=32);
const SERVER_EXTENSIONS: Vector = Vector::new("ServerHello.extensions", 0..=0xffff);

impl ClientHello {
    /// The extensions, of which an absent block has none.
    pub fn extensions(&self) -> &Extensions {
        self.extensions.as_ref().unwrap_or(Extensions::EMPTY)
    }
}

impl ServerHello {
    /// The extensions, of which an absent block has none.
    pub fn extensions(&self) -> &Extensions {
        self.extensions.as_ref().unwrap_or(Extensions::EMPTY)
    }
}

impl Encode for ClientHello {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.client_version.put(out);
        out.extend_from_slice(&self.random);
        CLIENT_SESSION_ID.write_bytes(out, &self.session_id)?;
        CIPHER_SUITES.write_numbers(out, &self.cipher_suites)?;
        COMPRESSION_METHODS.write_numbers(out, &self.compression_methods)?;
        Extensions::encode_block(&self.extensions, &CLIENT_EXTENSIONS, out)
    }
}

impl Decode for ClientHello {
    const NAME: &'static str = "ClientHello";

    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            client_version: r.number("ClientHello.client_version")?,
            random: Random(r.array("ClientHello.random")?),
            session_id: CLIENT_SESSION_ID.read_bytes(r)?,
            cipher_suites: CIPHER_SUITES.read_numbers(r)?,
            compression_methods: COMPRESSION_METHODS.read_numbers(r)?,
            extensions: Extensions::decode_block(&CLIENT_EXTENSIONS, r)?,
        })
    }
}

impl Encode for ServerHello {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.server_version.put(out);
        out.extend_from_slice(&self.random);
        SERVER_SESSION_ID.write_bytes(out, &self.session_id)?;
        self.cipher_suite.put(out);
        self.compression_method.put(out);
        Extensions::encode_block(&self.extensions, &SERVER_EXTENSIONS, out)
    }
}

impl Decode for ServerHello {
    const NAME: &'static str = "ServerHello";

    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            server_version: r.number("ServerHello.server_version")?,
            random: Random(r.array("ServerHello.random")?),
            session_id: SERVER_SESSION_ID.read_bytes(r)?,
            cipher_suite: r.number("ServerHello.cipher_suite")?,
            compression_method: r.number("ServerHello.compression_method")?,
            extensions: Extensions::decode_block(&SERVER_EXTENSIONS, r)?,
        })
    }
}
