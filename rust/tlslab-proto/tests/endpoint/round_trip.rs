//! Every combination that the lab speaks, run from ClientHello to close_notify.

use serde_json::{Value, json};
use tlslab_proto::behaviour::values::Version;
use tlslab_proto::crypto::suite::{self, KeyExchange, SuiteParams};
use tlslab_proto::endpoint::trace::Event;
use tlslab_proto::endpoint::{Ending, Established, Signatures, Status};
use tlslab_proto::record::deframer::Deframer;
use tlslab_proto::wire::registry::CipherSuite;

use super::pump::{Outcome, Setup, deliver, settle};

/// How messages are cut into records.
const SHAPES: [(u16, &str); 6] = [
    (16384, "per_message"),
    (16384, "coalesced"),
    (100, "coalesced"),
    (7, "per_message"),
    (7, "coalesced"),
    (1, "per_message"),
];

/// A combination that both sides are told to use, and what it should come to.
struct Case {
    knobs: Value,
    expected: Established,
}

/// Every version with every suite that it allows, and all that has a bearing on the suite.
fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for version in Version::ALL {
        for (suite, params) in CipherSuite::REGISTERED.iter().filter_map(|suite| Some((*suite, suite::params(*suite)?)))
        {
            if params.min_version() <= version.wire() {
                cases.extend(cases_of(version, suite, &params));
            }
        }
    }
    cases
}

fn cases_of(version: Version, suite: CipherSuite, params: &SuiteParams) -> Vec<Case> {
    // An ECDSA certificate needs secp256r1 in the list, whatever the key exchange (RFC 8422 5.3).
    let both: &[&str] = &["x25519", "secp256r1"];
    let orders: &[&[&str]] = if params.key_exchange == KeyExchange::Ecdhe { &[both, &["secp256r1"]] } else { &[both] };
    let encrypt_then_mac: &[bool] = if params.is_aead() { &[false] } else { &[true, false] };
    let mut cases = Vec::new();
    for curves in orders {
        for &encrypt_then_mac in encrypt_then_mac {
            for ems in [true, false] {
                let switch = |on| if on { "on" } else { "off" };
                let knobs = json!({
                    "versions": [version],
                    "suites": [suite],
                    "curves": curves,
                    "ems": switch(ems),
                    "encrypt_then_mac": switch(encrypt_then_mac),
                });
                let expected = Established {
                    version,
                    suite,
                    ems,
                    resumed: None,
                    encrypt_then_mac,
                    alpn: None,
                    client_certificate: None,
                };
                cases.push(Case { knobs, expected });
            }
        }
    }
    cases
}

fn with(mut knobs: Value, record_size: u16, flight_records: &str, record_splitting: &str) -> Value {
    knobs["record_size"] = json!(record_size);
    knobs["flight_records"] = json!(flight_records);
    knobs["record_splitting"] = json!(record_splitting);
    knobs
}

/// The secrets in a trace, each with its inputs.
fn secrets(trace: &[Event]) -> Vec<Event> {
    let is_secret = |event: &&Event| matches!(event, Event::MasterSecret { .. } | Event::KeyBlock { .. });
    trace.iter().filter(is_secret).cloned().collect()
}

/// Runs a connection from end to end.
fn check(setup: &Setup, expected: &Established) {
    let what = format!("{:?}, {:?}", setup.client, setup.signatures);
    let mut pair = setup.pair();
    // Data that is sent early waits for the end of the handshake.
    pair.client.send(b"from the client");
    pair.pump();
    assert_eq!(pair.outcome(), Outcome::Established, "{what}");
    assert_eq!(pair.client.established().as_ref(), Some(expected), "{what}");
    assert_eq!(pair.server.established().as_ref(), Some(expected), "{what}");
    assert_eq!(pair.server.take_received(), b"from the client", "{what}");

    let long: Vec<u8> = (0..600u16).map(|byte| byte as u8).collect();
    pair.server.send(&long);
    pair.server.send(b"");
    pair.pump();
    assert_eq!(pair.client.take_received(), long, "{what}");

    let (client, server) = (secrets(pair.client.trace()), secrets(pair.server.trace()));
    assert_eq!(client, server, "{what}");
    assert!(
        matches!(&client[..], [Event::MasterSecret { extended, .. }, Event::KeyBlock { .. }]
        if *extended == expected.ems),
        "{what}"
    );

    pair.client.close();
    pair.pump();
    assert_eq!(*pair.client.status(), Status::Ended(Ending::Closed), "{what}");
    assert_eq!(*pair.server.status(), Status::Ended(Ending::Closed), "{what}");
}

#[test]
fn every_version_with_every_suite() {
    let cases = cases();
    assert_eq!(cases.iter().filter(|case| case.expected.version == Version::Tls12).count(), 134);
    for (index, case) in cases.iter().enumerate() {
        let (record_size, flight_records) = SHAPES[index % SHAPES.len()];
        let splitting = if index % 2 == 0 { "on" } else { "off" };
        check(&Setup::both(with(case.knobs.clone(), record_size, flight_records, splitting)), &case.expected);
    }
}

#[test]
fn every_way_to_cut_records() {
    let plain =
        ["TLS_DHE_RSA_WITH_AES_128_CBC_SHA", "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA"].map(|name| (Version::Tls10, name));
    let aead = [(Version::Tls12, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256")];
    for (version, name) in plain.into_iter().chain(aead) {
        let suite = CipherSuite::from_name(name).unwrap();
        for case in cases_of(version, suite, &suite::params(suite).unwrap()) {
            for (record_size, flight_records) in SHAPES {
                for splitting in ["on", "off"] {
                    let knobs = with(case.knobs.clone(), record_size, flight_records, splitting);
                    check(&Setup::both(knobs), &case.expected);
                }
            }
        }
    }
}

#[test]
fn real_signatures() {
    for version in Version::ALL {
        for suite in [CipherSuite::TLS_DHE_RSA_WITH_AES_128_CBC_SHA, CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA]
        {
            for case in cases_of(version, suite, &suite::params(suite).unwrap()) {
                check(&Setup { signatures: Signatures::Real, ..Setup::both(case.knobs) }, &case.expected);
            }
        }
    }
}

/// TLS 1.0's split against chosen plaintexts: one byte, then the rest (and only there).
#[test]
fn application_data_is_split_in_tls_1_0_under_cbc_only() {
    for (version, suite, split) in [
        ("TLSv1.0", "TLS_DHE_RSA_WITH_AES_128_CBC_SHA", true),
        ("TLSv1.1", "TLS_DHE_RSA_WITH_AES_128_CBC_SHA", false),
        ("TLSv1.2", "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", false),
    ] {
        let mut pair = Setup::both(json!({"versions": [version], "suites": [suite], "record_splitting": "on"})).run();
        pair.client.send(b"hello");
        pair.pump();
        let received = |event: &Event| match event {
            Event::Received { message } if message.name() == "ApplicationData" => Some(()),
            _ => None,
        };
        let records = pair.server.trace().iter().filter_map(received).count();
        assert_eq!(records, if split { 2 } else { 1 }, "{version}");
        assert_eq!(pair.server.take_received(), b"hello");
    }
}

/// The lengths of the records in which a server's first flight leaves.
fn flight(record_size: u16, flight_records: &str) -> Vec<usize> {
    let shape = json!({"record_size": record_size, "flight_records": flight_records});
    let mut pair = Setup::new(json!({}), shape).pair();
    settle(&mut pair.client);
    deliver(&mut pair.client, &mut pair.server, &mut Vec::new());
    settle(&mut pair.server);
    let mut deframer = Deframer::new();
    deframer.push(&pair.server.take_output());
    let records = std::iter::from_fn(|| deframer.next_record().expect("a server sends records"));
    records.map(|record| record.fragment.len()).collect()
}

#[test]
fn a_flight_is_cut_and_joined_as_asked() {
    let whole = flight(16384, "per_message");
    assert_eq!(whole.len(), 4);
    let total: usize = whole.iter().sum();
    assert_eq!(flight(16384, "coalesced"), [total]);
    let cut = flight(100, "coalesced");
    assert_eq!((cut.len(), cut.iter().sum()), (total.div_ceil(100), total));
    assert!(cut[..cut.len() - 1].iter().all(|len| *len == 100));
    let pieces: usize = whole.iter().map(|len| len.div_ceil(100)).sum();
    assert_eq!(flight(100, "per_message").len(), pieces);
}

#[test]
fn the_default_client_and_server_agree_on_dhe() {
    let pair = Setup::new(json!({}), json!({})).run();
    let established = pair.client.established().expect("defaults agree");
    assert_eq!(established.suite, CipherSuite::TLS_DHE_RSA_WITH_AES_128_GCM_SHA256);
    assert_eq!((established.version, established.ems), (Version::Tls12, true));
}
