//! Handshake messages (RFC 5246 7.4): a header of four bytes, and a body by type.

mod certificate;
mod finish;
mod hello;
mod key_exchange;
mod signed;

use serde::{Deserialize, Serialize};

pub use certificate::{Certificate, CertificateRequest};
pub use finish::{Finished, NewSessionTicket};
pub use hello::{ClientHello, ServerHello};
pub use key_exchange::{ClientKeyExchange, ServerDhParams, ServerEcdhParams, ServerKeyExchange};
pub use signed::DigitallySigned;

use super::bytes::Bytes;
use super::codec::{Decode, Encode, Number, Reader, Vector};
use super::error::{DecodeError, EncodeError};
use super::no_fields;
use super::registry::{HandshakeType, ProtocolVersion};

/// What the layout of a body depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Context {
    /// The version of the connection.
    pub version: ProtocolVersion,
    /// The key exchange of the negotiated suite; without it, key exchange messages stay opaque.
    pub key_exchange: Option<KeyExchangeKind>,
}

impl Context {
    /// Whether signatures and requests for them name an algorithm, as they do from TLS 1.2 on.
    pub fn names_signature_algorithms(&self) -> bool {
        self.version >= ProtocolVersion::TLSV1_2
    }
}

/// What the layout of the key exchange messages depends on: RFC 5246's `KeyExchangeAlgorithm`, as far as the lab runs
/// it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyExchangeKind {
    /// RSA key transport.
    Rsa,
    /// Finite-field Diffie-Hellman, signed.
    Dhe,
    /// Finite-field Diffie-Hellman, not signed.
    DhAnon,
    /// Elliptic-curve Diffie-Hellman, signed.
    Ecdhe,
}

/// The four bytes before a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct HandshakeHeader {
    /// The type of the message.
    pub msg_type: HandshakeType,
    /// Bytes of the body, as declared: at most 2^24 - 1.
    pub length: usize,
}

impl HandshakeHeader {
    /// Bytes of a header.
    pub const LEN: usize = 4;

    /// The header that these bytes are: any four bytes are one.
    pub fn from_array([msg_type, high, middle, low]: [u8; Self::LEN]) -> Self {
        let length = u32::from_be_bytes([0, high, middle, low]) as usize;
        Self { msg_type: HandshakeType(msg_type), length }
    }
}

impl Decode for HandshakeHeader {
    const NAME: &'static str = "Handshake header";

    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.array("Handshake header").map(Self::from_array)
    }
}

/// `Handshake`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", deny_unknown_fields)]
pub enum Handshake {
    /// The server asks for a renegotiation (RFC 5246 7.4.1.1).
    #[serde(deserialize_with = "no_fields")]
    HelloRequest,
    /// The client's offer.
    ClientHello(ClientHello),
    /// The server's choice.
    ServerHello(ServerHello),
    /// Either side's certificates.
    Certificate(Certificate),
    /// The server's ephemeral public value.
    ServerKeyExchange(ServerKeyExchange),
    /// The server asks for a certificate.
    CertificateRequest(CertificateRequest),
    /// The server's first flight ends (RFC 5246 7.4.5).
    #[serde(deserialize_with = "no_fields")]
    ServerHelloDone,
    /// The client's share of the premaster secret.
    ClientKeyExchange(ClientKeyExchange),
    /// The client proves that it holds its certificate's key.
    CertificateVerify(DigitallySigned),
    /// Either side confirms the handshake.
    Finished(Finished),
    /// The server hands out a ticket.
    NewSessionTicket(NewSessionTicket),
    /// Any other type; an edit may also give a known type a body that does not parse.
    Unknown {
        /// The type.
        msg_type: HandshakeType,
        /// The body.
        body: Bytes,
    },
}

const BODY: Vector = Vector::new("Handshake.body", 0..=0xff_ffff);

impl Handshake {
    /// The type on the wire.
    pub fn msg_type(&self) -> HandshakeType {
        match self {
            Self::HelloRequest => HandshakeType::HELLO_REQUEST,
            Self::ClientHello(_) => HandshakeType::CLIENT_HELLO,
            Self::ServerHello(_) => HandshakeType::SERVER_HELLO,
            Self::Certificate(_) => HandshakeType::CERTIFICATE,
            Self::ServerKeyExchange(_) => HandshakeType::SERVER_KEY_EXCHANGE,
            Self::CertificateRequest(_) => HandshakeType::CERTIFICATE_REQUEST,
            Self::ServerHelloDone => HandshakeType::SERVER_HELLO_DONE,
            Self::ClientKeyExchange(_) => HandshakeType::CLIENT_KEY_EXCHANGE,
            Self::CertificateVerify(_) => HandshakeType::CERTIFICATE_VERIFY,
            Self::Finished(_) => HandshakeType::FINISHED,
            Self::NewSessionTicket(_) => HandshakeType::NEW_SESSION_TICKET,
            Self::Unknown { msg_type, .. } => *msg_type,
        }
    }

    /// The registered name of the type, or `Unknown`.
    pub fn name(&self) -> &'static str {
        type_name(self.msg_type())
    }

    /// Reads the one message, header and body, that `bytes` holds.
    pub fn decode(bytes: &[u8], context: &Context) -> Result<Self, DecodeError> {
        let mut r = Reader::new(bytes);
        let msg_type: HandshakeType = r.number("Handshake.msg_type")?;
        let body = BODY.read(&mut r)?;
        r.finish("Handshake")?;
        body.all(type_name(msg_type), |body| Self::decode_body(msg_type, body, context))
    }

    fn decode_body(msg_type: HandshakeType, r: &mut Reader<'_>, context: &Context) -> Result<Self, DecodeError> {
        Ok(match msg_type {
            HandshakeType::HELLO_REQUEST => Self::HelloRequest,
            HandshakeType::CLIENT_HELLO => Self::ClientHello(ClientHello::decode(r)?),
            HandshakeType::SERVER_HELLO => Self::ServerHello(ServerHello::decode(r)?),
            HandshakeType::CERTIFICATE => Self::Certificate(Certificate::decode(r)?),
            HandshakeType::SERVER_KEY_EXCHANGE => Self::ServerKeyExchange(ServerKeyExchange::decode(r, context)?),
            HandshakeType::CERTIFICATE_REQUEST => Self::CertificateRequest(CertificateRequest::decode(r, context)?),
            HandshakeType::SERVER_HELLO_DONE => Self::ServerHelloDone,
            HandshakeType::CLIENT_KEY_EXCHANGE => Self::ClientKeyExchange(ClientKeyExchange::decode(r, context)?),
            HandshakeType::CERTIFICATE_VERIFY => Self::CertificateVerify(DigitallySigned::decode(r, context)?),
            HandshakeType::FINISHED => Self::Finished(Finished::decode(r)?),
            HandshakeType::NEW_SESSION_TICKET => Self::NewSessionTicket(NewSessionTicket::decode(r)?),
            _ => Self::Unknown { msg_type, body: r.rest().into() },
        })
    }

    fn encode_body(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        match self {
            Self::HelloRequest | Self::ServerHelloDone => Ok(()),
            Self::ClientHello(body) => body.encode(out),
            Self::ServerHello(body) => body.encode(out),
            Self::Certificate(body) => body.encode(out),
            Self::ServerKeyExchange(body) => body.encode(out),
            Self::CertificateRequest(body) => body.encode(out),
            Self::ClientKeyExchange(body) => body.encode(out),
            Self::CertificateVerify(body) => body.encode(out),
            Self::Finished(body) => body.encode(out),
            Self::NewSessionTicket(body) => body.encode(out),
            Self::Unknown { body, .. } => {
                out.extend_from_slice(body);
                Ok(())
            }
        }
    }
}

fn type_name(msg_type: HandshakeType) -> &'static str {
    msg_type.name().unwrap_or("Unknown")
}

impl Encode for Handshake {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.msg_type().put(out);
        BODY.write(out, |out| self.encode_body(out))
    }
}
