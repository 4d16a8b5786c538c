//! What binds a renegotiation to its connection (RFC 5746 3.5, 3.7, 4), broken in every way, and the attack behind it.

use serde_json::{Value, json};
use tlslab_proto::crypto::Side;
use tlslab_proto::endpoint::edit::Change;
use tlslab_proto::endpoint::trace::Event;
use tlslab_proto::wire::Message;
use tlslab_proto::wire::registry::AlertDescription as A;

use super::pump::{Outcome, Setup, deliver, settle};
use super::renegotiation::{REFUSED, SIDES, handshakes, info, legacy, second, verify_data, willing};

/// The extensions of the second hello of `side`, changed.
fn with_extensions(setup: Setup, side: Side, change: impl FnOnce(&mut Vec<Value>)) -> Outcome {
    let name = if side == Side::Client { "ClientHello" } else { "ServerHello" };
    let mut pair = setup.run();
    pair.renegotiate(Side::Client);
    let hello = second(&mut pair, side).swap_remove(0);
    let Message::Handshake(handshake) = &hello else { panic!("no handshake message") };
    let mut value = serde_json::to_value(handshake).unwrap();
    change(value["extensions"].as_array_mut().unwrap());
    run_again(setup, side, name, "extensions", value["extensions"].take())
}

/// The renegotiation_info of the second hello of `side`, changed.
fn with_info(setup: Setup, side: Side, change: fn(&mut Vec<u8>)) -> Outcome {
    with_extensions(setup, side, |list| {
        let entry = list.iter_mut().find(|extension| extension["type"] == "renegotiation_info").unwrap();
        let mut bytes = hex::decode(entry["renegotiated_connection"].as_str().unwrap()).unwrap();
        change(&mut bytes);
        entry["renegotiated_connection"] = json!(hex::encode(bytes));
    })
}

/// What a renegotiation comes to in which one field of a hello is another.
fn run_again(setup: Setup, side: Side, name: &str, path: &str, value: Value) -> Outcome {
    let change = Change::SetField { path: path.to_owned(), value };
    let mut pair = setup.edit_again(side, name, change).run();
    pair.renegotiate(Side::Client);
    assert!(pair.server.handshakes() == 1 || pair.outcome() == Outcome::Established);
    pair.outcome()
}

/// RFC 5746 3.5, 3.7: whatever is not the Finished of the connection aborts the handshake.
#[test]
fn a_broken_binding_is_refused() {
    let setup = || willing().with_client(json!({"resumption": "none"}));
    for side in SIDES {
        let refused = Outcome::Alert(side.peer(), REFUSED);
        assert_eq!(with_info(setup(), side, Vec::clear), refused, "{side}: empty, as in a first handshake");
        assert_eq!(with_info(setup(), side, |info| info.truncate(11)), refused, "{side}: short");
        assert_eq!(with_info(setup(), side, |info| info.push(0)), refused, "{side}: long");
        assert_eq!(with_info(setup(), side, |info| info.reverse()), refused, "{side}: another");
        assert_eq!(with_info(setup(), side, |info| *info.first_mut().unwrap() ^= 1), refused, "{side}: first byte");
        assert_eq!(with_info(setup(), side, |info| *info.last_mut().unwrap() ^= 0x80), refused, "{side}: last byte");
        let name = if side == Side::Client { "ClientHello" } else { "ServerHello" };
        assert_eq!(run_again(setup(), side, name, "extensions", json!([])), refused, "{side}: missing");
    }
    assert_eq!(with_info(setup(), Side::Server, |info| info.truncate(12)), Outcome::Alert(Side::Client, REFUSED));
    assert_eq!(with_info(setup(), Side::Server, |info| info.rotate_left(12)), Outcome::Alert(Side::Client, REFUSED));
}

/// RFC 5746 3.7: "the server MUST verify that the ClientHello does not contain the TLS_EMPTY_RENEGOTIATION_INFO_SCSV SCSV.
/// If the SCSV is present, the server MUST abort the handshake." 4.4 has the same for a connection without the extension.
#[test]
fn the_scsv_has_no_place_in_a_renegotiation() {
    let suites = json!(["TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_EMPTY_RENEGOTIATION_INFO_SCSV"]);
    let refused = Outcome::Alert(Side::Server, REFUSED);
    assert_eq!(run_again(willing(), Side::Client, "ClientHello", "cipher_suites", suites.clone()), refused);
    let old_client = legacy().with_server(json!({"renegotiation_info": "on"}));
    assert_eq!(run_again(old_client, Side::Client, "ClientHello", "cipher_suites", suites.clone()), refused);
    // An old server does not know what it is.
    let old_server = legacy().with_client(json!({"resumption": "none"}));
    assert_eq!(run_again(old_server, Side::Client, "ClientHello", "cipher_suites", suites), Outcome::Established);
}

/// RFC 5746 4: what a connection without the extension renegotiates by.
#[test]
fn a_legacy_one() {
    for (client, server) in [("off", "off"), ("off", "on"), ("extension", "off"), ("scsv", "off")] {
        for by in SIDES {
            let setup = legacy().with_client(json!({"renegotiation_info": client}));
            let mut pair = setup.with_server(json!({"renegotiation_info": server})).run();
            pair.renegotiate(by);
            assert_eq!(handshakes(&pair), [2, 2], "{client}, {server}, by the {by}");
            let hello = second(&mut pair, Side::Client).swap_remove(0);
            let own = verify_data(&mut pair)[0].clone();
            // RFC 5746 4.2: one of the signals is sent all the same, so that an attacked server can notice.
            assert_eq!(info(&hello), (client == "extension").then_some(own), "{client}, {server}");
            assert_eq!(info(&second(&mut pair, Side::Server)[0]), None);
        }
    }
    // RFC 5746 4.2: "When the ServerHello is received, the client MUST verify that it does not contain the
    // "renegotiation_info" extension."
    let setup = legacy().with_client(json!({"renegotiation_info": "extension"}));
    let answer = json!([{"type": "renegotiation_info", "renegotiated_connection": ""}]);
    let outcome = run_again(setup, Side::Server, "ServerHello", "extensions", answer);
    assert_eq!(outcome, Outcome::Alert(Side::Client, REFUSED));
    // RFC 5746 4.4: "The server MUST verify that the "renegotiation_info" extension is not present."
    let setup = legacy().with_server(json!({"renegotiation_info": "on"}));
    let offer = json!([{"type": "renegotiation_info", "renegotiated_connection": ""}]);
    let outcome = run_again(setup, Side::Client, "ClientHello", "extensions", offer);
    assert_eq!(outcome, Outcome::Alert(Side::Server, REFUSED));
}

/// The attack behind RFC 5746 (its section 1): what a client means to be its first handshake is to the server a
/// renegotiation of the attacker's connection.
#[test]
fn a_spliced_first_handshake() {
    for (policy, info, expected) in [("secure", "on", true), ("legacy", "on", true), ("legacy", "off", false)] {
        let knobs = json!({"renegotiation": policy, "renegotiation_info": info, "resumption": "none"});
        let victim = Setup { trial: 1, ..willing().with_client(json!({"resumption": "none"})) };
        let hello = victim.run().sent(Side::Client).swap_remove(0);
        let attacker = Setup::new(json!({"renegotiation": "legacy", "resumption": "none"}), knobs);
        let attack = attacker.edit_again(Side::Client, "ClientHello", Change::Replace { message: hello });
        let mut pair = attack.run();
        pair.client.renegotiate().unwrap();
        settle(&mut pair.client);
        deliver(&mut pair.client, &mut pair.server, &mut Vec::new());
        settle(&mut pair.server);
        let refused = pair.alert_sent_by(Side::Server) == Some(REFUSED);
        assert_eq!(refused, expected, "{policy}, {info}");
        assert_eq!(pair.server.expects() == "ClientKeyExchange", !expected, "{policy}, {info}");
    }
}

/// The records of a connection have one version.
#[test]
fn the_version_stays() {
    for (side, name, field) in
        [(Side::Client, "ClientHello", "client_version"), (Side::Server, "ServerHello", "server_version")]
    {
        let outcome = run_again(willing(), side, name, field, json!("TLSv1.1"));
        assert_eq!(outcome, Outcome::Alert(side.peer(), A::PROTOCOL_VERSION), "{name}");
    }
}

const EMS: &str = "extended_master_secret";

/// A renegotiation in whose hello a side leaves an extension out that its connection has.
fn without(extension: &str, setup: Setup, side: Side) -> Outcome {
    with_extensions(setup, side, |list| {
        let all = list.len();
        list.retain(|one| one["type"] != extension);
        assert_eq!(list.len(), all - 1);
    })
}

/// As OpenSSL 3.0 and BoringSSL have it; and RFC 7627 lets a connection have it that began without.
#[test]
fn ems_is_not_dropped() {
    let setup = || willing().with_client(json!({"resumption": "none"}));
    for side in SIDES {
        assert_eq!(without(EMS, setup(), side), Outcome::Alert(side.peer(), REFUSED), "{side}");
    }
    let lenient =
        || setup().with_client(json!({"renegotiation": "legacy"})).with_server(json!({"renegotiation": "legacy"}));
    assert_eq!(without(EMS, lenient(), Side::Client), Outcome::Established);
    // The client goes on without it, which the server, who did not leave it out, finds out by Finished.
    assert_eq!(without(EMS, lenient(), Side::Server), Outcome::Alert(Side::Server, A::BAD_RECORD_MAC));
}

/// RFC 7366 3.1: MAC-then-encrypt may be given up, and not gone back to.
#[test]
fn encrypt_then_mac_is_not_dropped() {
    let with = |renegotiation: &str| {
        let knobs = json!({"suites": ["TLS_DHE_RSA_WITH_AES_128_CBC_SHA"], "renegotiation": renegotiation});
        Setup::both(knobs).with_client(json!({"resumption": "none"}))
    };
    for side in SIDES {
        let outcome = without("encrypt_then_mac", with("secure"), side);
        assert_eq!(outcome, Outcome::Alert(side.peer(), REFUSED), "{side}");
        let resuming = json!({"resumption": "session_id", "offer_in_renegotiation": "offer"});
        let resuming = with("secure").with_client(resuming);
        let mut pair = resuming.run();
        pair.renegotiate(Side::Client);
        assert!(pair.server.trace().iter().any(|event| matches!(event, Event::SessionResumed { .. })));
        let outcome = without("encrypt_then_mac", resuming, side);
        assert_eq!(outcome, Outcome::Alert(side.peer(), REFUSED), "{side}, resuming");
    }
    assert_eq!(without("encrypt_then_mac", with("legacy"), Side::Client), Outcome::Established);
}
