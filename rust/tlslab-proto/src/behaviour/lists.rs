//! Knob values that name things by text: cipher suites, signature schemes and Diffie-Hellman groups.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use tlslab_dh::{Group, GroupError};

use crate::crypto::suite;
use crate::wire::registry::{CipherSuite, SignatureScheme};

/// A cipher suite by its IANA name, its OpenSSL name or its number (`0x009e`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Suite(pub CipherSuite);

/// The `format` of [`Suite`] in a schema.
pub const SUITE_FORMAT: &str = "cipher-suite";

impl Serialize for Suite {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Suite {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        suite::from_any_name(&text)
            .map(Self)
            .ok_or_else(|| D::Error::custom(format!("{text:?} is no cipher suite that the lab knows")))
    }
}

impl JsonSchema for Suite {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Suite".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": SUITE_FORMAT })
    }
}

/// A signature scheme by its name (`rsa_pkcs1_sha256`) or its number (`0x0401`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Scheme(pub SignatureScheme);

/// The `format` of [`Scheme`] in a schema.
pub const SCHEME_FORMAT: &str = "signature-scheme";

impl JsonSchema for Scheme {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Scheme".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": SCHEME_FORMAT })
    }
}

/// A finite-field group: by name, or any prime and generator in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum GroupSpec {
    /// `ffdhe2048` … (RFC 7919), `modp2048` … (RFC 3526), `modp768` and `modp1024` (RFC 2409).
    Named(String),
    /// `{"p": "ff…", "g": "02"}`.
    Custom(CustomGroup),
}

/// A prime and a generator, big endian, in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CustomGroup {
    /// The prime.
    #[serde(with = "hex_integer")]
    pub p: Vec<u8>,
    /// The generator.
    #[serde(with = "hex_integer")]
    pub g: Vec<u8>,
}

/// Whether `text` is a big integer as JSON has them here.
pub(super) fn is_hex_integer(text: &str) -> bool {
    hex_integer::parse(text).is_ok()
}

/// Big integers in JSON: hexadecimal, with or without `0x`, of any number of digits. Leading zeros mean nothing, and are
/// not kept: one integer has one form.
mod hex_integer {
    use serde::{Deserialize, Deserializer, Serializer, de::Error as _};
    use tlslab_dh::leading_zero_bytes;

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        parse(&String::deserialize(deserializer)?)
            .map_err(|error| D::Error::custom(format!("not a hexadecimal integer: {error}")))
    }

    pub(super) fn parse(text: &str) -> Result<Vec<u8>, hex::FromHexError> {
        let digits = text.strip_prefix("0x").unwrap_or(text);
        let even = if digits.len().is_multiple_of(2) { digits.to_owned() } else { format!("0{digits}") };
        let bytes = hex::decode(even)?;
        Ok(bytes[leading_zero_bytes(&bytes)..].to_vec())
    }
}

/// The `format` of [`GroupSpec`] in a schema.
pub const GROUP_FORMAT: &str = "dh-group";

impl GroupSpec {
    /// The group itself.
    ///
    /// # Errors
    /// An unknown name, or a prime and generator that [`Group::custom`] refuses.
    pub fn resolve(&self) -> Result<Group, GroupError> {
        match self {
            Self::Named(name) => Group::by_name(name),
            Self::Custom(group) => Group::custom(&group.p, &group.g),
        }
    }
}

impl JsonSchema for GroupSpec {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "GroupSpec".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "object"], "format": GROUP_FORMAT })
    }
}

/// Whether `name` matches `pattern`, in which `*` stands for any characters.
pub fn matches_pattern(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((head, rest)) => name.strip_prefix(head).is_some_and(|tail| {
            (0..=tail.len()).filter(|at| tail.is_char_boundary(*at)).any(|at| matches_pattern(rest, &tail[at..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::matches_pattern;

    #[test]
    fn patterns() {
        assert!(matches_pattern("TLS_DHE_*", "TLS_DHE_RSA_WITH_AES_128_CBC_SHA"));
        assert!(!matches_pattern("TLS_DHE_*", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"));
        assert!(matches_pattern("*_CBC_*", "TLS_RSA_WITH_AES_128_CBC_SHA"));
        assert!(matches_pattern("*", ""));
        assert!(!matches_pattern("a*b", "a"));
    }
}
