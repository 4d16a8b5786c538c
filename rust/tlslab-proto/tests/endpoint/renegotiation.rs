//! Renegotiation: who may ask, what binds a handshake to the one before (RFC 5746), and what goes on meanwhile.

use proptest::prelude::*;
use serde_json::{Value, json};
use tlslab_proto::behaviour::values::RequestCertificate;
use tlslab_proto::crypto::Side;
use tlslab_proto::crypto::certificate::{Fingerprint, Identity};
use tlslab_proto::endpoint::edit::Change;
use tlslab_proto::endpoint::session::{Handle, SessionKind};
use tlslab_proto::endpoint::trace::Event;
use tlslab_proto::endpoint::{RenegotiationError, Status};
use tlslab_proto::wire::registry::{AlertDescription as A, AlertLevel, CipherSuite};
use tlslab_proto::wire::{Alert, ClientHello, Encode, Extensions, Handshake, HandshakeHeader, Message};

use super::pump::{Outcome, Pair, Setup};

pub(super) const SIDES: [Side; 2] = [Side::Client, Side::Server];
pub(super) const REFUSED: A = A::HANDSHAKE_FAILURE;

pub(super) fn willing() -> Setup {
    Setup::both(json!({"renegotiation": "secure"}))
}

pub(super) fn legacy() -> Setup {
    Setup::both(json!({"renegotiation": "legacy", "renegotiation_info": "off"}))
}

/// How many handshakes each side has finished.
pub(super) fn handshakes(pair: &Pair) -> [u32; 2] {
    [pair.client.handshakes(), pair.server.handshakes()]
}

/// The messages of the second handshake that `side` has sent.
pub(super) fn second(pair: &mut Pair, side: Side) -> Vec<Message> {
    let sent = pair.sent(side);
    let first = if side == Side::Client { "ClientHello" } else { "ServerHello" };
    let hellos = sent.iter().enumerate().filter(|(_, message)| message.name() == first);
    let start = hellos.map(|(position, _)| position).nth(1).expect("there are two handshakes");
    sent[start..].to_vec()
}

fn second_names(pair: &mut Pair, side: Side) -> Vec<&'static str> {
    second(pair, side).iter().map(Message::name).collect()
}

fn extensions(hello: &Message) -> Extensions {
    match hello {
        Message::Handshake(Handshake::ClientHello(hello)) => hello.extensions.clone().unwrap_or_default(),
        Message::Handshake(Handshake::ServerHello(hello)) => hello.extensions.clone().unwrap_or_default(),
        other => panic!("{} is no hello", other.name()),
    }
}

pub(super) fn client_hello(message: &Message) -> &ClientHello {
    match message {
        Message::Handshake(Handshake::ClientHello(hello)) => hello,
        other => panic!("{} is no ClientHello", other.name()),
    }
}

/// The renegotiation_info of a hello.
pub(super) fn info(hello: &Message) -> Option<Vec<u8>> {
    extensions(hello).renegotiation_info().map(|info| info.to_vec())
}

/// What the first Finished of each side says, the client's and then the server's.
pub(super) fn verify_data(pair: &mut Pair) -> [Vec<u8>; 2] {
    SIDES.map(|side| {
        let finished = pair.sent(side).into_iter().find_map(|message| match message {
            Message::Handshake(Handshake::Finished(finished)) => Some(finished.verify_data.to_vec()),
            _ => None,
        });
        finished.expect("the first handshake is finished")
    })
}

/// All different values of a kind of event, in order.
fn secrets(trace: &[Event], kind: fn(&Event) -> Option<Vec<u8>>) -> Vec<Vec<u8>> {
    trace.iter().filter_map(kind).collect()
}

/// RFC 5746 3.4 to 3.7, and RFC 5246 7.4.1.1: HelloRequest and ClientHello begin it, under the keys that there are.
#[test]
fn both_sides_can_begin_a_secure_one() {
    for version in ["TLSv1.0", "TLSv1.1", "TLSv1.2"] {
        for signal in ["extension", "scsv"] {
            for by in SIDES {
                let what = format!("{version}, {signal}, by the {by}");
                let knobs = json!({"versions": [version], "renegotiation_info": signal});
                let setup = willing().with_client(knobs);
                let mut pair = setup.run();
                pair.client.send(b"before");
                pair.pump();
                assert_eq!(pair.server.take_received(), b"before");
                let messages_before = pair.client.trace().len();
                pair.renegotiate(by);
                assert_eq!((pair.outcome(), handshakes(&pair)), (Outcome::Established, [2, 2]), "{what}");
                assert_eq!(pair.client.established(), pair.server.established());

                let [client, server] = verify_data(&mut pair);
                let (hello, answer) = (second(&mut pair, Side::Client), second(&mut pair, Side::Server));
                assert_eq!(info(&hello[0]), Some(client.clone()), "{what}");
                assert_eq!(info(&answer[0]), Some([client, server].concat()), "{what}");
                let scsv = CipherSuite::TLS_EMPTY_RENEGOTIATION_INFO_SCSV;
                assert!(!client_hello(&hello[0]).cipher_suites.contains(&scsv), "{what}");
                let first = pair.sent(Side::Client).swap_remove(0);
                assert_eq!(client_hello(&first).cipher_suites.contains(&scsv), signal == "scsv");
                // By default a renegotiation is a full handshake, whatever session there is.
                assert!(client_hello(&hello[0]).session_id.is_empty());
                assert_eq!(hello.len(), 4, "{what}: {hello:?}");

                let all_protected = pair.client.trace()[messages_before..].iter().all(|event| match event {
                    Event::Sent { protected, .. } => *protected,
                    _ => true,
                });
                assert!(all_protected, "{what}");
                let master = |event: &Event| match event {
                    Event::MasterSecret { master, .. } => Some(master.to_vec()),
                    _ => None,
                };
                let keys = |event: &Event| match event {
                    Event::KeyBlock { bytes } => Some(bytes.to_vec()),
                    _ => None,
                };
                for kind in [master, keys] {
                    let client = secrets(pair.client.trace(), kind);
                    assert_eq!(client, secrets(pair.server.trace(), kind), "{what}");
                    assert!(client.len() == 2 && client[0] != client[1], "{what}");
                }

                pair.server.send(b"after");
                pair.client.send(b"and after");
                pair.pump();
                assert_eq!(pair.client.take_received(), b"after", "{what}");
                assert_eq!(pair.server.take_received(), b"and after", "{what}");
                // And a third, bound to the second.
                pair.renegotiate(by);
                assert_eq!(handshakes(&pair), [3, 3], "{what}");
            }
        }
    }
}

#[test]
fn every_suite_can_be_renegotiated() {
    for suite in [
        "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
        "TLS_RSA_WITH_AES_128_GCM_SHA256",
        "TLS_DH_anon_WITH_AES_128_CBC_SHA256",
        "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
        "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384",
    ] {
        for (ems, flight_records) in [("on", "per_message"), ("off", "coalesced")] {
            let knobs = json!({"suites": [suite], "ems": ems, "flight_records": flight_records, "record_size": 50});
            let mut pair = willing().with_client(knobs.clone()).with_server(knobs).run();
            let random = |pair: &mut Pair| client_hello(&second(pair, Side::Client)[0]).random;
            pair.renegotiate(Side::Server);
            assert_eq!(handshakes(&pair), [2, 2], "{suite}, {ems}");
            let first = client_hello(&pair.sent(Side::Client)[0]).random;
            assert_ne!(random(&mut pair), first, "each handshake has draws of its own");
        }
    }
}

fn warnings(pair: &mut Pair, side: Side) -> Vec<A> {
    let warning = |message: Message| match message {
        Message::Alert(Alert { level: AlertLevel::WARNING, description }) => Some(description),
        _ => None,
    };
    pair.sent(side).into_iter().filter_map(warning).collect()
}

/// RFC 5246 7.2.2: no_renegotiation is a warning, and the connection goes on. RFC 5746 4.2, 4.3: the same is recommended
/// to who would have to renegotiate without the extension.
#[test]
fn a_wish_is_granted_refused_or_ignored() {
    const YES: ([u32; 2], usize) = ([2, 2], 0);
    const NO: ([u32; 2], usize) = ([1, 1], 1);
    const NOTHING: ([u32; 2], usize) = ([1, 1], 0);
    for (policy, with_rfc_5746, without) in
        [("refuse", NO, NO), ("secure", YES, NO), ("legacy", YES, YES), ("ignore", NOTHING, NOTHING)]
    {
        for (info, expected) in [("on", with_rfc_5746), ("off", without)] {
            for by in SIDES {
                // Who asks would do so without RFC 5746, too.
                let setup = Setup::new(json!({"renegotiation": "legacy"}), json!({"renegotiation": "legacy"}))
                    .with_server(json!({"renegotiation_info": info}));
                let asked = json!({"renegotiation": policy});
                let setup = if by == Side::Client { setup.with_server(asked) } else { setup.with_client(asked) };
                let mut pair = setup.run();
                pair.renegotiate(by);
                let what = format!("{policy}, RFC 5746 {info}, by the {by}");
                let no = warnings(&mut pair, by.peer());
                assert!(no.iter().all(|warning| *warning == A::NO_RENEGOTIATION));
                assert_eq!((handshakes(&pair), no.len()), expected, "{what}");

                // What the asker has to say meanwhile waits for a ServerHello, and no longer than for a refusal.
                let waits = by == Side::Client && policy == "ignore";
                pair.client.send(b"on it goes");
                pair.server.send(b"on it goes");
                pair.pump();
                assert_eq!(pair.client.take_received(), b"on it goes", "{what}");
                assert_eq!(pair.server.take_received().is_empty(), waits, "{what}");
                let status = if waits { Status::Handshaking } else { Status::Established };
                assert_eq!((pair.client.status(), pair.server.status()), (&status, &Status::Established), "{what}");
            }
        }
    }
}

/// A server that has asked takes the answer, though it would take no client's wish.
#[test]
fn who_asks_means_it() {
    for policy in ["refuse", "ignore"] {
        let setup = Setup::new(json!({"renegotiation": "secure"}), json!({"renegotiation": policy}));
        let mut pair = setup.run();
        pair.renegotiate(Side::Server);
        assert_eq!(handshakes(&pair), [2, 2]);
        // It has asked for one.
        pair.renegotiate(Side::Client);
        assert_eq!(handshakes(&pair), [2, 2]);
    }
    // Having been told no, it has not asked any more.
    let setup = Setup::new(json!({"renegotiation": "refuse"}), json!({"renegotiation": "refuse"}));
    let mut pair = setup.run();
    pair.renegotiate(Side::Server);
    pair.renegotiate(Side::Client);
    assert_eq!((handshakes(&pair), warnings(&mut pair, Side::Server)), ([1, 1], vec![A::NO_RENEGOTIATION]));
    // RFC 5746 4.2: its own wish is held to the RFC as well.
    let mut insecure = Setup::new(json!({"renegotiation": "secure", "renegotiation_info": "off"}), json!({})).run();
    assert_eq!(insecure.client.renegotiate(), Err(RenegotiationError::Insecure));
    assert_eq!(insecure.server.request_renegotiation(None), Err(RenegotiationError::Insecure));
}

/// RFC 7627 5.4: on a connection that has resumed a session without EMS "the client MUST disable renegotiation".
#[test]
fn a_resumed_session_without_ems_is_not_renegotiated() {
    let with = |client: Value| {
        let server = json!({"ems": "off", "renegotiation": "secure", "resume_legacy": "resume"});
        let first = Setup::new(json!({"offer_without_ems": "offer"}), server).with_client(client);
        let mut pair = first.next().run();
        assert!(pair.client.established().unwrap().resumed.is_some());
        let own = pair.client.check_renegotiable();
        pair.renegotiate(Side::Server);
        (own, handshakes(&pair))
    };
    let refused = (Err(RenegotiationError::Unprotected), [1, 1]);
    assert_eq!(with(json!({"renegotiation": "secure"})), refused);
    assert_eq!(with(json!({"renegotiation": "legacy"})), (Ok(()), [2, 2]));
    // One that does not know RFC 7627.
    assert_eq!(with(json!({"renegotiation": "secure", "ems": "off"})), (Ok(()), [2, 2]));
    // A full handshake without EMS is another matter.
    let mut pair = Setup::new(json!({"renegotiation": "secure"}), json!({"ems": "off"})).run();
    pair.renegotiate(Side::Server);
    assert_eq!(handshakes(&pair), [2, 2]);
}

#[test]
fn it_begins_on_an_established_connection_only() {
    let mut pair = willing().pair();
    assert_eq!(pair.client.renegotiate(), Err(RenegotiationError::NotEstablished));
    assert_eq!(pair.server.request_renegotiation(None), Err(RenegotiationError::NotEstablished));
    pair.pump();
    pair.client.renegotiate().unwrap();
    assert_eq!(pair.client.renegotiate(), Err(RenegotiationError::NotEstablished));
    pair.pump();
    pair.client.close();
    pair.pump();
    assert_eq!(pair.client.renegotiate(), Err(RenegotiationError::NotEstablished));
    assert_eq!(pair.server.request_renegotiation(None), Err(RenegotiationError::NotEstablished));
}

/// A session can be resumed in a renegotiation like in any handshake.
#[test]
fn with_resumption() {
    for (resumption, kind) in [("session_id", SessionKind::SessionId), ("ticket", SessionKind::Ticket)] {
        for by in SIDES {
            let knobs = json!({"resumption": resumption});
            let setup = willing().with_client(knobs.clone()).with_server(knobs);
            let mut pair = setup.with_client(json!({"offer_in_renegotiation": "offer"})).run();
            assert_eq!(pair.client.established().unwrap().resumed, None);
            pair.renegotiate(by);
            assert_eq!((pair.outcome(), handshakes(&pair)), (Outcome::Established, [2, 2]));
            assert_eq!(pair.client.established().unwrap().resumed, Some(kind));
            assert_eq!(pair.client.established(), pair.server.established());
            assert_eq!(second_names(&mut pair, Side::Client), ["ClientHello", "ChangeCipherSpec", "Finished"]);
            let [client, server] = verify_data(&mut pair);
            assert_eq!(info(&second(&mut pair, Side::Server)[0]), Some([client, server].concat()));
        }
    }
}

fn identity() -> Fingerprint {
    Fingerprint::of(&Identity::lab_rsa().chain[0])
}

/// Cause 2 of KB4528489 in its second reading: a resumed handshake, a HelloRequest, a full one with CertificateRequest.
#[test]
fn with_client_authentication() {
    for policy in ["optional", "required"] {
        for certificates in [json!([]), json!(["rsa"])] {
            let client = json!({"renegotiation": "secure", "certificates": certificates});
            let first = Setup::new(client, json!({"client_certificate": policy}));
            let mut pair = first.next().run();
            let resumed = pair.server.established().unwrap();
            assert_eq!((resumed.resumed, resumed.client_certificate), (Some(SessionKind::SessionId), None));
            pair.server.request_renegotiation(Some(RequestCertificate::Full)).unwrap();
            pair.pump();
            let has = certificates == json!(["rsa"]);
            if policy == "required" && !has {
                assert_eq!(pair.outcome(), Outcome::Alert(Side::Server, REFUSED));
                // What the connection had agreed on before, the application has been told.
                assert_eq!(pair.server.established(), Some(resumed));
                continue;
            }
            assert_eq!(handshakes(&pair), [2, 2]);
            assert_eq!(pair.server.established().unwrap().client_certificate, has.then(identity));
            assert_eq!(pair.server.established(), pair.client.established());
            assert!(second_names(&mut pair, Side::Server).contains(&"CertificateRequest"));
            // The request was for one handshake.
            let setup = first.clone().with_server(json!({"renegotiation": "secure"}));
            let mut pair = setup.next().run();
            pair.server.request_renegotiation(Some(RequestCertificate::Full)).unwrap();
            pair.pump();
            pair.renegotiate(Side::Client);
            assert_eq!((handshakes(&pair), pair.server.established().unwrap().client_certificate), ([3, 3], None));
        }
    }
}

/// RFC 5246 6.2.1: "Recipients MUST receive and process interleaved application layer traffic during handshakes subsequent
/// to the first one on a connection."
#[test]
fn data_flows_until_the_keys_change() {
    let data = |text: &[u8]| Message::ApplicationData { data: text.into() };
    for (side, name, taken) in [
        (Side::Server, "ServerHello", true),
        (Side::Server, "ServerKeyExchange", true),
        (Side::Server, "ChangeCipherSpec", true),
        (Side::Server, "Finished", false),
        (Side::Client, "ClientHello", true),
        (Side::Client, "ClientKeyExchange", true),
        (Side::Client, "ChangeCipherSpec", true),
        (Side::Client, "Finished", false),
    ] {
        let change = Change::InsertBefore { message: data(b"meanwhile") };
        let mut pair = willing().edit_again(side, name, change).run();
        pair.renegotiate(Side::Client);
        let expected = if taken { Outcome::Established } else { Outcome::Alert(side.peer(), A::UNEXPECTED_MESSAGE) };
        assert_eq!(pair.outcome(), expected, "{side} {name}");
        let received = if side == Side::Server { pair.client.take_received() } else { pair.server.take_received() };
        assert_eq!(received == b"meanwhile", taken, "{side} {name}");
    }
    // What the application sends meanwhile waits, in order.
    let mut pair = willing().run();
    pair.client.send(b"before ");
    pair.client.renegotiate().unwrap();
    pair.client.send(b"after");
    pair.pump();
    assert_eq!((pair.server.take_received(), handshakes(&pair)), (b"before after".to_vec(), [2, 2]));
}

/// RFC 5246 7.4.1.1: a HelloRequest that crosses a ClientHello is ignored by who negotiates already.
#[test]
fn both_sides_ask_at_once() {
    let mut pair = willing().run();
    pair.client.renegotiate().unwrap();
    pair.server.request_renegotiation(None).unwrap();
    pair.pump();
    assert_eq!((pair.outcome(), handshakes(&pair)), (Outcome::Established, [2, 2]));
}

/// RFC 5246 7.2.2: sessions of a failed connection are forgotten, that of the handshake before too.
#[test]
fn a_failed_one_makes_both_sides_forget() {
    let setup = willing().with_client(json!({"on_bad_finished": "decrypt_error"}));
    let zeros = Change::SetField { path: "verify_data".to_owned(), value: json!("00".repeat(12)) };
    let setup = setup.edit_again(Side::Client, "Finished", zeros);
    let mut pair = setup.run();
    let Some(Handle::SessionId(id)) = setup.sessions.client.get(None).map(|kept| kept.handle) else { panic!("no id") };
    assert!(setup.sessions.server.get(&id).is_some());
    pair.renegotiate(Side::Client);
    assert_eq!(pair.outcome(), Outcome::Alert(Side::Server, A::DECRYPT_ERROR));
    assert_eq!((setup.sessions.client.get(None), setup.sessions.server.get(&id)), (None, None));
}

/// Wishes without end get warnings, and leave nothing behind.
#[test]
fn many_refusals() {
    let mut pair = Setup::new(json!({}), json!({})).run();
    for _ in 0..20 {
        pair.renegotiate(Side::Client);
        pair.renegotiate(Side::Server);
    }
    assert_eq!(handshakes(&pair), [1, 1]);
    assert_eq!(SIDES.map(|side| warnings(&mut pair, side).len()), [20, 20]);
    pair.client.send(b"still here");
    pair.pump();
    assert_eq!(pair.server.take_received(), b"still here");
}

/// Each handshake message of a renegotiation with client authentication, with its sender.
fn messages(setup: &Setup) -> Vec<(Side, Handshake)> {
    let mut pair = setup.run();
    pair.renegotiate(Side::Server);
    let mut messages = Vec::new();
    for side in SIDES {
        messages.extend(second(&mut pair, side).into_iter().filter_map(|message| match message {
            Message::Handshake(handshake) => Some((side, handshake)),
            _ => None,
        }));
    }
    messages
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Any byte of any message of a renegotiation changed: refused, or waited for, or made nothing of.
    #[test]
    fn a_changed_byte(index in any::<prop::sample::Index>(), position in any::<prop::sample::Index>(), xor in 1u8..) {
        let knobs = json!({"request_certificate": "full", "client_certificate": "required", "resumption": "none"});
        let setup = willing().with_client(json!({"certificates": ["rsa"]})).with_server(knobs);
        let messages = messages(&setup);
        let (side, handshake) = &messages[index.index(messages.len())];
        let mut body = handshake.to_bytes().unwrap()[HandshakeHeader::LEN..].to_vec();
        prop_assume!(!body.is_empty());
        let position = position.index(body.len());
        body[position] ^= xor;
        let message = Handshake::Unknown { msg_type: handshake.msg_type(), body: body.into() }.into();
        let mut pair = setup.edit_again(*side, handshake.name(), Change::Replace { message }).run();
        pair.renegotiate(Side::Server);
        let outcome = pair.outcome();
        let orderly = matches!(outcome, Outcome::Alert(..) | Outcome::Established)
            || [pair.alert_sent_by(Side::Client), pair.alert_sent_by(Side::Server)] .iter().any(Option::is_some);
        prop_assert!(orderly, "{:?}", outcome);
        prop_assert!(outcome != Outcome::Established || handshakes(&pair) == [2, 2]);
    }
}
