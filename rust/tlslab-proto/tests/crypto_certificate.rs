//! Identities: the lab's own, and those that come as PEM.

use sha2::{Digest, Sha256};
use tlslab_proto::crypto::certificate::{Identity, IdentityError};
use tlslab_proto::crypto::signature::VerifyingKey;
use x509_cert::Certificate;
use x509_cert::der::{Decode, Encode};

const RSA_KEY: &str = include_str!("../src/crypto/lab_rsa.pem");
const ECDSA_KEY: &str = include_str!("../src/crypto/lab_ecdsa.pem");
/// The same two keys, rewritten by `openssl rsa -traditional` and `openssl ec`.
const RSA_KEY_PKCS1: &str = include_str!("data/lab_rsa_pkcs1.pem");
const ECDSA_KEY_SEC1: &str = include_str!("data/lab_ecdsa_sec1.pem");

#[test]
fn lab_certificates_are_the_same_everywhere() {
    for (identity, digest) in [
        (Identity::lab_rsa(), "5b65103eb5043c9afa9340136cec25a8b1b97a7f4480bc8338433ebe6c3ce777"),
        (Identity::lab_ecdsa(), "4fa3a3afdc76d157f7910a63d908c3a59fb2070bd9b404edd179b3eca346bb86"),
    ] {
        assert_eq!(hex::encode(Sha256::digest(&identity.chain[0])), digest);
    }
}

#[test]
fn lab_certificates_are_signed_by_their_own_key() {
    for identity in [Identity::lab_rsa(), Identity::lab_ecdsa()] {
        let [der] = &identity.chain[..] else { panic!("one certificate") };
        let key = VerifyingKey::from_certificate(der).unwrap();
        assert_eq!(key, identity.key.verifying_key());

        let certificate = Certificate::from_der(der).unwrap();
        let signed = certificate.tbs_certificate();
        assert_eq!(signed.subject().to_string(), "CN=tlslab");
        assert_eq!(signed.issuer(), signed.subject());
        let scheme = match key {
            VerifyingKey::Rsa(_) => "rsa_pkcs1_sha256",
            VerifyingKey::Ecdsa(_) => "ecdsa_secp256r1_sha256",
        };
        let signature = certificate.signature().as_bytes().unwrap();
        assert_eq!(key.verify(Some(scheme.parse().unwrap()), &signed.to_der().unwrap(), signature), Ok(()));
    }
}

#[test]
fn identities_are_read_from_every_usual_form_of_pem() {
    let (rsa, ecdsa) = (Identity::lab_rsa(), Identity::lab_ecdsa());
    for (identity, key) in [(rsa, RSA_KEY), (rsa, RSA_KEY_PKCS1), (ecdsa, ECDSA_KEY), (ecdsa, ECDSA_KEY_SEC1)] {
        assert_eq!(&Identity::from_pem(&identity.chain_pem(), key).unwrap(), identity);
    }
}

#[test]
fn a_chain_keeps_its_order_and_other_text_is_passed_over() {
    let (rsa, ecdsa) = (Identity::lab_rsa(), Identity::lab_ecdsa());
    let chain = format!("subject=first\r\n{}\nissuer=second\n{}trailer\n", ecdsa.chain_pem(), rsa.chain_pem());
    let key = format!("-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n{ECDSA_KEY_SEC1}");
    let identity = Identity::from_pem(&chain, &key).unwrap();
    assert_eq!(identity.chain, [ecdsa.chain[0].clone(), rsa.chain[0].clone()]);
    assert_eq!(identity.key, ecdsa.key);
    assert_eq!(Identity::from_pem(&identity.chain_pem(), &key).unwrap(), identity);
}

#[test]
fn what_is_no_identity_is_refused_with_the_reason() {
    let (rsa, ecdsa) = (Identity::lab_rsa().chain_pem(), Identity::lab_ecdsa().chain_pem());
    assert_eq!(Identity::from_pem(&rsa, ECDSA_KEY), Err(IdentityError::Mismatch));
    assert_eq!(Identity::from_pem(&format!("{rsa}{ecdsa}"), ECDSA_KEY), Err(IdentityError::Mismatch));
    assert_eq!(Identity::from_pem("", RSA_KEY), Err(IdentityError::NoCertificate));
    assert_eq!(Identity::from_pem(RSA_KEY, RSA_KEY), Err(IdentityError::NoCertificate));
    assert_eq!(Identity::from_pem(&rsa, ""), Err(IdentityError::NoKey));
    assert_eq!(Identity::from_pem(&rsa, &rsa), Err(IdentityError::NoKey));

    let cut = &rsa[..rsa.len() / 2];
    assert!(matches!(Identity::from_pem(cut, RSA_KEY), Err(IdentityError::Pem { what: "certificate", .. })));
    let spoilt = RSA_KEY.replacen("MII", "M!!", 1);
    assert!(matches!(Identity::from_pem(&rsa, &spoilt), Err(IdentityError::Pem { what: "private key", .. })));
    let relabelled = ECDSA_KEY.replace("PRIVATE KEY", "RSA PRIVATE KEY");
    assert!(matches!(Identity::from_pem(&rsa, &relabelled), Err(IdentityError::Key { .. })));
    let relabelled = ECDSA_KEY.replace("PRIVATE KEY", "CERTIFICATE");
    assert!(matches!(Identity::from_pem(&relabelled, ECDSA_KEY), Err(IdentityError::Certificate { .. })));
}

#[test]
fn a_damaged_certificate_gives_an_error_or_a_key_and_never_a_panic() {
    for identity in [Identity::lab_rsa(), Identity::lab_ecdsa()] {
        let der = &identity.chain[0];
        for length in 0..der.len() {
            assert!(VerifyingKey::from_certificate(&der[..length]).is_err(), "cut to {length} bytes");
        }
        let refused = (0..der.len()).filter(|&index| {
            let mut damaged = der.clone();
            damaged[index] ^= 0xff;
            VerifyingKey::from_certificate(&damaged).is_err()
        });
        assert!(refused.count() > 0);
    }
}

#[test]
fn a_key_of_another_kind_is_named() {
    // 1.2.840.10045.2.2 in place of id-ecPublicKey.
    let der = &Identity::lab_ecdsa().chain[0];
    let ec_public_key = [0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
    let at = der.windows(ec_public_key.len()).position(|window| window == ec_public_key).unwrap();
    let mut other = der.clone();
    other[at + 8] = 2;
    let Err(IdentityError::PublicKey { algorithm, .. }) = VerifyingKey::from_certificate(&other) else {
        panic!("1.2.840.10045.2.2 is no key that the lab uses");
    };
    assert_eq!(algorithm, "1.2.840.10045.2.2");
}
