//! AES in CBC mode with an HMAC: MAC-then-encrypt (RFC 5246 6.2.3.2) and encrypt-then-MAC (RFC 7366).

use ::cbc::{Decryptor, Encryptor};
use aes::cipher::{
    Array, BlockCipherDecrypt, BlockCipherEncrypt, BlockModeDecrypt, BlockModeEncrypt, InnerIvInit, KeyInit,
    consts::U16,
};
use aes::{Aes128, Aes256};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq, ConstantTimeLess};

use super::mac::RecordMac;
use super::{AdditionalData, KeyLengthError, ProtectionError, additional_data, key_array, next};
use crate::crypto::schedule::WriteKeys;
use crate::crypto::suite::Mac;
use crate::wire::registry::{ContentType, ProtocolVersion};

const BLOCK_LEN: usize = 16;

/// The most bytes of padding, its length byte included.
const MAX_PADDING: usize = 256;

/// The state of CBC protection.
#[derive(Debug, Clone)]
pub struct Cbc {
    cipher: Aes,
    mac: RecordMac,
    iv: Iv,
    encrypt_then_mac: bool,
    pub(super) padding: Padding,
    sequence: u64,
}

/// How records are padded, and how their padding is looked at.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Padding {
    /// As much as there may be, in place of as little as fills the block.
    pub(super) longest: bool,
    /// Its bytes may be any, where its length fits.
    pub(super) ignored: bool,
}

#[derive(Debug, Clone)]
enum Aes {
    Aes128(Aes128),
    Aes256(Aes256),
}

/// Where a record's IV comes from.
#[derive(Debug, Clone)]
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
        Ok(Self {
            cipher,
            mac: RecordMac::new(mac, keys.mac_key)?,
            iv,
            encrypt_then_mac,
            padding: Padding::default(),
            sequence: 0,
        })
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
        self.padding.pad(content, out);
        self.cipher.encrypt(&iv, &mut out[content..]);
        if let (Iv::Chained(iv), Some(last)) = (&mut self.iv, out.last_chunk()) {
            *iv = *last;
        }
        if self.encrypt_then_mac {
            let header = additional_data(sequence, content_type, version, out.len() - start);
            self.mac.append(&header, start, out);
        }
    }

    pub(super) fn open(
        &mut self,
        content_type: ContentType,
        version: ProtocolVersion,
        fragment: Vec<u8>,
    ) -> Result<Vec<u8>, ProtectionError> {
        let sequence = next(&mut self.sequence);
        self.check_length(fragment.len())?;
        let header = |length| additional_data(sequence, content_type, version, length);
        match self.encrypt_then_mac {
            true => self.open_encrypt_then_mac(header, fragment),
            false => self.open_mac_then_encrypt(header, fragment),
        }
    }

    fn open_encrypt_then_mac(
        &mut self,
        header: impl FnOnce(usize) -> AdditionalData,
        mut fragment: Vec<u8>,
    ) -> Result<Vec<u8>, ProtectionError> {
        let mac = fragment.split_off(fragment.len() - self.mac.len());
        let (iv, start) = self.incoming_iv(&fragment);
        if !self.mac.verify(&header(fragment.len()), &fragment, &mac) {
            return Err(ProtectionError::BadMac);
        }
        fragment.drain(..start);
        self.cipher.decrypt(&iv, &mut fragment);
        let (is_padded, padding) = self.padding.len(&fragment, 0);
        if !bool::from(is_padded) {
            return Err(ProtectionError::BadPadding);
        }
        fragment.truncate(fragment.len() - padding as usize);
        Ok(fragment)
    }

    fn open_mac_then_encrypt(
        &mut self,
        header: impl FnOnce(usize) -> AdditionalData,
        mut fragment: Vec<u8>,
    ) -> Result<Vec<u8>, ProtectionError> {
        let (iv, start) = self.incoming_iv(&fragment);
        fragment.drain(..start);
        self.cipher.decrypt(&iv, &mut fragment);
        // Bad padding is taken for none, and the MAC is computed all the same, with as much work, so that the time does
        // not tell one from the other, nor how long the padding is (RFC 5246 6.2.3.2).
        let (is_padded, padding) = self.padding.len(&fragment, self.mac.len());
        let content = fragment.len() - self.mac.len();
        let plaintext_len = content - u64::conditional_select(&0, &padding, is_padded) as usize;
        let (header, mac) = (header(plaintext_len), &fragment[plaintext_len..][..self.mac.len()]);
        let is_authentic = self.mac.verify_hidden(&header, &fragment[..content], plaintext_len, MAX_PADDING, mac);
        if bool::from(is_padded & is_authentic) {
            fragment.truncate(plaintext_len);
            return Ok(fragment);
        }
        Err(if bool::from(is_padded) { ProtectionError::BadMac } else { ProtectionError::BadPadding })
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

    /// The IV of an incoming record, and where its ciphertext starts. Whatever comes of the record, in TLS 1.0 its last
    /// block is the IV of the next.
    fn incoming_iv(&mut self, fragment: &[u8]) -> ([u8; BLOCK_LEN], usize) {
        const CHECKED: &str = "the length was checked";
        match &mut self.iv {
            Iv::Chained(iv) => (core::mem::replace(iv, *fragment.last_chunk().expect(CHECKED)), 0),
            Iv::Explicit => (*fragment.first_chunk().expect(CHECKED), BLOCK_LEN),
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

impl Padding {
    /// Pads what `out` holds from `content` on to whole blocks.
    fn pad(self, content: usize, out: &mut Vec<u8>) {
        let least = BLOCK_LEN - (out.len() - content) % BLOCK_LEN;
        let padding = if self.longest { least + MAX_PADDING - BLOCK_LEN } else { least };
        // `padding_length` does not count itself, and every byte of padding equals it.
        out.resize(out.len() + padding, (padding - 1) as u8);
    }

    /// Length of the padding at the end of `content`, its length byte included, and whether it is one: each byte equals
    /// that byte, and `reserved` bytes are left before it. Looks at the same bytes whatever they are.
    fn len(self, content: &[u8], reserved: usize) -> (Choice, u64) {
        let length = content.last().copied().unwrap_or(0);
        let padding = u64::from(length) + 1;
        let mut difference = 0;
        for (distance, byte) in (0..=u8::MAX).zip(content.iter().rev()) {
            let in_padding = u8::from(distance <= length).wrapping_neg();
            difference |= (byte ^ length) & in_padding;
        }
        let fits = !(content.len() as u64).ct_lt(&(padding + reserved as u64));
        (fits & (difference.ct_eq(&0) | Choice::from(u8::from(self.ignored))), padding)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPE: ContentType = ContentType::APPLICATION_DATA;
    const VERSION: ProtocolVersion = ProtocolVersion::TLSV1_2;

    fn cbc(encrypt_then_mac: bool) -> Cbc {
        let keys = WriteKeys { mac_key: &[1; 20], enc_key: &[2; 16], iv: &[] };
        Cbc::new(16, Mac::Sha1, true, encrypt_then_mac, keys).unwrap()
    }

    /// Seals 11 bytes, 20 of MAC if it is inside, and this padding.
    fn open_with_padding(encrypt_then_mac: bool, padding: &[u8]) -> Result<Vec<u8>, ProtectionError> {
        let mut cbc = cbc(encrypt_then_mac);
        let mut fragment = vec![9; BLOCK_LEN];
        fragment.extend_from_slice(b"eleven long");
        if !encrypt_then_mac {
            cbc.mac.append(&additional_data(0, TYPE, VERSION, 11), BLOCK_LEN, &mut fragment);
        }
        fragment.extend_from_slice(padding);
        cbc.cipher.encrypt(&[9; BLOCK_LEN], &mut fragment[BLOCK_LEN..]);
        if encrypt_then_mac {
            cbc.mac.append(&additional_data(0, TYPE, VERSION, fragment.len()), 0, &mut fragment);
        }
        cbc.open(TYPE, VERSION, fragment)
    }

    #[test]
    fn padding_may_have_any_length_and_each_byte_of_it_counts() {
        for (encrypt_then_mac, shortest) in [(false, 1), (true, 5)] {
            for length in (shortest..=256).step_by(BLOCK_LEN) {
                let padding = vec![(length - 1) as u8; length];
                assert_eq!(open_with_padding(encrypt_then_mac, &padding), Ok(b"eleven long".to_vec()), "{length}");
                for index in 0..length - 1 {
                    let mut padding = padding.clone();
                    padding[index] ^= 1;
                    let refusal = open_with_padding(encrypt_then_mac, &padding);
                    assert_eq!(refusal, Err(ProtectionError::BadPadding), "byte {index} of {length}");
                }
            }
        }
    }

    #[test]
    fn padding_that_reaches_into_the_mac_or_beyond_the_record_is_bad() {
        for encrypt_then_mac in [false, true] {
            let content = if encrypt_then_mac { 11 } else { 31 };
            for length in [16u8, 33, 47, 48, 0xff] {
                let padding = vec![length; BLOCK_LEN - content % BLOCK_LEN];
                assert_eq!(open_with_padding(encrypt_then_mac, &padding), Err(ProtectionError::BadPadding), "{length}");
            }
        }
        // All bytes equal and as many as they say, but the MAC's are among them.
        let padding = |content: &[u8], reserved| {
            let (is_padded, len) = Padding::default().len(content, reserved);
            bool::from(is_padded).then_some(len as usize)
        };
        assert_eq!(padding(&[47; 48], 0), Some(48));
        assert_eq!(padding(&[47; 48], 1), None);
        assert_eq!(padding(&[], 0), None);
    }
}
