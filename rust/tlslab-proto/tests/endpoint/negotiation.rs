//! What the two hellos agree on, and what they refuse.

use serde_json::{Value, json};
use tlslab_proto::behaviour::values::Version;
use tlslab_proto::crypto::Side;
use tlslab_proto::endpoint::Established;
use tlslab_proto::endpoint::edit::{Change, Hashed};
use tlslab_proto::wire::registry::{AlertDescription as A, CipherSuite};
use tlslab_proto::wire::{Handshake, Message};

use super::pump::{Outcome, Setup};

const DHE: &str = "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256";
const CBC: &str = "TLS_DHE_RSA_WITH_AES_128_CBC_SHA";

fn outcome(client: Value, server: Value) -> Outcome {
    Setup::new(client, server).outcome()
}

fn established(client: Value, server: Value) -> Established {
    let pair = Setup::new(client, server).run();
    assert_eq!(pair.client.established(), pair.server.established());
    pair.client.established().expect("the handshake is finished")
}

#[test]
fn the_newest_common_version_is_taken() {
    let version =
        |client: Value, server: Value| established(json!({"versions": client}), json!({"versions": server})).version;
    assert_eq!(version(json!(["TLSv1.0", "TLSv1.1", "TLSv1.2"]), json!(["TLSv1.0", "TLSv1.1"])), Version::Tls11);
    assert_eq!(version(json!(["TLSv1.0"]), json!(["TLSv1.2", "TLSv1.0"])), Version::Tls10);
    let none = outcome(json!({"versions": ["TLSv1.1"]}), json!({"versions": ["TLSv1.2"]}));
    assert_eq!(none, Outcome::Alert(Side::Server, A::PROTOCOL_VERSION));
    // The server cannot know that the client lacks a version below its newest.
    let hole = outcome(json!({"versions": ["TLSv1.0", "TLSv1.2"]}), json!({"versions": ["TLSv1.1"]}));
    assert_eq!(hole, Outcome::Alert(Side::Client, A::PROTOCOL_VERSION));
}

#[test]
fn a_fallback_is_refused_where_there_was_no_need() {
    let client = json!({"versions": ["TLSv1.0"], "fallback_scsv": "on"});
    assert_eq!(outcome(client.clone(), json!({})), Outcome::Alert(Side::Server, A::INAPPROPRIATE_FALLBACK));
    assert_eq!(outcome(client, json!({"versions": ["TLSv1.0"]})), Outcome::Established);
}

/// RFC 8446 4.1.3: somebody on the way may change the offer, and not the random, which is signed.
#[test]
fn a_server_marks_a_version_that_is_not_its_newest() {
    let mark = |client: Value, server: Value| {
        let sent = Setup::new(json!({ "versions": client }), server).run().sent(Side::Server);
        let Message::Handshake(Handshake::ServerHello(hello)) = &sent[0] else { panic!("{}", sent[0].name()) };
        hello.random.0.ends_with(b"DOWNGRD\0")
    };
    for old in ["TLSv1.0", "TLSv1.1"] {
        assert!(mark(json!([old]), json!({})));
        assert!(!mark(json!([old]), json!({"downgrade_signal": "off"})));
        assert!(!mark(json!([old]), json!({"versions": ["TLSv1.0", "TLSv1.1"]})));

        let rollback = |client, server| {
            let setup = Setup::new(client, server).set(Side::Client, "ClientHello", "client_version", json!(old));
            setup.outcome()
        };
        let noticed = Outcome::Alert(Side::Client, A::ILLEGAL_PARAMETER);
        assert_eq!(rollback(json!({}), json!({})), noticed);
        // The transcripts agree, since the sender's has the edited bytes.
        assert_eq!(rollback(json!({"downgrade_check": "off"}), json!({})), Outcome::Established);
        assert_eq!(rollback(json!({}), json!({"downgrade_signal": "off"})), Outcome::Established);
    }
    assert!(!mark(json!(["TLSv1.2"]), json!({})));
}

#[test]
fn either_side_may_require_ems() {
    let refuses = |side| Outcome::Alert(side, A::HANDSHAKE_FAILURE);
    let with = |client, server| outcome(json!({"ems": client}), json!({"ems": server}));
    assert_eq!(with("required", "off"), refuses(Side::Client));
    assert_eq!(with("off", "required"), refuses(Side::Server));
    assert_eq!(with("required", "on"), Outcome::Established);
    assert_eq!(with("on", "required"), Outcome::Established);
}

#[test]
fn preference_decides_between_suites() {
    let client = json!({"suites": [CBC, DHE]});
    let chosen = |preference: &str| {
        established(client.clone(), json!({"suites": [DHE, CBC], "suite_preference": preference})).suite
    };
    assert_eq!(chosen("server").to_string(), DHE);
    assert_eq!(chosen("client").to_string(), CBC);
    let none = outcome(client, json!({"suites": ["TLS_RSA_WITH_AES_128_CBC_SHA"]}));
    assert_eq!(none, Outcome::Alert(Side::Server, A::HANDSHAKE_FAILURE));
}

#[test]
fn a_suite_needs_its_certificate_curve_and_scheme() {
    let ecdsa = json!({"suites": ["TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"]});
    let refused = Outcome::Alert(Side::Server, A::HANDSHAKE_FAILURE);
    assert_eq!(outcome(ecdsa.clone(), json!({"certificates": ["rsa"]})), refused);
    assert_eq!(outcome(ecdsa.clone(), json!({"certificates": ["ecdsa"]})), Outcome::Established);
    let with = |knob: &str, value: Value| {
        let mut client = ecdsa.clone();
        client[knob] = value;
        client
    };
    assert_eq!(outcome(with("curves", json!(["x25519"])), json!({"curves": ["secp256r1"]})), refused);
    assert_eq!(outcome(with("signature_algorithms", json!(["rsa_pkcs1_sha256"])), json!({})), refused);
    // A client that says nothing of schemes verifies SHA-1 (RFC 5246 7.4.1.4.1).
    assert_eq!(outcome(with("signature_algorithms", json!([])), json!({})), Outcome::Established);
}

#[test]
fn application_protocols() {
    let alpn = |names: &[&str]| json!({"alpn": names});
    assert_eq!(established(alpn(&["h2", "ftp"]), alpn(&["ftp", "h2"])).alpn.as_deref(), Some("ftp"));
    assert_eq!(established(alpn(&["h2"]), alpn(&[])).alpn, None);
    assert_eq!(established(alpn(&[]), alpn(&["h2"])).alpn, None);
    assert_eq!(outcome(alpn(&["h2"]), alpn(&["ftp"])), Outcome::Alert(Side::Server, A::NO_APPLICATION_PROTOCOL));
}

#[test]
fn a_client_that_lists_groups_gets_one_of_them_or_no_dhe() {
    let lists = |suites: &[&str]| json!({"groups": ["ffdhe3072", "ffdhe2048"], "suites": suites});
    let ecdhe = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256";
    assert_eq!(outcome(lists(&[DHE]), json!({})), Outcome::Alert(Side::Server, A::INSUFFICIENT_SECURITY));
    assert_eq!(established(lists(&[DHE, ecdhe]), json!({})).suite.to_string(), ecdhe);
    let mut pair = Setup::new(lists(&[DHE]), json!({"groups": ["modp1024", "ffdhe2048"]})).run();
    assert_eq!(pair.z().len(), 256);
    // A server of before RFC 7919 knows nothing of it.
    let mut pair = Setup::new(lists(&[DHE]), json!({"groups": ["modp1024"], "listed_groups": "ignore"})).run();
    assert_eq!(pair.z().len(), 128);
}

#[test]
fn a_client_may_demand_a_long_prime() {
    let demands = |bits: u16| outcome(json!({"min_group_bits": bits}), json!({}));
    assert_eq!(demands(1024), Outcome::Established);
    assert_eq!(demands(1025), Outcome::Alert(Side::Client, A::INSUFFICIENT_SECURITY));
}

#[test]
fn a_client_may_demand_a_group_that_is_one() {
    let demands = |check: &str, group: Value| outcome(json!({"group_check": check}), json!({"groups": [group]}));
    // 3 * 11 * 17 * 59; a prime that is not safe; a safe one that has no name.
    let custom = |p: &str| json!({"p": p, "g": "02"});
    for (group, safe_prime, named) in [
        (json!("modp1024"), None, None),
        (custom("814b"), Some(A::ILLEGAL_PARAMETER), Some(A::INSUFFICIENT_SECURITY)),
        (custom("fff1"), Some(A::ILLEGAL_PARAMETER), Some(A::INSUFFICIENT_SECURITY)),
        (custom("fef3"), None, Some(A::INSUFFICIENT_SECURITY)),
    ] {
        let expected =
            |alert: Option<A>| alert.map_or(Outcome::Established, |alert| Outcome::Alert(Side::Client, alert));
        assert_eq!(demands("none", group.clone()), Outcome::Established, "{group}");
        assert_eq!(demands("safe_prime", group.clone()), expected(safe_prime), "{group}");
        assert_eq!(demands("named", group.clone()), expected(named), "{group}");
    }
}

#[test]
fn secure_renegotiation_by_extension_by_signal_or_not_at_all() {
    for (client, server, answered) in [
        ("extension", "on", true),
        ("scsv", "on", true),
        ("off", "on", false),
        ("extension", "off", false),
        ("scsv", "off", false),
    ] {
        let setup = Setup::new(json!({"renegotiation_info": client}), json!({"renegotiation_info": server}));
        let mut pair = setup.run();
        assert_eq!(pair.outcome(), Outcome::Established);
        let hello = serde_json::to_string(&pair.sent(Side::Server)[0]).unwrap();
        assert_eq!(hello.contains("renegotiation_info"), answered, "{client} {server}: {hello}");
    }
}

/// A ServerHello that says what was not offered, the rest being what it would have been.
#[test]
fn a_client_refuses_what_it_did_not_offer() {
    let base = || Setup::both(json!({"suites": [CBC, DHE], "versions": ["TLSv1.1", "TLSv1.2"]}));
    let set = |path: &str, value: Value| base().set(Side::Server, "ServerHello", path, value).outcome();
    let refused = |description| Outcome::Alert(Side::Client, description);
    assert_eq!(set("server_version", json!("TLSv1.0")), refused(A::PROTOCOL_VERSION));
    assert_eq!(set("server_version", json!("TLSv1.3")), refused(A::PROTOCOL_VERSION));
    assert_eq!(set("cipher_suite", json!("TLS_RSA_WITH_AES_128_CBC_SHA")), refused(A::ILLEGAL_PARAMETER));
    assert_eq!(set("cipher_suite", json!("TLS_EMPTY_RENEGOTIATION_INFO_SCSV")), refused(A::ILLEGAL_PARAMETER));
    assert_eq!(set("compression_method", json!("deflate")), refused(A::ILLEGAL_PARAMETER));
    let extension = |extension: Value| set("extensions", json!([extension]));
    let unknown = json!({"type": "unknown", "extension_type": "0x1234", "extension_data": ""});
    assert_eq!(extension(unknown), refused(A::UNSUPPORTED_EXTENSION));
    assert_eq!(extension(json!({"type": "session_ticket", "ticket": ""})), refused(A::UNSUPPORTED_EXTENSION));
    let renegotiation = json!({"type": "renegotiation_info", "renegotiated_connection": "01"});
    assert_eq!(extension(renegotiation), refused(A::HANDSHAKE_FAILURE));
    let twice = json!([{"type": "extended_master_secret"}, {"type": "extended_master_secret"}]);
    assert_eq!(set("extensions", twice), refused(A::ILLEGAL_PARAMETER));
    // An older version than the suite can have.
    let aead = Setup::both(json!({"suites": [DHE], "versions": ["TLSv1.1", "TLSv1.2"]}));
    let aead = aead.set(Side::Server, "ServerHello", "server_version", json!("TLSv1.1"));
    assert_eq!(aead.outcome(), refused(A::ILLEGAL_PARAMETER));
    // RFC 7366 3: an AEAD has no MAC to put anywhere.
    let aead = Setup::both(json!({"suites": [DHE, CBC]}));
    let aead = aead.set(Side::Server, "ServerHello", "extensions", json!([{"type": "encrypt_then_mac"}]));
    assert_eq!(aead.outcome(), refused(A::ILLEGAL_PARAMETER));
}

#[test]
fn a_client_refuses_an_answer_to_alpn_that_is_no_choice() {
    let base = || Setup::both(json!({"alpn": ["h2"]}));
    for names in [json!(["ftp"]), json!(["h2", "h2"])] {
        let alpn = json!([{"type": "application_layer_protocol_negotiation", "protocol_name_list": names}]);
        let outcome = base().set(Side::Server, "ServerHello", "extensions", alpn).outcome();
        assert_eq!(outcome, Outcome::Alert(Side::Client, A::ILLEGAL_PARAMETER));
    }
}

#[test]
fn a_server_refuses_a_hello_that_breaks_the_rules() {
    let set = |path: &str, value: Value| {
        Setup::new(json!({}), json!({})).set(Side::Client, "ClientHello", path, value).outcome()
    };
    let refused = |description| Outcome::Alert(Side::Server, description);
    assert_eq!(set("client_version", json!("SSLv3")), refused(A::PROTOCOL_VERSION));
    assert_eq!(set("compression_methods", json!(["deflate"])), refused(A::ILLEGAL_PARAMETER));
    let renegotiation = json!([{"type": "renegotiation_info", "renegotiated_connection": "01"}]);
    assert_eq!(set("extensions", renegotiation), refused(A::HANDSHAKE_FAILURE));
    let twice = json!([{"type": "extended_master_secret"}, {"type": "extended_master_secret"}]);
    assert_eq!(set("extensions", twice), refused(A::ILLEGAL_PARAMETER));
    let formats = json!([{"type": "ec_point_formats", "ec_point_format_list": ["0x01"]}]);
    assert_eq!(set("extensions", formats), refused(A::ILLEGAL_PARAMETER));
    // Without extensions, or from a future version, it is a hello all the same.
    assert_eq!(set("extensions", json!(null)), Outcome::Established);
    assert_eq!(set("client_version", json!("TLSv1.3")), Outcome::Established);
}

/// Somebody on the way who takes EMS out of the hello is found out at Finished: the transcripts differ.
#[test]
fn a_downgrade_on_the_way_fails_at_finished() {
    let change = Change::SetField { path: "extensions".to_owned(), value: json!(null) };
    let setup = Setup::new(json!({"suites": [CipherSuite::TLS_DHE_RSA_WITH_AES_128_GCM_SHA256]}), json!({}));
    let outcome = setup.edit_hashing(Side::Client, "ClientHello", change, Hashed::Original).outcome();
    assert!(matches!(outcome, Outcome::Alert(Side::Server, A::DECRYPT_ERROR)), "{outcome:?}");
}
