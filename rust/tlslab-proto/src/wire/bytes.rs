//! Opaque byte strings, and how they are written in JSON: as hexadecimal, or as text where they are names.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Opaque bytes. Written as lower-case hexadecimal.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes(pub Vec<u8>);

/// The random of a hello (RFC 5246 7.4.1.2): 32 bytes, of which the first four may be a clock. Written as lower-case
/// hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Random(pub [u8; 32]);

impl Random {
    /// The end of a server's random that says: I speak TLS 1.2 or newer, and this is TLS 1.1 or older (RFC 8446 4.1.3).
    pub const DOWNGRADED: [u8; 8] = *b"DOWNGRD\0";
}

/// Bytes that are mostly a name, such as a host's or a protocol's. Written as ASCII, with `\x00` for any other byte,
/// `\\`, `\"` and `\'`, and `\t`, `\r` and `\n`.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(pub Vec<u8>);

/// Text that is not ASCII, or has an unknown escape.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(r#"{text:?} is not ASCII with the escapes \xNN, \t, \r, \n, \\, \" and \'"#)]
pub struct NotText {
    /// What was given.
    pub text: String,
}

impl Bytes {
    /// The bytes as an array of their number.
    ///
    /// # Errors
    /// There are more or fewer than `what` has; in words.
    pub(crate) fn exactly<const N: usize>(&self, what: &str) -> Result<[u8; N], String> {
        self.0[..].try_into().map_err(|_| format!("{what} has {N} bytes, and not {}", self.0.len()))
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

impl FromStr for Bytes {
    type Err = hex::FromHexError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        hex::decode(text).map(Self)
    }
}

impl fmt::Display for Random {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl FromStr for Random {
    type Err = hex::FromHexError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map(|()| Self(bytes))
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0.escape_ascii(), f)
    }
}

impl FromStr for Text {
    type Err = NotText;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        unescape(text).map(Self).ok_or_else(|| NotText { text: text.to_owned() })
    }
}

/// The inverse of [`slice::escape_ascii`].
fn unescape(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut chars = text.bytes();
    while let Some(byte) = chars.next() {
        bytes.push(match byte {
            b'\\' => match chars.next()? {
                b'x' => hex_digit(chars.next()?)? << 4 | hex_digit(chars.next()?)?,
                b't' => b'\t',
                b'r' => b'\r',
                b'n' => b'\n',
                quoted @ (b'\\' | b'"' | b'\'') => quoted,
                _ => return None,
            },
            plain if plain.is_ascii() => plain,
            _ => return None,
        });
    }
    Some(bytes)
}

fn hex_digit(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|value| value as u8)
}

/// What the byte strings have in common: they debug and serialise as they display, and deserialise as they parse.
macro_rules! byte_string {
    ($($name:ident)*) => { $(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl Deref for $name {
            type Target = [u8];
            fn deref(&self) -> &[u8] {
                &self.0
            }
        }

        impl AsRef<[u8]> for $name {
            fn as_ref(&self) -> &[u8] {
                &self.0
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Cow::<'de, str>::deserialize(deserializer)?.parse().map_err(de::Error::custom)
            }
        }
    )* };
}
byte_string!(Bytes Random Text);

/// The conversions of the byte strings of any length.
macro_rules! from_bytes {
    ($($name:ident)*) => { $(
        impl From<Vec<u8>> for $name {
            fn from(bytes: Vec<u8>) -> Self {
                Self(bytes)
            }
        }

        impl From<&[u8]> for $name {
            fn from(bytes: &[u8]) -> Self {
                Self(bytes.to_vec())
            }
        }

        impl<const N: usize> From<[u8; N]> for $name {
            fn from(bytes: [u8; N]) -> Self {
                Self(bytes.to_vec())
            }
        }
    )* };
}
from_bytes!(Bytes Text);

impl From<&str> for Text {
    /// The bytes of `name` as they are, without escapes.
    fn from(name: &str) -> Self {
        Self(name.as_bytes().to_vec())
    }
}
