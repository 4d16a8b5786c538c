//! Heartbeats: when they are answered, and with what (RFC 6520).

use serde_json::json;
use tlslab_proto::crypto::Side;
use tlslab_proto::endpoint::edit::Change;
use tlslab_proto::endpoint::trace::Event;
use tlslab_proto::wire::registry::{AlertDescription as A, HeartbeatMessageType};
use tlslab_proto::wire::{Heartbeat, Message};

use super::pump::{Outcome, Pair, Setup};

const PAYLOAD: &[u8] = b"are you there?";

/// A request with this declared length, and its payload and padding.
fn request(payload_length: u16) -> Message {
    Message::Heartbeat(Heartbeat {
        heartbeat_type: HeartbeatMessageType::REQUEST,
        payload_length,
        payload_and_padding: [PAYLOAD, &[0; 16]].concat().into(),
    })
}

/// A connection in which the client asks beside its first data, the server being of this kind.
fn asked(client: &str, server: &str, request: Message) -> Pair {
    let setup = Setup::new(json!({"heartbeat": client}), json!({"heartbeat": server}));
    let mut pair = setup.edit(Side::Client, "ApplicationData", Change::InsertBefore { message: request }).run();
    pair.client.send(b"data");
    pair.pump();
    pair
}

/// The payloads of the server's responses.
fn responses(pair: &mut Pair) -> Vec<Vec<u8>> {
    let payload = |message: &Message| match message {
        Message::Heartbeat(heartbeat) => heartbeat.payload().map(<[u8]>::to_vec),
        _ => None,
    };
    pair.sent(Side::Server).iter().filter_map(payload).collect()
}

#[test]
fn a_request_gets_its_payload_back() {
    let mut pair = asked("on", "on", request(14));
    assert_eq!(pair.outcome(), Outcome::Established);
    assert_eq!(responses(&mut pair), [PAYLOAD]);
    assert_eq!(pair.server.take_received(), b"data");
}

#[test]
fn one_that_declares_more_than_it_has_is_discarded_silently() {
    // 15 leaves 15 bytes of padding, and RFC 6520 4 wants 16.
    for declared in [15, 30, 31, u16::MAX] {
        let mut pair = asked("on", "on", request(declared));
        assert_eq!(pair.outcome(), Outcome::Established);
        assert!(responses(&mut pair).is_empty(), "{declared}");
    }
}

#[test]
fn who_trusts_the_length_gives_the_master_secret_away() {
    let mut pair = asked("on", "trust_length", request(30 + 48 + 2));
    let master = pair.server.trace().iter().find_map(|event| match event {
        Event::MasterSecret { master, .. } => Some(master.to_vec()),
        _ => None,
    });
    assert_eq!(responses(&mut pair), [[PAYLOAD, &[0; 16], &master.unwrap(), &[0; 2]].concat()]);
    // No more than one record holds.
    let mut pair = asked("on", "trust_length", request(u16::MAX));
    assert_eq!(pair.outcome(), Outcome::Established);
    assert_eq!(responses(&mut pair)[0].len(), (1 << 14) - 3 - 16);
}

#[test]
fn who_has_not_agreed_on_them_expects_none() {
    for (client, server) in [("off", "off"), ("on", "off"), ("off", "on")] {
        let pair = asked(client, server, request(14));
        assert_eq!(pair.outcome(), Outcome::Alert(Side::Server, A::UNEXPECTED_MESSAGE), "{client} {server}");
    }
}

#[test]
fn during_a_handshake_they_are_discarded() {
    let setup = Setup::both(json!({"heartbeat": "trust_length"}));
    let mut pair = setup.edit(Side::Server, "Certificate", Change::InsertBefore { message: request(14) }).run();
    assert_eq!(pair.outcome(), Outcome::Established);
    assert!(!pair.sent_names(Side::Client).contains(&"Heartbeat"));
}

#[test]
fn a_mode_that_is_none_is_illegal() {
    let extensions = json!([{"type": "heartbeat", "mode": "0x03"}]);
    let with = |knob: &str| {
        let setup = Setup::new(json!({}), json!({"heartbeat": knob}));
        setup.set(Side::Client, "ClientHello", "extensions", extensions.clone()).outcome()
    };
    assert_eq!(with("on"), Outcome::Alert(Side::Server, A::ILLEGAL_PARAMETER));
    assert_eq!(with("off"), Outcome::Established);
}
