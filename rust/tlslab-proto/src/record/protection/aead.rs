//! AES-GCM (RFC 5288) and ChaCha20-Poly1305 (RFC 7905).

use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::{Aes128Gcm, Aes256Gcm};
use chacha20poly1305::ChaCha20Poly1305;

use super::{KeyLengthError, ProtectionError, additional_data, key_array, next};
use crate::crypto::schedule::WriteKeys;
use crate::wire::registry::{ContentType, ProtocolVersion};

const TAG_LEN: usize = 16;
const NONCE_LEN: usize = 12;
const EXPLICIT_NONCE_LEN: usize = 8;

/// The state of AEAD protection.
#[derive(Debug, Clone)]
pub struct Aead {
    cipher: Cipher,
    nonce: Nonce,
    sequence: u64,
}

#[derive(Debug, Clone)]
enum Cipher {
    Aes128Gcm(Aes128Gcm),
    Aes256Gcm(Aes256Gcm),
    ChaCha20Poly1305(ChaCha20Poly1305),
}

/// How a record's nonce is made.
#[derive(Debug, Clone)]
enum Nonce {
    /// A fixed salt, then eight bytes that the record carries (RFC 5288 3).
    Explicit([u8; NONCE_LEN - EXPLICIT_NONCE_LEN]),
    /// A fixed IV, XORed with the sequence number (RFC 7905 2).
    Implicit([u8; NONCE_LEN]),
}

impl Aead {
    pub(super) fn aes_gcm(key_len: usize, keys: WriteKeys<'_>) -> Result<Self, KeyLengthError> {
        let cipher = match key_len {
            16 => Cipher::Aes128Gcm(Aes128Gcm::new(&key_array::<16>(KEY, keys.enc_key)?.into())),
            _ => Cipher::Aes256Gcm(Aes256Gcm::new(&key_array::<32>(KEY, keys.enc_key)?.into())),
        };
        Ok(Self { cipher, nonce: Nonce::Explicit(key_array(IV, keys.iv)?), sequence: 0 })
    }

    pub(super) fn chacha20_poly1305(keys: WriteKeys<'_>) -> Result<Self, KeyLengthError> {
        let cipher = ChaCha20Poly1305::new(&key_array(KEY, keys.enc_key)?.into());
        let nonce = Nonce::Implicit(key_array(IV, keys.iv)?);
        Ok(Self { cipher: Cipher::ChaCha20Poly1305(cipher), nonce, sequence: 0 })
    }

    pub(super) fn seal(
        &mut self,
        content_type: ContentType,
        version: ProtocolVersion,
        plaintext: &[u8],
        out: &mut Vec<u8>,
    ) {
        let sequence = next(&mut self.sequence);
        // The sequence number is also the explicit nonce: it is never used twice (RFC 5288 3).
        let explicit = sequence.to_be_bytes();
        if let Nonce::Explicit(_) = self.nonce {
            out.extend_from_slice(&explicit);
        }
        let content = out.len();
        out.extend_from_slice(plaintext);
        let nonce = self.nonce.of_record(sequence, &explicit);
        let header = additional_data(sequence, content_type, version, plaintext.len());
        let tag = self.cipher.encrypt(&nonce, &header, &mut out[content..]);
        out.extend_from_slice(&tag);
    }

    pub(super) fn open(
        &mut self,
        content_type: ContentType,
        version: ProtocolVersion,
        mut fragment: Vec<u8>,
    ) -> Result<Vec<u8>, ProtectionError> {
        let sequence = next(&mut self.sequence);
        let minimum = self.nonce.explicit_len() + TAG_LEN;
        let too_short = ProtectionError::BadLength { got: fragment.len(), minimum, step: 1 };
        let (explicit, rest) = fragment.split_at_mut_checked(self.nonce.explicit_len()).ok_or(too_short)?;
        let (content, tag) = rest.split_last_chunk_mut::<TAG_LEN>().ok_or(too_short)?;

        let nonce = self.nonce.of_record(sequence, explicit);
        let header = additional_data(sequence, content_type, version, content.len());
        if !self.cipher.decrypt(&nonce, &header, content, tag) {
            return Err(ProtectionError::BadMac);
        }
        fragment.truncate(fragment.len() - TAG_LEN);
        fragment.drain(..self.nonce.explicit_len());
        Ok(fragment)
    }
}

const KEY: &str = "encryption key";
const IV: &str = "fixed IV";

impl Nonce {
    /// How many bytes of it a record carries.
    fn explicit_len(&self) -> usize {
        match self {
            Self::Explicit(_) => EXPLICIT_NONCE_LEN,
            Self::Implicit(_) => 0,
        }
    }

    /// The nonce of a record that has a sequence number, and carries `explicit`.
    fn of_record(&self, sequence: u64, explicit: &[u8]) -> [u8; NONCE_LEN] {
        let mut nonce = [0; NONCE_LEN];
        match self {
            Self::Explicit(salt) => {
                nonce[..salt.len()].copy_from_slice(salt);
                nonce[salt.len()..].copy_from_slice(explicit);
            }
            Self::Implicit(iv) => {
                nonce[NONCE_LEN - 8..].copy_from_slice(&sequence.to_be_bytes());
                nonce.iter_mut().zip(iv).for_each(|(nonce, iv)| *nonce ^= iv);
            }
        }
        nonce
    }
}

impl Cipher {
    /// Encrypts in place and gives the tag.
    fn encrypt(&self, nonce: &[u8; NONCE_LEN], header: &[u8], content: &mut [u8]) -> [u8; TAG_LEN] {
        let tag = match self {
            Self::Aes128Gcm(cipher) => cipher.encrypt_inout_detached(nonce.into(), header, content.into()),
            Self::Aes256Gcm(cipher) => cipher.encrypt_inout_detached(nonce.into(), header, content.into()),
            Self::ChaCha20Poly1305(cipher) => cipher.encrypt_inout_detached(nonce.into(), header, content.into()),
        };
        tag.expect("a record is far shorter than the AEAD's limit").into()
    }

    /// Decrypts in place; whether the tag was right.
    fn decrypt(&self, nonce: &[u8; NONCE_LEN], header: &[u8], content: &mut [u8], tag: &[u8; TAG_LEN]) -> bool {
        let (nonce, content, tag) = (nonce.into(), content.into(), tag.into());
        match self {
            Self::Aes128Gcm(cipher) => cipher.decrypt_inout_detached(nonce, header, content, tag),
            Self::Aes256Gcm(cipher) => cipher.decrypt_inout_detached(nonce, header, content, tag),
            Self::ChaCha20Poly1305(cipher) => cipher.decrypt_inout_detached(nonce, header, content, tag),
        }
        .is_ok()
    }
}
