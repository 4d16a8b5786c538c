//! Extensions of a hello, body by body: what the RFCs allow is taken, and what they do not gets the alert they name.

use serde_json::{Value, json};
use tlslab_proto::crypto::Side;
use tlslab_proto::wire::registry::AlertDescription as A;

use super::pump::{Outcome, Setup};

const RSA: &str = "TLS_RSA_WITH_AES_128_CBC_SHA";
const DHE: &str = "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256";
const ECDHE_RSA: &str = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256";
const ECDHE_ECDSA: &str = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256";

/// An extension of any type with any body, in hexadecimal.
fn extension(extension_type: u16, body: &str) -> Value {
    json!({"type": "unknown", "extension_type": format!("{extension_type:#06x}"), "extension_data": body})
}

/// What becomes of a connection whose `side` sends a hello with these extensions and no others.
fn hello_with(side: Side, setup: Setup, extensions: Value) -> Outcome {
    let message = if side == Side::Client { "ClientHello" } else { "ServerHello" };
    setup.set(side, message, "extensions", extensions).outcome()
}

/// Bodies of a ClientHello's extensions that a server refuses.
const REFUSED_BY_SERVER: [(&str, u16, &str, A, &str); 27] = [
    ("server_name empty", 0, "", A::DECODE_ERROR, "RFC 6066 3"),
    ("server_name with no name", 0, "0000", A::DECODE_ERROR, "RFC 6066 3"),
    ("server_name with an empty name", 0, "0003000000", A::DECODE_ERROR, "RFC 6066 3"),
    ("server_name and a byte", 0, "00040000016178", A::DECODE_ERROR, "RFC 6066 3"),
    ("server_name longer than its body", 0, "ffffffff", A::DECODE_ERROR, "RFC 6066 3"),
    ("two host names", 0, "00080000016100000162", A::ILLEGAL_PARAMETER, "RFC 6066 3"),
    ("a host name with a zero byte", 0, "0006000003610062", A::ILLEGAL_PARAMETER, "RFC 6066 3"),
    ("a host name beyond ASCII", 0, "0006000003c48562", A::ILLEGAL_PARAMETER, "RFC 6066 3"),
    ("supported_groups empty", 10, "", A::DECODE_ERROR, "RFC 8422 5.1.1"),
    ("supported_groups with no group", 10, "0000", A::DECODE_ERROR, "RFC 8422 5.1.1"),
    ("supported_groups and half a group", 10, "0003001700", A::DECODE_ERROR, "RFC 8422 5.1.1"),
    ("ec_point_formats empty", 11, "", A::DECODE_ERROR, "RFC 8422 5.1.2"),
    ("ec_point_formats with no format", 11, "00", A::DECODE_ERROR, "RFC 8422 5.1.2"),
    ("ec_point_formats without uncompressed", 11, "0102", A::ILLEGAL_PARAMETER, "RFC 8422 5.1.2"),
    ("signature_algorithms empty", 13, "", A::DECODE_ERROR, "RFC 5246 7.4.1.4.1"),
    ("signature_algorithms with no algorithm", 13, "0000", A::DECODE_ERROR, "RFC 5246 7.4.1.4.1"),
    ("signature_algorithms and half an algorithm", 13, "0003040104", A::DECODE_ERROR, "RFC 5246 7.4.1.4.1"),
    ("ALPN empty", 16, "", A::DECODE_ERROR, "RFC 7301 3.1"),
    ("ALPN with no protocol", 16, "0000", A::DECODE_ERROR, "RFC 7301 3.1"),
    ("ALPN with an empty protocol", 16, "000100", A::DECODE_ERROR, "RFC 7301 3.1"),
    ("ALPN with a protocol longer than the list", 16, "0003036832", A::DECODE_ERROR, "RFC 7301 3.1"),
    ("ALPN with bytes after the list", 16, "000302683200", A::DECODE_ERROR, "RFC 7301 3.1"),
    ("encrypt_then_mac with a body", 22, "00", A::DECODE_ERROR, "RFC 7366 2"),
    ("extended_master_secret with a body", 23, "00", A::DECODE_ERROR, "RFC 7627 5.1"),
    ("renegotiation_info empty", 0xff01, "", A::DECODE_ERROR, "RFC 5746 3.2"),
    ("renegotiation_info and a byte", 0xff01, "0000", A::DECODE_ERROR, "RFC 5746 3.2"),
    ("renegotiation_info that is not the first", 0xff01, "0101", A::HANDSHAKE_FAILURE, "RFC 5746 3.6"),
];

#[test]
fn a_server_refuses_a_malformed_extension() {
    for (what, extension_type, body, alert, citation) in REFUSED_BY_SERVER {
        let extensions = json!([extension(extension_type, body)]);
        let outcome = hello_with(Side::Client, Setup::new(json!({}), json!({"alpn": ["h2"]})), extensions);
        assert_eq!(outcome, Outcome::Alert(Side::Server, alert), "{what}: see {citation}");
    }
}

#[test]
fn a_server_takes_what_it_does_not_know() {
    for (what, extension_type, body) in [
        ("a name of an unknown type, before a host's", 0, "00080100016100000162"),
        ("a name of an unknown type, after a host's", 0, "00080000016101000162"),
        ("GREASE", 0x0a0a, ""),
        ("GREASE with a body", 0xfafa, "00"),
        ("an unknown group beside a known one", 10, "00040a0a0017"),
        ("an unknown point format", 11, "020a00"),
        ("unknown algorithms", 13, "00040a0a0401"),
        ("a ticket", 35, "0102030405"),
        ("max_fragment_length, which the server does not speak", 1, "01"),
        ("heartbeat, which it does not speak either", 15, "01"),
    ] {
        let setup = Setup::both(json!({"suites": [RSA, ECDHE_RSA]}));
        let outcome = hello_with(Side::Client, setup, json!([extension(extension_type, body)]));
        assert_eq!(outcome, Outcome::Established, "{what}");
    }
    let setup = Setup::both(json!({"suites": [RSA]}));
    assert_eq!(hello_with(Side::Client, setup, json!([])), Outcome::Established);
}

/// What unknown groups and algorithms leave: another suite, or none.
#[test]
fn a_server_finds_nothing_in_common() {
    let refused = |alert| Outcome::Alert(Side::Server, alert);
    let with = |suites: &[&str], extension_type, body| {
        let setup = Setup::both(json!({"suites": suites, "versions": ["TLSv1.2"]}));
        hello_with(Side::Client, setup, json!([extension(extension_type, body)]))
    };
    // RFC 8422 4: no curve, no ECDHE.
    assert_eq!(with(&[ECDHE_RSA], 10, "00020a0a"), refused(A::HANDSHAKE_FAILURE));
    assert_eq!(with(&[ECDHE_RSA, RSA], 10, "00020a0a"), Outcome::Established);
    // RFC 8422 5.3: the curve of an ECDSA certificate is to be one of the client's too; x25519 is not the lab's.
    assert_eq!(with(&[ECDHE_ECDSA], 10, "0002001d"), refused(A::HANDSHAKE_FAILURE));
    assert_eq!(with(&[ECDHE_ECDSA], 10, "0004001d0017"), Outcome::Established);
    // RFC 5246 7.4.1.4.1: no algorithm, no signature.
    assert_eq!(with(&[DHE], 13, "00020a0a"), refused(A::HANDSHAKE_FAILURE));
    assert_eq!(with(&[DHE, RSA], 13, "00020a0a"), Outcome::Established);
    // RFC 7919 4: a finite field, even an unknown one, and none of the server's.
    assert_eq!(with(&[DHE], 10, "000201ff"), refused(A::INSUFFICIENT_SECURITY));
    assert_eq!(with(&[DHE, ECDHE_RSA], 10, "000201ff"), refused(A::INSUFFICIENT_SECURITY));
    assert_eq!(with(&[DHE, RSA], 10, "000201ff"), Outcome::Established);
    assert_eq!(with(&[ECDHE_RSA], 10, "000201ff"), refused(A::HANDSHAKE_FAILURE));
}

/// A client without supported_groups is one of RFC 4492's time.
#[test]
fn a_server_guesses_secp256r1() {
    let mut pair =
        Setup::both(json!({"suites": [ECDHE_RSA]})).set(Side::Client, "ClientHello", "extensions", json!(null)).run();
    let exchange = serde_json::to_value(&pair.sent(Side::Server)[2]).unwrap();
    assert_eq!(exchange["params"]["namedcurve"], json!("secp256r1"), "{exchange}");
    assert_eq!(pair.outcome(), Outcome::Established);
}

/// Extensions of a ServerHello that a client refuses although it offered them, each with a body that is one.
#[test]
fn a_client_refuses_an_answer_that_is_none() {
    let offers = json!({"suites": [ECDHE_RSA, DHE], "server_name": "lab.example", "alpn": ["h2"]});
    for (what, extension_type, body, alert, citation) in [
        ("names", 0, "000400000161", A::DECODE_ERROR, "RFC 6066 3"),
        ("point formats without uncompressed", 11, "0101", A::ILLEGAL_PARAMETER, "RFC 8422 5.2"),
        ("signature_algorithms", 13, "00020401", A::ILLEGAL_PARAMETER, "RFC 5246 7.4.1.4.1"),
        ("an ALPN protocol that was not offered", 16, "0003026833", A::ILLEGAL_PARAMETER, "RFC 7301 3.1"),
        ("extended_master_secret with a body", 23, "00", A::DECODE_ERROR, "RFC 7627 5.1"),
        ("renegotiation_info of a renegotiation", 0xff01, "0101", A::HANDSHAKE_FAILURE, "RFC 5746 3.4"),
    ] {
        let extensions = json!([extension(extension_type, body)]);
        let outcome = hello_with(Side::Server, Setup::new(offers.clone(), json!({})), extensions);
        assert_eq!(outcome, Outcome::Alert(Side::Client, alert), "{what}: see {citation}");
    }
    // RFC 6066 3: what a server that used the name answers. And groups, which some servers sent of old.
    for answer in [extension(0, ""), extension(10, "0002001d")] {
        let outcome = hello_with(Side::Server, Setup::new(offers.clone(), json!({})), json!([answer.clone()]));
        // The server has not changed its own mind about EMS.
        assert_eq!(outcome, Outcome::Alert(Side::Server, A::BAD_RECORD_MAC), "{answer}");
    }
}

/// RFC 5246 7.4.1.4: an answer to what was not asked, of any type, gets unsupported_extension.
#[test]
fn a_client_refuses_every_extension_that_it_did_not_offer() {
    let quiet = json!({
        "suites": [RSA], "versions": ["TLSv1.0"], "ems": "off", "encrypt_then_mac": "off", "renegotiation_info": "off"
    });
    for (extension_type, body) in [
        (0, ""),
        (1, "01"),
        (5, ""),
        (10, "0002001d"),
        (11, "0100"),
        (13, "00020401"),
        (15, "01"),
        (16, "0003026832"),
        (22, ""),
        (23, ""),
        (35, ""),
        (0x0a0a, ""),
        (0xff01, "00"),
    ] {
        let setup = Setup::new(quiet.clone(), json!({"versions": ["TLSv1.0"]}));
        let outcome = hello_with(Side::Server, setup, json!([extension(extension_type, body)]));
        assert_eq!(outcome, Outcome::Alert(Side::Client, A::UNSUPPORTED_EXTENSION), "{extension_type}");
    }
}
