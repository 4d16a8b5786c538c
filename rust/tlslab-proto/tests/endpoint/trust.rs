//! What endpoints take on trust: each of these knobs was a defect of a real stack once, and none is the default.

use serde_json::{Value, json};
use tlslab_proto::crypto::Side;
use tlslab_proto::endpoint::Status;
use tlslab_proto::endpoint::edit::{Change, Edit, EditError, Hashed, Select, Stage};
use tlslab_proto::endpoint::trace::Event;
use tlslab_proto::wire::registry::{AlertDescription as A, ContentType};

use super::pump::{Outcome, Pair, Setup};

fn refused(by: Side, alert: A) -> Outcome {
    Outcome::Alert(by, alert)
}

/// A side told to build another message behind one of its own.
fn planning(setup: Setup, side: Side, after: &str, message: &str) -> Setup {
    planned(setup, side, after, Change::PlanAfter { message: message.to_owned() })
}

fn planned(mut setup: Setup, side: Side, message: &str, change: Change) -> Setup {
    let select = Select::Message { message: message.to_owned(), occurrence: 0 };
    let edit = Edit { side, select, stage: Stage::Plan, change, transcript: Hashed::Edited };
    edit.validate().unwrap();
    setup.edits.push(edit);
    setup
}

fn with(side: Side, knobs: Value) -> Setup {
    match side {
        Side::Client => Setup::new(knobs, json!({})),
        Side::Server => Setup::new(json!({}), knobs),
    }
}

/// How many handshakes `side` takes for done, and whether it has any proof of its peer.
fn established(pair: &mut Pair, side: Side) -> usize {
    pair.trace(side).iter().filter(|event| matches!(event, Event::Established { .. })).count()
}

#[test]
fn a_finished_with_other_contents() {
    let outcome = |side: Side, check: &str| {
        let setup = with(side, json!({"finished_check": check}));
        setup.set(side.peer(), "Finished", "verify_data", json!("00".repeat(12))).outcome()
    };
    assert_eq!(outcome(Side::Server, "on"), refused(Side::Server, A::DECRYPT_ERROR));
    assert_eq!(outcome(Side::Server, "off"), Outcome::Established);
    assert_eq!(outcome(Side::Client, "off"), Outcome::Established);
}

#[test]
fn a_finished_in_clear() {
    let run = |knob: &str| {
        let setup = with(Side::Server, json!({"early_finished": knob}));
        planned(setup, Side::Client, "ChangeCipherSpec", Change::Drop).run()
    };
    assert_eq!(run("refuse").outcome(), refused(Side::Server, A::UNEXPECTED_MESSAGE));
    for knob in ["skip_change_cipher_spec", "skip_any"] {
        let mut pair = run(knob);
        assert_eq!(pair.outcome(), Outcome::Established, "{knob}");
        pair.client.send(b"in clear");
        pair.pump();
        assert_eq!(pair.server.take_received(), b"in clear");
    }
}

/// SKIP-TLS: whoever it is that answers, the client takes it for the server.
#[test]
fn a_finished_without_all_that_proves_the_server() {
    let run = |knob: &str| {
        let setup = with(Side::Client, json!({"early_finished": knob}));
        planning(setup, Side::Server, "ServerHello", "Finished").run()
    };
    for knob in ["refuse", "skip_change_cipher_spec"] {
        assert_eq!(run(knob).outcome(), refused(Side::Client, A::UNEXPECTED_MESSAGE), "{knob}");
    }
    let mut pair = run("skip_any");
    assert_eq!(established(&mut pair, Side::Client), 1);
    assert!(!pair.client.trace().iter().any(|event| matches!(event, Event::Verified { .. })));
    // The second state of the server's that has Finished in it is the client's, before there was a key exchange.
    let setup = with(Side::Server, json!({"early_finished": "skip_any"}));
    let mut pair = planned(
        planning(setup, Side::Client, "ClientKeyExchange", "Finished"),
        Side::Client,
        "ClientKeyExchange",
        Change::Drop,
    )
    .run();
    assert_eq!(established(&mut pair, Side::Server), 1);
}

#[test]
fn a_change_cipher_spec_before_the_key_exchange() {
    let run = |knob: &str, suites: Value| {
        let setup = with(Side::Client, json!({"early_change_cipher_spec": knob, "suites": suites}));
        planning(setup, Side::Server, "ServerHello", "ChangeCipherSpec").run()
    };
    for suite in ["TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_DHE_RSA_WITH_AES_128_CBC_SHA"] {
        assert_eq!(run("refuse", json!([suite])).outcome(), refused(Side::Client, A::UNEXPECTED_MESSAGE));
        let mut pair = run("accept", json!([suite]));
        assert_eq!(pair.outcome(), Outcome::Established);
        // Anybody knows the keys.
        let premasters: Vec<usize> = pair
            .client
            .trace()
            .iter()
            .filter_map(|event| match event {
                Event::MasterSecret { premaster, .. } => Some(premaster.len()),
                _ => None,
            })
            .collect();
        assert_eq!(premasters, [0]);
    }
    let server = json!({"early_change_cipher_spec": "accept", "request_certificate": "full"});
    let setup = with(Side::Server, server).with_client(json!({"certificates": ["rsa"]}));
    assert_eq!(planning(setup, Side::Client, "Certificate", "ChangeCipherSpec").outcome(), Outcome::Established);
    // Before ServerHello a client has agreed on nothing, so that it has no keys to change to.
    let setup = planning(with(Side::Server, json!({})), Side::Client, "ClientHello", "ChangeCipherSpec");
    assert_eq!(setup.run().alert_sent_by(Side::Client), Some(A::INTERNAL_ERROR));
}

/// The server's Finished, with a byte of ciphertext changed in the middle of its padding.
fn padding_changed(encrypt_then_mac: &str, client: Value) -> Outcome {
    let knobs = json!({
        "versions": ["TLSv1.0"],
        "suites": ["TLS_DHE_RSA_WITH_AES_128_CBC_SHA"],
        "encrypt_then_mac": encrypt_then_mac,
        "record_padding": "longest",
    });
    let mut setup = Setup::both(knobs).with_client(client);
    setup.edits.push(Edit {
        side: Side::Server,
        select: Select::Record { record: 4, content_type: Some(ContentType::HANDSHAKE) },
        stage: Stage::Ciphertext,
        change: Change::Xor { at: 5 + 100, bytes: vec![1].into() },
        transcript: Hashed::Edited,
    });
    match setup.run() {
        pair if *pair.client.status() == Status::Established => Outcome::Established,
        pair => pair.outcome(),
    }
}

#[test]
fn padding_of_any_bytes() {
    assert_eq!(padding_changed("off", json!({})), refused(Side::Client, A::BAD_RECORD_MAC));
    assert_eq!(padding_changed("off", json!({"padding_check": "off"})), Outcome::Established);
    // The MAC is over the padding too.
    assert_eq!(padding_changed("on", json!({"padding_check": "off"})), refused(Side::Client, A::BAD_RECORD_MAC));
}

#[test]
fn the_longest_padding_is_understood_by_all() {
    for (version, suite) in [
        ("TLSv1.0", "TLS_DHE_RSA_WITH_AES_128_CBC_SHA"),
        ("TLSv1.1", "TLS_DHE_RSA_WITH_AES_256_CBC_SHA"),
        ("TLSv1.2", "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256"),
        ("TLSv1.2", "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"),
    ] {
        for encrypt_then_mac in ["on", "off"] {
            let knobs = json!({"versions": [version], "suites": [suite], "encrypt_then_mac": encrypt_then_mac});
            let lengths = ["shortest", "longest"].map(|padding| {
                let pair = Setup::both(knobs.clone()).with_client(json!({"record_padding": padding})).run();
                assert_eq!(pair.outcome(), Outcome::Established);
                pair.to_server.len()
            });
            // One record is protected.
            let more = if suite.contains("CBC") { 240 } else { 0 };
            assert_eq!(lengths[1] - lengths[0], more, "{version} {suite} {encrypt_then_mac}");
        }
    }
}

#[test]
fn a_client_that_falls_back() {
    let outcome = |check: &str| {
        let client = json!({"versions": ["TLSv1.0"], "fallback_scsv": "on"});
        Setup::new(client, json!({"fallback_check": check})).outcome()
    };
    assert_eq!(outcome("on"), refused(Side::Server, A::INAPPROPRIATE_FALLBACK));
    assert_eq!(outcome("off"), Outcome::Established);
}

/// A key of zeros is there again when it was lost.
#[test]
fn a_ticket_whose_key_is_gone() {
    let resumed = |key: &str| {
        let tickets = json!({"resumption": "ticket"});
        let setup = Setup::both(tickets).with_server(json!({"ticket_key": key}));
        let mut next = setup.next();
        next.sessions.server = tlslab_proto::endpoint::session::SessionStores::default().server;
        let mut pair = next.run();
        assert_eq!(pair.outcome(), Outcome::Established);
        pair.server.trace().iter().any(|event| matches!(event, Event::SessionResumed { .. }))
    };
    assert!(!resumed("random"));
    assert!(resumed("zeros"));
}

#[test]
fn a_handshake_is_done_once() {
    for (side, message) in [(Side::Client, "Finished"), (Side::Server, "Finished")] {
        for change in [Change::Duplicate, Change::PlanAfter { message: "Finished".to_owned() }] {
            // In an abbreviated handshake the client's is the last.
            let setup = if side == Side::Client { Setup::both(json!({})).next() } else { Setup::both(json!({})) };
            let mut pair = planned(setup, side, message, change).run();
            assert_eq!(established(&mut pair, side), 1, "{side}");
        }
    }
}

#[test]
fn what_a_side_does_not_build_cannot_be_planned() {
    let edit = Edit {
        side: Side::Client,
        select: Select::Message { message: "ClientHello".to_owned(), occurrence: 0 },
        stage: Stage::Plan,
        change: Change::PlanAfter { message: "ServerHello".to_owned() },
        transcript: Hashed::Edited,
    };
    let error = edit.validate().unwrap_err();
    assert!(matches!(error, EditError::NotPlannable { .. }));
    assert!(error.to_string().starts_with("a client builds no ServerHello, but ClientHello, "), "{error}");
}
