//! Peers that stall now and then: a connection that ran out of time is no evidence.

use serde_json::{Value, json};
use tlslab::peer::PeerError;
use tlslab::probe::client::{Heard, ListenOptions, Meet, Meeting, MemoryClient, Met, probe_client};
use tlslab::probe::{Call, Dial, Dialled, Ended, MemoryServer, ProbeOptions, Report, Watch, probe_server};
use tlslab::scenario::connection::Connection;
use tlslab::scenario::outcome::Kind;
use tlslab_proto::behaviour::{ClientBehaviour, ServerBehaviour};
use tlslab_proto::crypto::Side;
use tlslab_proto::endpoint::trace::Event;
use tlslab_proto::wire::{Handshake, Message};

use crate::random::{Random, small_groups};

/// One suite and a short group: what is asked is the same, in fewer connections.
const SMALL: &str = "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256";

/// When a peer stalls, if it does: in every connection from one on, or in one of three, but never twice at one question,
/// whose repetition may be the next connection or the one after that.
enum Stalls {
    Never,
    From(u16),
    NowAndThen { random: Random, steady: usize },
}

impl Stalls {
    fn now_and_then(seed: u64) -> Self {
        Self::NowAndThen { random: Random::new(seed), steady: 0 }
    }

    fn at(&mut self, number: u16) -> bool {
        match self {
            Self::Never => false,
            Self::From(first) => number >= *first,
            Self::NowAndThen { random, steady } => {
                let stalls = *steady > 2 && random.below(3) == 0;
                *steady = if stalls { 0 } else { *steady + 1 };
                stalls
            }
        }
    }
}

/// Takes away what the peer said last, as if it were still to come when time was up: all but its hello, or its Finished.
fn cut(connection: &mut Connection, peer: Side, random: &mut Random) {
    if random.below(2) == 0 {
        let is_kept = |message: &Message| matches!(message, Message::Handshake(Handshake::ClientHello(_)));
        connection.trace.retain(|traced| match &traced.event {
            Event::Sent { message, .. } => traced.side != peer || is_kept(message),
            Event::Received { message } => is_kept(message),
            _ => false,
        });
    }
    connection.trace.retain(|traced| !matches!(traced.event, Event::Established { .. }));
    connection.outcome.kind = Kind::TimedOut;
    (connection.outcome.alert, connection.outcome.sender) = (None, None);
}

struct Server {
    server: MemoryServer,
    stalls: Stalls,
    random: Random,
}

impl Dial for Server {
    fn dial(&mut self, call: Call<'_>) -> Result<Dialled, PeerError> {
        let mut dialled = self.server.dial(call)?;
        if self.stalls.at(call.number) {
            cut(&mut dialled.connection, Side::Server, &mut self.random);
            dialled = Dialled { session: None, late: true, ..dialled };
        }
        Ok(dialled)
    }
}

struct Client {
    client: MemoryClient,
    stalls: Stalls,
    random: Random,
}

impl Meet for Client {
    fn meet(&mut self, meeting: Meeting<'_>) -> Result<Option<Met>, PeerError> {
        let mut met = self.client.meet(meeting)?.expect("it comes");
        if self.stalls.at(meeting.number) {
            cut(&mut met.connection, Side::Client, &mut self.random);
            met.late = true;
        }
        Ok(Some(met))
    }
}

fn server(knobs: &Value, stalls: Stalls) -> Report {
    let mut small = json!({"versions": ["TLSv1.2"], "suites": [SMALL], "groups": [small_groups()[0]]});
    small.as_object_mut().expect("an object").extend(knobs.as_object().expect("an object").clone());
    let behaviour = ServerBehaviour::from_value(&small).expect("the knobs are sound");
    let server = MemoryServer::new(&behaviour, 1).expect("the behaviour is sound");
    let mut dial = Server { server, stalls, random: Random::new(7) };
    probe_server(&mut dial, &ProbeOptions::new(1), &Watch::default()).expect("it is there")
}

fn client(knobs: &Value, stalls: Stalls) -> Report<Heard> {
    let mut small = json!({"versions": ["TLSv1.2"], "suites": [SMALL]});
    small.as_object_mut().expect("an object").extend(knobs.as_object().expect("an object").clone());
    let behaviour = ClientBehaviour::from_value(&small).expect("the knobs are sound");
    let client = MemoryClient::new(&behaviour, 1).expect("the behaviour is sound");
    let mut meet = Client { client, stalls, random: Random::new(7) };
    let options = ListenOptions { seed: 1, max_connections: u16::MAX, sequential: None, max_time: None };
    probe_client(&mut meet, &options, &Watch::default()).expect("it comes")
}

fn values<O>(report: &Report<O>) -> Vec<(&'static str, String)> {
    report.findings.iter().map(|finding| (finding.id, finding.value.clone())).collect()
}

const ZEROS: [&str; 4] = ["strip", "keep", "strip_one", "sign_byte"];

#[test]
fn a_server_that_stalls_now_and_then_is_judged_as_one_that_does_not() {
    for zeros in ZEROS {
        let knobs = json!({"premaster_zeros": zeros, "premaster_zeros_ems": zeros});
        let steady = server(&knobs, Stalls::Never);
        for seed in 0..8 {
            let report = server(&knobs, Stalls::now_and_then(seed));
            assert_eq!(report.ended, Ended::Complete);
            assert_eq!(values(&report), values(&steady), "{zeros}, seed {seed}");
            let late = report.connections.iter().filter(|seen| seen.late).count();
            // One whose session was used up took a new one.
            assert!(report.connections.len() >= steady.connections.len() + late);
            assert!(report.findings.iter().all(|finding| finding.reason.is_none()));
        }
    }
}

#[test]
fn a_client_that_stalls_now_and_then_is_judged_as_one_that_does_not() {
    for zeros in ["strip", "keep", "sign_byte"] {
        let knobs = json!({"premaster_zeros": zeros, "premaster_zeros_ems": zeros});
        let steady = client(&knobs, Stalls::Never);
        for seed in 0..3 {
            let report = client(&knobs, Stalls::now_and_then(seed));
            assert_eq!(report.ended, Ended::Complete);
            assert_eq!(values(&report), values(&steady), "{zeros}, seed {seed}");
        }
    }
}

/// Wherever a peer begins to stall for good, nothing is said that it would not have been said otherwise.
#[test]
fn what_a_stalling_server_is_not_seen_to_do_is_undecided_and_the_report_says_why() {
    for zeros in ZEROS {
        let knobs = json!({"premaster_zeros": zeros, "premaster_zeros_ems": zeros});
        let steady = server(&knobs, Stalls::Never);
        for first in 0..u16::try_from(steady.connections.len()).expect("it is short") {
            let report = server(&knobs, Stalls::From(first));
            for (finding, truth) in report.findings.iter().zip(&steady.findings) {
                let is_about_zeros = finding.id.starts_with("leading-zeros") || finding.id == "second-zero";
                let is_known = finding.value == truth.value;
                let is_open = matches!(&finding.value[..], "undecided" | "not_applicable");
                assert!(!is_about_zeros || is_known || is_open, "{zeros}, {first}: {} {}", finding.id, finding.value);
                assert!(finding.value != "mixed", "{zeros}, {first}: {}", finding.id);
                assert!(finding.defect != Some(true) || truth.defect == Some(true), "{zeros}, {first}: {finding:?}");
            }
            assert!(report.findings.iter().any(|finding| finding.reason.is_some()), "{zeros}, {first}");
        }
    }
}

#[test]
fn nothing_is_said_of_what_a_stalling_client_was_not_seen_to_do() {
    let knobs = json!({"premaster_zeros": "keep", "premaster_zeros_ems": "keep"});
    let steady = client(&knobs, Stalls::Never);
    for first in (0..u16::try_from(steady.connections.len()).expect("it is short")).step_by(2) {
        let report = client(&knobs, Stalls::From(first));
        for (finding, truth) in report.findings.iter().zip(&steady.findings) {
            let is_open = matches!(&finding.value[..], "undecided" | "not_applicable");
            assert!(finding.value == truth.value || is_open, "{first}: {} {}", finding.id, finding.value);
        }
        assert!(report.findings.iter().any(|finding| finding.reason.is_some()), "{first}");
    }
}

#[test]
fn a_silent_server_that_keeps_zeros_is_found_out_by_what_it_finishes() {
    let knobs = json!({"premaster_zeros": "keep", "on_bad_record": "silence"});
    assert_eq!(server(&knobs, Stalls::Never).finding("leading-zeros").expect("there is one").value, "keep");
}
