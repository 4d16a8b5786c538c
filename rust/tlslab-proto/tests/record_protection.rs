//! Record protection: against tlslite-ng, against itself, and against tampering.

mod data;

use data::{array, bytes, cases, field};
use proptest::prelude::*;
use tlslab_proto::crypto::prf::Prf;
use tlslab_proto::crypto::schedule::{KeyBlock, WriteKeys};
use tlslab_proto::crypto::side::Side;
use tlslab_proto::crypto::suite::{SuiteParams, params};
use tlslab_proto::record::protection::{KeyLengthError, Protection, ProtectionError};
use tlslab_proto::wire::registry::{CipherSuite, ContentType, ProtocolVersion};
use tlslab_proto::wire::{MAX_CIPHERTEXT, MAX_PLAINTEXT, RecordHeader};

const DATA: ContentType = ContentType::APPLICATION_DATA;
const VERSIONS: [ProtocolVersion; 3] = [ProtocolVersion::TLSV1_0, ProtocolVersion::TLSV1_1, ProtocolVersion::TLSV1_2];

/// A way to protect records: the same keys always.
#[derive(Debug, Clone, Copy)]
struct Kind {
    suite: CipherSuite,
    params: SuiteParams,
    version: ProtocolVersion,
    encrypt_then_mac: bool,
}

impl Kind {
    /// Every cipher in every version that may have it, with encrypt-then-MAC and without.
    fn all() -> Vec<Self> {
        let mut kinds = Vec::new();
        for suite in CipherSuite::REGISTERED.iter().copied().filter(|suite| suite.to_string().contains("DHE_RSA")) {
            let params = params(suite).unwrap();
            for version in VERSIONS.into_iter().filter(|version| *version >= params.min_version()) {
                for encrypt_then_mac in [false, true] {
                    kinds.push(Self { suite, params, version, encrypt_then_mac });
                }
            }
        }
        kinds
    }

    fn protection(&self) -> Protection {
        let Self { params, version, encrypt_then_mac, .. } = self;
        let prf = Prf::of(*version, params.prf);
        let block = KeyBlock::derive(prf, &[1; 48], &[2; 32], &[3; 32], params, *version);
        Protection::new(params, *version, *encrypt_then_mac, block.write_keys(Side::Client)).unwrap()
    }

    fn seal(&self, protection: &mut Protection, plaintext: &[u8]) -> Vec<u8> {
        let mut fragment = Vec::new();
        protection.seal(DATA, self.version, plaintext, |iv| iv.fill(0xa5), &mut fragment).unwrap();
        fragment
    }

    fn open(&self, protection: &mut Protection, fragment: &[u8]) -> Result<Vec<u8>, ProtectionError> {
        protection.open(DATA, self.version, fragment.to_vec())
    }

    fn is_mac_then_encrypt(&self) -> bool {
        !self.params.is_aead() && !self.encrypt_then_mac
    }
}

#[test]
fn tlslite_records_open_and_sealing_again_gives_the_same_bytes() {
    for case in cases(include_str!("data/records.json"), "connections") {
        let params = params(field(&case, "suite")).unwrap();
        let version: ProtocolVersion = field(&case, "version");
        let prf = Prf::of(version, params.prf);
        let (client_random, server_random) = (array(&case, "client_random"), array(&case, "server_random"));
        let master = array(&case, "master_secret");
        let block = KeyBlock::derive(prf, &master, &client_random, &server_random, &params, version);
        let keys = block.write_keys(field(&case, "side"));
        let mut reader = Protection::new(&params, version, field(&case, "encrypt_then_mac"), keys).unwrap();
        let mut writer = reader.clone();

        let records = case["records"].as_array().unwrap();
        assert_eq!(records.len(), 4);
        for expected in records {
            let (content_type, plaintext) = (ContentType(field(expected, "type")), bytes(expected, "plaintext"));
            let wire = bytes(expected, "record");
            let (header, fragment) = wire.split_at(RecordHeader::LEN);
            assert_eq!(header, RecordHeader { content_type, version, length: fragment.len() as u16 }.to_array());
            assert_eq!(reader.open(content_type, version, fragment.to_vec()), Ok(plaintext.clone()), "{case}");

            let mut sealed = Vec::new();
            let same_iv = |iv: &mut [u8]| iv.copy_from_slice(&fragment[..iv.len()]);
            writer.seal(content_type, version, &plaintext, same_iv, &mut sealed).unwrap();
            assert_eq!(sealed, fragment, "{case}");
        }
    }
}

#[test]
fn what_is_sealed_opens_in_order() {
    for kind in Kind::all() {
        let (mut writer, mut reader) = (kind.protection(), kind.protection());
        for length in (0..70).chain([255, 256, 1000, MAX_PLAINTEXT]) {
            let plaintext = vec![length as u8; length];
            let fragment = kind.seal(&mut writer, &plaintext);
            assert!(fragment.len() <= MAX_CIPHERTEXT);
            assert_eq!(kind.open(&mut reader, &fragment), Ok(plaintext), "{kind:?}");
        }
    }
}

#[test]
fn a_changed_byte_is_always_found() {
    for kind in Kind::all() {
        let mut writer = kind.protection();
        let fragment = kind.seal(&mut writer, &[7; 43]);
        for index in 0..fragment.len() {
            let mut tampered = fragment.clone();
            tampered[index] ^= 0x40;
            let refusal = kind.open(&mut kind.protection(), &tampered).unwrap_err();
            let padding = kind.is_mac_then_encrypt() && refusal == ProtectionError::BadPadding;
            assert!(padding || refusal == ProtectionError::BadMac, "{kind:?}, byte {index}: {refusal}");
        }
    }
}

#[test]
fn a_cut_or_lengthened_record_is_always_refused() {
    for kind in Kind::all() {
        let fragment = kind.seal(&mut kind.protection(), &[7; 43]);
        for length in 0..fragment.len() {
            assert!(kind.open(&mut kind.protection(), &fragment[..length]).is_err(), "{kind:?}, {length} bytes");
        }
        for more in 1..=64 {
            let longer = [&fragment[..], &vec![0; more]].concat();
            assert!(kind.open(&mut kind.protection(), &longer).is_err(), "{kind:?}, {more} more bytes");
        }
    }
}

#[test]
fn the_sequence_number_type_and_version_are_authenticated() {
    for kind in Kind::all() {
        let (mut writer, mut reader) = (kind.protection(), kind.protection());
        let first = kind.seal(&mut writer, b"first");
        let second = kind.seal(&mut writer, b"second");
        let other_type = reader.clone().open(ContentType::HANDSHAKE, kind.version, first.clone());
        assert_eq!(other_type, Err(ProtectionError::BadMac), "{kind:?}");
        let other_version = reader.clone().open(DATA, ProtocolVersion::TLSV1_3, first.clone());
        assert_eq!(other_version, Err(ProtectionError::BadMac), "{kind:?}");

        assert_eq!(kind.open(&mut reader, &first), Ok(b"first".to_vec()));
        assert!(kind.open(&mut reader.clone(), &first).is_err(), "{kind:?}: replayed");
        assert_eq!(kind.open(&mut reader, &second), Ok(b"second".to_vec()), "{kind:?}");
    }
}

#[test]
fn a_record_that_fails_still_counts() {
    for kind in Kind::all() {
        let (mut writer, mut reader) = (kind.protection(), kind.protection());
        // Of two blocks at least: the last one is the second record's IV in TLS 1.0, and stays as it is.
        let mut first = kind.seal(&mut writer, b"the first of two records");
        let second = kind.seal(&mut writer, b"second");
        first[0] ^= 1;
        assert!(kind.open(&mut reader, &first).is_err());
        assert_eq!(kind.open(&mut reader, &second), Ok(b"second".to_vec()), "{kind:?}");
    }
}

#[test]
fn bad_padding_and_a_bad_mac_are_told_apart() {
    for kind in Kind::all().into_iter().filter(Kind::is_mac_then_encrypt) {
        let plaintext = [0; 100];
        let fragment = kind.seal(&mut kind.protection(), &plaintext);
        let mut bad_padding = fragment.clone();
        // In CBC, a bit of one block is that bit of the next block's plaintext: here the last byte, the padding length.
        let last_of_the_block_before = fragment.len() - 17;
        bad_padding[last_of_the_block_before] ^= 0x80;
        assert_eq!(kind.open(&mut kind.protection(), &bad_padding), Err(ProtectionError::BadPadding), "{kind:?}");
        let mut bad_mac = fragment.clone();
        bad_mac[20] ^= 0x80;
        assert_eq!(kind.open(&mut kind.protection(), &bad_mac), Err(ProtectionError::BadMac), "{kind:?}");
    }
}

#[test]
fn overlong_plaintexts_and_fragments_are_refused() {
    let long = vec![0; MAX_PLAINTEXT + 1];
    let too_long = ProtectionError::Overflow { got: long.len(), limit: MAX_PLAINTEXT };
    let huge = ProtectionError::Overflow { got: 1 << 17, limit: MAX_CIPHERTEXT };
    for mut protection in Kind::all().iter().map(Kind::protection).chain([Protection::Null]) {
        let mut out = Vec::new();
        assert_eq!(protection.seal(DATA, ProtocolVersion::TLSV1_2, &long, |_| (), &mut out), Err(too_long));
        assert!(out.is_empty());
        assert_eq!(protection.open(DATA, ProtocolVersion::TLSV1_2, vec![0; 1 << 17]), Err(huge));
    }
    assert_eq!(Protection::Null.open(DATA, ProtocolVersion::TLSV1_2, long), Err(too_long));
}

#[test]
fn keys_of_the_wrong_length_are_refused() {
    for kind in Kind::all() {
        let prf = Prf::of(kind.version, kind.params.prf);
        let block = KeyBlock::derive(prf, &[1; 48], &[2; 32], &[3; 32], &kind.params, kind.version);
        let keys = block.write_keys(Side::Server);
        let new = |keys| Protection::new(&kind.params, kind.version, kind.encrypt_then_mac, keys).map(|_| ());
        assert_eq!(new(keys), Ok(()));
        let short = WriteKeys { enc_key: &keys.enc_key[1..], ..keys };
        let (got, expected) = (keys.enc_key.len() - 1, keys.enc_key.len());
        assert_eq!(new(short), Err(KeyLengthError { what: "encryption key", got, expected }), "{}", kind.suite);
        if !keys.mac_key.is_empty() {
            assert!(new(WriteKeys { mac_key: &keys.mac_key[1..], ..keys }).is_err());
        }
        if !keys.iv.is_empty() {
            assert!(new(WriteKeys { iv: &keys.iv[1..], ..keys }).is_err());
        }
    }
}

#[test]
fn null_protection_changes_nothing() {
    let mut out = vec![1];
    Protection::Null.seal(DATA, ProtocolVersion::TLSV1_0, &[2, 3], |_| panic!("there is no IV"), &mut out).unwrap();
    assert_eq!(out, [1, 2, 3]);
    assert_eq!(Protection::Null.open(DATA, ProtocolVersion::TLSV1_0, out.clone()), Ok(out));
}

proptest! {
    #[test]
    fn rubbish_never_opens_and_never_panics(fragment in prop::collection::vec(any::<u8>(), 0..400)) {
        for kind in Kind::all() {
            prop_assert!(kind.open(&mut kind.protection(), &fragment).is_err());
        }
    }
}
