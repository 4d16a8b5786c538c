//! Servers are judged.

use std::sync::atomic::AtomicBool;

use rayon::prelude::*;
use serde_json::{Map, Value, json};
use tlslab::peer::PeerError;
use tlslab::probe::findings::premaster_rules;
use tlslab::probe::{
    Call, Dial, Dialled, Ended, MemoryServer, Observation, ProbeOptions, Purpose, Report, Share, Step, Watch,
    probe_server,
};
use tlslab::scenario::outcome::Kind;
use tlslab_proto::behaviour::ServerBehaviour;
use tlslab_proto::behaviour::values::{Ems, PremasterZeros};
use tlslab_proto::crypto::Side;
use tlslab_proto::wire::registry::CipherSuite;

use crate::claims;
use crate::random::{self, Random, small_groups};

const PEERS: u64 = 1_000;

fn object(value: Value) -> Map<String, Value> {
    value.as_object().expect("an object").clone()
}

fn server(knobs: Value) -> ServerBehaviour {
    ServerBehaviour::from_value(&knobs).expect("the knobs are sound")
}

fn probe(behaviour: &ServerBehaviour, seed: u64) -> Report {
    let mut dial = MemoryServer::new(behaviour, seed).expect("the behaviour is sound");
    probe_server(&mut dial, &ProbeOptions::new(seed), &Watch::default()).expect("a server in memory is there")
}

fn value<'a>(report: &'a Report, id: &str) -> &'a str {
    &report.finding(id).expect("there is one").value
}

/// A thousand servers of random behaviour, each of which keeps the zero byte or strips it, by one connection each.
#[test]
fn one_connection_tells_a_server_that_keeps_from_one_that_strips() {
    let right = (0..PEERS)
        .into_par_iter()
        .filter(|&peer| {
            let mut random = Random::new(peer);
            let keeps = peer % 2 == 0;
            let zeros = if keeps { "keep" } else { "strip" };
            let set = object(json!({
                "premaster_zeros": zeros, "premaster_zeros_ems": zeros, "client_certificate": "optional",
                "groups": [random.of(&[&small_groups()[..], &[json!("ffdhe2048")]].concat())],
            }));
            let behaviour = random::behaviour(&mut random, &set);
            let version = behaviour.shared.versions[random.below(behaviour.shared.versions.len())];
            let ems = behaviour.shared.ems == Ems::Required || random.below(2) == 0;
            let suite = [CipherSuite::TLS_DHE_RSA_WITH_AES_128_CBC_SHA];
            let share = Share::Secret { zeros: 1, top_bit: Some(false) };
            let step = Step::new(Purpose::LeadingZero, version, &suite, ems).with_share(share);
            let mut dial = MemoryServer::new(&behaviour, peer).expect("the behaviour is sound");
            let cancelled = AtomicBool::new(false);
            let call = Call { step: &step, number: 0, seed: peer, cancelled: &cancelled };
            let dialled = dial.dial(call).expect("it is there");
            let seen = [Observation::of(0, peer, &step, dialled)];
            assert_eq!(seen[0].exchange.as_ref().expect("it came to Diffie-Hellman").zeros, 1);
            let rules =
                premaster_rules(seen.iter().filter_map(|seen| Some((seen.exchange.as_ref()?, seen.established))));
            rules.contains(&PremasterZeros::Keep) == keeps && rules.contains(&PremasterZeros::Strip) != keeps
        })
        .count();
    assert_eq!(right as u64, PEERS);
}

/// The report on a server of random behaviour gives back the knobs that it is about.
#[test]
fn a_report_gives_back_the_knobs() {
    claims::assert_right(200, 1_000, |peer| {
        let behaviour = random::server(peer);
        let report = probe(&behaviour, peer);
        assert_eq!(report.ended, Ended::Complete);
        (claims::of_a_server(&behaviour, &report), format!("{behaviour:?}"))
    });
}

#[test]
fn a_sound_server_has_no_defect() {
    let report = probe(&server(json!({})), 1);
    assert_eq!(report.ended, Ended::Complete);
    let found: Vec<_> = report.findings.iter().map(|finding| (finding.id, &finding.value[..])).collect();
    assert_eq!(report.defects, 0, "{found:?}");
    assert_eq!(value(&report, "leading-zeros"), "strip");
    assert_eq!(value(&report, "leading-zeros-ems"), "strip");
    assert_eq!(value(&report, "group"), "named");
}

#[test]
fn a_server_of_the_article_is_found_out() {
    let report = probe(&server(json!({"ems": "off", "premaster_zeros": "keep"})), 1);
    let keeps = report.finding("leading-zeros").expect("there is one");
    assert_eq!((keeps.defect, &keeps.value[..]), (Some(true), "keep"));
    assert_eq!(report.finding("leading-zeros-ems").expect("there is one").defect, None);
    assert_eq!(report.defects, 1);
}

#[test]
fn groups_are_told_apart() {
    for (group, expected) in [
        (json!("modp1024"), "weak"),
        (json!("modp2048"), "named"),
        (json!({"p": hex::encode([0xff; 256]), "g": "02"}), "unsafe"),
    ] {
        let knobs = json!({"groups": [group], "versions": ["TLSv1.2"], "suites": ["TLS_DHE_RSA_WITH_AES_128_CBC_SHA"]});
        let mut dial = MemoryServer::new(&server(knobs), 1).expect("it is sound");
        let options = ProbeOptions { max_connections: 3, ..ProbeOptions::new(1) };
        let report = probe_server(&mut dial, &options, &Watch::default()).expect("it is there");
        assert_eq!(value(&report, "group"), expected, "{group}");
    }
}

#[test]
fn a_server_without_diffie_hellman_is_judged_by_the_rest() {
    let report = probe(&server(json!({"without_suites": ["TLS_DHE_*"]})), 1);
    assert_eq!(report.defects, 0);
    assert_eq!((value(&report, "leading-zeros"), value(&report, "group")), ("not_applicable", "undecided"));
    // What is not about that is asked under other suites.
    assert_eq!((value(&report, "ems"), value(&report, "renegotiation")), ("on", "refuse"));
    let cells = "both=resume,upgrade=full,downgrade=abort,neither=abort";
    assert_eq!((value(&report, "resumption-ids"), value(&report, "resumption-tickets")), (cells, "none"));
}

/// Just above 2^1024: every Z has a leading zero byte, and so has every public value.
#[test]
fn a_server_over_a_boundary_prime_is_judged_like_others() {
    let mut p = vec![0; 129];
    p[0] = 1;
    p[125..].copy_from_slice(&1_657_867_u32.to_be_bytes());
    let group = json!({"p": hex::encode(p), "g": "04"});
    for zeros in ["strip", "keep", "strip_one", "sign_byte"] {
        for zeros_ems in ["strip", "keep", "strip_one", "sign_byte"] {
            for ems in ["on", "off", "required"] {
                let knobs = json!({"premaster_zeros": zeros, "premaster_zeros_ems": zeros_ems, "versions": ["TLSv1.2"],
                    "suites": ["TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"], "ems": ems, "groups": [group],
                    "resumption": "session_id"});
                let report = probe(&server(knobs), 1);
                let found = [value(&report, "leading-zeros"), value(&report, "leading-zeros-ems")];
                let expected = match ems {
                    "on" => [zeros, zeros_ems],
                    "off" => [zeros, "not_applicable"],
                    _ => ["not_applicable", zeros_ems],
                };
                assert_eq!((found, value(&report, "ems")), (expected, ems));
                assert_eq!((value(&report, "short-public-value"), value(&report, "yc-checks")), ("accept", "range"));
                assert_ne!(value(&report, "resumption-ids"), "none");
                assert_eq!(
                    (value(&report, "client-certificate"), value(&report, "renegotiation")),
                    ("never", "refuse")
                );
            }
        }
    }
}

/// A server that closes a connection in which anything is wrong, and does not say why.
struct Mute(MemoryServer);

impl Dial for Mute {
    fn dial(&mut self, call: Call<'_>) -> Result<Dialled, PeerError> {
        let mut dialled = self.0.dial(call)?;
        let outcome = &mut dialled.connection.outcome;
        if outcome.kind == Kind::Alert {
            outcome.kind = Kind::Closed;
            (outcome.alert, outcome.sender) = (None, Some(Side::Server));
        }
        Ok(dialled)
    }
}

#[test]
fn a_refusal_that_does_not_show_is_told_from_use_by_the_secret() {
    for zeros in ["strip", "keep", "strip_one", "sign_byte"] {
        for (check, expected) in [("none", "none"), ("range", "range"), ("subgroup", "subgroup")] {
            let knobs = json!({"premaster_zeros": zeros, "public_value_check": check, "versions": ["TLSv1.2"],
                "suites": ["TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"], "ems": "off", "groups": ["modp1024"]});
            let mut dial = Mute(MemoryServer::new(&server(knobs), 1).expect("it is sound"));
            let report = probe_server(&mut dial, &ProbeOptions::new(1), &Watch::default()).expect("it is there");
            assert_eq!((value(&report, "leading-zeros"), value(&report, "yc-checks")), (zeros, expected));
            assert!(report.connections.len() <= ProbeOptions::new(1).plan.most_connections());
        }
    }
}

#[test]
fn no_more_connections_are_made_than_allowed_and_what_was_seen_counts() {
    let mut dial =
        MemoryServer::new(&server(json!({"premaster_zeros": "keep", "ems": "off"})), 1).expect("it is sound");
    let options = ProbeOptions { max_connections: 20, ..ProbeOptions::new(1) };
    let report = probe_server(&mut dial, &options, &Watch::default()).expect("it is there");
    assert_eq!(report.ended, Ended::MaxConnections);
    assert_eq!(report.connections.len(), 20);
    assert_eq!(report.finding("leading-zeros").expect("there is one").defect, Some(true));
}

#[test]
fn a_plan_keeps_its_word_about_how_many_connections_it_makes() {
    let everything = server(json!({"suites": ["TLS_DHE_RSA_WITH_AES_128_CBC_SHA", "TLS_DH_anon_WITH_AES_128_CBC_SHA",
        "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"], "premaster_zeros": "keep", "groups": ["modp768"]}));
    let report = probe(&everything, 1);
    assert!(report.connections.len() <= ProbeOptions::new(1).plan.most_connections());
}
