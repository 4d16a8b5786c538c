//! The MAC of CBC records.

use hmac::{Hmac, KeyInit, Mac as _};
use sha1::Sha1;
use sha2::Sha256;

use super::{KeyLengthError, key_array};
use crate::crypto::suite::Mac;

/// A keyed HMAC, whose key schedule is done once.
#[derive(Debug, Clone)]
pub(super) enum RecordMac {
    Sha1(Hmac<Sha1>),
    Sha256(Hmac<Sha256>),
}

impl RecordMac {
    pub(super) fn new(mac: Mac, key: &[u8]) -> Result<Self, KeyLengthError> {
        const WHAT: &str = "MAC key";
        let fits = "HMAC takes a key of any length";
        Ok(match mac {
            Mac::Sha1 => Self::Sha1(Hmac::new_from_slice(&key_array::<20>(WHAT, key)?).expect(fits)),
            Mac::Sha256 => Self::Sha256(Hmac::new_from_slice(&key_array::<32>(WHAT, key)?).expect(fits)),
        })
    }

    /// Length of a MAC in bytes.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Sha1(_) => 20,
            Self::Sha256(_) => 32,
        }
    }

    /// Appends to `out` the MAC of the header and of what `out` holds from `start` on.
    pub(super) fn append(&self, header: &[u8], start: usize, out: &mut Vec<u8>) {
        match self {
            Self::Sha1(keyed) => out.extend_from_slice(&absorb(keyed, header, &out[start..]).finalize().into_bytes()),
            Self::Sha256(keyed) => out.extend_from_slice(&absorb(keyed, header, &out[start..]).finalize().into_bytes()),
        }
    }

    /// Whether `mac` is that of the header and the content. Takes the same time wherever they differ.
    pub(super) fn verify(&self, header: &[u8], content: &[u8], mac: &[u8]) -> bool {
        match self {
            Self::Sha1(keyed) => absorb(keyed, header, content).verify_slice(mac).is_ok(),
            Self::Sha256(keyed) => absorb(keyed, header, content).verify_slice(mac).is_ok(),
        }
    }
}

fn absorb<M: hmac::Mac + Clone>(keyed: &M, header: &[u8], content: &[u8]) -> M {
    keyed.clone().chain_update(header).chain_update(content)
}
