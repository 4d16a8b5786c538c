//! Certificates and the keys that belong to them.

use rsa::pkcs1::DecodeRsaPrivateKey;
use rsa::pkcs8::DecodePrivateKey;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use x509_cert::Certificate;
use x509_cert::der::{Decode, oid::ObjectIdentifier, pem, referenced::OwnedToRef};

use super::signature::{SigningKey, VerifyingKey};
use crate::wire::Bytes;

/// What an endpoint proves its identity with: a certificate chain and the private key of its first certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The certificates in DER, the endpoint's own first (RFC 5246 7.4.2).
    pub chain: Vec<Vec<u8>>,
    /// The private key.
    pub key: SigningKey,
}

/// Which certificate it is: the SHA-256 of its DER, as `openssl x509 -fingerprint -sha256` shows it. Written as lower-case
/// hexadecimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Bytes", into = "Bytes")]
pub struct Fingerprint(pub [u8; Self::LEN]);

impl Fingerprint {
    /// Its bytes.
    pub const LEN: usize = 32;

    /// The fingerprint of a certificate in DER.
    pub fn of(certificate: &[u8]) -> Self {
        Self(Sha256::digest(certificate).into())
    }
}

impl From<Fingerprint> for Bytes {
    fn from(fingerprint: Fingerprint) -> Self {
        fingerprint.0.into()
    }
}

impl TryFrom<Bytes> for Fingerprint {
    type Error = String;

    fn try_from(bytes: Bytes) -> Result<Self, String> {
        bytes.exactly("a certificate's fingerprint").map(Self)
    }
}

/// Why a certificate or a key cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// Something is not PEM.
    #[error("the {what} is not valid PEM: {reason}")]
    Pem {
        /// What was being read.
        what: &'static str,
        /// What the decoder said.
        reason: String,
    },
    /// There is no certificate in the PEM.
    #[error("there is no CERTIFICATE block in the certificate's PEM")]
    NoCertificate,
    /// There is no private key in the PEM.
    #[error(
        "there is no PRIVATE KEY, RSA PRIVATE KEY or EC PRIVATE KEY block in the key's PEM; encrypted keys are not read"
    )]
    NoKey,
    /// A certificate is not X.509 in DER.
    #[error("the certificate is not X.509 in DER: {reason}")]
    Certificate {
        /// What the decoder said.
        reason: String,
    },
    /// A private key cannot be decoded.
    #[error("the {label} block is neither an RSA nor a P-256 private key that the lab can use: {reason}")]
    Key {
        /// The label of the PEM block.
        label: String,
        /// What the decoder said.
        reason: String,
    },
    /// A certificate's public key is of a kind that the lab does not use, or malformed.
    #[error("the certificate's public key (algorithm {algorithm}) is neither RSA nor P-256: {reason}")]
    PublicKey {
        /// The object identifier of the key's algorithm.
        algorithm: String,
        /// What the decoder said.
        reason: String,
    },
    /// The private key does not belong to the first certificate.
    #[error("the private key does not belong to the first certificate")]
    Mismatch,
}

impl Identity {
    /// Reads a certificate chain, in its order, and a private key: PKCS#8, PKCS#1 ("RSA PRIVATE KEY") or SEC 1
    /// ("EC PRIVATE KEY"), unencrypted. Text and other blocks around them are passed over.
    pub fn from_pem(chain_pem: &str, key_pem: &str) -> Result<Self, IdentityError> {
        let chain = pem_blocks(chain_pem, "certificate")?
            .into_iter()
            .filter(|(label, _)| label == "CERTIFICATE")
            .map(|(_, certificate)| certificate)
            .collect::<Vec<_>>();
        let leaf = chain.first().ok_or(IdentityError::NoCertificate)?;

        let key = private_key(key_pem)?;
        for certificate in &chain {
            parse(certificate)?;
        }
        if VerifyingKey::from_certificate(leaf)? != key.verifying_key() {
            return Err(IdentityError::Mismatch);
        }
        Ok(Self { chain, key })
    }

    /// The chain as PEM, in its order.
    pub fn chain_pem(&self) -> String {
        self.chain
            .iter()
            .map(|certificate| {
                pem::encode_string("CERTIFICATE", pem::LineEnding::LF, certificate).expect("the label is valid PEM")
            })
            .collect()
    }
}

impl VerifyingKey {
    /// The public key of a certificate in DER.
    pub fn from_certificate(certificate: &[u8]) -> Result<Self, IdentityError> {
        let certificate = parse(certificate)?;
        let spki = certificate.tbs_certificate().subject_public_key_info().owned_to_ref();
        let key = match spki.algorithm.oid {
            RSA_ENCRYPTION => rsa::PublicKey::try_from(spki.clone()).map(|key| Self::Rsa(Box::new(key))),
            _ => p256::ecdsa::VerifyingKey::try_from(spki.clone()).map(Self::Ecdsa),
        };
        key.map_err(|error| IdentityError::PublicKey {
            algorithm: spki.algorithm.oid.to_string(),
            reason: error.to_string(),
        })
    }
}

/// `rsaEncryption` (RFC 8017 A.1).
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

const KEY_LABELS: [&str; 3] = ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"];

fn parse(certificate: &[u8]) -> Result<Certificate, IdentityError> {
    Certificate::from_der(certificate).map_err(|error| IdentityError::Certificate { reason: error.to_string() })
}

/// The first private key in a PEM text.
pub(super) fn private_key(pem: &str) -> Result<SigningKey, IdentityError> {
    let (label, key) = pem_blocks(pem, "private key")?
        .into_iter()
        .find(|(label, _)| KEY_LABELS.contains(&label.as_str()))
        .ok_or(IdentityError::NoKey)?;
    decode_key(&label, &key)
}

/// A private key from the contents of a PEM block.
fn decode_key(label: &str, der: &[u8]) -> Result<SigningKey, IdentityError> {
    let rsa = |key| SigningKey::Rsa(Box::new(key));
    let ecdsa = |key: p256::SecretKey| SigningKey::Ecdsa(key.into());
    let key = match label {
        "RSA PRIVATE KEY" => rsa::PrivateKey::from_pkcs1_der(der).map(rsa).map_err(|error| error.to_string()),
        "EC PRIVATE KEY" => p256::SecretKey::from_sec1_der(der).map(ecdsa).map_err(|error| error.to_string()),
        _ => rsa::PrivateKey::from_pkcs8_der(der).map(rsa).or_else(|not_rsa| {
            p256::SecretKey::from_pkcs8_der(der)
                .map(ecdsa)
                .map_err(|not_p256| format!("as RSA: {not_rsa}; as P-256: {not_p256}"))
        }),
    };
    key.map_err(|reason| IdentityError::Key { label: label.to_owned(), reason })
}

/// The labels and contents of the PEM blocks in a text.
fn pem_blocks(text: &str, what: &'static str) -> Result<Vec<(String, Vec<u8>)>, IdentityError> {
    const END: &str = "-----END ";
    let mut blocks = Vec::new();
    let mut rest = text;
    while let Some(begin) = rest.find("-----BEGIN ") {
        rest = &rest[begin..];
        let end = rest.find(END).and_then(|end| Some(end + END.len() + rest[end + END.len()..].find("-----")? + 5));
        let end = end.ok_or_else(|| IdentityError::Pem { what, reason: "a block has no END line".to_owned() })?;
        let (label, contents) = pem::decode_vec(&rest.as_bytes()[..end])
            .map_err(|error| IdentityError::Pem { what, reason: error.to_string() })?;
        blocks.push((label.to_owned(), contents));
        rest = &rest[end..];
    }
    Ok(blocks)
}
