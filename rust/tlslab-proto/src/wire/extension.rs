//! Hello extensions (RFC 5246 7.4.1.4).

use std::collections::BTreeSet;
use std::ops::Deref;

use serde::{Deserialize, Serialize};

use super::bytes::{Bytes, Text};
use super::codec::{Decode, Encode, Number, Reader, Vector};
use super::error::{DecodeError, EncodeError};
use super::no_fields;
use super::registry::{ExtensionType, HeartbeatMode, NameType, NamedGroup, PointFormat, SignatureScheme};

/// `Extension`. The types that the lab understands have their fields; the rest keep their bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Extension {
    /// `server_name` (RFC 6066 3).
    ServerName {
        /// The names, or `None` for the empty body of a server's reply.
        server_name_list: Option<Vec<ServerName>>,
    },
    /// `supported_groups` (RFC 8422 5.1.1, RFC 7919).
    SupportedGroups {
        /// Groups, the preferred first.
        named_group_list: Vec<NamedGroup>,
    },
    /// `ec_point_formats` (RFC 8422 5.1.2).
    EcPointFormats {
        /// Formats that the sender can parse.
        ec_point_format_list: Vec<PointFormat>,
    },
    /// `signature_algorithms` (RFC 5246 7.4.1.4.1).
    SignatureAlgorithms {
        /// Algorithms that the sender can verify, the preferred first.
        supported_signature_algorithms: Vec<SignatureScheme>,
    },
    /// `heartbeat` (RFC 6520 2).
    Heartbeat {
        /// Whether the peer may send requests.
        mode: HeartbeatMode,
    },
    /// `application_layer_protocol_negotiation` (RFC 7301).
    #[serde(rename = "application_layer_protocol_negotiation")]
    Alpn {
        /// A client's offers, the preferred first, or a server's one choice.
        protocol_name_list: Vec<Text>,
    },
    /// `encrypt_then_mac` (RFC 7366), which has no body.
    #[serde(deserialize_with = "no_fields")]
    EncryptThenMac,
    /// `extended_master_secret` (RFC 7627), which has no body.
    #[serde(deserialize_with = "no_fields")]
    ExtendedMasterSecret,
    /// `session_ticket` (RFC 5077 3.2).
    SessionTicket {
        /// The whole body: a ticket, or nothing to ask for one or to promise one.
        ticket: Bytes,
    },
    /// `renegotiation_info` (RFC 5746 3.2).
    RenegotiationInfo {
        /// Empty, or the `verify_data` of the enclosing connection.
        renegotiated_connection: Bytes,
    },
    /// Any other type; an edit may also give a known type a body that does not parse.
    Unknown {
        /// The type.
        extension_type: ExtensionType,
        /// The body.
        extension_data: Bytes,
    },
}

/// `ServerName` (RFC 6066 3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerName {
    /// What kind of name it is.
    pub name_type: NameType,
    /// The name. Every type has the two-byte length that RFC 6066 demands of future ones.
    pub name: Text,
}

const EXTENSION_DATA: Vector = Vector::new("Extension.extension_data", 0..=0xffff);
const SERVER_NAME_LIST: Vector = Vector::new("server_name.server_name_list", 1..=0xffff);
const SERVER_NAME: Vector = Vector::new("server_name.name", 1..=0xffff);
const NAMED_GROUP_LIST: Vector = Vector::new("supported_groups.named_group_list", 2..=0xffff);
const EC_POINT_FORMAT_LIST: Vector = Vector::new("ec_point_formats.ec_point_format_list", 1..=0xff);
const SIGNATURE_ALGORITHMS: Vector = Vector::new("signature_algorithms.supported_signature_algorithms", 2..=0xfffe);
const PROTOCOL_NAME_LIST: Vector = Vector::new("application_layer_protocol_negotiation.protocol_name_list", 2..=0xffff);
const PROTOCOL_NAME: Vector = Vector::new("application_layer_protocol_negotiation.protocol_name", 1..=0xff);
const RENEGOTIATED_CONNECTION: Vector = Vector::new("renegotiation_info.renegotiated_connection", 0..=0xff);

impl Extension {
    /// The type on the wire.
    pub fn extension_type(&self) -> ExtensionType {
        match self {
            Self::ServerName { .. } => ExtensionType::SERVER_NAME,
            Self::SupportedGroups { .. } => ExtensionType::SUPPORTED_GROUPS,
            Self::EcPointFormats { .. } => ExtensionType::EC_POINT_FORMATS,
            Self::SignatureAlgorithms { .. } => ExtensionType::SIGNATURE_ALGORITHMS,
            Self::Heartbeat { .. } => ExtensionType::HEARTBEAT,
            Self::Alpn { .. } => ExtensionType::ALPN,
            Self::EncryptThenMac => ExtensionType::ENCRYPT_THEN_MAC,
            Self::ExtendedMasterSecret => ExtensionType::EXTENDED_MASTER_SECRET,
            Self::SessionTicket { .. } => ExtensionType::SESSION_TICKET,
            Self::RenegotiationInfo { .. } => ExtensionType::RENEGOTIATION_INFO,
            Self::Unknown { extension_type, .. } => *extension_type,
        }
    }

    fn encode_data(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        match self {
            Self::EncryptThenMac | Self::ExtendedMasterSecret | Self::ServerName { server_name_list: None } => {}
            Self::SessionTicket { ticket: data } | Self::Unknown { extension_data: data, .. } => {
                out.extend_from_slice(data);
            }
            Self::ServerName { server_name_list: Some(names) } => {
                SERVER_NAME_LIST.write_list(out, names, ServerName::encode)?;
            }
            Self::SupportedGroups { named_group_list } => NAMED_GROUP_LIST.write_numbers(out, named_group_list)?,
            Self::EcPointFormats { ec_point_format_list } => {
                EC_POINT_FORMAT_LIST.write_numbers(out, ec_point_format_list)?;
            }
            Self::SignatureAlgorithms { supported_signature_algorithms } => {
                SIGNATURE_ALGORITHMS.write_numbers(out, supported_signature_algorithms)?;
            }
            Self::Heartbeat { mode } => mode.put(out),
            Self::Alpn { protocol_name_list } => {
                let write_name = |name: &Text, out: &mut Vec<u8>| PROTOCOL_NAME.write_bytes(out, name);
                PROTOCOL_NAME_LIST.write_list(out, protocol_name_list, write_name)?;
            }
            Self::RenegotiationInfo { renegotiated_connection } => {
                RENEGOTIATED_CONNECTION.write_bytes(out, renegotiated_connection)?;
            }
        }
        Ok(())
    }

    fn decode_data(extension_type: ExtensionType, r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(match extension_type {
            ExtensionType::SERVER_NAME if r.is_empty() => Self::ServerName { server_name_list: None },
            ExtensionType::SERVER_NAME => {
                Self::ServerName { server_name_list: Some(SERVER_NAME_LIST.read(r)?.list(ServerName::decode)?) }
            }
            ExtensionType::SUPPORTED_GROUPS => {
                Self::SupportedGroups { named_group_list: NAMED_GROUP_LIST.read_numbers(r)? }
            }
            ExtensionType::EC_POINT_FORMATS => {
                Self::EcPointFormats { ec_point_format_list: EC_POINT_FORMAT_LIST.read_numbers(r)? }
            }
            ExtensionType::SIGNATURE_ALGORITHMS => {
                Self::SignatureAlgorithms { supported_signature_algorithms: SIGNATURE_ALGORITHMS.read_numbers(r)? }
            }
            ExtensionType::HEARTBEAT => Self::Heartbeat { mode: r.number("heartbeat.mode")? },
            ExtensionType::ALPN => {
                let read_name = |r: &mut Reader<'_>| Ok(PROTOCOL_NAME.read(r)?.rest().into());
                Self::Alpn { protocol_name_list: PROTOCOL_NAME_LIST.read(r)?.list(read_name)? }
            }
            ExtensionType::ENCRYPT_THEN_MAC => Self::EncryptThenMac,
            ExtensionType::EXTENDED_MASTER_SECRET => Self::ExtendedMasterSecret,
            ExtensionType::SESSION_TICKET => Self::SessionTicket { ticket: r.rest().into() },
            ExtensionType::RENEGOTIATION_INFO => {
                Self::RenegotiationInfo { renegotiated_connection: RENEGOTIATED_CONNECTION.read_bytes(r)? }
            }
            _ => Self::Unknown { extension_type, extension_data: r.rest().into() },
        })
    }
}

impl Encode for Extension {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.extension_type().put(out);
        EXTENSION_DATA.write(out, |out| self.encode_data(out))
    }
}

impl Decode for Extension {
    const NAME: &'static str = "Extension";

    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let extension_type: ExtensionType = r.number("Extension.extension_type")?;
        let data = EXTENSION_DATA.read(r)?;
        data.all(extension_type.name().unwrap_or(Self::NAME), |data| Self::decode_data(extension_type, data))
    }
}

impl Encode for ServerName {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.name_type.put(out);
        SERVER_NAME.write_bytes(out, &self.name)
    }
}

impl Decode for ServerName {
    const NAME: &'static str = "ServerName";

    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { name_type: r.number("server_name.name_type")?, name: SERVER_NAME.read(r)?.rest().into() })
    }
}

/// The extensions of a hello, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Extensions(pub Vec<Extension>);

/// The typed body of the first extension of a kind.
macro_rules! body_of {
    ($self:ident, $variant:ident, $field:ident) => {
        $self.iter().find_map(|extension| match extension {
            Extension::$variant { $field } => Some($field),
            _ => None,
        })
    };
}

impl Extensions {
    /// No extensions.
    pub const EMPTY: &'static Self = &Self(Vec::new());

    /// The first extension of a type.
    pub fn find(&self, extension_type: ExtensionType) -> Option<&Extension> {
        self.iter().find(|extension| extension.extension_type() == extension_type)
    }

    /// Whether there is an extension of a type.
    pub fn has(&self, extension_type: ExtensionType) -> bool {
        self.find(extension_type).is_some()
    }

    /// The first type that occurs a second time, which RFC 5246 7.4.1.4 forbids.
    pub fn first_duplicate(&self) -> Option<ExtensionType> {
        let mut seen = BTreeSet::new();
        self.iter().map(Extension::extension_type).find(|extension_type| !seen.insert(*extension_type))
    }

    /// The groups of `supported_groups`.
    pub fn supported_groups(&self) -> Option<&[NamedGroup]> {
        body_of!(self, SupportedGroups, named_group_list).map(Vec::as_slice)
    }

    /// The formats of `ec_point_formats`.
    pub fn ec_point_formats(&self) -> Option<&[PointFormat]> {
        body_of!(self, EcPointFormats, ec_point_format_list).map(Vec::as_slice)
    }

    /// The algorithms of `signature_algorithms`.
    pub fn signature_algorithms(&self) -> Option<&[SignatureScheme]> {
        body_of!(self, SignatureAlgorithms, supported_signature_algorithms).map(Vec::as_slice)
    }

    /// The names of `application_layer_protocol_negotiation`.
    pub fn alpn(&self) -> Option<&[Text]> {
        body_of!(self, Alpn, protocol_name_list).map(Vec::as_slice)
    }

    /// The names of `server_name`; none in a server's reply.
    pub fn server_names(&self) -> Option<&[ServerName]> {
        body_of!(self, ServerName, server_name_list).map(|names| names.as_deref().unwrap_or_default())
    }

    /// The ticket of `session_ticket`, which may be empty.
    pub fn session_ticket(&self) -> Option<&Bytes> {
        body_of!(self, SessionTicket, ticket)
    }

    /// The `verify_data` of `renegotiation_info`, empty in an initial handshake.
    pub fn renegotiation_info(&self) -> Option<&Bytes> {
        body_of!(self, RenegotiationInfo, renegotiated_connection)
    }

    /// Reads the block at the end of a hello, which may be absent: no bytes at all, rather than an empty block.
    pub(super) fn decode_block(block: &Vector, r: &mut Reader<'_>) -> Result<Option<Self>, DecodeError> {
        if r.is_empty() {
            return Ok(None);
        }
        block.read(r)?.list(Extension::decode).map(Self).map(Some)
    }

    /// Writes the block, unless it is absent.
    pub(super) fn encode_block(
        extensions: &Option<Self>,
        block: &Vector,
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        match extensions {
            Some(extensions) => block.write_list(out, extensions, Extension::encode),
            None => Ok(()),
        }
    }
}

impl Deref for Extensions {
    type Target = [Extension];
    fn deref(&self) -> &[Extension] {
        &self.0
    }
}

impl From<Vec<Extension>> for Extensions {
    fn from(extensions: Vec<Extension>) -> Self {
        Self(extensions)
    }
}
