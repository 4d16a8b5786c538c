//! The handshake transcript: every handshake message so far, and its hash at any moment.

use core::ops::Deref;

use md5::{Digest, Md5};
use sha1::Sha1;
use sha2::{Sha256, Sha384};

use super::prf::Prf;

/// Most transcripts are shorter than this, so that they grow once and not message by message.
const USUAL_LEN: usize = 3 << 10;

/// The `handshake_messages` of RFC 5246 7.4.9, with a running hash once the PRF is known.
///
/// A ClientHello is hashed before the ServerHello has chosen the version, so messages are kept from the start; they
/// stay, because a TLS 1.2 CertificateVerify may sign them under another hash (RFC 5246 7.4.8).
#[derive(Debug, Clone)]
pub struct Transcript {
    messages: Vec<u8>,
    running: Running,
}

#[derive(Debug, Clone)]
enum Running {
    Tls10(Md5, Sha1),
    Sha256(Sha256),
    Sha384(Sha384),
}

impl Running {
    fn new(prf: Prf) -> Self {
        match prf {
            Prf::Tls10 => Self::Tls10(Md5::new(), Sha1::new()),
            Prf::Sha256 => Self::Sha256(Sha256::new()),
            Prf::Sha384 => Self::Sha384(Sha384::new()),
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Tls10(md5, sha1) => {
                md5.update(bytes);
                sha1.update(bytes);
            }
            Self::Sha256(hash) => hash.update(bytes),
            Self::Sha384(hash) => hash.update(bytes),
        }
    }

    fn finish(self) -> TranscriptHash {
        match self {
            Self::Tls10(md5, sha1) => TranscriptHash::new(&[&md5.finalize(), &sha1.finalize()]),
            Self::Sha256(hash) => TranscriptHash::new(&[&hash.finalize()]),
            Self::Sha384(hash) => TranscriptHash::new(&[&hash.finalize()]),
        }
    }
}

impl Default for Transcript {
    fn default() -> Self {
        Self::new()
    }
}

impl Transcript {
    /// An empty transcript. Until [`select`](Self::select) says otherwise it hashes as TLS 1.2 does by default, with
    /// SHA-256: a behaviour that asks for the hash too early still gets a defined value.
    pub fn new() -> Self {
        Self { messages: Vec::with_capacity(USUAL_LEN), running: Running::new(Prf::Sha256) }
    }

    /// Appends handshake messages, headers included.
    pub fn update(&mut self, messages: &[u8]) {
        self.messages.extend_from_slice(messages);
        self.running.update(messages);
    }

    /// Chooses the hash, for what was appended already too.
    pub fn select(&mut self, prf: Prf) {
        self.running = Running::new(prf);
        self.running.update(&self.messages);
    }

    /// The hash of all messages so far: MD5 || SHA-1 (36 bytes) before TLS 1.2, else the PRF's hash.
    pub fn hash(&self) -> TranscriptHash {
        self.running.clone().finish()
    }

    /// All messages so far.
    pub fn messages(&self) -> &[u8] {
        &self.messages
    }
}

/// A hash of a transcript: 32, 36 or 48 bytes, read as a slice.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TranscriptHash {
    bytes: [u8; 48],
    len: usize,
}

impl TranscriptHash {
    fn new(parts: &[&[u8]]) -> Self {
        let mut hash = Self { bytes: [0; 48], len: 0 };
        for part in parts {
            hash.bytes[hash.len..][..part.len()].copy_from_slice(part);
            hash.len += part.len();
        }
        hash
    }
}

impl Deref for TranscriptHash {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

impl core::fmt::Debug for TranscriptHash {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "TranscriptHash({})", hex::encode(&**self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transcript(select_after: usize, prf: Prf) -> Transcript {
        let mut transcript = Transcript::new();
        for (index, message) in [&b"a"[..], b"", b"bc"].into_iter().enumerate() {
            if index == select_after {
                transcript.select(prf);
            }
            transcript.update(message);
        }
        transcript
    }

    #[test]
    fn the_hash_is_that_of_abc_whenever_the_prf_is_selected() {
        // FIPS 180-4 and RFC 1321 examples for "abc".
        for (prf, digest) in [
            (Prf::Tls10, "900150983cd24fb0d6963f7d28e17f72a9993e364706816aba3e25717850c26c9cd0d89d"),
            (Prf::Sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                Prf::Sha384,
                "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
            ),
        ] {
            for select_after in 0..3 {
                let transcript = transcript(select_after, prf);
                assert_eq!(hex::encode(&*transcript.hash()), digest);
                assert_eq!(transcript.hash(), transcript.hash(), "hashing consumes nothing");
                assert_eq!(transcript.messages(), b"abc");
            }
        }
    }

    #[test]
    fn an_unselected_transcript_hashes_with_sha256() {
        assert_eq!(transcript(9, Prf::Tls10).hash(), transcript(0, Prf::Sha256).hash());
    }
}
