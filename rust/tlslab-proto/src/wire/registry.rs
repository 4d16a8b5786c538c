//! The numbers of TLS, as open newtypes: any value can be held, sent and shown; the registered ones have names.

/// Declares an open newtype over a wire number, with its registered values.
///
/// The type prints as its registered name, or as `Name(0x…)`; serde uses the registered name, or the number as
/// `"0x…"`. So a value outside the registry survives every round trip.
macro_rules! open_enum {
    (
        $(#[$meta:meta])*
        pub struct $name:ident($int:ty) { $( $(#[$vmeta:meta])* $konst:ident = $value:literal => $text:literal, )* }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $int);

        #[allow(missing_docs, reason = "the registry's name says it")]
        impl $name {
            $( $(#[$vmeta])* pub const $konst: Self = Self($value); )*
        }

        impl $name {
            /// Every registered value, in the registry's order.
            pub const REGISTERED: &'static [Self] = &[$(Self::$konst),*];

            /// The registered name, if the value has one.
            pub const fn name(self) -> Option<&'static str> {
                match self.0 { $( $value => Some($text), )* _ => None }
            }

            /// The value of a registered name.
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $( $text => Some(Self::$konst), )* _ => None }
            }
        }

        impl super::codec::Number for $name {
            const SIZE: usize = size_of::<$int>();
            fn from_number(number: u32) -> Self {
                Self(number as $int)
            }
            fn to_number(self) -> u32 {
                self.0.into()
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                match self.name() {
                    Some(name) => f.write_str(name),
                    None => write!(f, "0x{:0width$x}", self.0, width = 2 * size_of::<$int>()),
                }
            }
        }

        impl core::fmt::Debug for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                core::fmt::Display::fmt(self, f)
            }
        }

        impl core::str::FromStr for $name {
            type Err = super::registry::UnknownName;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let number = text.strip_prefix("0x").and_then(|hex| <$int>::from_str_radix(hex, 16).ok());
                Self::from_name(text).or(number.map(Self)).ok_or_else(|| super::registry::UnknownName {
                    what: stringify!($name),
                    name: text.to_owned(),
                })
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

/// A name that no registry holds and that is not a number in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name:?} is no registered {what}; give a registered name or a number such as 0x00ff")]
pub struct UnknownName {
    /// The kind of number that was asked for.
    pub what: &'static str,
    /// What was given.
    pub name: String,
}

open_enum! {
    /// `ProtocolVersion` (RFC 5246 6.2.1).
    pub struct ProtocolVersion(u16) {
        SSLV3 = 0x0300 => "SSLv3",
        TLSV1_0 = 0x0301 => "TLSv1.0",
        TLSV1_1 = 0x0302 => "TLSv1.1",
        TLSV1_2 = 0x0303 => "TLSv1.2",
        TLSV1_3 = 0x0304 => "TLSv1.3",
    }
}

open_enum! {
    /// Record `ContentType` (RFC 5246 6.2.1).
    pub struct ContentType(u8) {
        CHANGE_CIPHER_SPEC = 20 => "change_cipher_spec",
        ALERT = 21 => "alert",
        HANDSHAKE = 22 => "handshake",
        APPLICATION_DATA = 23 => "application_data",
        HEARTBEAT = 24 => "heartbeat",
    }
}

open_enum! {
    /// `HandshakeType` (RFC 5246 7.4, RFC 5077, RFC 6066).
    pub struct HandshakeType(u8) {
        HELLO_REQUEST = 0 => "HelloRequest",
        CLIENT_HELLO = 1 => "ClientHello",
        SERVER_HELLO = 2 => "ServerHello",
        NEW_SESSION_TICKET = 4 => "NewSessionTicket",
        CERTIFICATE = 11 => "Certificate",
        SERVER_KEY_EXCHANGE = 12 => "ServerKeyExchange",
        CERTIFICATE_REQUEST = 13 => "CertificateRequest",
        SERVER_HELLO_DONE = 14 => "ServerHelloDone",
        CERTIFICATE_VERIFY = 15 => "CertificateVerify",
        CLIENT_KEY_EXCHANGE = 16 => "ClientKeyExchange",
        FINISHED = 20 => "Finished",
        CERTIFICATE_STATUS = 22 => "CertificateStatus",
    }
}

open_enum! {
    /// `AlertLevel` (RFC 5246 7.2).
    pub struct AlertLevel(u8) {
        WARNING = 1 => "warning",
        FATAL = 2 => "fatal",
    }
}

open_enum! {
    /// `AlertDescription` (RFC 5246 7.2 and the IANA registry).
    pub struct AlertDescription(u8) {
        CLOSE_NOTIFY = 0 => "close_notify",
        UNEXPECTED_MESSAGE = 10 => "unexpected_message",
        BAD_RECORD_MAC = 20 => "bad_record_mac",
        DECRYPTION_FAILED = 21 => "decryption_failed",
        RECORD_OVERFLOW = 22 => "record_overflow",
        DECOMPRESSION_FAILURE = 30 => "decompression_failure",
        HANDSHAKE_FAILURE = 40 => "handshake_failure",
        NO_CERTIFICATE = 41 => "no_certificate",
        BAD_CERTIFICATE = 42 => "bad_certificate",
        UNSUPPORTED_CERTIFICATE = 43 => "unsupported_certificate",
        CERTIFICATE_REVOKED = 44 => "certificate_revoked",
        CERTIFICATE_EXPIRED = 45 => "certificate_expired",
        CERTIFICATE_UNKNOWN = 46 => "certificate_unknown",
        ILLEGAL_PARAMETER = 47 => "illegal_parameter",
        UNKNOWN_CA = 48 => "unknown_ca",
        ACCESS_DENIED = 49 => "access_denied",
        DECODE_ERROR = 50 => "decode_error",
        DECRYPT_ERROR = 51 => "decrypt_error",
        EXPORT_RESTRICTION = 60 => "export_restriction",
        PROTOCOL_VERSION = 70 => "protocol_version",
        INSUFFICIENT_SECURITY = 71 => "insufficient_security",
        INTERNAL_ERROR = 80 => "internal_error",
        INAPPROPRIATE_FALLBACK = 86 => "inappropriate_fallback",
        USER_CANCELED = 90 => "user_canceled",
        NO_RENEGOTIATION = 100 => "no_renegotiation",
        UNSUPPORTED_EXTENSION = 110 => "unsupported_extension",
        UNRECOGNIZED_NAME = 112 => "unrecognized_name",
        NO_APPLICATION_PROTOCOL = 120 => "no_application_protocol",
    }
}

open_enum! {
    /// `ExtensionType` (the IANA registry).
    pub struct ExtensionType(u16) {
        SERVER_NAME = 0 => "server_name",
        MAX_FRAGMENT_LENGTH = 1 => "max_fragment_length",
        STATUS_REQUEST = 5 => "status_request",
        SUPPORTED_GROUPS = 10 => "supported_groups",
        EC_POINT_FORMATS = 11 => "ec_point_formats",
        SIGNATURE_ALGORITHMS = 13 => "signature_algorithms",
        HEARTBEAT = 15 => "heartbeat",
        ALPN = 16 => "application_layer_protocol_negotiation",
        SIGNED_CERTIFICATE_TIMESTAMP = 18 => "signed_certificate_timestamp",
        PADDING = 21 => "padding",
        ENCRYPT_THEN_MAC = 22 => "encrypt_then_mac",
        EXTENDED_MASTER_SECRET = 23 => "extended_master_secret",
        RECORD_SIZE_LIMIT = 28 => "record_size_limit",
        SESSION_TICKET = 35 => "session_ticket",
        SUPPORTED_VERSIONS = 43 => "supported_versions",
        SIGNATURE_ALGORITHMS_CERT = 50 => "signature_algorithms_cert",
        KEY_SHARE = 51 => "key_share",
        RENEGOTIATION_INFO = 0xff01 => "renegotiation_info",
    }
}

open_enum! {
    /// `HeartbeatMessageType` (RFC 6520 3).
    pub struct HeartbeatMessageType(u8) {
        REQUEST = 1 => "heartbeat_request",
        RESPONSE = 2 => "heartbeat_response",
    }
}

open_enum! {
    /// `HeartbeatMode` (RFC 6520 2).
    pub struct HeartbeatMode(u8) {
        PEER_ALLOWED_TO_SEND = 1 => "peer_allowed_to_send",
        PEER_NOT_ALLOWED_TO_SEND = 2 => "peer_not_allowed_to_send",
    }
}

open_enum! {
    /// `NameType` of a `ServerName` (RFC 6066 3).
    pub struct NameType(u8) {
        HOST_NAME = 0 => "host_name",
    }
}

open_enum! {
    /// `NamedGroup`: elliptic curves (RFC 8422) and finite-field groups (RFC 7919).
    pub struct NamedGroup(u16) {
        SECP256R1 = 23 => "secp256r1",
        SECP384R1 = 24 => "secp384r1",
        SECP521R1 = 25 => "secp521r1",
        X25519 = 29 => "x25519",
        X448 = 30 => "x448",
        FFDHE2048 = 256 => "ffdhe2048",
        FFDHE3072 = 257 => "ffdhe3072",
        FFDHE4096 = 258 => "ffdhe4096",
        FFDHE6144 = 259 => "ffdhe6144",
        FFDHE8192 = 260 => "ffdhe8192",
    }
}

open_enum! {
    /// `ECPointFormat` (RFC 8422 5.1.2).
    pub struct PointFormat(u8) {
        UNCOMPRESSED = 0 => "uncompressed",
    }
}

open_enum! {
    /// `ECCurveType` (RFC 8422 5.4).
    pub struct CurveType(u8) {
        EXPLICIT_PRIME = 1 => "explicit_prime",
        EXPLICIT_CHAR2 = 2 => "explicit_char2",
        NAMED_CURVE = 3 => "named_curve",
    }
}

open_enum! {
    /// `SignatureScheme`: the two bytes of `SignatureAndHashAlgorithm` (RFC 5246 7.4.1.4.1) as one number.
    pub struct SignatureScheme(u16) {
        RSA_PKCS1_MD5 = 0x0101 => "rsa_pkcs1_md5",
        RSA_PKCS1_SHA1 = 0x0201 => "rsa_pkcs1_sha1",
        ECDSA_SHA1 = 0x0203 => "ecdsa_sha1",
        RSA_PKCS1_SHA256 = 0x0401 => "rsa_pkcs1_sha256",
        ECDSA_SECP256R1_SHA256 = 0x0403 => "ecdsa_secp256r1_sha256",
        RSA_PKCS1_SHA384 = 0x0501 => "rsa_pkcs1_sha384",
        ECDSA_SECP384R1_SHA384 = 0x0503 => "ecdsa_secp384r1_sha384",
        RSA_PKCS1_SHA512 = 0x0601 => "rsa_pkcs1_sha512",
        ECDSA_SECP521R1_SHA512 = 0x0603 => "ecdsa_secp521r1_sha512",
        RSA_PSS_RSAE_SHA256 = 0x0804 => "rsa_pss_rsae_sha256",
    }
}

impl SignatureScheme {
    /// Whether the low byte, the `SignatureAlgorithm` of RFC 5246 7.4.1.4.1, says RSA, and the hash is one of its own.
    pub const fn is_rsa_pkcs1(self) -> bool {
        self.0 & 0xff == 1 && self.0 >> 8 <= 6
    }

    /// Whether the low byte, the `SignatureAlgorithm` of RFC 5246 7.4.1.4.1, says ECDSA.
    pub const fn is_ecdsa(self) -> bool {
        self.0 & 0xff == 3 && self.0 >> 8 <= 6
    }
}

open_enum! {
    /// `ClientCertificateType` (RFC 5246 7.4.4, RFC 8422 5.5).
    pub struct ClientCertificateType(u8) {
        RSA_SIGN = 1 => "rsa_sign",
        DSS_SIGN = 2 => "dss_sign",
        RSA_FIXED_DH = 3 => "rsa_fixed_dh",
        DSS_FIXED_DH = 4 => "dss_fixed_dh",
        ECDSA_SIGN = 64 => "ecdsa_sign",
    }
}

open_enum! {
    /// `CompressionMethod` (RFC 5246 7.4.1.2, RFC 3749).
    pub struct CompressionMethod(u8) {
        NULL = 0 => "null",
        DEFLATE = 1 => "deflate",
    }
}

open_enum! {
    /// `CipherSuite`: the suites that the lab runs, and the two signalling values.
    pub struct CipherSuite(u16) {
        TLS_NULL_WITH_NULL_NULL = 0x0000 => "TLS_NULL_WITH_NULL_NULL",
        TLS_RSA_WITH_AES_128_CBC_SHA = 0x002f => "TLS_RSA_WITH_AES_128_CBC_SHA",
        TLS_DHE_RSA_WITH_AES_128_CBC_SHA = 0x0033 => "TLS_DHE_RSA_WITH_AES_128_CBC_SHA",
        TLS_DH_ANON_WITH_AES_128_CBC_SHA = 0x0034 => "TLS_DH_anon_WITH_AES_128_CBC_SHA",
        TLS_RSA_WITH_AES_256_CBC_SHA = 0x0035 => "TLS_RSA_WITH_AES_256_CBC_SHA",
        TLS_DHE_RSA_WITH_AES_256_CBC_SHA = 0x0039 => "TLS_DHE_RSA_WITH_AES_256_CBC_SHA",
        TLS_DH_ANON_WITH_AES_256_CBC_SHA = 0x003a => "TLS_DH_anon_WITH_AES_256_CBC_SHA",
        TLS_RSA_WITH_AES_128_CBC_SHA256 = 0x003c => "TLS_RSA_WITH_AES_128_CBC_SHA256",
        TLS_RSA_WITH_AES_256_CBC_SHA256 = 0x003d => "TLS_RSA_WITH_AES_256_CBC_SHA256",
        TLS_DHE_RSA_WITH_AES_128_CBC_SHA256 = 0x0067 => "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256",
        TLS_DHE_RSA_WITH_AES_256_CBC_SHA256 = 0x006b => "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256",
        TLS_DH_ANON_WITH_AES_128_CBC_SHA256 = 0x006c => "TLS_DH_anon_WITH_AES_128_CBC_SHA256",
        TLS_DH_ANON_WITH_AES_256_CBC_SHA256 = 0x006d => "TLS_DH_anon_WITH_AES_256_CBC_SHA256",
        TLS_RSA_WITH_AES_128_GCM_SHA256 = 0x009c => "TLS_RSA_WITH_AES_128_GCM_SHA256",
        TLS_RSA_WITH_AES_256_GCM_SHA384 = 0x009d => "TLS_RSA_WITH_AES_256_GCM_SHA384",
        TLS_DHE_RSA_WITH_AES_128_GCM_SHA256 = 0x009e => "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256",
        TLS_DHE_RSA_WITH_AES_256_GCM_SHA384 = 0x009f => "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384",
        TLS_DH_ANON_WITH_AES_128_GCM_SHA256 = 0x00a6 => "TLS_DH_anon_WITH_AES_128_GCM_SHA256",
        TLS_DH_ANON_WITH_AES_256_GCM_SHA384 = 0x00a7 => "TLS_DH_anon_WITH_AES_256_GCM_SHA384",
        TLS_EMPTY_RENEGOTIATION_INFO_SCSV = 0x00ff => "TLS_EMPTY_RENEGOTIATION_INFO_SCSV",
        TLS_FALLBACK_SCSV = 0x5600 => "TLS_FALLBACK_SCSV",
        TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA = 0xc009 => "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
        TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA = 0xc00a => "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
        TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA = 0xc013 => "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
        TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA = 0xc014 => "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
        TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256 = 0xc023 => "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256",
        TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256 = 0xc027 => "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256",
        TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 = 0xc02b => "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 = 0xc02c => "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 = 0xc02f => "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 = 0xc030 => "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
        TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256 = 0xcca8 => "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
        TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 = 0xcca9 => "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
        TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256 = 0xccaa => "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    }
}
