//! Edits: what they change, what the transcript takes, and that a connection runs again to the byte.

use serde_json::{Value, json};
use tlslab_proto::crypto::Side;
use tlslab_proto::endpoint::edit::{Change, Edit, EditError, Hashed, Select, Stage};
use tlslab_proto::endpoint::trace::Event;
use tlslab_proto::endpoint::{Endpoint, Role, Step};
use tlslab_proto::wire::registry::AlertDescription as A;
use tlslab_proto::wire::{Handshake, Message};

use super::pump::{Outcome, Pair, Setup, Trace, settle};

fn setup() -> Setup {
    Setup::new(json!({"suites": ["TLS_DHE_RSA_WITH_AES_128_CBC_SHA"]}), json!({}))
}

fn edit(side: Side, message: &str, stage: Stage, change: Change) -> Edit {
    let select = Select::Message { message: message.to_owned(), occurrence: 0 };
    Edit { side, select, stage, change, transcript: Hashed::Edited }
}

fn request() -> Message {
    Handshake::HelloRequest.into()
}

fn planned(side: Side, message: &str, change: Change) -> Pair {
    Setup { edits: vec![edit(side, message, Stage::Plan, change)], ..setup() }.run()
}

#[test]
fn a_message_that_is_not_planned_is_not_built() {
    let mut pair = planned(Side::Server, "Certificate", Change::Drop);
    assert_eq!(pair.outcome(), Outcome::Alert(Side::Client, A::UNEXPECTED_MESSAGE));
    assert!(!pair.server.trace().iter().any(|event| matches!(event, Event::Dropped { .. })));

    // Without a ChangeCipherSpec there are no keys either: Finished leaves as it is, where keys are waited for.
    let mut pair = planned(Side::Client, "ChangeCipherSpec", Change::Drop);
    assert_eq!(pair.outcome(), Outcome::Alert(Side::Server, A::UNEXPECTED_MESSAGE));
    let finished = pair.client.trace().iter().find_map(|event| match event {
        Event::Sent { message, protected, .. } if message.name() == "Finished" => Some(*protected),
        _ => None,
    });
    assert_eq!(finished, Some(false));
}

#[test]
fn a_message_that_is_dropped_when_built_leaves_its_keys() {
    let mut pair = setup().edit(Side::Client, "ChangeCipherSpec", Change::Drop).run();
    // The server cannot read what it takes for plaintext.
    assert!(matches!(pair.outcome(), Outcome::Alert(Side::Server, _)), "{:?}", pair.outcome());
    let dropped = |event: &&Event| matches!(event, Event::Dropped { message: Message::ChangeCipherSpec });
    assert_eq!(pair.client.trace().iter().filter(dropped).count(), 1);
    let finished = pair.client.trace().iter().find_map(|event| match event {
        Event::Sent { message, protected, .. } if message.name() == "Finished" => Some(*protected),
        _ => None,
    });
    assert_eq!(finished, Some(true));
}

#[test]
fn duplicates_are_built_twice_when_planned_and_copied_when_built() {
    let exchanges = |mut pair: Pair| {
        assert_eq!(pair.outcome(), Outcome::Alert(Side::Client, A::UNEXPECTED_MESSAGE));
        let built = |event: &&Event| matches!(event, Event::Signed { .. });
        let sent = pair.sent_names(Side::Server).iter().filter(|name| **name == "ServerKeyExchange").count();
        (sent, pair.server.trace().iter().filter(built).count())
    };
    assert_eq!(exchanges(planned(Side::Server, "ServerKeyExchange", Change::Duplicate)), (2, 2));
    assert_eq!(exchanges(setup().edit(Side::Server, "ServerKeyExchange", Change::Duplicate).run()), (2, 1));
}

#[test]
fn swaps_change_the_order_at_either_stage() {
    for mut pair in [
        planned(Side::Server, "Certificate", Change::Swap),
        setup().edit(Side::Server, "Certificate", Change::Swap).run(),
    ] {
        let names = pair.sent_names(Side::Server);
        assert_eq!(names[..4], ["ServerHello", "ServerKeyExchange", "Certificate", "ServerHelloDone"]);
        assert_eq!(pair.outcome(), Outcome::Alert(Side::Client, A::UNEXPECTED_MESSAGE));
    }
    // Planned, Finished is built before the keys change; swapped when both are built, after.
    let protected = |pair: &mut Pair| {
        pair.client.trace().iter().find_map(|event| match event {
            Event::Sent { message, protected, .. } if message.name() == "Finished" => Some(*protected),
            _ => None,
        })
    };
    assert_eq!(protected(&mut planned(Side::Client, "ChangeCipherSpec", Change::Swap)), Some(false));
}

#[test]
fn the_last_message_of_a_flight_has_none_to_swap_with() {
    assert_eq!(planned(Side::Server, "ServerHelloDone", Change::Swap).outcome(), Outcome::Established);
    assert_eq!(setup().edit(Side::Server, "ServerHelloDone", Change::Swap).outcome(), Outcome::Established);
}

#[test]
fn insertions_and_replacements_are_sent_in_their_place() {
    for change in [Change::InsertBefore { message: request() }, Change::InsertAfter { message: request() }] {
        // A HelloRequest is ignored, and no transcript has it (RFC 5246 7.4.1.1).
        let mut pair = setup().edit(Side::Server, "Certificate", change).run();
        assert_eq!(pair.outcome(), Outcome::Established);
        assert_eq!(pair.sent_names(Side::Server).iter().filter(|name| **name == "HelloRequest").count(), 1);
    }
    let replaced = setup().edit(Side::Server, "Certificate", Change::Replace { message: request() });
    assert_eq!(replaced.outcome(), Outcome::Alert(Side::Client, A::UNEXPECTED_MESSAGE));
}

/// The same change, meant by the sender or made on the way.
#[test]
fn the_transcript_takes_what_was_sent_or_what_was_built() {
    let change = || Change::SetField { path: "session_id".to_owned(), value: json!("0102") };
    let with = |transcript| setup().edit_hashing(Side::Client, "ClientHello", change(), transcript).outcome();
    assert_eq!(with(Hashed::Edited), Outcome::Established);
    // EMS is on: the session hashes differ, and so do the keys.
    assert_eq!(with(Hashed::Original), Outcome::Alert(Side::Server, A::BAD_RECORD_MAC));

    // What the peer does not hash, the sender must not either: each side has the Certificate alone.
    for change in [Change::InsertBefore { message: request() }, Change::InsertAfter { message: request() }] {
        let setup = setup().edit_hashing(Side::Server, "Certificate", change, Hashed::Original);
        assert_eq!(setup.outcome(), Outcome::Established);
    }
}

#[test]
fn an_edit_that_does_not_fit_is_not_made_and_is_told() {
    let pair = setup().set(Side::Client, "ClientHello", "cipher_suits", json!([])).run();
    assert_eq!(pair.outcome(), Outcome::Established);
    let error = pair.client.edit_error().expect("there is no such field").to_string();
    assert!(error.starts_with("ClientHello has no field \"cipher_suits\"; it has "), "{error}");
    assert!(error.contains("cipher_suites"), "{error}");
    assert_eq!(pair.server.edit_error(), None);

    let pair = setup().set(Side::Client, "ClientHello", "cipher_suites.0", json!("TLS_NONE")).run();
    let error = pair.client.edit_error().expect("there is no such suite").to_string();
    assert!(error.starts_with("ClientHello.cipher_suites.0 does not take \"TLS_NONE\": "), "{error}");

    let unplannable =
        edit(Side::Client, "ClientHello", Stage::Plan, Change::Replace { message: Message::ChangeCipherSpec });
    assert_eq!(
        unplannable.validate(),
        Err(EditError::WrongStage { change: "replace", stage: "plan", stages: vec!["message"] })
    );
}

#[test]
fn edits_are_data() {
    let json = json!({
        "side": "client",
        "select": {"message": "ClientHello"},
        "change": {"set_field": {"path": "session_id", "value": "0102"}},
    });
    let edit: Edit = serde_json::from_value(json).unwrap();
    assert_eq!((edit.stage, edit.transcript), (Stage::Message, Hashed::Edited));
    let again: Edit = serde_json::from_value(serde_json::to_value(&edit).unwrap()).unwrap();
    assert_eq!(again, edit);
    for wrong in [
        json!({"side": "client", "select": {"index": 0}, "change": "drop", "when": "now"}),
        json!({"side": "client", "select": {"index": 0}, "change": "lose"}),
    ] {
        assert!(serde_json::from_value::<Edit>(wrong).is_err());
    }
}

/// Prepares the next message, which must be this one, and changes it.
fn edit_by_hand<R: Role>(endpoint: &mut Endpoint<R, Trace>, name: &str, changes: Vec<Change>) {
    while endpoint.prepare() {
        if endpoint.prepared().unwrap()[0].name() == name {
            changes.into_iter().for_each(|change| endpoint.edit(change).expect("the change fits"));
            return;
        }
        endpoint.step();
    }
    panic!("{name} is not sent");
}

#[test]
fn edits_by_hand_run_again_to_the_same_bytes() {
    let set = |path: &str, value: Value| Change::SetField { path: path.to_owned(), value };
    let mut pair = setup().pair();
    edit_by_hand(&mut pair.client, "ClientHello", vec![set("session_id", json!("aa"))]);
    settle(&mut pair.client);
    pair.to_server = pair.client.take_output();
    pair.server.receive(&pair.to_server);
    while pair.server.step() == Step::Received && !pair.server.prepare() {}
    edit_by_hand(
        &mut pair.server,
        "ServerHello",
        vec![set("session_id", json!("bb")), Change::InsertBefore { message: request() }],
    );
    edit_by_hand(&mut pair.server, "ServerKeyExchange", vec![set("params.dh_g", json!("03")), Change::Swap]);
    pair.pump();
    assert!(matches!(pair.outcome(), Outcome::Alert(Side::Client, _)));

    let edits = [pair.client.edits_by_hand(), pair.server.edits_by_hand()].concat();
    assert_eq!(edits.len(), 5);
    let again = Setup { edits, ..setup() }.run();
    assert_eq!(again.outcome(), pair.outcome());
    assert_eq!((again.to_client, again.to_server), (pair.to_client, pair.to_server));

    let mut idle = setup().pair();
    assert_eq!(idle.server.edit(Change::Drop), Err(EditError::NothingPrepared));
}

#[test]
fn a_trial_is_the_same_to_the_byte_and_no_other_is() {
    for suite in
        ["TLS_DHE_RSA_WITH_AES_128_CBC_SHA", "TLS_RSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"]
    {
        let bytes = |trial| {
            let mut pair = Setup { trial, ..Setup::both(json!({"suites": [suite]})) }.pair();
            pair.client.send(b"data");
            pair.pump();
            (pair.to_server, pair.to_client)
        };
        assert_eq!(bytes(1), bytes(1));
        assert_ne!(bytes(1).0, bytes(2).0);
        assert_ne!(bytes(1).1, bytes(2).1);
    }
}
