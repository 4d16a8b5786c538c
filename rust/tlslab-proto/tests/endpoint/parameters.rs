//! Parameters of the key exchange that must not be used.

use serde_json::{Value, json};
use tlslab_dh::Group;
use tlslab_proto::crypto::Side;
use tlslab_proto::endpoint::trace::Event;
use tlslab_proto::wire::registry::AlertDescription as A;

use super::pump::{Outcome, Setup};

const DH_ANON: &str = "TLS_DH_anon_WITH_AES_128_CBC_SHA";

/// Without a signature, so that a changed parameter is judged for itself.
fn anonymous(client: Value, server: Value) -> Setup {
    let with = |mut knobs: Value| {
        knobs["suites"] = json!([DH_ANON]);
        knobs
    };
    Setup::new(with(client), with(server))
}

/// modp1024's prime with its last byte changed by `change`.
fn prime(change: impl Fn(u8) -> u8) -> String {
    let mut prime = Group::by_name("modp1024").unwrap().modulus().to_vec();
    let last = prime.last_mut().unwrap();
    *last = change(*last);
    hex::encode(prime)
}

fn minus_one() -> String {
    prime(|last| last - 1)
}

fn server_sends(field: &str, value: &str, client: Value) -> Outcome {
    let path = format!("params.{field}");
    anonymous(client, json!({})).set(Side::Server, "ServerKeyExchange", &path, json!(value)).outcome()
}

fn client_sends(value: &str, server: Value) -> Outcome {
    anonymous(json!({}), server).set(Side::Client, "ClientKeyExchange", "dh_Yc", json!(value)).outcome()
}

#[test]
fn a_group_that_is_none_is_refused() {
    let refused = Outcome::Alert(Side::Client, A::ILLEGAL_PARAMETER);
    let (even, huge, tiny) = (minus_one(), "ff".repeat(1025), "0003");
    for p in [&even[..], &huge, &"ff".repeat(0xffff), tiny, "00"] {
        assert_eq!(server_sends("dh_p", p, json!({})), refused, "{}", &p[..p.len().min(20)]);
    }
    for g in ["00", "01", &minus_one(), &prime(|last| last)] {
        assert_eq!(server_sends("dh_g", g, json!({})), refused, "{g}");
    }
    // RFC 5246 4.4's vector has at least a byte.
    assert_eq!(server_sends("dh_p", "", json!({})), Outcome::Alert(Side::Client, A::DECODE_ERROR));
}

#[test]
fn public_values_without_a_secret_are_refused_by_either_side() {
    for public in ["00", "01", &minus_one(), &prime(|last| last), &"ff".repeat(200)] {
        let of_server = server_sends("dh_Ys", public, json!({}));
        assert_eq!(of_server, Outcome::Alert(Side::Client, A::ILLEGAL_PARAMETER), "{public}");
        let of_client = client_sends(public, json!({}));
        assert_eq!(of_client, Outcome::Alert(Side::Server, A::ILLEGAL_PARAMETER), "{public}");
    }
}

#[test]
fn unchecked_they_are_used_and_the_secrets_differ() {
    let unchecked = json!({"public_value_check": "none"});
    for public in ["00", "01", &minus_one(), &"ff".repeat(200)] {
        let failure = Outcome::Alert(Side::Server, A::BAD_RECORD_MAC);
        assert_eq!(server_sends("dh_Ys", public, unchecked.clone()), failure, "{public}");
        assert_eq!(client_sends(public, unchecked.clone()), failure, "{public}");
    }
}

#[test]
fn a_value_outside_the_subgroup_is_refused_where_that_is_checked() {
    // 11 is no square modulo this prime; 4 is one.
    let check = json!({"public_value_check": "subgroup"});
    assert_eq!(client_sends("0b", check.clone()), Outcome::Alert(Side::Server, A::ILLEGAL_PARAMETER));
    assert_eq!(client_sends("0b", json!({})), Outcome::Alert(Side::Server, A::BAD_RECORD_MAC));
    assert_eq!(client_sends("04", check), Outcome::Alert(Side::Server, A::BAD_RECORD_MAC));
}

#[test]
fn points_that_are_none_are_refused() {
    let ecdhe =
        |curve: &str| Setup::both(json!({"suites": ["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"], "curves": [curve]}));
    let off_curve = format!("04{}", "11".repeat(64));
    for (curve, point) in
        [("secp256r1", &off_curve[..]), ("secp256r1", "04"), ("x25519", "11"), ("x25519", &"00".repeat(32))]
    {
        let of_client = ecdhe(curve).set(Side::Client, "ClientKeyExchange", "ecdh_Yc", json!(point)).outcome();
        assert_eq!(of_client, Outcome::Alert(Side::Server, A::ILLEGAL_PARAMETER), "{curve} {point}");
    }
    let unsigned = |path: &str, value: Value| {
        let mut setup = ecdhe("x25519").set(Side::Server, "ServerKeyExchange", path, value);
        setup.client.own.signature_check = tlslab_proto::behaviour::values::Switch::Off;
        setup.outcome()
    };
    let refused = Outcome::Alert(Side::Client, A::ILLEGAL_PARAMETER);
    assert_eq!(unsigned("params.public", json!("00".repeat(32))), refused);
    assert_eq!(unsigned("params.public", json!("11")), refused);
    assert_eq!(unsigned("params.namedcurve", json!("secp256r1")), refused);
    assert_eq!(unsigned("params.namedcurve", json!("x448")), refused);
}

#[test]
fn a_changed_parameter_or_signature_does_not_verify() {
    for (path, value) in [("params.dh_g", json!("05")), ("signed_params.signature", json!("00".repeat(256)))] {
        let setup = Setup::new(json!({}), json!({})).set(Side::Server, "ServerKeyExchange", path, value);
        assert_eq!(setup.outcome(), Outcome::Alert(Side::Client, A::DECRYPT_ERROR), "{path}");
    }
    let setup = Setup::new(json!({"signature_algorithms": ["rsa_pkcs1_sha256"]}), json!({}));
    let setup = setup.set(Side::Server, "ServerKeyExchange", "signed_params.algorithm", json!("rsa_pkcs1_sha1"));
    assert_eq!(setup.outcome(), Outcome::Alert(Side::Client, A::ILLEGAL_PARAMETER));
}

/// RFC 5246 7.4.7.1: whatever is wrong with an RSA premaster secret, nothing is said before Finished.
#[test]
fn a_bad_rsa_premaster_secret_fails_at_finished_and_not_before() {
    let rsa = || Setup::both(json!({"suites": ["TLS_RSA_WITH_AES_128_CBC_SHA"]}));
    let ciphertext =
        |value: String| rsa().set(Side::Client, "ClientKeyExchange", "encrypted_pre_master_secret", json!(value));
    // The server sees a hello of TLS 1.1 and, in the secret, the version that the client meant to offer.
    let careless = rsa().with_client(json!({"downgrade_check": "off"}));
    let rollback = careless.set(Side::Client, "ClientHello", "client_version", json!("TLSv1.1"));
    for setup in [rollback, ciphertext("11".repeat(256)), ciphertext("ff".repeat(256)), ciphertext(String::new())] {
        let mut pair = setup.run();
        assert_eq!(pair.outcome(), Outcome::Alert(Side::Server, A::BAD_RECORD_MAC), "{:?}", setup.edits);
        assert_eq!(pair.server.expects(), "Finished");
        assert_eq!(pair.sent_names(Side::Client).last(), Some(&"Finished"));
    }
}

/// What stands in for a bad premaster secret is drawn: neither known nor the same twice.
#[test]
fn the_substitute_for_a_bad_rsa_premaster_secret_is_random() {
    let substitute = |trial| {
        let rsa = Setup { trial, ..Setup::both(json!({"suites": ["TLS_RSA_WITH_AES_128_CBC_SHA"]})) };
        let bad = rsa.set(Side::Client, "ClientKeyExchange", "encrypted_pre_master_secret", json!("11"));
        let mut pair = bad.run();
        let premaster = |event: &Event| match event {
            Event::RsaTransport { premaster, .. } => Some(premaster.to_vec()),
            _ => None,
        };
        let of_client = pair.client.trace().iter().find_map(premaster);
        let of_server = pair.server.trace().iter().find_map(premaster).expect("the server goes on");
        assert_ne!(of_client.as_ref(), Some(&of_server));
        assert_eq!(of_server.len(), 48);
        of_server
    };
    assert_ne!(substitute(0), substitute(1));
}

#[test]
fn a_certificate_must_be_one_of_the_suites_kind() {
    let certificate = |list: Value| {
        Setup::new(json!({}), json!({})).set(Side::Server, "Certificate", "certificate_list", list).outcome()
    };
    let ecdsa = hex::encode(&tlslab_proto::crypto::certificate::Identity::lab_ecdsa().chain[0]);
    let refused = |description| Outcome::Alert(Side::Client, description);
    assert_eq!(certificate(json!([])), refused(A::DECODE_ERROR));
    assert_eq!(certificate(json!(["3003020101"])), refused(A::BAD_CERTIFICATE));
    assert_eq!(certificate(json!([ecdsa])), refused(A::UNSUPPORTED_CERTIFICATE));
}
