//! Signatures of ServerKeyExchange and CertificateVerify messages.

use p256::ecdsa::{
    self, DerSignature,
    signature::hazmat::{PrehashSigner, PrehashVerifier},
};
use rsa::{Pkcs1v15Sign, traits::PublicKeyParts};
use sha1::{Digest, Sha1};
use sha2::{Sha256, Sha384, Sha512};

use crate::wire::registry::SignatureScheme;

/// A private key that signs. The keys behind it are RustCrypto's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SigningKey {
    /// RSA, with PKCS#1 v1.5 padding.
    Rsa(Box<rsa::PrivateKey>),
    /// ECDSA on P-256, with the deterministic nonces of RFC 6979.
    Ecdsa(ecdsa::SigningKey),
}

/// The public half of a [`SigningKey`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VerifyingKey {
    /// RSA.
    Rsa(Box<rsa::PublicKey>),
    /// ECDSA on P-256.
    Ecdsa(ecdsa::VerifyingKey),
}

/// Why a signature could not be made, or does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The lab does not know the scheme.
    #[error("signature scheme {0} is not supported: rsa_pkcs1 and ecdsa with SHA-1, SHA-256, SHA-384 or SHA-512 are")]
    UnsupportedScheme(SignatureScheme),
    /// The scheme is for the other kind of key.
    #[error("signature scheme {scheme} does not fit the {key} key")]
    WrongKey {
        /// The scheme asked for.
        scheme: SignatureScheme,
        /// The kind of key at hand.
        key: &'static str,
    },
    /// An RSA signature is not as long as the modulus (RFC 8017 8.2.2, step 1).
    #[error("the RSA signature has {got} bytes; the modulus has {expected}")]
    Length {
        /// What arrived, in bytes.
        got: usize,
        /// The modulus' length in bytes.
        expected: usize,
    },
    /// An ECDSA signature is not the DER of two numbers (RFC 8422 5.4).
    #[error("the ECDSA signature is not a DER sequence of r and s")]
    Encoding,
    /// The modulus is too short for the padded hash.
    #[error("an RSA modulus of {modulus_len} bytes is too short for the hash")]
    ModulusTooShort {
        /// The modulus' length in bytes.
        modulus_len: usize,
    },
    /// The signature is well formed and is not one of the message by the key.
    #[error("the signature does not verify")]
    Mismatch,
}

/// How to hash: by name, or, before TLS 1.2, by the kind of key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hash {
    Md5Sha1,
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    /// The hash that `scheme` stands for with an RSA key.
    ///
    /// Without a scheme it is MD5 || SHA-1, and no DigestInfo around it (RFC 2246 7.4.3).
    fn for_rsa(scheme: Option<SignatureScheme>) -> Result<Self, SignatureError> {
        match scheme {
            None => Ok(Self::Md5Sha1),
            Some(scheme) => Self::of(scheme, RSA_SIGNATURE, "RSA"),
        }
    }

    /// The hash that `scheme` stands for with an ECDSA key, SHA-1 without one (RFC 8422 5.4).
    fn for_ecdsa(scheme: Option<SignatureScheme>) -> Result<Self, SignatureError> {
        match scheme {
            None => Ok(Self::Sha1),
            Some(scheme) => Self::of(scheme, ECDSA_SIGNATURE, "ECDSA"),
        }
    }

    /// Reads a scheme as RFC 5246 7.4.1.4.1 does, as a hash and a signature algorithm: in TLS 1.2 it names no curve.
    fn of(scheme: SignatureScheme, algorithm: u8, key: &'static str) -> Result<Self, SignatureError> {
        let [hash, signature] = scheme.0.to_be_bytes();
        let hash = match hash {
            2 => Self::Sha1,
            4 => Self::Sha256,
            5 => Self::Sha384,
            6 => Self::Sha512,
            _ => return Err(SignatureError::UnsupportedScheme(scheme)),
        };
        match signature {
            _ if signature == algorithm => Ok(hash),
            RSA_SIGNATURE | ECDSA_SIGNATURE => Err(SignatureError::WrongKey { scheme, key }),
            _ => Err(SignatureError::UnsupportedScheme(scheme)),
        }
    }

    fn digest(self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Md5Sha1 => [&md5::Md5::digest(message)[..], &Sha1::digest(message)].concat(),
            Self::Sha1 => Sha1::digest(message).to_vec(),
            Self::Sha256 => Sha256::digest(message).to_vec(),
            Self::Sha384 => Sha384::digest(message).to_vec(),
            Self::Sha512 => Sha512::digest(message).to_vec(),
        }
    }

    fn pkcs1(self) -> Pkcs1v15Sign {
        match self {
            Self::Md5Sha1 => Pkcs1v15Sign::new_unprefixed(),
            Self::Sha1 => Pkcs1v15Sign::new::<Sha1>(),
            Self::Sha256 => Pkcs1v15Sign::new::<Sha256>(),
            Self::Sha384 => Pkcs1v15Sign::new::<Sha384>(),
            Self::Sha512 => Pkcs1v15Sign::new::<Sha512>(),
        }
    }
}

/// `SignatureAlgorithm` values of RFC 5246 7.4.1.4.1.
const RSA_SIGNATURE: u8 = 1;
const ECDSA_SIGNATURE: u8 = 3;

impl SigningKey {
    /// Signs `message`: with a scheme as TLS 1.2 does, with `None` as TLS 1.0 and 1.1 do (RSA over MD5 || SHA-1 without
    /// DigestInfo, ECDSA over SHA-1).
    ///
    /// Deterministic. An RSA signature is always as long as the modulus; an ECDSA signature is DER.
    pub fn sign(&self, scheme: Option<SignatureScheme>, message: &[u8]) -> Result<Vec<u8>, SignatureError> {
        match self {
            Self::Rsa(key) => {
                let hash = Hash::for_rsa(scheme)?;
                // Padding a hash fails for a short modulus only, and unblinded RSA with a sound key has no other error.
                key.sign(hash.pkcs1(), &hash.digest(message))
                    .map_err(|_| SignatureError::ModulusTooShort { modulus_len: key.size() })
            }
            Self::Ecdsa(key) => {
                let digest = Hash::for_ecdsa(scheme)?.digest(message);
                let signature: DerSignature = key.sign_prehash(&digest).expect("RFC 6979 draws nonces until one fits");
                Ok(signature.as_bytes().to_vec())
            }
        }
    }

    /// The public half.
    pub fn verifying_key(&self) -> VerifyingKey {
        match self {
            Self::Rsa(key) => VerifyingKey::Rsa(Box::new(key.to_public_key())),
            Self::Ecdsa(key) => VerifyingKey::Ecdsa(*key.verifying_key()),
        }
    }

    /// Length of an RSA modulus in bytes, `None` for an ECDSA key.
    pub fn modulus_len(&self) -> Option<usize> {
        match self {
            Self::Rsa(key) => Some(key.size()),
            Self::Ecdsa(_) => None,
        }
    }
}

impl VerifyingKey {
    /// Verifies a signature that [`SigningKey::sign`] made with the same arguments, or a peer did.
    ///
    /// An RSA signature shorter or longer than the modulus is an error, leading zeros or not.
    pub fn verify(
        &self,
        scheme: Option<SignatureScheme>,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), SignatureError> {
        match self {
            Self::Rsa(key) => {
                let hash = Hash::for_rsa(scheme)?;
                if signature.len() != key.size() {
                    return Err(SignatureError::Length { got: signature.len(), expected: key.size() });
                }
                key.verify(hash.pkcs1(), &hash.digest(message), signature).map_err(|_| SignatureError::Mismatch)
            }
            Self::Ecdsa(key) => {
                let digest = Hash::for_ecdsa(scheme)?.digest(message);
                let signature = DerSignature::from_bytes(signature).map_err(|_| SignatureError::Encoding)?;
                key.verify_prehash(&digest, &signature).map_err(|_| SignatureError::Mismatch)
            }
        }
    }

    /// Whether the key can sign under `scheme`.
    pub fn supports(&self, scheme: SignatureScheme) -> bool {
        match self {
            Self::Rsa(_) => Hash::for_rsa(Some(scheme)).is_ok(),
            Self::Ecdsa(_) => Hash::for_ecdsa(Some(scheme)).is_ok(),
        }
    }

    /// Length of an RSA modulus in bytes, `None` for an ECDSA key.
    pub fn modulus_len(&self) -> Option<usize> {
        match self {
            Self::Rsa(key) => Some(key.size()),
            Self::Ecdsa(_) => None,
        }
    }
}
