//! AES in CBC mode with an HMAC: MAC-then-encrypt (RFC 5246 6.2.3.2) and encrypt-then-MAC (RFC 7366).

use ::cbc::{Decryptor, Encryptor};
use aes::cipher::{
    Array, BlockCipherDecrypt, BlockCipherEncrypt, BlockModeDecrypt, BlockModeEncrypt, InnerIvInit, KeyInit,
    consts::U16,
};
use aes::{Aes128, Aes256};

use super::mac::RecordMac;
use super::{KeyLengthError, ProtectionError, additional_data, key_array, next};
use crate::crypto::schedule::WriteKeys;
use crate::crypto::suite::Mac;
use crate::wire::registry::{ContentType, ProtocolVersion};

const BLOCK_LEN: usize = 16;

/// The state of CBC protection.
#[derive(Clone)]
pub struct Cbc {
    cipher: Aes,
    mac: RecordMac,
    iv: Iv,
    encrypt_then_mac: bool,
    sequence: u64,
}

#[derive(Clone)]
enum Aes {
    Aes128(Aes128),
    Aes256(Aes256),
}

/// Where a record's IV comes from.
#[derive(Clone)]
enum Iv {
    /// TLS 1.0: the last block of the record before (RFC 2246 6.2.3.2).
    Chained([u8; BLOCK_LEN]),
    /// TLS 1.1 and later: it precedes the record's ciphertext (RFC 4346 6.2.3.2).
    Explicit,
}

impl Cbc {
    pub(super) fn new(
        key_len: usize,
        mac: Mac,
        explicit_iv: bool,
        encrypt_then_mac: bool,
        keys: WriteKeys<'_>,
    ) -> Result<Self, KeyLengthError> {
        let what = "encryption key";
        let cipher = match key_len {
            16 => Aes::Aes128(Aes128::new(&key_array::<16>(what, keys.enc_key)?.into())),
            _ => Aes::Aes256(Aes256::new(&key_array::<32>(what, keys.enc_key)?.into())),
        };
        let iv = if explicit_iv { Iv::Explicit } else { Iv::Chained(key_array("IV", keys.iv)?) };
        Ok(Self { cipher, mac: RecordMac::new(mac, keys.mac_key)?, iv, encrypt_then_mac, sequence: 0 })
    }

    pub(super) fn seal(
        &mut self,
        content_type: ContentType,
        version: ProtocolVersion,
        plaintext: &[u8],
        fill_iv: impl FnOnce(&mut [u8]),
        out: &mut Vec<u8>,
    ) {
        let sequence = next(&mut self.sequence);
        let start = out.len();
        let iv = match self.iv {
            Iv::Chained(iv) => iv,
            Iv::Explicit => {
                let mut iv = [0; BLOCK_LEN];
                fill_iv(&mut iv);
                out.extend_from_slice(&iv);
                iv
            }
        };
        let content = out.len();
        out.extend_from_slice(plaintext);
        if !self.encrypt_then_mac {
            let header = additional_data(sequence, content_type, version, plaintext.len());
            self.mac.append(&header, content, out);
        }
        pad(content, out);
        self.cipher.encrypt(&iv, &mut out[content..]);
        self.chain(&out[content..]);
        if self.encrypt_then_mac {
            let header = additional_data(sequence, content_type, version, out.len() - start);
            self.mac.append(&header, start, out);
        }
    }

    pub(super) fn open(
        &mut self,
        content_type: ContentType,
        version: ProtocolVersion,
        mut fragment: Vec<u8>,
    ) -> Result<Vec<u8>, ProtectionError> {
        let sequence = next(&mut self.sequence);
        self.check_length(fragment.len())?;
        if self.encrypt_then_mac {
            let (ciphertext, mac) = fragment.split_at(fragment.len() - self.mac.len());
            let header = additional_data(sequence, content_type, version, ciphertext.len());
            if !self.mac.verify(&header, ciphertext, mac) {
                return Err(ProtectionError::BadMac);
            }
            fragment.truncate(fragment.len() - self.mac.len());
        }

        let mut content = self.decrypt(fragment);
        if self.encrypt_then_mac {
            let padding = padding_len(&content, 0).ok_or(ProtectionError::BadPadding)?;
            content.truncate(content.len() - padding);
            return Ok(content);
        }
        // Bad padding is taken for none, and the MAC is computed all the same, so that the time does not tell one from
        // the other (RFC 5246 6.2.3.2). What remains is what Lucky Thirteen measured: the MAC's number of blocks.
        let padding = padding_len(&content, self.mac.len());
        let (plaintext, mac) = content.split_at(content.len() - padding.unwrap_or(0) - self.mac.len());
        let header = additional_data(sequence, content_type, version, plaintext.len());
        let authentic = self.mac.verify(&header, plaintext, &mac[..self.mac.len()]);
        match (padding, authentic) {
            (None, _) => Err(ProtectionError::BadPadding),
            (Some(_), false) => Err(ProtectionError::BadMac),
            (Some(_), true) => {
                content.truncate(plaintext.len());
                Ok(content)
            }
        }
    }

    /// Checks that a fragment can hold an IV, a MAC and at least one byte of padding, in whole blocks.
    fn check_length(&self, got: usize) -> Result<(), ProtectionError> {
        let iv = match self.iv {
            Iv::Chained(_) => 0,
            Iv::Explicit => BLOCK_LEN,
        };
        let minimum = iv
            + match self.encrypt_then_mac {
                true => BLOCK_LEN + self.mac.len(),
                false => (self.mac.len() + 1).next_multiple_of(BLOCK_LEN),
            };
        match got.checked_sub(minimum) {
            Some(more) if more.is_multiple_of(BLOCK_LEN) => Ok(()),
            _ => Err(ProtectionError::BadLength { got, minimum, step: BLOCK_LEN }),
        }
    }

    /// Decrypts whole blocks, with the IV that they are due.
    fn decrypt(&mut self, mut fragment: Vec<u8>) -> Vec<u8> {
        let iv = match self.iv {
            Iv::Chained(iv) => iv,
            Iv::Explicit => {
                let iv = *fragment.first_chunk().expect("the length was checked");
                fragment.drain(..BLOCK_LEN);
                iv
            }
        };
        self.chain(&fragment);
        self.cipher.decrypt(&iv, &mut fragment);
        fragment
    }

    /// Keeps the last block of a record's ciphertext as the next record's IV, where it is that.
    fn chain(&mut self, ciphertext: &[u8]) {
        if let (Iv::Chained(iv), Some(last)) = (&mut self.iv, ciphertext.last_chunk()) {
            *iv = *last;
        }
    }
}

impl Aes {
    fn encrypt(&self, iv: &[u8; BLOCK_LEN], blocks: &mut [u8]) {
        match self {
            Self::Aes128(cipher) => encrypt(cipher, iv, blocks),
            Self::Aes256(cipher) => encrypt(cipher, iv, blocks),
        }
    }

    fn decrypt(&self, iv: &[u8; BLOCK_LEN], blocks: &mut [u8]) {
        match self {
            Self::Aes128(cipher) => decrypt(cipher, iv, blocks),
            Self::Aes256(cipher) => decrypt(cipher, iv, blocks),
        }
    }
}

fn encrypt(cipher: &impl BlockCipherEncrypt<BlockSize = U16>, iv: &[u8; BLOCK_LEN], blocks: &mut [u8]) {
    Encryptor::inner_iv_init(cipher, iv.into()).encrypt_blocks(Array::slice_as_chunks_mut(blocks).0);
}

fn decrypt(cipher: &impl BlockCipherDecrypt<BlockSize = U16>, iv: &[u8; BLOCK_LEN], blocks: &mut [u8]) {
    Decryptor::inner_iv_init(cipher, iv.into()).decrypt_blocks(Array::slice_as_chunks_mut(blocks).0);
}

/// Pads what `out` holds from `content` on to whole blocks, with the fewest bytes.
fn pad(content: usize, out: &mut Vec<u8>) {
    let padding = BLOCK_LEN - (out.len() - content) % BLOCK_LEN;
    // `padding_length` does not count itself, and every byte of padding equals it.
    out.resize(out.len() + padding, (padding - 1) as u8);
}

/// Length of the padding at the end of `content`, its length byte included; `None` unless each byte equals that byte
/// and `reserved` bytes are left before it. Looks at the same bytes whatever they are.
fn padding_len(content: &[u8], reserved: usize) -> Option<usize> {
    let length = *content.last()?;
    let padding = usize::from(length) + 1;
    let mut difference = 0;
    for (distance, byte) in content.iter().rev().take(256).enumerate() {
        let in_padding = u8::from(distance < padding).wrapping_neg();
        difference |= (byte ^ length) & in_padding;
    }
    let fits = padding + reserved <= content.len();
    (fits & (difference == 0)).then_some(padding)
}
