//! Targets of wire and record: bytes that are decoded, opened, and encoded again.

use std::sync::LazyLock;

use tlslab_proto::crypto::Side;
use tlslab_proto::crypto::prf::Prf;
use tlslab_proto::crypto::schedule::KeyBlock;
use tlslab_proto::crypto::suite::{self, Cipher, SuiteParams};
use tlslab_proto::record::Protection;
use tlslab_proto::record::deframer::{Deframer, FramingError};
use tlslab_proto::record::fragment::FragmentLimit;
use tlslab_proto::record::joiner::HandshakeJoiner;
use tlslab_proto::wire::registry::{CipherSuite, ContentType, ProtocolVersion};
use tlslab_proto::wire::{Context, Decode, Encode, Extension, Handshake, KeyExchangeKind, Message, Record};

const VERSIONS: [ProtocolVersion; 3] = [ProtocolVersion::TLSV1_0, ProtocolVersion::TLSV1_1, ProtocolVersion::TLSV1_2];

const KEY_EXCHANGES: [Option<KeyExchangeKind>; 5] = [
    None,
    Some(KeyExchangeKind::Rsa),
    Some(KeyExchangeKind::Dhe),
    Some(KeyExchangeKind::DhAnon),
    Some(KeyExchangeKind::Ecdhe),
];

/// The context that a byte selects.
fn context(selector: u8) -> Context {
    let [version, key_exchange] = [selector as usize % 3, selector as usize / 3 % 5];
    Context { version: VERSIONS[version], key_exchange: KEY_EXCHANGES[key_exchange] }
}

/// How many contexts there are.
const CONTEXTS: u8 = 15;

/// A byte that selects a context in which the message is what these bytes are decoded to.
pub(super) fn selector(message: &Handshake, bytes: &[u8]) -> Option<u8> {
    // The last contexts tell more of a message.
    (0..CONTEXTS).rev().find(|selector| Handshake::decode(bytes, &context(*selector)).as_ref() == Ok(message))
}

pub(super) fn record(bytes: &[u8]) {
    let whole = deframe([bytes]);
    let halves = bytes.split_at(bytes.len() / 2);
    assert_eq!(whole, deframe([halves.0, halves.1]), "records that arrive in two halves are others");

    let (records, _) = whole;
    let mut encoded = Vec::with_capacity(bytes.len());
    for record in &records {
        record.encode(&mut encoded).expect("a record that was read has a length that fits");
    }
    assert!(bytes.starts_with(&encoded), "records encode to other bytes");

    let mut joiner = HandshakeJoiner::default();
    for record in records {
        if record.content_type != ContentType::HANDSHAKE {
            decode_message(record.content_type, &record.fragment);
        } else if joiner.push(&record.fragment).is_ok() {
            while let Ok(Some(message)) = joiner.next_message() {
                decode_message(ContentType::HANDSHAKE, &message);
            }
        }
    }
}

fn deframe<const N: usize>(pieces: [&[u8]; N]) -> (Vec<Record>, Option<FramingError>) {
    let mut deframer = Deframer::new();
    let mut records = Vec::new();
    for piece in pieces {
        deframer.push(piece);
        loop {
            match deframer.next_record() {
                Ok(Some(record)) => records.push(record),
                Ok(None) => break,
                Err(failure) => return (records, Some(failure)),
            }
        }
    }
    (records, None)
}

fn decode_message(content_type: ContentType, bytes: &[u8]) {
    let context = context(bytes.len() as u8);
    if let Ok(message) = Message::decode(content_type, bytes, &context) {
        assert_eq!(message.content_type(), content_type);
        assert_eq!(message.to_bytes().as_deref(), Ok(bytes), "{} encodes to other bytes", message.name());
    }
}

pub(super) fn handshake(bytes: &[u8]) {
    let Some((selector, bytes)) = bytes.split_first() else { return };
    let context = context(*selector);
    if let Ok(message) = Handshake::decode(bytes, &context) {
        let encoded = message.to_bytes();
        assert_eq!(encoded.as_deref(), Ok(bytes), "{} encodes to other bytes", message.name());
    }
}

pub(super) fn extension(bytes: &[u8]) {
    if let Ok(extension) = Extension::from_bytes(bytes) {
        assert_eq!(extension.to_bytes().as_deref(), Ok(bytes), "{extension:?} encodes to other bytes");
    }
}

pub(super) fn message(bytes: &[u8]) {
    let Ok(message) = serde_json::from_slice::<Message>(bytes) else { return };
    let json = serde_json::to_vec(&message).expect("a message is plain data");
    assert_eq!(serde_json::from_slice::<Message>(&json).ok(), Some(message.clone()), "JSON reads as another message");

    let Ok(encoded) = message.to_bytes() else { return };
    for selector in 0..CONTEXTS {
        if let Ok(decoded) = Message::decode(message.content_type(), &encoded, &context(selector)) {
            assert_eq!(decoded.to_bytes().as_deref(), Ok(&encoded[..]), "{} encodes to other bytes", decoded.name());
        }
    }
}

/// A way to protect records, with keys that are always the same.
pub(super) struct Protected {
    version: ProtocolVersion,
    ready: Protection,
}

/// Every cipher in every version that has it, with encrypt-then-MAC and without.
pub(super) fn protections() -> &'static [Protected] {
    static PROTECTIONS: LazyLock<Vec<Protected>> = LazyLock::new(|| {
        let mut known: Vec<Cipher> = Vec::new();
        let mut protections = Vec::new();
        for params in CipherSuite::REGISTERED.iter().filter_map(|suite| suite::params(*suite)) {
            if known.contains(&params.cipher) {
                continue;
            }
            known.push(params.cipher);
            for version in VERSIONS.into_iter().filter(|version| *version >= params.min_version()) {
                protections.extend([false, true].map(|encrypt_then_mac| protected(&params, version, encrypt_then_mac)));
            }
        }
        protections
    });
    &PROTECTIONS
}

fn protected(params: &SuiteParams, version: ProtocolVersion, encrypt_then_mac: bool) -> Protected {
    let keys = KeyBlock::derive(Prf::of(version, params.prf), &[1; 48], &[2; 32], &[3; 32], params, version);
    let ready = Protection::new(params, version, encrypt_then_mac, keys.write_keys(Side::Client));
    Protected { version, ready: ready.expect("the key block has the lengths that the suite takes") }
}

impl Protected {
    /// The first record with this content.
    pub(super) fn seal(&self, plaintext: &[u8]) -> Vec<u8> {
        let mut fragment = Vec::new();
        let sealed = self.ready.clone().seal(
            ContentType::APPLICATION_DATA,
            self.version,
            plaintext,
            |iv| iv.fill(0xa5),
            &mut fragment,
        );
        sealed.expect("the content is no longer than a record's");
        fragment
    }

    fn open(&self, fragment: &[u8]) -> Option<Vec<u8>> {
        self.ready.clone().open(ContentType::APPLICATION_DATA, self.version, fragment.to_vec()).ok()
    }
}

pub(super) fn protection(bytes: &[u8]) {
    let Some((selector, bytes)) = bytes.split_first() else { return };
    let all = protections();
    let protected = &all[usize::from(*selector) % all.len()];
    if let Some(plaintext) = protected.open(bytes) {
        // Padding and IV may be others, and what is inside is not.
        assert_eq!(protected.open(&protected.seal(&plaintext)), Some(plaintext));
    }
    for fragment in FragmentLimit::MAX.fragments(bytes) {
        assert_eq!(
            protected.open(&protected.seal(fragment)).as_deref(),
            Some(fragment),
            "what was sealed does not open"
        );
    }
}
