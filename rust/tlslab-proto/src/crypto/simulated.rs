//! Simulated signatures, for experiments in which both ends are simulated.
//!
//! A real RSA signature costs more than the rest of a simulated handshake. In its place stands a keyed hash of the
//! same length over the same bytes: who changes one bit of what is signed, of the scheme or of the signature is found
//! out as before. It protects nothing, since its key is public.

use chacha20::ChaCha20Rng;
use chacha20::rand_core::{Rng, SeedableRng};
use hmac::{Hmac, KeyInit, Mac};
use rsa::pkcs8::EncodePublicKey;
use sha2::Sha256;

use super::signature::{SignatureError, VerifyingKey};
use crate::wire::registry::SignatureScheme;

/// Separates these keys from any other use of HMAC-SHA256 over a public key.
const KEY_LABEL: &[u8] = b"tlslab simulated signature v2";

/// Length in bytes of a simulated ECDSA signature: the shortest that a real one on P-256 usually has.
const ECDSA_LEN: usize = 70;

/// Signs and verifies in the name of one key pair.
#[derive(Debug, Clone)]
pub struct SimulatedKey {
    keyed: Hmac<Sha256>,
    signature_len: usize,
}

impl SimulatedKey {
    /// The simulation of the key pair whose public half is `key`.
    pub fn new(key: &VerifyingKey) -> Self {
        let public = match key {
            VerifyingKey::Rsa(key) => key.to_public_key_der(),
            VerifyingKey::Ecdsa(key) => key.to_public_key_der(),
        };
        let public = public.expect("a public key that was decoded can be encoded");
        let secret = [KEY_LABEL, public.as_bytes()].concat();
        let keyed = Hmac::new_from_slice(&secret).expect("HMAC takes a key of any length");
        Self { keyed, signature_len: key.modulus_len().unwrap_or(ECDSA_LEN) }
    }

    /// Length of every signature in bytes: the RSA modulus', or 70 for ECDSA.
    pub fn signature_len(&self) -> usize {
        self.signature_len
    }

    /// The key stream of ChaCha20 under HMAC-SHA256 of the scheme and the message.
    pub fn sign(&self, scheme: Option<SignatureScheme>, message: &[u8]) -> Vec<u8> {
        // 0 is no scheme's number.
        let scheme = scheme.map_or(0, |scheme| scheme.0).to_be_bytes();
        let digest = self.keyed.clone().chain_update(scheme).chain_update(message).finalize().into_bytes();
        let mut signature = vec![0; self.signature_len];
        ChaCha20Rng::from_seed(digest.into()).fill_bytes(&mut signature);
        signature
    }

    /// Whether `signature` is the one that [`sign`](Self::sign) gives, and errors as a real key has them.
    pub fn verify(
        &self,
        scheme: Option<SignatureScheme>,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), SignatureError> {
        if signature.len() != self.signature_len {
            return Err(SignatureError::Length { got: signature.len(), expected: self.signature_len });
        }
        if signature == self.sign(scheme, message) { Ok(()) } else { Err(SignatureError::Mismatch) }
    }
}
