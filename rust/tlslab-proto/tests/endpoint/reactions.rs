//! What a behaviour does on finding something wrong, whoever is at fault and however it is protected.

use serde_json::{Value, json};
use tlslab_proto::crypto::Side;
use tlslab_proto::endpoint::edit::Change;
use tlslab_proto::endpoint::{Ending, Status};
use tlslab_proto::wire::registry::AlertDescription as A;
use tlslab_proto::wire::{Handshake, Message};

use super::pump::{Outcome, Pair, Setup, settle};

const REACTIONS: [&str; 5] = ["bad_record_mac", "decryption_failed", "decrypt_error", "close", "silence"];

const PROTECTIONS: [(&str, &str, &str); 5] = [
    ("TLSv1.0", "TLS_DHE_RSA_WITH_AES_128_CBC_SHA", "off"),
    ("TLSv1.1", "TLS_DHE_RSA_WITH_AES_256_CBC_SHA", "off"),
    ("TLSv1.2", "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256", "on"),
    ("TLSv1.2", "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384", "off"),
    ("TLSv1.2", "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "off"),
];

fn knobs((version, suite, encrypt_then_mac): (&str, &str, &str), knob: &str, reaction: &str) -> Value {
    json!({"versions": [version], "suites": [suite], "encrypt_then_mac": encrypt_then_mac, knob: reaction})
}

/// What the two sides come to where `side`, of this reaction, finds something wrong.
fn expected(side: Side, reaction: &str) -> Outcome {
    use Ending::{Aborted, Silent, Truncated};
    let (found, other) = match reaction {
        "bad_record_mac" => return Outcome::Alert(side, A::BAD_RECORD_MAC),
        "decryption_failed" => return Outcome::Alert(side, A::DECRYPTION_FAILED),
        "decrypt_error" => return Outcome::Alert(side, A::DECRYPT_ERROR),
        "close" => (Status::Ended(Aborted), Status::Ended(Truncated)),
        // The client waits for ever.
        _ => (Status::Ended(Silent), Status::Handshaking),
    };
    match side {
        Side::Client => Outcome::Other(found, other),
        Side::Server => Outcome::Other(other, found),
    }
}

/// Flips a bit of the client's last record, `from_end` bytes before its end.
fn spoil_the_clients_finished(pair: &mut Pair, from_end: usize) {
    settle(&mut pair.client);
    pair.server.receive(&pair.client.take_output());
    settle(&mut pair.server);
    pair.client.receive(&pair.server.take_output());
    settle(&mut pair.client);
    let mut flight = pair.client.take_output();
    let last = flight.len() - 1 - from_end;
    flight[last] ^= 1;
    pair.server.receive(&flight);
    pair.pump();
}

#[test]
fn to_a_record_that_does_not_open() {
    for protection in PROTECTIONS {
        for reaction in REACTIONS {
            for from_end in [0, 20] {
                let mut pair = Setup::both(knobs(protection, "on_bad_record", reaction)).pair();
                spoil_the_clients_finished(&mut pair, from_end);
                assert_eq!(pair.outcome(), expected(Side::Server, reaction), "{protection:?} {reaction}");
            }
        }
    }
}

#[test]
fn to_a_finished_with_other_contents() {
    for protection in PROTECTIONS {
        for reaction in REACTIONS {
            let wrong = |side: Side| {
                let setup = Setup::both(knobs(protection, "on_bad_finished", reaction));
                setup.set(side, "Finished", "verify_data", json!("00".repeat(12))).outcome()
            };
            assert_eq!(wrong(Side::Client), expected(Side::Server, reaction), "{protection:?} {reaction}");
            let by_client = match expected(Side::Client, reaction) {
                // The server has sent its Finished, and so is done.
                Outcome::Other(client, Status::Handshaking) => Outcome::Other(client, Status::Established),
                other => other,
            };
            assert_eq!(wrong(Side::Server), by_client, "{protection:?} {reaction}");
        }
    }
}

#[test]
fn to_a_message_that_the_state_does_not_allow() {
    let with = |reaction: &str| {
        let done = Message::from(Handshake::ServerHelloDone);
        let setup = Setup::new(json!({}), json!({"on_unexpected": reaction}));
        setup.edit(Side::Client, "ClientHello", Change::InsertBefore { message: done }).outcome()
    };
    assert_eq!(with("alert"), Outcome::Alert(Side::Server, A::UNEXPECTED_MESSAGE));
    assert_eq!(with("close"), expected(Side::Server, "close"));
    // Skipped by one and in the transcripts of both.
    assert_eq!(with("ignore"), Outcome::Established);
}

#[test]
fn to_a_close_notify() {
    let close = |server: Value| {
        let mut pair = Setup::new(json!({}), server).run();
        pair.client.close();
        pair.client.close();
        // Nothing follows a close_notify (RFC 5246 7.2.1).
        pair.client.send(b"too late");
        pair.pump();
        assert!(!pair.sent_names(Side::Client).contains(&"ApplicationData"));
        assert_eq!(pair.sent_names(Side::Client).iter().filter(|name| **name == "Alert").count(), 1);
        (pair.client.status().clone(), pair.server.status().clone())
    };
    let closed = Status::Ended(Ending::Closed);
    assert_eq!(close(json!({})), (closed.clone(), closed.clone()));
    assert_eq!(close(json!({"close_notify": "off"})), (Status::Established, closed));

    let mut pair = Setup::new(json!({"close_notify": "off"}), json!({})).run();
    pair.client.close();
    pair.pump();
    assert_eq!(pair.outcome(), Outcome::Established);
    pair.client.peer_closed();
    assert_eq!(*pair.client.status(), Status::Ended(Ending::Truncated));
}

/// What waits to be sent is forgotten where the application closes first, even if the peer never hears of it.
#[test]
fn to_a_close_during_the_handshake() {
    let close = |setup: Setup| {
        let mut pair = setup.pair();
        pair.client.send(b"never sent");
        pair.client.close();
        pair.pump();
        assert!(!pair.sent_names(Side::Client).contains(&"ApplicationData"));
        pair.outcome()
    };
    let setup = || Setup::new(json!({}), json!({}));
    let closed = Status::Ended(Ending::Closed);
    assert_eq!(close(setup()), Outcome::Other(closed.clone(), closed));
    assert_eq!(close(setup().edit(Side::Client, "Alert", Change::Drop)), Outcome::Established);
}

#[test]
fn to_warnings_without_end() {
    let warnings = |count: usize| {
        let alert = json!({"type": "Alert", "level": "warning", "description": "user_canceled"});
        let message: Message = serde_json::from_value(alert).unwrap();
        let mut setup = Setup::new(json!({}), json!({}));
        for _ in 0..count {
            setup = setup.edit(Side::Client, "ClientHello", Change::InsertBefore { message: message.clone() });
        }
        setup.outcome()
    };
    assert_eq!(warnings(4), Outcome::Established);
    assert_eq!(warnings(5), Outcome::Alert(Side::Server, A::UNEXPECTED_MESSAGE));
}
