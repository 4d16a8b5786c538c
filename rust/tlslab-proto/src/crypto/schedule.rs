//! The key schedule: master secret, key block and Finished values.

use super::prf::Prf;
use super::side::Side;
use super::suite::{Cipher, Mac, SuiteParams};
use crate::wire::registry::ProtocolVersion;

/// Length of a master secret in bytes (RFC 5246 8.1).
pub const MASTER_SECRET_LEN: usize = 48;

/// Length of a Finished message's `verify_data` in bytes (RFC 5246 7.4.9).
pub const VERIFY_DATA_LEN: usize = 12;

/// The master secret of RFC 5246 8.1, from the premaster secret and both Hello randoms.
pub fn master_secret(
    prf: Prf,
    premaster: &[u8],
    client_random: &[u8; 32],
    server_random: &[u8; 32],
) -> [u8; MASTER_SECRET_LEN] {
    let mut master = [0; MASTER_SECRET_LEN];
    prf.derive(premaster, b"master secret", &[client_random, server_random], &mut master);
    master
}

/// The extended master secret of RFC 7627 4, from the premaster secret and the transcript's hash up to and including
/// the ClientKeyExchange.
pub fn extended_master_secret(prf: Prf, premaster: &[u8], session_hash: &[u8]) -> [u8; MASTER_SECRET_LEN] {
    let mut master = [0; MASTER_SECRET_LEN];
    prf.derive(premaster, b"extended master secret", &[session_hash], &mut master);
    master
}

/// The `verify_data` of the Finished message that `sender` sends (RFC 5246 7.4.9).
pub fn verify_data(
    prf: Prf,
    master: &[u8; MASTER_SECRET_LEN],
    sender: Side,
    transcript_hash: &[u8],
) -> [u8; VERIFY_DATA_LEN] {
    let label: &[u8] = match sender {
        Side::Client => b"client finished",
        Side::Server => b"server finished",
    };
    let mut verify_data = [0; VERIFY_DATA_LEN];
    prf.derive(master, label, &[transcript_hash], &mut verify_data);
    verify_data
}

/// The key block of RFC 5246 6.3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyBlock {
    bytes: [u8; KeyBlock::MAX_LEN],
    lengths: Lengths,
}

/// The keys with which one side protects what it sends. Empty where the protection has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WriteKeys<'a> {
    /// The record MAC's key.
    pub mac_key: &'a [u8],
    /// The cipher's key.
    pub enc_key: &'a [u8],
    /// The first CBC IV of TLS 1.0, or the fixed part of an AEAD nonce.
    pub iv: &'a [u8],
}

/// Lengths in bytes of one side's share of a key block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Lengths {
    mac_key: usize,
    enc_key: usize,
    iv: usize,
}

impl Lengths {
    fn of(cipher: Cipher, version: ProtocolVersion) -> Self {
        match cipher {
            Cipher::AesCbc { key_len, mac } => Self {
                mac_key: match mac {
                    Mac::Sha1 => 20,
                    Mac::Sha256 => 32,
                },
                enc_key: key_len,
                // From TLS 1.1 on each record carries its own IV (RFC 4346 6.2.3.2).
                iv: if version < ProtocolVersion::TLSV1_1 { 16 } else { 0 },
            },
            Cipher::AesGcm { key_len } => Self { mac_key: 0, enc_key: key_len, iv: 4 },
            Cipher::ChaCha20Poly1305 => Self { mac_key: 0, enc_key: 32, iv: 12 },
        }
    }

    fn total(self) -> usize {
        2 * (self.mac_key + self.enc_key + self.iv)
    }
}

impl KeyBlock {
    /// AES-256-CBC with HMAC-SHA256 and IVs needs most: two times 32 + 32 + 16 bytes.
    const MAX_LEN: usize = 160;

    /// Expands a master secret into the keys that a suite needs in a version.
    pub fn derive(
        prf: Prf,
        master: &[u8; MASTER_SECRET_LEN],
        client_random: &[u8; 32],
        server_random: &[u8; 32],
        params: &SuiteParams,
        version: ProtocolVersion,
    ) -> Self {
        let lengths = Lengths::of(params.cipher, version);
        let mut bytes = [0; Self::MAX_LEN];
        prf.derive(master, b"key expansion", &[server_random, client_random], &mut bytes[..lengths.total()]);
        Self { bytes, lengths }
    }

    /// The key block as the PRF gave it.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.lengths.total()]
    }

    /// The keys with which `sender` protects what it sends, cut out in the order of RFC 5246 6.3.
    pub fn write_keys<'a>(&'a self, sender: Side) -> WriteKeys<'a> {
        let (mac_keys, rest) = self.bytes().split_at(2 * self.lengths.mac_key);
        let (enc_keys, ivs) = rest.split_at(2 * self.lengths.enc_key);
        let share = |pair: &'a [u8]| match sender {
            Side::Client => &pair[..pair.len() / 2],
            Side::Server => &pair[pair.len() / 2..],
        };
        WriteKeys { mac_key: share(mac_keys), enc_key: share(enc_keys), iv: share(ivs) }
    }
}
