//! The pseudorandom function, from which every secret of a connection is derived.

use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use serde::{Deserialize, Serialize};
use sha1::Sha1;
use sha2::{Sha256, Sha384};

use super::suite::PrfHash;
use crate::wire::registry::ProtocolVersion;

/// The PRF of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prf {
    /// P_MD5 XOR P_SHA-1, each keyed with one half of the secret (RFC 2246 5, RFC 4346 5).
    Tls10,
    /// P_SHA256 (RFC 5246 5).
    Sha256,
    /// P_SHA384, for the suites that name it (RFC 5289 3).
    Sha384,
}

impl Prf {
    /// The PRF of a protocol version and of a suite's PRF hash, which only TLS 1.2 looks at.
    pub fn of(version: ProtocolVersion, hash: PrfHash) -> Self {
        match hash {
            _ if version < ProtocolVersion::TLSV1_2 => Self::Tls10,
            PrfHash::Sha256 => Self::Sha256,
            PrfHash::Sha384 => Self::Sha384,
        }
    }

    /// Fills `out` with `PRF(secret, label, seed)`, the seed being the `seeds` in a row.
    pub fn derive(self, secret: &[u8], label: &[u8], seeds: &[&[u8]], out: &mut [u8]) {
        out.fill(0);
        match self {
            Self::Tls10 => {
                // The halves share the middle byte of a secret of odd length.
                let half = secret.len().div_ceil(2);
                xor_p_hash::<Hmac<Md5>>(&secret[..half], label, seeds, out);
                xor_p_hash::<Hmac<Sha1>>(&secret[secret.len() - half..], label, seeds, out);
            }
            Self::Sha256 => xor_p_hash::<Hmac<Sha256>>(secret, label, seeds, out),
            Self::Sha384 => xor_p_hash::<Hmac<Sha384>>(secret, label, seeds, out),
        }
    }
}

/// XORs `P_hash(secret, label || seeds)` (RFC 5246 5) into `out`.
fn xor_p_hash<M: Mac + KeyInit + Clone>(secret: &[u8], label: &[u8], seeds: &[&[u8]], out: &mut [u8]) {
    // The key schedule is done once; each HMAC below starts from a copy of its state.
    let keyed = <M as KeyInit>::new_from_slice(secret).expect("HMAC takes a key of any length");
    let absorb_seed = |mac: &mut M| {
        mac.update(label);
        seeds.iter().for_each(|seed| mac.update(seed));
    };

    let mut mac = keyed.clone();
    absorb_seed(&mut mac);
    let mut a = mac.finalize().into_bytes();
    for (index, chunk) in out.chunks_mut(M::output_size()).enumerate() {
        if index > 0 {
            a = keyed.clone().chain_update(&a).finalize().into_bytes();
        }
        let mut mac = keyed.clone().chain_update(&a);
        absorb_seed(&mut mac);
        chunk.iter_mut().zip(mac.finalize().into_bytes()).for_each(|(out, byte)| *out ^= byte);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_suite_hash_counts_in_tls_1_2_only() {
        for (version, hash, prf) in [
            (ProtocolVersion::TLSV1_0, PrfHash::Sha384, Prf::Tls10),
            (ProtocolVersion::TLSV1_1, PrfHash::Sha256, Prf::Tls10),
            (ProtocolVersion::TLSV1_2, PrfHash::Sha256, Prf::Sha256),
            (ProtocolVersion::TLSV1_2, PrfHash::Sha384, Prf::Sha384),
        ] {
            assert_eq!(Prf::of(version, hash), prf);
        }
    }

    #[test]
    fn seeds_are_joined_and_shorter_outputs_are_prefixes() {
        for prf in [Prf::Tls10, Prf::Sha256, Prf::Sha384] {
            let (mut long, mut short) = ([0xaa; 200], [0x55; 77]);
            prf.derive(b"secret", b"label", &[b"one", b"two"], &mut long);
            prf.derive(b"secret", b"labelon", &[b"", b"etwo"], &mut short);
            assert_eq!(long[..77], short);
        }
    }
}
