//! The values that knobs take. Each variant's comment is its documentation everywhere: in the reference, in Python
//! and in the messages of a refused value.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::wire::registry::{NamedGroup, ProtocolVersion};

/// Declares a knob's choices: a plain enum, written in JSON as its snake-case name.
macro_rules! choice {
    ($(#[$meta:meta])* pub enum $name:ident { $( $(#[$vmeta:meta])* $variant:ident, )* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $( $(#[$vmeta])* $variant, )* }
    };
}

mod authentication;
mod renegotiation;
mod resumption;
mod trust;

pub use authentication::{CertificateAnswer, ClientCertificate, RequestCertificate, ResumedRequest};
pub use renegotiation::Renegotiation;
pub use resumption::{
    Offering, ResumePolicy, ResumedEmsCheck, ResumedEmsEcho, Resumption, TicketRenewal, TicketSessionId,
};
pub use trust::{EarlyChangeCipherSpec, EarlyFinished, Heartbeats, RecordPadding, TicketKeySource};

/// A version of TLS that the lab runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Version {
    /// RFC 2246.
    #[serde(rename = "TLSv1.0")]
    Tls10,
    /// RFC 4346.
    #[serde(rename = "TLSv1.1")]
    Tls11,
    /// RFC 5246.
    #[serde(rename = "TLSv1.2")]
    Tls12,
}

impl Version {
    /// All versions, oldest first.
    pub const ALL: [Self; 3] = [Self::Tls10, Self::Tls11, Self::Tls12];

    /// The number on the wire.
    pub const fn wire(self) -> ProtocolVersion {
        match self {
            Self::Tls10 => ProtocolVersion::TLSV1_0,
            Self::Tls11 => ProtocolVersion::TLSV1_1,
            Self::Tls12 => ProtocolVersion::TLSV1_2,
        }
    }

    /// The version of a number on the wire, if the lab runs it.
    pub fn from_wire(version: ProtocolVersion) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.wire() == version)
    }
}

choice! {
    /// A feature that is there or not.
    pub enum Switch {
        /// Not used.
        Off,
        /// Used.
        On,
    }
}

choice! {
    /// Extended Master Secret (RFC 7627).
    pub enum Ems {
        /// Neither offered nor understood.
        Off,
        /// Offered by the client, answered by the server.
        On,
        /// As `on`, and a handshake without it is refused with handshake_failure.
        Required,
    }
}

choice! {
    /// What happens to the leading zero bytes of the Diffie-Hellman secret Z before it becomes the premaster secret.
    pub enum PremasterZeros {
        /// All stripped: the rule of RFC 4346 and RFC 5246 8.1.2.
        Strip,
        /// Kept: Z in the length of the prime, as TLS 1.3 has it.
        Keep,
        /// One zero byte is stripped, further ones stay.
        StripOne,
        /// Minimal two's complement: stripped, but a zero byte stands before a set top bit.
        SignByte,
    }
}

choice! {
    /// Whether leading zero bytes of a value of fixed length survive.
    pub enum FixedLengthZeros {
        /// Kept: the rule.
        Keep,
        /// Dropped: a defect.
        Strip,
    }
}

choice! {
    /// How an integer's bytes are written.
    pub enum IntegerEncoding {
        /// Padded with zeros to the length of the prime.
        Padded,
        /// Without leading zero bytes.
        Minimal,
    }
}

choice! {
    /// Which bytes of ServerKeyExchange's parameters a signature covers.
    pub enum SignedBytes {
        /// The bytes on the wire (RFC 5246 7.4.3).
        Wire,
        /// The parameters encoded again with a padded public value: a defect where the wire has a minimal one.
        Padded,
        /// The parameters encoded again with a minimal public value: a defect where the wire has a padded one.
        Minimal,
    }
}

choice! {
    /// What an endpoint does with a peer's public value that is shorter than the prime, or that starts with zeros.
    pub enum ShortPublicValue {
        /// Used as the integer that it is.
        Accept,
        /// Refused with illegal_parameter.
        Reject,
        /// Read as if its significant bytes stood at the left of a buffer of the prime's length: a defect, and one
        /// reading of what KB4557473 calls not accounting for padded zeros.
        Miscompute,
    }
}

choice! {
    /// What an endpoint does with a value of fixed length (an RSA ciphertext or signature) that arrives shorter.
    pub enum ShortFixedValue {
        /// Treated as invalid: the rule.
        Fail,
        /// Padded on the left and used.
        Accept,
    }
}

choice! {
    /// How a client checks the server's Diffie-Hellman group. TLS before RFC 7919 lets the server choose any.
    pub enum GroupCheck {
        /// Not at all, but for what arithmetic takes: an odd modulus.
        None,
        /// The modulus must be a safe prime, else illegal_parameter: a composite one can give every secret away. The test
        /// takes up to a second at 4096 bits.
        SafePrime,
        /// It must be a group that is known by name (RFC 7919, RFC 3526, RFC 2409), else insufficient_security.
        Named,
    }
}

choice! {
    /// What a server makes of the finite-field groups that a client lists.
    pub enum ListedGroups {
        /// It gets one of them, or no such suite (RFC 7919 4).
        Heed,
        /// The server's first group, whatever is listed: servers of before RFC 7919 know nothing of the list.
        Ignore,
    }
}

choice! {
    /// How a peer's Diffie-Hellman public value is checked.
    pub enum PublicValueCheck {
        /// Not at all.
        None,
        /// 1 < Y < p - 1 (RFC 7919 5.1).
        Range,
        /// As `range`, and Y must lie in the subgroup of order (p - 1) / 2 where p is a safe prime.
        Subgroup,
    }
}

choice! {
    /// Whether Diffie-Hellman exponents are used once.
    pub enum ExponentReuse {
        /// A new one for each handshake.
        Fresh,
        /// One for all connections of a trial.
        WithinTrial,
    }
}

choice! {
    /// What an endpoint does on finding something wrong.
    pub enum Reaction {
        /// Fatal bad_record_mac (20).
        BadRecordMac,
        /// Fatal decryption_failed (21), as TLS 1.0 had it for bad padding.
        DecryptionFailed,
        /// Fatal decrypt_error (51).
        DecryptError,
        /// The connection is closed without an alert.
        Close,
        /// Nothing: the endpoint stops answering.
        Silence,
    }
}

choice! {
    /// What an endpoint does with a message that its state does not allow.
    pub enum OnUnexpected {
        /// Fatal unexpected_message (RFC 5246 7.2.2).
        Alert,
        /// The message is skipped.
        Ignore,
        /// The connection is closed without an alert.
        Close,
    }
}

choice! {
    /// How handshake messages of one flight share records.
    pub enum FlightRecords {
        /// One record for each message.
        PerMessage,
        /// As few records as possible.
        Coalesced,
    }
}

choice! {
    /// How a client says that it knows secure renegotiation (RFC 5746 3.4).
    pub enum RenegotiationSignal {
        /// Not at all.
        Off,
        /// By an empty renegotiation_info extension.
        Extension,
        /// By TLS_EMPTY_RENEGOTIATION_INFO_SCSV.
        Scsv,
    }
}

choice! {
    /// Whose order of suites decides.
    pub enum Preference {
        /// The server's.
        Server,
        /// The client's.
        Client,
    }
}

choice! {
    /// A kind of certificate and key.
    pub enum CertificateKind {
        /// RSA.
        Rsa,
        /// ECDSA on P-256.
        Ecdsa,
    }
}

/// An elliptic curve of the key exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CurveName {
    /// Curve25519 (RFC 7748).
    X25519,
    /// NIST P-256.
    Secp256r1,
}

impl CurveName {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::X25519, Self::Secp256r1];

    /// The number on the wire.
    pub const fn wire(self) -> NamedGroup {
        match self {
            Self::X25519 => NamedGroup::X25519,
            Self::Secp256r1 => NamedGroup::SECP256R1,
        }
    }
}

/// How many bits a Diffie-Hellman exponent has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ExponentLength {
    /// By a rule.
    Rule(ExponentRule),
    /// A number of bits.
    Bits(#[schemars(range(min = 2, max = 8192))] u16),
}

choice! {
    /// A rule for the length of exponents.
    pub enum ExponentRule {
        /// Twice the group's strength, as RFC 7919 5.2 allows.
        Short,
        /// As long as the group's order.
        Full,
    }
}

/// A value for each version of TLS: in JSON either one value for all, or an object such as
/// `{"TLSv1.0": "keep", "TLSv1.2": "strip"}` (versions left out take the knob's default).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PerVersion<T> {
    /// For TLS 1.0.
    pub tls10: T,
    /// For TLS 1.1.
    pub tls11: T,
    /// For TLS 1.2.
    pub tls12: T,
}

impl<T: Copy> PerVersion<T> {
    /// The same value for every version.
    pub const fn all(value: T) -> Self {
        Self { tls10: value, tls11: value, tls12: value }
    }

    /// The value for `version`.
    pub const fn get(&self, version: Version) -> T {
        match version {
            Version::Tls10 => self.tls10,
            Version::Tls11 => self.tls11,
            Version::Tls12 => self.tls12,
        }
    }
}

mod per_version {
    use std::collections::BTreeMap;

    use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::{PerVersion, PremasterZeros, Version};

    impl<T: Serialize + Copy + PartialEq> Serialize for PerVersion<T> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            if self.tls10 == self.tls11 && self.tls11 == self.tls12 {
                return self.tls10.serialize(serializer);
            }
            serializer.collect_map(Version::ALL.map(|version| (version, self.get(version))))
        }
    }

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Form<T> {
        One(T),
        Each(BTreeMap<Version, T>),
    }

    impl<'de> Deserialize<'de> for PerVersion<PremasterZeros> {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let each = match Form::deserialize(deserializer)? {
                Form::One(value) => return Ok(Self::all(value)),
                Form::Each(each) => each,
            };
            let of = |version| each.get(&version).copied().unwrap_or(PremasterZeros::Strip);
            Ok(Self { tls10: of(Version::Tls10), tls11: of(Version::Tls11), tls12: of(Version::Tls12) })
        }
    }

    impl<T: JsonSchema> JsonSchema for PerVersion<T> {
        fn inline_schema() -> bool {
            true
        }
        fn schema_name() -> std::borrow::Cow<'static, str> {
            format!("PerVersion_{}", T::schema_name()).into()
        }
        fn json_schema(generator: &mut SchemaGenerator) -> Schema {
            let value = generator.subschema_for::<T>();
            json_schema!({ "anyOf": [value, { "type": "object", "additionalProperties": value }] })
        }
    }
}
