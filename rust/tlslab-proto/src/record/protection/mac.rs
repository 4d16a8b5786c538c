//! The MAC of CBC records.

use hmac::{Hmac, KeyInit, Mac as _};
use sha1::Sha1;
use sha2::Sha256;
use subtle::Choice;

use super::{KeyLengthError, hidden_length, key_array};
use crate::crypto::suite::Mac;

/// A keyed HMAC, whose key schedule is done once; the key stays for what cannot go on from there.
#[derive(Debug, Clone)]
pub(super) enum RecordMac {
    Sha1(Hmac<Sha1>, [u8; 20]),
    Sha256(Hmac<Sha256>, [u8; 32]),
}

impl RecordMac {
    pub(super) fn new(mac: Mac, key: &[u8]) -> Result<Self, KeyLengthError> {
        const WHAT: &str = "MAC key";
        let fits = "HMAC takes a key of any length";
        Ok(match mac {
            Mac::Sha1 => Self::Sha1(Hmac::new_from_slice(key).expect(fits), key_array(WHAT, key)?),
            Mac::Sha256 => Self::Sha256(Hmac::new_from_slice(key).expect(fits), key_array(WHAT, key)?),
        })
    }

    /// Length of a MAC in bytes.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Sha1(..) => 20,
            Self::Sha256(..) => 32,
        }
    }

    /// Appends to `out` the MAC of the header and of what `out` holds from `start` on.
    pub(super) fn append(&self, header: &[u8], start: usize, out: &mut Vec<u8>) {
        match self {
            Self::Sha1(keyed, _) => {
                out.extend_from_slice(&absorb(keyed, header, &out[start..]).finalize().into_bytes())
            }
            Self::Sha256(keyed, _) => {
                out.extend_from_slice(&absorb(keyed, header, &out[start..]).finalize().into_bytes());
            }
        }
    }

    /// Whether `mac` is that of the header and the content. Takes the same time wherever they differ.
    pub(super) fn verify(&self, header: &[u8], content: &[u8], mac: &[u8]) -> bool {
        match self {
            Self::Sha1(keyed, _) => absorb(keyed, header, content).verify_slice(mac).is_ok(),
            Self::Sha256(keyed, _) => absorb(keyed, header, content).verify_slice(mac).is_ok(),
        }
    }

    /// Whether `mac` is that of the header and of the first `len` bytes of the content, of which at most `hidden` are not
    /// of it. Does the same work whatever `len` is.
    pub(super) fn verify_hidden(&self, header: &[u8], content: &[u8], len: usize, hidden: usize, mac: &[u8]) -> Choice {
        match self {
            Self::Sha1(_, key) => hidden_length::verify::<Sha1>(key, header, content, len, hidden, mac),
            Self::Sha256(_, key) => hidden_length::verify::<Sha256>(key, header, content, len, hidden, mac),
        }
    }
}

fn absorb<M: hmac::Mac + Clone>(keyed: &M, header: &[u8], content: &[u8]) -> M {
    keyed.clone().chain_update(header).chain_update(content)
}
