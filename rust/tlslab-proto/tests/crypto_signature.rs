//! Signatures, simulated signatures and RSA key transport.

mod data;

use data::{array, bytes, cases, field};
use tlslab_proto::crypto::certificate::Identity;
use tlslab_proto::crypto::draws::{Draws, Purpose};
use tlslab_proto::crypto::rsa_transport::{self, RsaTransportError};
use tlslab_proto::crypto::side::Side;
use tlslab_proto::crypto::signature::{SignatureError, SigningKey};
use tlslab_proto::crypto::simulated::SimulatedKey;
use tlslab_proto::wire::registry::SignatureScheme;

const FILE: &str = include_str!("data/signatures.json");

fn keys() -> [&'static SigningKey; 2] {
    [&Identity::lab_rsa().key, &Identity::lab_ecdsa().key]
}

fn schemes_of(key: &SigningKey) -> Vec<Option<SignatureScheme>> {
    let public = key.verifying_key();
    let named = SignatureScheme::REGISTERED.iter().copied().filter(|scheme| public.supports(*scheme));
    [None].into_iter().chain(named.map(Some)).collect()
}

#[test]
fn openssl_signatures_verify_and_rsa_ones_are_equal_to_ours() {
    for case in cases(FILE, "signatures") {
        let scheme: Option<SignatureScheme> = field(&case, "scheme");
        let (message, signature) = (bytes(&case, "message"), bytes(&case, "signature"));
        let rsa = field::<String>(&case, "key") == "rsa";
        let key = if rsa { keys()[0] } else { keys()[1] };
        assert_eq!(key.verifying_key().verify(scheme, &message, &signature), Ok(()), "{scheme:?}");
        if rsa {
            assert_eq!(key.sign(scheme, &message).unwrap(), signature, "{scheme:?}");
        }
    }
}

/// RFC 6979 A.2.5, SHA-256 over "sample".
#[test]
fn ecdsa_is_deterministic_as_rfc_6979_says() {
    let secret = hex::decode("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721").unwrap();
    let key = SigningKey::Ecdsa(p256::ecdsa::SigningKey::from_slice(&secret).unwrap());
    let signature = key.sign(Some(SignatureScheme::ECDSA_SECP256R1_SHA256), b"sample").unwrap();
    assert_eq!(
        hex::encode(signature),
        "3046\
         022100efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716\
         022100f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"
    );
}

#[test]
fn signatures_hold_for_their_scheme_message_and_bytes_only() {
    for key in keys() {
        let public = key.verifying_key();
        let schemes = schemes_of(key);
        assert_eq!(schemes.len(), 5, "four hashes, and the rule before TLS 1.2");
        for &scheme in &schemes {
            let signature = key.sign(scheme, b"message").unwrap();
            assert_eq!(key.sign(scheme, b"message").unwrap(), signature);
            assert_eq!(public.verify(scheme, b"message", &signature), Ok(()));
            assert_eq!(public.verify(scheme, b"massage", &signature), Err(SignatureError::Mismatch));
            for index in 0..signature.len() {
                let mut tampered = signature.clone();
                tampered[index] ^= 1;
                assert!(public.verify(scheme, b"message", &tampered).is_err(), "{scheme:?}, byte {index}");
            }
            for length in 0..signature.len() {
                assert!(public.verify(scheme, b"message", &signature[..length]).is_err());
            }
        }
    }
    let [rsa, _] = keys();
    let [md5_sha1, sha256] = [None, Some(SignatureScheme::RSA_PKCS1_SHA256)];
    let signature = rsa.sign(md5_sha1, b"message").unwrap();
    assert_eq!(rsa.verifying_key().verify(sha256, b"message", &signature), Err(SignatureError::Mismatch));
}

#[test]
fn an_rsa_signature_is_as_long_as_the_modulus_and_no_other_length_verifies() {
    let [key, _] = keys();
    let (public, scheme) = (key.verifying_key(), Some(SignatureScheme::RSA_PKCS1_SHA256));
    // One signature in 256 starts with a zero byte: this many messages surely hold one.
    let (message, signature) = (0u32..10_000)
        .map(|number| number.to_be_bytes())
        .map(|message| (message, key.sign(scheme, &message).unwrap()))
        .find(|(_, signature)| signature[0] == 0)
        .expect("a signature with a leading zero");
    assert_eq!(key.modulus_len(), Some(256));
    assert_eq!(signature.len(), 256);
    assert_eq!(public.verify(scheme, &message, &signature), Ok(()));
    let short = SignatureError::Length { got: 255, expected: 256 };
    assert_eq!(public.verify(scheme, &message, &signature[1..]), Err(short));
    let long = SignatureError::Length { got: 257, expected: 256 };
    assert_eq!(public.verify(scheme, &message, &[&[0], &signature[..]].concat()), Err(long));
}

#[test]
fn schemes_of_the_other_key_and_unknown_ones_are_refused() {
    let [rsa, ecdsa] = keys();
    let (for_rsa, for_ecdsa) = (SignatureScheme::RSA_PKCS1_SHA256, SignatureScheme::ECDSA_SECP384R1_SHA384);
    assert_eq!(rsa.sign(Some(for_ecdsa), b""), Err(SignatureError::WrongKey { scheme: for_ecdsa, key: "RSA" }));
    assert_eq!(ecdsa.sign(Some(for_rsa), b""), Err(SignatureError::WrongKey { scheme: for_rsa, key: "ECDSA" }));
    for scheme in [0x0000, 0x0101, 0x0301, 0x0402, 0x0804, 0xffff].map(SignatureScheme) {
        for key in keys() {
            let refusal = SignatureError::UnsupportedScheme(scheme);
            assert_eq!(key.sign(Some(scheme), b""), Err(refusal));
            assert_eq!(key.verifying_key().verify(Some(scheme), b"", b""), Err(refusal));
        }
    }
}

#[test]
fn simulated_signatures_hold_for_their_key_scheme_message_and_bytes_only() {
    let [rsa, ecdsa] = keys().map(|key| SimulatedKey::new(&key.verifying_key()));
    assert_eq!([rsa.signature_len(), ecdsa.signature_len()], [256, 70]);
    for (key, other) in [(&rsa, &ecdsa), (&ecdsa, &rsa)] {
        let signature = key.sign(None, b"message");
        assert_eq!(signature.len(), key.signature_len());
        assert_eq!(key.verify(None, b"message", &signature), Ok(()));
        assert_eq!(key.verify(None, b"massage", &signature), Err(SignatureError::Mismatch));
        let scheme = Some(SignatureScheme::RSA_PKCS1_SHA1);
        assert_eq!(key.verify(scheme, b"message", &signature), Err(SignatureError::Mismatch));
        for index in 0..signature.len() {
            let mut tampered = signature.clone();
            tampered[index] ^= 0x80;
            assert_eq!(key.verify(None, b"message", &tampered), Err(SignatureError::Mismatch));
            let short = SignatureError::Length { got: index, expected: signature.len() };
            assert_eq!(key.verify(None, b"message", &signature[..index]), Err(short));
        }
        assert_ne!(other.sign(None, b"message")[..70], signature[..70]);
    }
}

#[test]
fn rsa_transport_reads_openssl_and_itself() {
    let key = &Identity::lab_rsa().key;
    let file: serde_json::Value = serde_json::from_str(FILE).unwrap();
    let openssl = &file["encryption"];
    let premaster = array(openssl, "premaster");
    assert_eq!(rsa_transport::decrypt(key, &bytes(openssl, "ciphertext")), Ok(premaster));

    let draws = Draws::new(1, 2).endpoint(0, Side::Client);
    let encrypt = |occurrence| {
        let mut rng = draws.rng(Purpose::RsaPadding, occurrence);
        rsa_transport::encrypt(&key.verifying_key(), &premaster, &mut rng).unwrap()
    };
    let ciphertext = encrypt(0);
    assert_eq!(ciphertext.len(), 256);
    assert_eq!(ciphertext, encrypt(0), "the padding comes from the draws");
    assert_ne!(ciphertext, encrypt(1));
    assert_eq!(rsa_transport::decrypt(key, &ciphertext), Ok(premaster));
}

#[test]
fn rsa_transport_refuses_what_is_no_premaster_secret() {
    let [rsa, ecdsa] = keys();
    let mut rng = Draws::new(0, 0).endpoint(0, Side::Client).rng(Purpose::RsaPadding, 0);
    let encrypted = rsa_transport::encrypt(&rsa.verifying_key(), &[7; 48], &mut rng).unwrap();
    for length in [0, 1, 255, 257] {
        let refusal = RsaTransportError::Length { got: length, expected: 256 };
        assert_eq!(rsa_transport::decrypt(rsa, &vec![1; length]), Err(refusal));
    }
    for index in [0, 1, 100, 255] {
        let mut tampered = encrypted.clone();
        tampered[index] ^= 1;
        assert_ne!(rsa_transport::decrypt(rsa, &tampered), Ok([7; 48]));
    }
    assert_eq!(rsa_transport::decrypt(rsa, &[0xff; 256]), Err(RsaTransportError::Decryption), "above the modulus");
    assert_eq!(rsa_transport::decrypt(ecdsa, &encrypted), Err(RsaTransportError::NotRsa));
    let refusal = rsa_transport::encrypt(&ecdsa.verifying_key(), &[7; 48], &mut rng);
    assert_eq!(refusal, Err(RsaTransportError::NotRsa));
}
