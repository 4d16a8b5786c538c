//! Record protection: one direction of a connection (RFC 5246 6.2.3).

mod aead;
mod cbc;
mod hidden_length;
mod mac;

pub use self::{aead::Aead, cbc::Cbc};
use crate::crypto::schedule::WriteKeys;
use crate::crypto::suite::{Cipher, SuiteParams};
use crate::wire::registry::{ContentType, ProtocolVersion};
use crate::wire::{MAX_CIPHERTEXT, MAX_PLAINTEXT, RecordHeader};

/// How one side protects its records: seals them if it is us, opens them if it is the peer. Counts sequence numbers.
#[derive(Debug, Clone, Default)]
pub enum Protection {
    /// None: the state before the first ChangeCipherSpec.
    #[default]
    Null,
    /// A block cipher in CBC mode with an HMAC (RFC 5246 6.2.3.2).
    Cbc(Box<Cbc>),
    /// An AEAD (RFC 5246 6.2.3.3).
    Aead(Box<Aead>),
}

/// Why a record could not be sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProtectionError {
    /// The MAC or the AEAD's tag is not that of the content: bad_record_mac.
    #[error("the record's MAC does not match its content, sequence number, type and version")]
    BadMac,
    /// The CBC padding is longer than the content or its bytes are not all equal to its length: decryption_failed in
    /// TLS 1.0, bad_record_mac since.
    #[error("the record's CBC padding is not made of its own length")]
    BadPadding,
    /// The fragment's length cannot be that of a protected record: decryption_failed in TLS 1.0, bad_record_mac since.
    #[error(
        "the protected fragment has {got} bytes; it takes at least {minimum} and {minimum} plus a multiple of {step}"
    )]
    BadLength {
        /// The fragment's length in bytes.
        got: usize,
        /// The shortest possible length in bytes.
        minimum: usize,
        /// What longer ones are longer by: the cipher's block, 1 for an AEAD.
        step: usize,
    },
    /// The plaintext is longer than 2^14 bytes, or its protected form longer than 2^14 + 2048: record_overflow.
    #[error("the record has {got} bytes; at most {limit} are allowed")]
    Overflow {
        /// The length in bytes.
        got: usize,
        /// The limit in bytes.
        limit: usize,
    },
}

/// A key or IV that does not have the length that its suite takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the {what} has {got} bytes; the suite takes {expected}")]
pub struct KeyLengthError {
    /// Which of the keys.
    pub what: &'static str,
    /// What was given, in bytes.
    pub got: usize,
    /// What the suite takes, in bytes.
    pub expected: usize,
}

/// What is authenticated besides the content: the sequence number, type, version and length (RFC 5246 6.2.3.1).
type AdditionalData = [u8; 13];

fn additional_data(
    sequence: u64,
    content_type: ContentType,
    version: ProtocolVersion,
    length: usize,
) -> AdditionalData {
    let length = u16::try_from(length).expect("no record is longer than its length field says");
    let mut data = [0; 13];
    data[..8].copy_from_slice(&sequence.to_be_bytes());
    data[8..].copy_from_slice(&RecordHeader { content_type, version, length }.to_array());
    data
}

impl Protection {
    /// The protection of a suite in a version, from the sequence number 0 on.
    ///
    /// `encrypt_then_mac` says whether the extension was negotiated; it has no bearing on an AEAD (RFC 7366 3).
    pub fn new(
        params: &SuiteParams,
        version: ProtocolVersion,
        encrypt_then_mac: bool,
        keys: WriteKeys<'_>,
    ) -> Result<Self, KeyLengthError> {
        match params.cipher {
            Cipher::AesCbc { key_len, mac } => {
                let explicit_iv = version >= ProtocolVersion::TLSV1_1;
                Cbc::new(key_len, mac, explicit_iv, encrypt_then_mac, keys).map(|cbc| Self::Cbc(Box::new(cbc)))
            }
            Cipher::AesGcm { key_len } => Aead::aes_gcm(key_len, keys).map(|aead| Self::Aead(Box::new(aead))),
            Cipher::ChaCha20Poly1305 => Aead::chacha20_poly1305(keys).map(|aead| Self::Aead(Box::new(aead))),
        }
    }

    /// Has CBC records padded with as much as there may be; of no consequence without padding.
    pub fn pad_longest(&mut self) {
        if let Self::Cbc(cbc) = self {
            cbc.padding.longest = true;
        }
    }

    /// Has the padding of CBC records taken as it is, but for its length: a defect; of no consequence without padding.
    pub fn ignore_padding(&mut self) {
        if let Self::Cbc(cbc) = self {
            cbc.padding.ignored = true;
        }
    }

    /// Appends the protected form of `plaintext` to `out`. `fill_iv` gives the explicit IV of a CBC record, and is not
    /// called where there is none. Nothing is appended on an error.
    pub fn seal(
        &mut self,
        content_type: ContentType,
        version: ProtocolVersion,
        plaintext: &[u8],
        fill_iv: impl FnOnce(&mut [u8]),
        out: &mut Vec<u8>,
    ) -> Result<(), ProtectionError> {
        check_len(plaintext, MAX_PLAINTEXT)?;
        match self {
            Self::Null => out.extend_from_slice(plaintext),
            Self::Cbc(cbc) => cbc.seal(content_type, version, plaintext, fill_iv, out),
            Self::Aead(aead) => aead.seal(content_type, version, plaintext, out),
        }
        Ok(())
    }

    /// The plaintext of a protected fragment. `content_type` and `version` are those of the record's header.
    ///
    /// A record that fails counts like any other: the next one has the next sequence number.
    pub fn open(
        &mut self,
        content_type: ContentType,
        version: ProtocolVersion,
        fragment: Vec<u8>,
    ) -> Result<Vec<u8>, ProtectionError> {
        check_len(&fragment, MAX_CIPHERTEXT)?;
        let plaintext = match self {
            Self::Null => fragment,
            Self::Cbc(cbc) => cbc.open(content_type, version, fragment)?,
            Self::Aead(aead) => aead.open(content_type, version, fragment)?,
        };
        check_len(&plaintext, MAX_PLAINTEXT)?;
        Ok(plaintext)
    }
}

fn check_len(bytes: &[u8], limit: usize) -> Result<(), ProtectionError> {
    let got = bytes.len();
    if got > limit { Err(ProtectionError::Overflow { got, limit }) } else { Ok(()) }
}

/// The next sequence number. 2^64 records are more than any connection sees.
fn next(sequence: &mut u64) -> u64 {
    let this = *sequence;
    *sequence = this.wrapping_add(1);
    this
}

/// A key as the array that a cipher takes.
fn key_array<const N: usize>(what: &'static str, key: &[u8]) -> Result<[u8; N], KeyLengthError> {
    key.try_into().map_err(|_| KeyLengthError { what, got: key.len(), expected: N })
}
