//! RSA key transport: the premaster secret under the server's public key (RFC 5246 7.4.7.1).

use rsa::{Pkcs1v15Encrypt, rand_core::CryptoRng, traits::PublicKeyParts};

use super::signature::{SigningKey, VerifyingKey};

/// Length of an RSA premaster secret in bytes: two of version, 46 random.
pub const PREMASTER_LEN: usize = 48;

/// Why a premaster secret was not transported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RsaTransportError {
    /// The key is no RSA key.
    #[error("RSA key transport takes an RSA key; the certificate has an ECDSA key")]
    NotRsa,
    /// The modulus is too short for the premaster secret and eleven bytes of padding (RFC 8017 7.2.1).
    #[error("an RSA modulus of {modulus_len} bytes is too short for a premaster secret of {PREMASTER_LEN}")]
    ModulusTooShort {
        /// The modulus' length in bytes.
        modulus_len: usize,
    },
    /// The ciphertext is not as long as the modulus (RFC 8017 7.2.2, step 1).
    #[error("the ciphertext has {got} bytes; the modulus has {expected}")]
    Length {
        /// What arrived, in bytes.
        got: usize,
        /// The modulus' length in bytes.
        expected: usize,
    },
    /// What comes out is not a premaster secret.
    #[error("the ciphertext does not decrypt to a premaster secret of {PREMASTER_LEN} bytes")]
    Decryption,
}

/// Encrypts a premaster secret with PKCS#1 v1.5 padding, whose bytes come from `rng`. The ciphertext is as long as the
/// modulus.
pub fn encrypt(
    key: &VerifyingKey,
    premaster: &[u8; PREMASTER_LEN],
    rng: &mut impl CryptoRng,
) -> Result<Vec<u8>, RsaTransportError> {
    let VerifyingKey::Rsa(key) = key else { return Err(RsaTransportError::NotRsa) };
    key.encrypt(rng, Pkcs1v15Encrypt, premaster)
        .map_err(|_| RsaTransportError::ModulusTooShort { modulus_len: key.size() })
}

/// Decrypts a premaster secret. The caller answers errors with a random one (RFC 5246 7.4.7.1) and checks the version.
///
/// Where the padding is bad, the result is either [`RsaTransportError::Decryption`] or, about once in 250 ciphertexts, a
/// premaster secret made up from the ciphertext and the key: RustCrypto rejects implicitly, so it does not tell. For
/// the endpoint the two are the same, since what it puts in place of a bad premaster secret is made up too.
pub fn decrypt(key: &SigningKey, ciphertext: &[u8]) -> Result<[u8; PREMASTER_LEN], RsaTransportError> {
    let SigningKey::Rsa(key) = key else { return Err(RsaTransportError::NotRsa) };
    if ciphertext.len() != key.size() {
        return Err(RsaTransportError::Length { got: ciphertext.len(), expected: key.size() });
    }
    let message = key.decrypt(Pkcs1v15Encrypt, ciphertext).map_err(|_| RsaTransportError::Decryption)?;
    message.try_into().map_err(|_| RsaTransportError::Decryption)
}
