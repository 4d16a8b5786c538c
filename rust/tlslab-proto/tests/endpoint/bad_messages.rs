//! Messages that are not what they say: each refused with the alert for it, whichever they are.

use proptest::prelude::*;
use serde_json::json;
use tlslab_proto::crypto::Side;
use tlslab_proto::endpoint::edit::Change;
use tlslab_proto::endpoint::{Ending, Status};
use tlslab_proto::wire::registry::{AlertDescription as A, ContentType, HandshakeType};
use tlslab_proto::wire::{Encode, Handshake, HandshakeHeader, Message};

use super::pump::{Outcome, Setup};

/// One suite of each key exchange, in a handshake with client authentication where the suite has it.
const SUITES: [&str; 4] = [
    "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
    "TLS_RSA_WITH_AES_128_CBC_SHA",
    "TLS_DH_anon_WITH_AES_128_CBC_SHA256",
];

fn setup(suite: &str) -> Setup {
    let knobs = json!({"suites": [suite], "certificates": ["ecdsa", "rsa"]});
    Setup::both(knobs).with_server(json!({"request_certificate": "full"}))
}

/// Without client authentication, so that ClientKeyExchange is the last message before the keys change.
fn unasked() -> Setup {
    setup(SUITES[0]).with_server(json!({"request_certificate": "never"}))
}

/// Each handshake message of a connection, with its sender.
fn messages(suite: &str) -> Vec<(Side, Handshake)> {
    let mut pair = setup(suite).run();
    let mut messages = Vec::new();
    for side in [Side::Client, Side::Server] {
        for message in pair.sent(side) {
            if let Message::Handshake(handshake) = message {
                messages.push((side, handshake));
            }
        }
    }
    messages
}

/// The body of `handshake`.
fn body(handshake: &Handshake) -> Vec<u8> {
    handshake.to_bytes().expect("it was sent")[HandshakeHeader::LEN..].to_vec()
}

/// `handshake` with another body.
fn with_body(handshake: &Handshake, body: Vec<u8>) -> Change {
    let message = Handshake::Unknown { msg_type: handshake.msg_type(), body: body.into() }.into();
    Change::Replace { message }
}

/// Bytes in a record of handshake messages, whatever they are.
fn raw(bytes: Vec<u8>) -> Change {
    let message = Message::UnknownContent { content_type: ContentType::HANDSHAKE, fragment: bytes.into() };
    Change::Replace { message }
}

#[test]
fn a_body_too_short_or_too_long() {
    for suite in SUITES {
        for (side, handshake) in messages(suite) {
            let with = |body: Vec<u8>| setup(suite).edit(side, handshake.name(), with_body(&handshake, body)).outcome();
            let refused = Outcome::Alert(side.peer(), A::DECODE_ERROR);
            let body = body(&handshake);
            assert_eq!(with([&body[..], &[0]].concat()), refused, "{suite}: {} and a byte", handshake.name());
            if let Some((_, short)) = body.split_last() {
                assert_eq!(with(short.to_vec()), refused, "{suite}: {} less a byte", handshake.name());
                assert_eq!(with(Vec::new()), refused, "{suite}: {} without body", handshake.name());
            }
        }
    }
}

/// What the state does not take is not expected, whatever its body.
#[test]
fn a_malformed_message_where_none_of_its_type_is_taken_is_unexpected() {
    for suite in SUITES {
        for (side, handshake) in messages(suite) {
            // No side takes a message of this type where one of another was to come.
            let other = if handshake.msg_type() == HandshakeType::CERTIFICATE_VERIFY {
                HandshakeType::CERTIFICATE
            } else {
                HandshakeType::CERTIFICATE_VERIFY
            };
            let bytes = [&[other.0, 0, 0, 1][..], &[7]].concat();
            let outcome = setup(suite).edit(side, handshake.name(), raw(bytes)).outcome();
            assert_eq!(outcome, Outcome::Alert(side.peer(), A::UNEXPECTED_MESSAGE), "{suite}: {}", handshake.name());
        }
    }
}

/// Nothing of the next flight is in the record that ends one: neither a message nor a piece of one.
#[test]
fn what_follows_a_flight_in_its_record_is_unexpected() {
    let ends = [(Side::Client, "ClientHello"), (Side::Server, "ServerHelloDone"), (Side::Client, "Finished")];
    for suite in SUITES {
        for (side, name) in ends {
            for more in [&[20][..], &[16, 0, 0, 9, 7], &[14, 0, 0, 0]] {
                let last = messages(suite).into_iter().rfind(|(by, one)| (*by, one.name()) == (side, name));
                let Some((_, handshake)) = last else { continue };
                let bytes = [&handshake.to_bytes().unwrap()[..], more].concat();
                let outcome = setup(suite).edit(side, name, raw(bytes)).outcome();
                assert_eq!(outcome, Outcome::Alert(side.peer(), A::UNEXPECTED_MESSAGE), "{suite}: {name}, {more:?}");
            }
        }
    }
}

#[test]
fn a_header_that_announces_more_than_is_held_is_refused_at_once() {
    for suite in SUITES {
        for (side, handshake) in messages(suite) {
            let bytes = [&[handshake.msg_type().0, 0xff, 0xff, 0xff][..], &body(&handshake)].concat();
            let outcome = setup(suite).edit(side, handshake.name(), raw(bytes)).outcome();
            assert_eq!(outcome, Outcome::Alert(side.peer(), A::DECODE_ERROR), "{suite}: {}", handshake.name());
        }
    }
}

#[test]
fn a_message_that_never_ends_is_waited_for_until_the_keys_change() {
    let hello = messages(SUITES[0]).swap_remove(0).1;
    let mut bytes = hello.to_bytes().unwrap();
    bytes[3] = bytes[3].wrapping_add(1);
    let outcome = setup(SUITES[0]).edit(Side::Client, "ClientHello", raw(bytes)).outcome();
    assert_eq!(outcome, Outcome::Other(Status::Handshaking, Status::Handshaking));

    let (_, exchange) = messages(SUITES[0]).into_iter().find(|(_, m)| m.name() == "ClientKeyExchange").unwrap();
    let mut bytes = exchange.to_bytes().unwrap();
    bytes[3] = bytes[3].wrapping_add(1);
    let outcome = unasked().edit(Side::Client, "ClientKeyExchange", raw(bytes)).outcome();
    assert_eq!(outcome, Outcome::Alert(Side::Server, A::UNEXPECTED_MESSAGE));
}

/// RFC 5246 7.1: a message does not begin under one key and end under another, even where the change is expected.
#[test]
fn a_change_of_keys_in_the_middle_of_a_message() {
    let begun = Message::UnknownContent { content_type: ContentType::HANDSHAKE, fragment: [20].into() };
    let setup = unasked().edit(Side::Client, "ClientKeyExchange", Change::InsertAfter { message: begun });
    let pair = setup.run();
    assert_eq!(pair.outcome(), Outcome::Alert(Side::Server, A::UNEXPECTED_MESSAGE));
    assert_eq!(pair.server.expects(), "ChangeCipherSpec");
}

/// An alert between the pieces of a message is heard (RFC 5246 6.2.1 allows it there).
#[test]
fn an_alert_in_the_middle_of_a_message() {
    let mut pair = setup(SUITES[0]).pair();
    pair.server.receive(&[22, 3, 1, 0, 2, 1, 0]);
    pair.server.receive(&[21, 3, 1, 0, 2, 2, A::INTERNAL_ERROR.0]);
    pair.pump();
    assert_eq!(*pair.server.status(), Status::Ended(Ending::AlertReceived(A::INTERNAL_ERROR)));
}

/// Every message sent twice. The first copy is taken, the second is not.
#[test]
fn a_message_twice() {
    for suite in SUITES {
        for (side, handshake) in messages(suite) {
            // The sender may find something too: a client with two Finished in its transcript expects another answer.
            let pair = setup(suite).edit(side, handshake.name(), Change::Duplicate).run();
            let refused = pair.alert_sent_by(side.peer());
            assert_eq!(refused, Some(A::UNEXPECTED_MESSAGE), "{suite}: {}", handshake.name());
        }
        for side in [Side::Client, Side::Server] {
            // The second one is not protected, and the first has turned protection on.
            let outcome = setup(suite).edit(side, "ChangeCipherSpec", Change::Duplicate).outcome();
            assert_eq!(outcome, Outcome::Alert(side.peer(), A::BAD_RECORD_MAC), "{suite}");
        }
    }
}

/// Every message left out, or sent after the one that follows it.
#[test]
fn a_message_missing_or_late() {
    for suite in SUITES {
        for (side, handshake) in messages(suite) {
            let name = handshake.name();
            let with = |change| setup(suite).edit(side, name, change).run();
            let waits = match (side, name) {
                // Nothing follows that could be unexpected.
                (_, "ClientHello" | "ServerHelloDone") => Outcome::Other(Status::Handshaking, Status::Handshaking),
                (Side::Client, "Finished") => Outcome::Other(Status::Handshaking, Status::Handshaking),
                // The client does not know that it was asked.
                (_, "CertificateRequest") => Outcome::Alert(Side::Server, A::UNEXPECTED_MESSAGE),
                (Side::Server, "Finished") => Outcome::Other(Status::Handshaking, Status::Established),
                _ => Outcome::Alert(side.peer(), A::UNEXPECTED_MESSAGE),
            };
            assert_eq!(with(Change::Drop).outcome(), waits, "{suite}: {name} dropped");
            // The sender may be first to miss something, where the other has answered a part.
            let late = match name {
                "ClientHello" | "ServerHelloDone" | "Finished" => None,
                _ => Some(A::UNEXPECTED_MESSAGE),
            };
            assert_eq!(with(Change::Swap).alert_sent_by(side.peer()), late, "{suite}: {name} swapped");
        }
    }
}

fn suite() -> impl Strategy<Value = &'static str> {
    prop::sample::select(&SUITES[..])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// A body cut anywhere and continued by anything: the handshake ends in order, or waits, whatever comes of it.
    #[test]
    fn rubbish_in_a_message(
        suite in suite(),
        index in any::<prop::sample::Index>(),
        cut in any::<prop::sample::Index>(),
        rubbish in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let messages = messages(suite);
        let (side, handshake) = &messages[index.index(messages.len())];
        let mut body = body(handshake);
        body.truncate(cut.index(body.len() + 1));
        body.extend(rubbish);
        let outcome = setup(suite).edit(*side, handshake.name(), with_body(handshake, body)).outcome();
        let refused_or_waits = match &outcome {
            Outcome::Alert(..) | Outcome::Established => true,
            Outcome::Other(client, server) => [client, server].into_iter().all(|status| *status != Status::Ended(Ending::Aborted)),
        };
        prop_assert!(refused_or_waits, "{:?}", outcome);
    }
}
