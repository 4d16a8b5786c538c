//! Bytes that are no records, or records that no connection has.

use proptest::prelude::*;
use serde_json::json;
use tlslab_proto::crypto::Side;
use tlslab_proto::endpoint::edit::Change;
use tlslab_proto::endpoint::{Ending, Endpoint, Role, Status, Step};
use tlslab_proto::wire::registry::{AlertDescription as A, ContentType, ProtocolVersion};
use tlslab_proto::wire::{Encode, MAX_CIPHERTEXT, MAX_PLAINTEXT, Message, Record};

use super::pump::{Outcome, Pair, Setup, Trace, settle};

fn setup() -> Setup {
    Setup::new(json!({}), json!({}))
}

fn record(content_type: ContentType, version: u16, fragment: Vec<u8>) -> Vec<u8> {
    let record = Record { content_type, version: ProtocolVersion(version), fragment: fragment.into() };
    record.to_bytes().expect("a record's length has two bytes")
}

/// The alert with which a server answers these first bytes.
fn answer(bytes: &[u8]) -> Option<A> {
    let mut pair = setup().pair();
    pair.server.receive(bytes);
    settle(&mut pair.server);
    pair.alert_sent_by(Side::Server)
}

#[test]
fn records_before_any_keys() {
    const HANDSHAKE: ContentType = ContentType::HANDSHAKE;
    // The header alone says that it is too long.
    assert_eq!(answer(&[22, 3, 1, 0x48, 0x01]), Some(A::RECORD_OVERFLOW));
    assert_eq!(answer(&record(HANDSHAKE, 0x0301, vec![1; MAX_CIPHERTEXT + 1])), Some(A::RECORD_OVERFLOW));
    assert_eq!(answer(&record(HANDSHAKE, 0x0301, vec![1; MAX_PLAINTEXT + 1])), Some(A::RECORD_OVERFLOW));
    for never_empty in [HANDSHAKE, ContentType::ALERT, ContentType::CHANGE_CIPHER_SPEC] {
        assert_eq!(answer(&record(never_empty, 0x0301, Vec::new())), Some(A::UNEXPECTED_MESSAGE));
    }
    for no_change in [vec![2], vec![1, 1]] {
        let bytes = record(ContentType::CHANGE_CIPHER_SPEC, 0x0301, no_change);
        assert_eq!(answer(&bytes), Some(A::UNEXPECTED_MESSAGE));
    }
    for unknown in [ContentType(0), ContentType::HEARTBEAT, ContentType(255)] {
        assert_eq!(answer(&record(unknown, 0x0301, vec![1])), Some(A::UNEXPECTED_MESSAGE));
        assert_eq!(answer(&record(unknown, 0x0301, Vec::new())), Some(A::UNEXPECTED_MESSAGE));
    }
    for data in [Vec::new(), vec![1]] {
        assert_eq!(answer(&record(ContentType::APPLICATION_DATA, 0x0301, data)), Some(A::UNEXPECTED_MESSAGE));
    }
    let odd_level = record(ContentType::ALERT, 0x0301, vec![3, A::USER_CANCELED.0]);
    assert_eq!(answer(&odd_level), Some(A::ILLEGAL_PARAMETER));
    // What has not ended yet is waited for.
    assert_eq!(answer(&[22, 3, 1, 0, 5, 1]), None);
}

/// A version that is none ends the connection at the header: what it announces may never come.
#[test]
fn bytes_that_are_no_tls() {
    for header in [[22, 2, 0, 0, 1], [22, 4, 1, 0, 1], *b"GET /", [0x80, 0x2e, 1, 3, 1], [0x16, 0xfe, 0xfd, 0, 0]] {
        assert_eq!(answer(&header), Some(A::PROTOCOL_VERSION), "{header:?}");
        assert_eq!(answer(&header[..4]), None);
    }
    for minor in [0x00, 0x01, 0x04, 0xff] {
        assert_eq!(answer(&[22, 3, minor, 0, 1]), None);
    }
}

/// RFC 5246 6.2.1 would let alerts share a record, or be cut; none of the peers that there are sends them so. OpenSSL and
/// GnuTLS answer a cut one as the lab does, OpenSSL two in a record too.
#[test]
fn an_alert_is_taken_whole_and_alone() {
    let alert = |bytes: &[u8]| answer(&record(ContentType::ALERT, 0x0301, bytes.to_vec()));
    assert_eq!(alert(&[1]), Some(A::UNEXPECTED_MESSAGE));
    assert_eq!(alert(&[1, A::USER_CANCELED.0, 1, A::USER_CANCELED.0]), Some(A::UNEXPECTED_MESSAGE));
    assert_eq!(alert(&[1, A::USER_CANCELED.0]), None);
}

/// The longest ClientHello that its vectors' lengths allow, cut as finely as the server's reader allows it to come.
#[test]
fn the_longest_client_hello_is_read() {
    let filler = json!({"type": "unknown", "extension_type": "0x1234", "extension_data": "00".repeat(65_531)});
    let suites: Vec<String> = (0..32_766).map(|n| format!("{:#06x}", 0x4000 + n % 0x4000)).collect();
    let suites = [suites, vec!["TLS_RSA_WITH_AES_128_CBC_SHA".to_owned()]].concat();
    let hello = |setup: Setup| {
        let set = |setup: Setup, path: &str, value| setup.set(Side::Client, "ClientHello", path, value);
        let setup = set(setup, "cipher_suites", json!(suites));
        let setup = set(setup, "session_id", json!("07".repeat(32)));
        let setup = set(setup, "compression_methods", json!(vec!["null"; 255]));
        set(setup, "extensions", json!([filler]))
    };
    for record_size in [16_384, 1] {
        let knobs = json!({"suites": ["TLS_RSA_WITH_AES_128_CBC_SHA"], "record_size": record_size});
        let mut pair = hello(Setup::new(knobs.clone(), knobs)).run();
        assert_eq!(pair.outcome(), Outcome::Established);
        let sent = pair.sent(Side::Client)[0].to_bytes().unwrap();
        assert_eq!(sent.len(), 4 + 131_396);
    }
}

/// Before there are keys any version of TLS will do, since a sender may not know the connection's yet; after, one does.
#[test]
fn a_record_of_another_version_than_the_connections() {
    let mut pair = setup().pair();
    settle(&mut pair.client);
    let mut hello = pair.client.take_output();
    hello[2] = 0;
    pair.server.receive(&hello);
    settle(&mut pair.server);
    let mut flight = pair.server.take_output();
    flight[2] = 2;
    pair.client.receive(&flight);
    pair.pump();
    assert_eq!(pair.outcome(), Outcome::Established);

    pair.client.send(b"data");
    settle(&mut pair.client);
    let mut data = pair.client.take_output();
    data[2] = 2;
    pair.server.receive(&data);
    pair.pump();
    assert_eq!(pair.outcome(), Outcome::Alert(Side::Server, A::PROTOCOL_VERSION));
}

#[test]
fn a_client_that_refuses_the_server_hello_is_heard() {
    let setup = setup().set(Side::Server, "ServerHello", "compression_method", json!("deflate"));
    let mut pair = setup.run();
    // The alert is in a record of TLS 1.0, with which the client began; the connection is one of TLS 1.2.
    assert_eq!(pair.to_server[pair.to_server.len() - 7..], [21, 3, 1, 0, 2, 2, A::ILLEGAL_PARAMETER.0]);
    assert_eq!(pair.outcome(), Outcome::Alert(Side::Client, A::ILLEGAL_PARAMETER));
    assert_eq!(pair.sent_names(Side::Client), ["ClientHello", "Alert"]);
}

#[test]
fn empty_records_without_end() {
    let mut pair = setup().run();
    for _ in 0..32 {
        pair.client.send(b"");
    }
    pair.client.send(b"x");
    pair.pump();
    assert_eq!(pair.server.take_received(), b"x");
    for _ in 0..33 {
        pair.client.send(b"");
    }
    pair.pump();
    assert_eq!(pair.outcome(), Outcome::Alert(Side::Server, A::UNEXPECTED_MESSAGE));
}

#[test]
fn a_record_sent_again_or_too_long_under_keys() {
    let mut pair = setup().run();
    pair.client.send(b"once");
    settle(&mut pair.client);
    let bytes = pair.client.take_output();
    pair.server.receive(&[&bytes[..], &bytes].concat());
    pair.pump();
    assert_eq!(pair.server.take_received(), b"once");
    assert_eq!(pair.outcome(), Outcome::Alert(Side::Server, A::BAD_RECORD_MAC));

    let mut pair = setup().run();
    pair.server.receive(&[23, 3, 3, 0x48, 0x01]);
    pair.pump();
    assert_eq!(pair.outcome(), Outcome::Alert(Side::Server, A::RECORD_OVERFLOW));
}

/// A message that an edit makes longer than a record goes out in several.
#[test]
fn unknown_content_longer_than_a_record_is_cut() {
    let content_type = ContentType::HEARTBEAT;
    let message = Message::UnknownContent { content_type, fragment: vec![1; MAX_PLAINTEXT + 1].into() };
    let outcome = setup().edit(Side::Client, "ClientHello", Change::Replace { message }).outcome();
    assert_eq!(outcome, Outcome::Alert(Side::Server, A::UNEXPECTED_MESSAGE));
}

/// Steps until blocked, and checks that there were no more steps than there was reason for.
fn bounded<R: Role>(endpoint: &mut Endpoint<R, Trace>, received: usize) {
    let most = received + 20;
    let steps = (0..=most).take_while(|_| endpoint.step() != Step::Blocked).count();
    assert!(steps <= most, "{received} bytes make {steps} steps");
    match endpoint.status() {
        Status::Ended(Ending::AlertSent(description)) => assert!(description.name().is_some(), "{description}"),
        Status::Ended(Ending::Aborted | Ending::Silent | Ending::Truncated) => panic!("{:?}", endpoint.status()),
        // The alert in the rubbish may be of any number.
        Status::Handshaking | Status::Established | Status::Ended(Ending::AlertReceived(_) | Ending::Closed) => {}
    }
}

/// Rubbish that has the form of records more often than not.
fn rubbish() -> impl Strategy<Value = Vec<u8>> {
    let fragment = prop::collection::vec(any::<u8>(), 0..60);
    let handshake = (0u8..25, fragment.clone()).prop_map(|(msg_type, body)| {
        record(ContentType::HANDSHAKE, 0x0303, [&[msg_type, 0, 0, body.len() as u8][..], &body].concat())
    });
    let any_record = (18u8..26, prop::sample::select(vec![0x0301, 0x0303]), fragment.clone())
        .prop_map(|(content_type, version, fragment)| record(ContentType(content_type), version, fragment));
    prop::collection::vec(prop_oneof![3 => handshake, 3 => any_record, 1 => fragment], 0..8)
        .prop_map(|pieces| pieces.concat())
}

/// The bytes of a whole connection, in both directions.
fn connection() -> Pair {
    let mut pair = setup().pair();
    pair.client.send(b"data");
    pair.server.send(b"data");
    pair.pump();
    pair.client.close();
    pair.pump();
    pair
}

proptest! {
    #[test]
    fn rubbish_ends_in_order(rubbish in rubbish(), to_client in any::<bool>()) {
        let mut pair = setup().pair();
        settle(&mut pair.client);
        match to_client {
            true => {
                pair.client.receive(&rubbish);
                bounded(&mut pair.client, rubbish.len());
            }
            false => {
                pair.server.receive(&rubbish);
                bounded(&mut pair.server, rubbish.len());
            }
        }
    }

    #[test]
    fn a_spoilt_byte_ends_in_order(at in any::<prop::sample::Index>(), with in 1u8.., to_client in any::<bool>()) {
        let sent = connection();
        let mut bytes = if to_client { sent.to_client.clone() } else { sent.to_server.clone() };
        bytes[at.index(sent.to_client.len().min(sent.to_server.len()))] ^= with;
        // The same endpoint as before, and the other side's bytes all at once.
        let mut pair = setup().pair();
        settle(&mut pair.client);
        match to_client {
            true => {
                pair.client.receive(&bytes);
                bounded(&mut pair.client, bytes.len());
            }
            false => {
                pair.server.receive(&bytes);
                bounded(&mut pair.server, bytes.len());
            }
        }
    }

    /// A stream that is cut anywhere is waited for, and then known to be cut.
    #[test]
    fn a_cut_stream_is_truncated(at in any::<prop::sample::Index>(), pieces in 1usize..9) {
        let sent = connection();
        let end = at.index(sent.to_server.len());
        let mut pair = setup().pair();
        for piece in sent.to_server[..end].chunks(end.div_ceil(pieces).max(1)) {
            pair.server.receive(piece);
            bounded(&mut pair.server, piece.len());
        }
        prop_assert!(matches!(pair.server.status(), Status::Handshaking | Status::Established));
        pair.server.peer_closed();
        prop_assert_eq!(pair.server.status(), &Status::Ended(Ending::Truncated));
    }
}
