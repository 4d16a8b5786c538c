//! The Triple Handshake attack: what it takes, and at which step what stops it.

use serde_json::{Value, json};
use tlslab::attack::verdict::{Party, Same, Step};
use tlslab::attack::{AttackError, Legs, Report, TripleHandshake};
use tlslab::scenario::connection::Connection;
use tlslab_proto::behaviour::{ClientBehaviour, ServerBehaviour};
use tlslab_proto::crypto::Side;
use tlslab_proto::crypto::certificate::{Fingerprint, Identity};
use tlslab_proto::endpoint::session::SessionKind;
use tlslab_proto::endpoint::trace::Event;
use tlslab_proto::wire::{Handshake, Message};

/// A client without RFC 7627, as all were before it. Secure renegotiation is on.
const CLIENT: &str = "ems=off,offer_without_ems=offer,renegotiation=secure,certificates=rsa";
/// A server without RFC 7627.
const SERVER: &str = "ems=off,resume_legacy=resume";
/// A client and a server with it, by default.
const EMS_CLIENT: &str = "renegotiation=secure,certificates=rsa";
const EMS_SERVER: &str = "";

/// An attack in which the server asks for a certificate when it renegotiates.
fn attack(attacker: Value) -> TripleHandshake {
    TripleHandshake::from_json(&json!({"attacker": attacker}).to_string()).unwrap_or_else(|error| panic!("{error}"))
}

fn run(attack: &TripleHandshake, client: &str, server: &str) -> Report {
    let client = ClientBehaviour::from_assignments(client).unwrap_or_else(|error| panic!("{client}: {error}"));
    let server = ServerBehaviour::from_assignments(server).unwrap_or_else(|error| panic!("{server}: {error}"));
    attack.run(&client, &server, 1).unwrap_or_else(|error| panic!("{error}"))
}

fn failed_at(attacker: Value, client: &str, server: &str) -> Option<Step> {
    run(&attack(attacker), client, server).verdict.failed_at
}

fn reached(report: &Report, step: Step) -> bool {
    report.verdict.steps.iter().find(|reached| reached.step == step).unwrap().reached
}

fn with(knobs: &str, more: &str) -> String {
    // A knob that is set twice is refused: the later one counts here.
    let name = |knob: &str| knob.split('=').next().unwrap_or_default().to_owned();
    let kept = knobs.split(',').filter(|knob| !more.split(',').any(|other| name(other) == name(knob)));
    kept.chain(more.split(',')).filter(|knob| !knob.is_empty()).collect::<Vec<_>>().join(",")
}

/// The attack's one premise is that there is no EMS: by either key exchange, in all versions, by ids and by tickets, with
/// AEAD and CBC, the server takes the attacker's words for the client's.
#[test]
fn without_ems_it_succeeds() {
    for key_exchange in ["rsa", "dhe"] {
        for version in ["TLSv1.0", "TLSv1.1", "TLSv1.2"] {
            for resumption in ["session_id", "ticket"] {
                let shared = format!("versions={version},resumption={resumption}");
                let attack = attack(json!({"key_exchange": key_exchange}));
                let report = run(&attack, &with(CLIENT, &shared), &with(SERVER, &shared));
                let what = format!("{key_exchange} {shared}: {:?}", report.verdict.refusals);
                assert!(report.verdict.succeeded && report.verdict.failed_at.is_none(), "{what}");

                let attributed = report.attributed.as_ref().expect(&what);
                let own = Fingerprint::of(&Identity::lab_rsa().chain[0]);
                assert_eq!(attributed.client_certificate, Some(own), "{what}");
                let both = [&attack.attacker.sends[..], &attack.client_sends].concat();
                assert_eq!(attributed.data[..], both, "{what}");

                let kind = if resumption == "ticket" { SessionKind::Ticket } else { SessionKind::SessionId };
                let all = Same { master_secret: true, randoms: true, tls_unique: true, exporter: true };
                let [first, second, third] = &report.verdict.handshakes[..] else { panic!("{what}") };
                // tls-unique of the first differs, since the certificates and the Finished do.
                assert_eq!(first.same, Some(Same { tls_unique: false, ..all }), "{what}");
                assert_eq!(second.same, Some(all), "{what}");
                assert_eq!(second.client.as_ref().unwrap().agreed.resumed, Some(kind), "{what}");
                assert_eq!(third.same, Some(all), "{what}");
                assert_ne!(third.client.as_ref().unwrap().binding, second.client.as_ref().unwrap().binding);
            }
        }
    }
}

/// All ciphers' records are opened, sealed again, and put behind what was injected.
#[test]
fn the_relay_has_all_kinds_of_records() {
    for suite in [
        "TLS_RSA_WITH_AES_256_CBC_SHA",
        "TLS_RSA_WITH_AES_128_CBC_SHA256",
        "TLS_RSA_WITH_AES_128_GCM_SHA256",
        "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384",
        "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    ] {
        for encrypt_then_mac in ["on", "off"] {
            let key_exchange = if suite.contains("DHE") { "dhe" } else { "rsa" };
            let shared = format!("suites={suite},encrypt_then_mac={encrypt_then_mac}");
            let long = "x".repeat(40_000);
            let attack = attack(json!({"key_exchange": key_exchange, "sends": long}));
            let report = run(&attack, &with(CLIENT, &shared), &with(SERVER, &shared));
            assert!(report.verdict.succeeded, "{shared}: {:?}", report.verdict);
            // Up to the injection the attacker changes no byte.
            let [client, server] = [&report.connections[1].client, &report.connections[1].server];
            assert_eq!(crossed(client, Side::Server, 2), crossed(server, Side::Server, 2), "{shared}");
        }
    }
}

/// The first flights of a side.
fn crossed(connection: &Connection, sender: Side, flights: usize) -> Vec<Vec<u8>> {
    let sent = connection.flights.iter().filter(|flight| flight.sender == sender);
    sent.take(flights).map(|flight| flight.bytes.to_vec()).collect()
}

/// RFC 7627 4: the master secret depends on the session hash, and that on the server's certificate.
#[test]
fn with_ems_the_master_secrets_differ() {
    for key_exchange in ["rsa", "dhe"] {
        for version in ["TLSv1.0", "TLSv1.1", "TLSv1.2"] {
            let shared = format!("versions={version}");
            let attack = attack(json!({"key_exchange": key_exchange}));
            let report = run(&attack, &with(EMS_CLIENT, &shared), &with(EMS_SERVER, &shared));
            let what = format!("{key_exchange} {version}");
            assert_eq!(report.verdict.failed_at, Some(Step::SameMasterSecret), "{what}");
            let first = &report.verdict.handshakes[0];
            let none = Same { master_secret: false, randoms: true, tls_unique: false, exporter: false };
            assert_eq!(first.same, Some(none), "{what}");
            // The resumption that is relayed all the same fails at the Finished: the client does not expect it.
            let outcome = &report.connections[1].client.outcome;
            assert_eq!(outcome.label(), "alert:decrypt_error:client", "{what}");
            for missed in [Step::Resumption, Step::SameFinished, Step::Injection, Step::Renegotiation] {
                assert!(!reached(&report, missed), "{what}: {missed:?}");
            }
            assert_eq!(report.attributed, None, "{what}");
        }
    }
}

/// An attacker that knows both master secrets can give each side the Finished that it expects; but then RFC 5746 binds
/// handshake 3 to what is not the same.
#[test]
fn with_ems_an_attacker_with_its_own_finished_fails_at_the_renegotiation() {
    let report = run(&attack(json!({"finished": "own"})), EMS_CLIENT, EMS_SERVER);
    assert_eq!(report.verdict.failed_at, Some(Step::SameMasterSecret));
    assert!(reached(&report, Step::Resumption) && reached(&report, Step::Injection));
    assert!(!reached(&report, Step::SameFinished) && !reached(&report, Step::Renegotiation));
    let last = report.verdict.refusals.last().unwrap();
    assert_eq!((last.connection, last.party), (2, Party::Server));
    assert!(last.reason.contains("renegotiation_info"), "{}", last.reason);
    assert_eq!(report.connections[1].server.outcome.label(), "alert:handshake_failure:server");
    // Without EMS its own are those that were sent.
    assert_eq!(failed_at(json!({"finished": "own"}), CLIENT, SERVER), None);
}

/// An attacker that tells each side that the other has no EMS gets sessions without it, which RFC 7627 5.2 and 5.3 do
/// not let be resumed.
#[test]
fn with_ems_withheld_nothing_is_resumed() {
    let withheld = json!({"ems": "withhold"});
    let report = run(&attack(withheld.clone()), EMS_CLIENT, EMS_SERVER);
    assert_eq!(report.verdict.failed_at, Some(Step::Resumption));
    assert!(reached(&report, Step::SameMasterSecret));
    // A client that offers the session all the same gets a full handshake with the server: the attacker has no keys, and
    // what the server has is the client's.
    let careless = with(EMS_CLIENT, "offer_without_ems=offer");
    let report = run(&attack(withheld.clone()), &careless, EMS_SERVER);
    assert_eq!(report.verdict.failed_at, Some(Step::Resumption));
    assert!(!reached(&report, Step::SameFinished) && !reached(&report, Step::Injection));
    assert!(reached(&report, Step::ClientAuthentication));
    assert_eq!(report.attributed.unwrap().data, attack(json!({})).client_sends);
    // What it takes on both sides: the rules of 5.3 and of 5.4 broken.
    let careless = with(EMS_CLIENT, "offer_without_ems=offer,renegotiation=legacy");
    assert_eq!(failed_at(withheld.clone(), &careless, "resume_upgrade=resume"), None);
    // Where both require EMS there is not even a first handshake.
    let required = run(&attack(withheld), &with(EMS_CLIENT, "ems=required"), "ems=required");
    assert_eq!(required.verdict.failed_at, Some(Step::FirstHandshake));
}

/// EMS on one side is EMS on none: what stops the attack then is what that side does without.
#[test]
fn with_ems_on_one_side_its_rules_decide() {
    for (what, client, server, expected) in [
        ("the client does not offer such a session", EMS_CLIENT, SERVER, Some(Step::Resumption)),
        (
            "it does, but will not renegotiate what it has resumed (RFC 7627 5.4)",
            &with(EMS_CLIENT, "offer_without_ems=offer"),
            SERVER,
            Some(Step::Renegotiation),
        ),
        ("it heeds neither", &with(EMS_CLIENT, "offer_without_ems=offer,renegotiation=legacy"), SERVER, None),
        ("the server does not resume such a session", CLIENT, EMS_SERVER, Some(Step::Resumption)),
        ("it declines it", CLIENT, "resume_legacy=full", Some(Step::Resumption)),
        ("it does resume it", CLIENT, "resume_legacy=resume", None),
        (
            "the client has EMS disabled and keeps the rules",
            "ems=off,renegotiation=secure,certificates=rsa",
            SERVER,
            Some(Step::Resumption),
        ),
    ] {
        assert_eq!(failed_at(json!({}), client, server), expected, "{what}");
    }
}

/// Each thing that the attack takes, left out.
#[test]
fn what_stops_it_without_ems() {
    let steps = [
        ("no suite of the kind at the client", "suites=TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "", Step::FirstHandshake),
        ("none at the server", "", "without_suites=TLS_RSA_*", Step::FirstHandshake),
        (
            "a certificate in every full handshake",
            "",
            "request_certificate=full,client_certificate=required",
            Step::FirstHandshake,
        ),
        ("no resumption at the client", "resumption=none", "", Step::Resumption),
        ("no resumption at the server", "", "resumption=none", Step::Resumption),
        ("sessions that are over at once", "", "session_lifetime=0", Step::Resumption),
        ("a client that refuses to renegotiate", "renegotiation=refuse", "", Step::Renegotiation),
        ("one that ignores the wish", "renegotiation=ignore", "", Step::Renegotiation),
        ("one without RFC 5746, which is then no renegotiation", "renegotiation_info=off", "", Step::Renegotiation),
        ("a client without a certificate", "certificates=", "", Step::ClientAuthentication),
        ("one that does not prove it", "certificate_answer=unproved", "", Step::Renegotiation),
    ];
    for (what, client, server, expected) in steps {
        assert_eq!(failed_at(json!({}), &with(CLIENT, client), &with(SERVER, server)), Some(expected), "{what}");
    }
    let unasked = TripleHandshake::from_json(r#"{"renegotiates": {"by": "server"}}"#).unwrap();
    let report = run(&unasked, CLIENT, SERVER);
    assert_eq!(report.verdict.failed_at, Some(Step::ClientAuthentication), "the server does not ask");
    assert_eq!(report.attributed.unwrap().client_certificate, None);
    assert_eq!(run(&unasked, CLIENT, &with(SERVER, "request_certificate=full")).verdict.failed_at, None, "it does");
}

/// RFC 5746 is no obstacle, since it binds to what is the same; nor does its absence matter.
#[test]
fn rfc_5746_alone_does_not_stop_it() {
    let legacy = "renegotiation=legacy,renegotiation_info=off";
    assert_eq!(failed_at(json!({}), &with(CLIENT, legacy), &with(SERVER, legacy)), None);
    // The ClientHello of handshake 3, which the attacker passes on as it is, has the client's Finished of handshake 2: to
    // the server it is its own.
    let report = run(&attack(json!({})), CLIENT, SERVER);
    let Legs { client, server } = &report.connections[1];
    let expected = [(client, Side::Client), (server, Side::Server)].map(|(leg, side)| {
        let of_client = leg.trace.iter().find_map(|traced| match &traced.event {
            Event::VerifyData { sender: Side::Client, verify_data, .. } if traced.side == side => Some(verify_data),
            _ => None,
        });
        of_client.unwrap().clone()
    });
    let hello = server.messages().filter(|sent| sent.message.name() == "ClientHello").last().unwrap();
    let Message::Handshake(Handshake::ClientHello(hello)) = hello.message else { panic!("no hello") };
    assert_eq!(hello.extensions().renegotiation_info(), Some(&expected[0]));
    assert_eq!(expected[0], expected[1]);
}

/// Each thing that the attacker does, left out.
#[test]
fn what_the_attacker_has_to_do() {
    for (attacker, expected) in [
        (json!({"randoms": "own"}), Step::SameMasterSecret),
        (json!({"session": "own"}), Step::Resumption),
        (json!({"sends": ""}), Step::Injection),
    ] {
        assert_eq!(failed_at(attacker.clone(), CLIENT, SERVER), Some(expected), "{attacker}");
    }
}

/// The group that is none passes every check but one for primes; yet its secret is half as long as its modulus.
#[test]
fn what_a_client_notices_of_the_group() {
    let dhe = || json!({"key_exchange": "dhe"});
    for (what, client, server, expected) in [
        ("a check of the subgroup cannot be made", "public_value_check=subgroup", "", None),
        ("a client that keeps leading zeros", "premaster_zeros=keep", "", Some(Step::FirstHandshake)),
        ("one that wants a longer prime", "min_group_bits=2048", "groups=modp1024", Some(Step::FirstHandshake)),
        (
            "one that wants a long prime takes it, and not the server's own of handshake 3",
            "min_group_bits=1500",
            "groups=modp1024",
            Some(Step::Renegotiation),
        ),
        ("one that wants a prime", "group_check=safe_prime", "", Some(Step::FirstHandshake)),
        ("one that wants a group it knows", "group_check=named", "", Some(Step::FirstHandshake)),
        ("a server that takes no short public value", "", "short_public_value=reject", Some(Step::FirstHandshake)),
        ("a server's group that is too long", "", "groups=ffdhe6144", Some(Step::FirstHandshake)),
    ] {
        assert_eq!(failed_at(dhe(), &with(CLIENT, client), &with(SERVER, server)), expected, "{what}");
    }
}

#[test]
fn the_client_may_begin_handshake_3() {
    let attack = TripleHandshake::from_json(r#"{"renegotiates": {"by": "client"}}"#).unwrap();
    let server = with(SERVER, "request_certificate=full,renegotiation=secure");
    assert_eq!(run(&attack, CLIENT, &server).verdict.failed_at, None);
}

#[test]
fn a_seed_gives_the_same_attack() {
    let [one, again] = [(); 2].map(|()| run(&attack(json!({})), CLIENT, SERVER));
    assert_eq!(one, again);
    let attack = attack(json!({}));
    let client = ClientBehaviour::from_assignments(CLIENT).unwrap();
    let server = ServerBehaviour::from_assignments(SERVER).unwrap();
    let other = attack.run(&client, &server, 2).unwrap();
    assert!(other.verdict.succeeded);
    assert_ne!(other.connections[0].client.flights, one.connections[0].client.flights);
}

#[test]
fn what_is_no_attack() {
    for (text, expected) in [
        ("{", "not an attack"),
        (r#"{"attackers": 1}"#, "unknown field `attackers`"),
        (r#"{"attacker": {"key_exchange": "ecdhe"}}"#, "unknown variant `ecdhe`, expected `rsa` or `dhe`"),
    ] {
        let error = TripleHandshake::from_json(text).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    let [client, server] = [ClientBehaviour::default().to_value(), ServerBehaviour::default().to_value()];
    let client = ClientBehaviour::from_value(&client.into()).unwrap();
    let server = ServerBehaviour::from_value(&server.into()).unwrap();
    let wrong = r#"{"renegotiates": {"by": "client", "request_certificate": "full"}}"#;
    let error = TripleHandshake::from_json(wrong).unwrap().run(&client, &server, 1).unwrap_err();
    assert_eq!(error, AttackError::Renegotiation);
    let long = TripleHandshake { client_sends: vec![b'a'; (1 << 20) + 1].into(), ..TripleHandshake::default() };
    let error = long.run(&client, &server, 1).unwrap_err();
    assert_eq!(error, AttackError::TooLong { what: "client_sends", got: (1 << 20) + 1 });
}
