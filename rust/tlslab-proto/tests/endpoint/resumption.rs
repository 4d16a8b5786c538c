//! Resumption by session id and by ticket: the flights, what keeps a session from being resumed, and what is forgotten.

use serde_json::{Value, json};
use tlslab_proto::behaviour::values::ResumePolicy;
use tlslab_proto::crypto::Side;
use tlslab_proto::endpoint::edit::Change;
use tlslab_proto::endpoint::session::{ClientSession, Handle, SessionKind, SessionStores, Ticket, TicketKey};
use tlslab_proto::endpoint::trace::{Event, ResumptionReason};
use tlslab_proto::wire::registry::AlertDescription;
use tlslab_proto::wire::{Handshake, Message};

use super::pump::{Outcome, Pair, Setup};

const SUITE: &str = "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256";
const OTHER_SUITE: &str = "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384";

fn by(resumption: &str) -> Setup {
    Setup::both(json!({"resumption": resumption}))
}

/// What the server decided, if something was offered.
fn decision(pair: &mut Pair) -> Option<(ResumePolicy, ResumptionReason)> {
    pair.server.trace().iter().find_map(|event| match event {
        Event::ResumptionDecided { decision, reason, .. } => Some((*decision, *reason)),
        _ => None,
    })
}

fn resumed(pair: &Pair) -> Option<SessionKind> {
    let [client, server] = [pair.client.established(), pair.server.established()].map(|established| {
        established.unwrap_or_else(|| panic!("the handshake did not finish: {:?}", pair.outcome())).resumed
    });
    assert_eq!(client, server);
    client
}

/// The session ids and tickets of the hellos, the client's and then the server's.
fn hellos(pair: &mut Pair) -> [(Vec<u8>, Option<Vec<u8>>); 2] {
    let ticket = |ticket: Option<&tlslab_proto::wire::Bytes>| ticket.map(|ticket| ticket.to_vec());
    [Side::Client, Side::Server].map(|side| match &pair.sent(side)[0] {
        Message::Handshake(Handshake::ClientHello(hello)) => {
            (hello.session_id.to_vec(), ticket(hello.extensions().session_ticket()))
        }
        Message::Handshake(Handshake::ServerHello(hello)) => {
            (hello.session_id.to_vec(), ticket(hello.extensions().session_ticket()))
        }
        other => panic!("{} came first", other.name()),
    })
}

fn new_ticket(pair: &mut Pair) -> Option<Vec<u8>> {
    pair.server.trace().iter().find_map(|event| match event {
        Event::NewTicket { ticket, .. } => Some(ticket.to_vec()),
        _ => None,
    })
}

/// The session that a client without a server's name has kept.
fn kept(sessions: &SessionStores) -> Option<ClientSession> {
    sessions.client.get(None)
}

#[test]
fn the_flights_of_a_session_id() {
    let first = by("session_id");
    let mut full = first.run();
    let [(offered, _), (given, promise)] = hellos(&mut full);
    assert_eq!((offered.len(), given.len(), promise), (0, 32, None));

    let mut pair = first.next().run();
    assert_eq!(resumed(&pair), Some(SessionKind::SessionId));
    assert_eq!(hellos(&mut pair), [(given.clone(), None), (given, None)]);
    assert_eq!(pair.sent_names(Side::Server), ["ServerHello", "ChangeCipherSpec", "Finished"]);
    assert_eq!(pair.sent_names(Side::Client), ["ClientHello", "ChangeCipherSpec", "Finished"]);
    assert_eq!(decision(&mut pair), Some((ResumePolicy::Resume, ResumptionReason::Match)));
}

#[test]
fn the_flights_of_a_ticket() {
    for (session_id, renewal) in [("fresh", "never"), ("fresh", "always"), ("empty", "never"), ("empty", "always")] {
        let first = Setup::new(
            json!({"resumption": "ticket", "ticket_session_id": session_id}),
            json!({"resumption": "ticket", "ticket_renewal": renewal}),
        );
        let mut full = first.run();
        // RFC 5077 3.1: asked for by an empty extension, promised by another, sent before the ChangeCipherSpec.
        assert_eq!(hellos(&mut full), [(vec![], Some(vec![])), (vec![], Some(vec![]))]);
        assert_eq!(full.sent_names(Side::Server)[4..], ["NewSessionTicket", "ChangeCipherSpec", "Finished"]);
        let ticket = new_ticket(&mut full).expect("a ticket was issued");

        let mut pair = first.next().run();
        assert_eq!(resumed(&pair), Some(SessionKind::Ticket));
        let [(sent_id, offered), (echoed_id, promise)] = hellos(&mut pair);
        assert_eq!(offered.as_ref(), Some(&ticket));
        assert_eq!(sent_id.len(), if session_id == "fresh" { 32 } else { 0 });
        // RFC 5077 3.4: "it MUST respond with the same Session ID".
        assert_eq!(sent_id, echoed_id);
        let renewed = (renewal == "always").then_some("NewSessionTicket");
        let names: Vec<_> =
            ["ServerHello"].into_iter().chain(renewed).chain(["ChangeCipherSpec", "Finished"]).collect();
        assert_eq!(pair.sent_names(Side::Server), names);
        assert_eq!(promise.is_some(), renewed.is_some());

        let Some(ClientSession { handle: Handle::Ticket(Ticket { ticket: next, .. }), .. }) = kept(&first.sessions)
        else {
            panic!("the client keeps a ticket");
        };
        let expected = new_ticket(&mut pair).unwrap_or_else(|| ticket.clone());
        assert_eq!((next.to_vec(), next[..] == ticket[..]), (expected, renewed.is_none()));
        // The third resumes by what the second left.
        assert_eq!(resumed(&Setup { connection: 2, ..first }.run()), Some(SessionKind::Ticket));
    }
}

#[test]
fn what_both_sides_know_is_used() {
    use SessionKind::{SessionId, Ticket};
    for (client, server, kind) in [
        ("none", "both", None),
        ("both", "none", None),
        ("session_id", "ticket", None),
        ("ticket", "session_id", None),
        ("session_id", "both", Some(SessionId)),
        ("both", "session_id", Some(SessionId)),
        ("ticket", "both", Some(Ticket)),
        ("both", "ticket", Some(Ticket)),
        ("both", "both", Some(Ticket)),
    ] {
        let first = Setup::new(json!({"resumption": client}), json!({"resumption": server}));
        let mut pair = first.next().run();
        assert_eq!(resumed(&pair), kind, "{client} and {server}");
        let [_, (given, _)] = hellos(&mut pair);
        assert_eq!(
            given.is_empty(),
            kind.is_none() && (server == "none" || server == "ticket"),
            "{client} and {server}"
        );
    }
}

/// Second connections that the server declines to resume, by what changes before them.
#[test]
fn what_is_declined_becomes_a_full_handshake() {
    type Before = fn(Setup) -> Setup;
    let forgetting: Before = |setup| {
        let Some(Handle::SessionId(id)) = kept(&setup.sessions).map(|kept| kept.handle) else { panic!("no id") };
        setup.sessions.server.remove(&id);
        setup
    };
    let other_key: Before = |setup| {
        let fresh = SessionStores::default();
        fresh.server.ticket_key(TicketKey::new([9; TicketKey::LEN]));
        Setup { sessions: SessionStores { client: setup.sessions.client.clone(), ..fresh }, ..setup }
    };
    let cases: [(&str, &str, ResumptionReason, Before); 8] = [
        ("forgotten", "session_id", ResumptionReason::Unknown, forgetting),
        ("expired", "session_id", ResumptionReason::Expired, |setup| Setup { now: 86_400, ..setup }),
        ("key changed", "ticket", ResumptionReason::TicketRefused, other_key),
        ("expired ticket", "ticket", ResumptionReason::Expired, |setup| {
            Setup { now: 60, ..setup }.with_server(json!({"ticket_lifetime": 60}))
        }),
        ("older version", "session_id", ResumptionReason::Version, |setup| {
            setup.with_server(json!({"versions": ["TLSv1.1"]}))
        }),
        ("older version by ticket", "ticket", ResumptionReason::Version, |setup| {
            setup.with_server(json!({"versions": ["TLSv1.1"]}))
        }),
        ("suite not spoken", "session_id", ResumptionReason::Suite, |setup| {
            setup.with_server(json!({"without_suites": [SUITE]}))
        }),
        ("suite not spoken, by ticket", "ticket", ResumptionReason::Suite, |setup| {
            setup.with_server(json!({"without_suites": [SUITE]}))
        }),
    ];
    for (what, resumption, reason, before) in cases {
        let first = by(resumption);
        let mut pair = before(first.next()).run();
        assert_eq!(decision(&mut pair), Some((ResumePolicy::Full, reason)), "{what}");
        assert_eq!(resumed(&pair), None, "{what}");
        // RFC 5077 3.3: a client that wants a ticket gets a new one.
        assert_eq!(new_ticket(&mut pair).is_some(), resumption == "ticket", "{what}");
    }
}

/// RFC 5246 7.4.1.2: a client that offers a session must offer its suite.
#[test]
fn a_session_without_its_suite_is_refused() {
    for resumption in ["session_id", "ticket"] {
        let suites = Change::SetField { path: "cipher_suites".to_owned(), value: json!([OTHER_SUITE]) };
        let mut pair = by(resumption).next().edit(Side::Client, "ClientHello", suites).run();
        assert_eq!(decision(&mut pair), Some((ResumePolicy::Abort, ResumptionReason::Suite)), "{resumption}");
        assert_eq!(pair.outcome(), Outcome::Alert(Side::Server, AlertDescription::ILLEGAL_PARAMETER), "{resumption}");
    }
}

#[test]
fn a_session_lives_until_its_time_is_up() {
    for (resumption, lifetime) in [("session_id", "session_lifetime"), ("ticket", "ticket_lifetime")] {
        for (now, expected) in [(99, true), (100, false)] {
            let first = Setup { now: 50, ..by(resumption) }.with_server(json!({lifetime: 50}));
            let pair = Setup { now, ..first.next() }.run();
            assert_eq!(resumed(&pair).is_some(), expected, "{resumption} at {now}");
        }
    }
    // A clock that was set back makes no session older.
    let first = Setup { now: 1_000_000, ..by("session_id") };
    assert!(resumed(&Setup { now: 0, ..first.next() }.run()).is_some());
}

/// RFC 5077 3.3: "A client SHOULD delete the ticket and associated state when the time expires."
#[test]
fn a_client_does_not_offer_a_ticket_beyond_its_hint() {
    let first = by("ticket").with_server(json!({"ticket_lifetime": 60}));
    let mut pair = Setup { now: 60, ..first.next() }.with_server(json!({"ticket_lifetime": 600})).run();
    assert_eq!((resumed(&pair), decision(&mut pair)), (None, None));
}

#[test]
fn no_changed_ticket_is_accepted() {
    let first = by("ticket");
    let second = first.next();
    let Some(ClientSession { handle: Handle::Ticket(ticket), session }) = kept(&first.sessions) else {
        panic!("no ticket")
    };
    let length = ticket.ticket.len();
    let forgeries = (0..length)
        .map(|position| {
            let mut forged = ticket.ticket.to_vec();
            forged[position] ^= 0x80;
            forged
        })
        .chain((1..length).map(|length| ticket.ticket[..length].to_vec()))
        .chain([[&ticket.ticket[..], &[0]].concat(), vec![0; 0xffff - 1_000]]);
    for forged in forgeries {
        let handle = Handle::Ticket(Ticket { ticket: forged.clone().into(), ..ticket.clone() });
        second.sessions.client.put(None, ClientSession { handle, session: session.clone() });
        let mut pair = second.pair();
        // The answer is in the server's first flight; the handshake need not be run to its end.
        super::pump::shuttle(&mut pair.client, &mut pair.server, &mut Vec::new());
        super::pump::settle(&mut pair.server);
        assert_eq!(decision(&mut pair), Some((ResumePolicy::Full, ResumptionReason::TicketRefused)), "{forged:?}");
        assert!(pair.sent_names(Side::Server).contains(&"Certificate"));
    }
    let handle = Handle::Ticket(ticket);
    second.sessions.client.put(None, ClientSession { handle, session });
    assert_eq!(resumed(&second.run()), Some(SessionKind::Ticket));
}

#[test]
fn a_session_is_not_resumed_under_another_servers_name() {
    for resumption in ["session_id", "ticket"] {
        let first = by(resumption).with_client(json!({"server_name": "one.example"}));
        let second = first.next();
        // A client does not even offer it.
        let mut pair = second.clone().with_client(json!({"server_name": "two.example"})).run();
        assert_eq!((resumed(&pair), decision(&mut pair)), (None, None));
        // Where it does, the server declines (RFC 6066 3).
        let session = first.sessions.client.get(Some("one.example")).unwrap();
        for (name, reason) in [("two.example", ResumptionReason::ServerName), ("ONE.example", ResumptionReason::Match)]
        {
            second.sessions.client.put(Some(name), session.clone());
            let mut pair = second.clone().with_client(json!({"server_name": name})).run();
            assert_eq!(decision(&mut pair).map(|(_, reason)| reason), Some(reason), "{name}");
            assert_eq!(resumed(&pair).is_some(), reason == ResumptionReason::Match, "{name}");
        }
    }
}

#[test]
fn a_session_whose_servers_name_is_endless_is_not_kept() {
    let first = by("both").with_client(json!({"server_name": "a".repeat(256)}));
    let mut pair = first.run();
    assert_eq!(hellos(&mut pair)[1], (vec![], None));
    assert!(first.sessions.client.get(Some(&"a".repeat(256))).is_none());
}

/// RFC 5246 7.2.2: "Servers and clients MUST forget any session-identifiers, keys, and secrets associated with a failed
/// connection."
#[test]
fn a_fatal_alert_makes_both_sides_forget() {
    let spoil = |setup: Setup| {
        let zeros = json!("000000000000000000000000");
        setup.set(Side::Client, "Finished", "verify_data", zeros)
    };
    for resumption in ["session_id", "ticket"] {
        let first = by(resumption);
        let second = first.next();
        let handle = kept(&first.sessions).expect("the first connection leaves a session").handle;
        // The client's Finished is the last message here: the client has finished by then.
        assert_eq!(
            spoil(second.clone()).outcome(),
            Outcome::Alert(Side::Server, AlertDescription::DECRYPT_ERROR),
            "{resumption}"
        );
        assert_eq!(kept(&first.sessions), None, "{resumption}");
        if let Handle::SessionId(id) = handle {
            assert_eq!(first.sessions.server.get(&id), None);
        }
        let third = Setup { connection: 2, ..second };
        assert_eq!((resumed(&third.run()), decision(&mut third.run()).is_some()), (None, true), "{resumption}");
    }
    // One that fails in a full handshake, before or after it is kept, leaves nothing either.
    let failed = spoil(by("session_id"));
    assert!(matches!(failed.outcome(), Outcome::Alert(Side::Server, _)));
    assert_eq!(kept(&failed.sessions), None);
    let late = by("session_id");
    let mut pair = late.run();
    let Some(Handle::SessionId(id)) = kept(&late.sessions).map(|kept| kept.handle) else { panic!("no id") };
    let bytes = [23, 3, 3, 0, 1, 0];
    pair.server.receive(&bytes);
    pair.pump();
    assert_eq!(pair.outcome(), Outcome::Alert(Side::Server, AlertDescription::BAD_RECORD_MAC));
    assert_eq!((kept(&late.sessions), late.sessions.server.get(&id)), (None, None));
}

#[test]
fn a_connection_that_closes_well_leaves_its_session() {
    let first = by("session_id");
    let mut pair = first.run();
    pair.client.close();
    pair.pump();
    assert!(kept(&first.sessions).is_some());
}

/// RFC 5246 7.4.1.3: suite and version of an abbreviated ServerHello are the session's.
#[test]
fn a_client_refuses_to_be_resumed_with_another_suite_or_version() {
    for resumption in ["session_id", "ticket"] {
        for (field, value) in [("cipher_suite", json!(OTHER_SUITE)), ("server_version", json!("TLSv1.1"))] {
            for session_id in ["fresh", "empty"] {
                let suites: Value = json!([SUITE, OTHER_SUITE, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA"]);
                let first = by(resumption).with_client(json!({"suites": suites, "ticket_session_id": session_id}));
                let first = match field {
                    "server_version" => first.with_client(json!({"suites": ["TLS_DHE_RSA_WITH_AES_128_CBC_SHA"]})),
                    _ => first,
                };
                let outcome = first.next().set(Side::Server, "ServerHello", field, value.clone()).outcome();
                let illegal = Outcome::Alert(Side::Client, AlertDescription::ILLEGAL_PARAMETER);
                // Without a session id the client learns of it only after more messages, the ChangeCipherSpec first.
                assert_eq!(outcome, illegal, "{resumption}, {field}, {session_id}");
            }
        }
    }
}

#[test]
fn a_ticket_that_was_promised_must_come_and_another_must_not() {
    let unexpected = Outcome::Alert(Side::Client, AlertDescription::UNEXPECTED_MESSAGE);
    for session_id in ["fresh", "empty"] {
        let client = json!({"resumption": "ticket", "ticket_session_id": session_id});
        let first = Setup::new(client, json!({"resumption": "ticket", "ticket_renewal": "always"}));
        assert_eq!(first.clone().edit(Side::Server, "NewSessionTicket", Change::Drop).outcome(), unexpected);
        assert_eq!(first.next().edit(Side::Server, "NewSessionTicket", Change::Drop).outcome(), unexpected);
        let unasked = json!([{"type": "extended_master_secret"}]);
        assert_eq!(first.next().set(Side::Server, "ServerHello", "extensions", unasked).outcome(), unexpected);
    }
    // RFC 5077 3.3: "it sends a zero-length ticket".
    let changed_mind = by("both").set(Side::Server, "NewSessionTicket", "ticket", json!(""));
    let mut pair = changed_mind.run();
    assert_eq!(kept(&changed_mind.sessions), None, "{:?}", pair.sent_names(Side::Client));
}

#[test]
fn a_saved_session_comes_back_and_no_other_text_does() {
    for resumption in ["session_id", "ticket"] {
        let first = by(resumption).with_client(json!({"server_name": "one.example"}));
        first.run();
        let session = first.sessions.client.get(Some("one.example")).unwrap();
        let json = session.to_json();
        assert_eq!(ClientSession::from_json(&json), Ok(session));
        let broken = |from: &str, to: &str| {
            assert!(json.contains(from), "{json}");
            ClientSession::from_json(&json.replacen(from, to, 1)).unwrap_err().to_string()
        };
        assert!(broken(r#""schema":1"#, r#""schema":2"#).contains("form 2"));
        assert!(broken(r#""master_secret":""#, r#""master_secret":"00"#).contains("48 bytes, and not 49"));
        assert!(broken(r#""ems""#, r#""emz""#).contains("emz"));
        for text in ["", "{}", "[]", "null", "{\"schema\":1}"] {
            assert!(ClientSession::from_json(text).is_err(), "{text}");
        }
    }
    let long = r#"{"schema":1,"handle":{"session_id":"ID"},"session":{"version":"TLSv1.2","suite":
        "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256","master_secret":"MS","ems":true,"server_name":null,"created_at":0}}"#
        .replace("MS", &"00".repeat(48));
    assert!(ClientSession::from_json(&long.replace("ID", &"00".repeat(32))).is_ok());
    for length in [0, 33] {
        let error = ClientSession::from_json(&long.replace("ID", &"00".repeat(length))).unwrap_err();
        assert!(error.to_string().contains(&format!("not {length}")), "{error}");
    }
}

/// What an application holds two connections against each other by, and how it ends one that it will not have.
#[test]
fn an_application_knows_the_session_and_can_abort() {
    let first = by("session_id");
    assert_eq!(first.pair().client.master_secret(), None);
    let (mut once, again) = (first.run(), first.next().run());
    let master = once.client.master_secret().cloned();
    assert!(master.is_some());
    assert_eq!([&once.server, &again.server].map(|server| server.master_secret()), [master.as_ref(); 2]);
    assert_eq!(again.client.master_secret(), master.as_ref());
    let full = first.next().with_client(json!({"resumption": "none"})).run();
    assert_ne!(full.client.master_secret(), master.as_ref());
    once.client.abort(AlertDescription::ACCESS_DENIED, "it is not wanted");
    once.pump();
    assert_eq!(once.outcome(), Outcome::Alert(Side::Client, AlertDescription::ACCESS_DENIED));
}
