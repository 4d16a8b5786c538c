//! The whole table of RFC 7627 5.3: session with and without EMS, hello with and without, each answer that a server may
//! give, each extension that it may send back, each check of a client; by session id and by ticket, in every version.
//! What each cell must come to is worked out here, from the RFC's words.

use serde_json::{Value, json};
use tlslab_proto::crypto::Side;
use tlslab_proto::endpoint::session::SessionKind;
use tlslab_proto::endpoint::trace::Event;
use tlslab_proto::wire::registry::AlertDescription;

use super::pump::{Outcome, Pair, Setup};

/// One cell.
#[derive(Debug, Clone, Copy)]
struct Cell {
    version: &'static str,
    kind: SessionKind,
    session_ems: bool,
    hello_ems: bool,
    /// What the server does where session and hello are not both with EMS.
    policy: &'static str,
    echo: &'static str,
    check: &'static str,
}

/// What a second connection comes to.
#[derive(Debug, PartialEq, Eq)]
enum Expected {
    Aborts(Side),
    Full { ems: bool },
    Resumes { ems: bool },
}

impl Cell {
    fn all() -> Vec<Self> {
        let mut cells = Vec::new();
        for version in ["TLSv1.0", "TLSv1.1", "TLSv1.2"] {
            for kind in [SessionKind::SessionId, SessionKind::Ticket] {
                for (session_ems, hello_ems) in [(true, true), (true, false), (false, true), (false, false)] {
                    for policy in ["full", "resume", "abort"] {
                        for echo in ["session", "hello", "omit"] {
                            for check in ["enforce", "ignore"] {
                                cells.push(Self { version, kind, session_ems, hello_ems, policy, echo, check });
                            }
                        }
                    }
                }
            }
        }
        cells
    }

    fn expected(self) -> Expected {
        // "If the original session did not use the extension but the new ClientHello contains it", and the other way
        // round, and neither: what the server does then is its policy. Both: it resumes.
        let server_does = if self.session_ems && self.hello_ems { "resume" } else { self.policy };
        match server_does {
            "abort" => Expected::Aborts(Side::Server),
            "full" => Expected::Full { ems: self.hello_ems },
            _ => {
                // What was not offered is not answered (RFC 5246 7.4.1.4).
                let answered = self.hello_ems
                    && match self.echo {
                        "session" => self.session_ems,
                        "hello" => true,
                        _ => false,
                    };
                // "If the original session did not use the extension but the new ServerHello contains it, the client
                // MUST abort"; and the other way round.
                if answered != self.session_ems && self.check == "enforce" {
                    Expected::Aborts(Side::Client)
                } else {
                    Expected::Resumes { ems: self.session_ems }
                }
            }
        }
    }

    fn first(self) -> Setup {
        let resumption = match self.kind {
            SessionKind::SessionId => "session_id",
            SessionKind::Ticket => "ticket",
        };
        let client = json!({
            "versions": [self.version], "ems": ems(self.session_ems), "resumption": resumption,
            "offer_without_ems": "offer", "offer_downgrade": "offer", "resumed_ems_check": self.check,
        });
        // Only the policy that the cell is about is set to its value; the others would give another result.
        let other = if self.policy == "full" { "abort" } else { "full" };
        let policy = |about: bool| if about { self.policy } else { other };
        let server = json!({
            "resumption": resumption, "resumed_ems_echo": self.echo,
            "resume_upgrade": policy(!self.session_ems && self.hello_ems),
            "resume_downgrade": policy(self.session_ems && !self.hello_ems),
            "resume_legacy": policy(!self.session_ems && !self.hello_ems),
        });
        Setup::new(client, server)
    }
}

fn ems(on: bool) -> Value {
    json!(if on { "on" } else { "off" })
}

/// The master secret of each side, the client's first.
fn masters(pair: &mut Pair) -> [Vec<u8>; 2] {
    [Side::Client, Side::Server].map(|side| {
        let master = |event: &Event| match event {
            Event::MasterSecret { master, .. } | Event::SessionResumed { master, .. } => Some(master.to_vec()),
            _ => None,
        };
        pair.trace(side).iter().find_map(master).expect("there is a master secret")
    })
}

#[test]
fn every_cell_comes_to_what_rfc_7627_says() {
    let cells = Cell::all();
    assert_eq!(cells.len(), 3 * 2 * 4 * 3 * 3 * 2);
    for cell in cells {
        let first = cell.first();
        let mut established = first.run();
        assert_eq!(established.outcome(), Outcome::Established, "{cell:?}");
        let [before, _] = masters(&mut established);

        let second = Setup { connection: 1, ..first }.with_client(json!({"ems": ems(cell.hello_ems)}));
        let mut pair = second.run();
        match cell.expected() {
            Expected::Aborts(side) => {
                assert_eq!(pair.outcome(), Outcome::Alert(side, AlertDescription::HANDSHAKE_FAILURE), "{cell:?}");
            }
            Expected::Full { ems } => {
                assert_eq!(pair.outcome(), Outcome::Established, "{cell:?}");
                let [client, server] = masters(&mut pair);
                assert!(client == server && client != before, "{cell:?}");
                for established in [pair.client.established(), pair.server.established()].map(Option::unwrap) {
                    assert_eq!((established.resumed, established.ems), (None, ems), "{cell:?}");
                }
            }
            Expected::Resumes { ems } => {
                assert_eq!(pair.outcome(), Outcome::Established, "{cell:?}");
                assert_eq!(masters(&mut pair), [before.clone(), before], "{cell:?}");
                for established in [pair.client.established(), pair.server.established()].map(Option::unwrap) {
                    assert_eq!((established.resumed, established.ems), (Some(cell.kind), ems), "{cell:?}");
                }
                pair.client.send(b"ping");
                pair.pump();
                assert_eq!(pair.server.take_received(), b"ping", "{cell:?}");
            }
        }
    }
}

/// The defaults of both sides, by the words of RFC 7627 5.3: what a client offers, and what a server does then.
#[test]
fn the_defaults_are_the_rfcs() {
    let offers =
        |pair: &mut Pair| pair.client.trace().iter().any(|event| matches!(event, Event::SessionOffered { .. }));
    for (session_ems, hello_ems, offered) in
        [(true, true, true), (true, false, false), (false, true, false), (false, false, false)]
    {
        let first = Setup::new(json!({"ems": ems(session_ems)}), json!({}));
        let mut pair = first.next().with_client(json!({"ems": ems(hello_ems)})).run();
        assert_eq!(offers(&mut pair), offered, "session {session_ems}, hello {hello_ems}");
        let established = pair.server.established().expect("nothing is aborted that was not offered");
        assert_eq!(established.resumed.is_some(), offered);
    }
    // "MUST NOT perform the abbreviated handshake ... SHOULD continue with a full handshake"; "MUST abort"; "SHOULD
    // abort".
    let failure = Outcome::Alert(Side::Server, AlertDescription::HANDSHAKE_FAILURE);
    for (session_ems, hello_ems, expected) in
        [(false, true, Outcome::Established), (true, false, failure.clone()), (false, false, failure)]
    {
        let offering = json!({"ems": ems(session_ems), "offer_without_ems": "offer", "offer_downgrade": "offer"});
        let second = Setup::new(offering, json!({})).next().with_client(json!({"ems": ems(hello_ems)}));
        let pair = second.run();
        assert_eq!(pair.outcome(), expected, "session {session_ems}, hello {hello_ems}");
        assert_eq!(pair.server.established().and_then(|established| established.resumed), None);
    }
}
