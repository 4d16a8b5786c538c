//! Clients are judged.

use std::sync::atomic::{AtomicBool, AtomicUsize};

use rayon::prelude::*;
use serde_json::{Map, Value, json};
use tlslab::probe::client::{Aim, ErrorRates, Heard, ListenOptions, Meet, Meeting, MemoryClient, Turn, probe_client};
use tlslab::probe::findings::premaster_rules;
use tlslab::probe::{Ended, Report, Watch};
use tlslab_proto::behaviour::values::{Ems, PremasterZeros};
use tlslab_proto::behaviour::{ClientBehaviour, ClientKnobs};
use tlslab_proto::wire::registry::CipherSuite;

use crate::claims;
use crate::random::{self, Random};

const PEERS: u64 = 1_000;

fn object(value: Value) -> Map<String, Value> {
    value.as_object().expect("an object").clone()
}

fn client(knobs: Value) -> ClientBehaviour {
    ClientBehaviour::from_value(&knobs).expect("the knobs are sound")
}

fn options(seed: u64) -> ListenOptions {
    ListenOptions { seed, max_connections: u16::MAX, sequential: None, max_time: None }
}

fn probe(behaviour: &ClientBehaviour, options: ListenOptions) -> Report<Heard> {
    let mut meet = MemoryClient::new(behaviour, options.seed).expect("the behaviour is sound");
    probe_client(&mut meet, &options, &Watch::default()).expect("a client in memory comes")
}

fn value<'a>(report: &'a Report<Heard>, id: &str) -> &'a str {
    &report.finding(id).expect("there is one").value
}

/// A thousand clients of random behaviour, each of which keeps the zero byte or strips it, by one connection each. They
/// take any group and any public value: the prime above a byte boundary makes the server's short too.
#[test]
fn one_connection_tells_a_client_that_keeps_from_one_that_strips() {
    let right = (0..PEERS)
        .into_par_iter()
        .filter(|&peer| {
            let mut random = Random::new(peer);
            let keeps = peer % 2 == 0;
            let zeros = if keeps { "keep" } else { "strip" };
            let set = object(json!({
                "premaster_zeros": zeros, "premaster_zeros_ems": zeros, "group_check": "none",
                "short_public_value": "accept", "verified_bytes": "wire",
            }));
            let behaviour = random::behaviour::<ClientKnobs>(&mut random, &set);
            let version = *behaviour.shared.versions.iter().max().expect("there is one");
            let ems = behaviour.shared.ems == Ems::Required || random.below(2) == 0;
            let suite = [CipherSuite::TLS_DHE_RSA_WITH_AES_128_CBC_SHA];
            let turn = Turn::new(Aim::BoundaryGroup, &[version], &suite, ems).with_boundary_group();
            let mut meet = MemoryClient::new(&behaviour, peer).expect("the behaviour is sound");
            let (cancelled, came) = (AtomicBool::new(false), AtomicUsize::new(0));
            let meeting = Meeting { turn: &turn, number: 0, seed: peer, cancelled: &cancelled, came: &came };
            let connection = meet.meet(meeting).expect("it can").expect("it comes");
            let heard = Heard::of(0, peer, &turn, &connection).expect("it says ClientHello");
            let exchange = heard.exchange.as_ref().expect("it came to Diffie-Hellman");
            assert!(exchange.zeros > 0);
            let rules = premaster_rules([(exchange, heard.established)]);
            // Half of all zero bytes stand before a set top bit, where a signed integer keeps them too.
            rules.contains(&PremasterZeros::Keep) == keeps && rules.contains(&PremasterZeros::Strip) != keeps
        })
        .count();
    assert_eq!(right as u64, PEERS);
}

/// The report on a client of random behaviour gives back the knobs that it is about.
#[test]
fn a_report_gives_back_the_knobs() {
    claims::assert_right(100, 700, |peer| {
        let behaviour = random::client(peer);
        let report = probe(&behaviour, options(peer));
        assert_eq!(report.ended, Ended::Complete);
        (claims::of_a_client(&behaviour, &report), format!("{behaviour:?}"))
    });
}

#[test]
fn a_sound_client_has_no_defect() {
    let report = probe(&client(json!({})), options(1));
    assert_eq!(report.ended, Ended::Complete);
    let found: Vec<_> = report.findings.iter().map(|finding| (finding.id, &finding.value[..])).collect();
    assert_eq!(report.defects, 0, "{found:?}");
    for (id, expected) in [
        ("leading-zeros", "strip"),
        ("leading-zeros-ems", "strip"),
        ("short-public-value", "accept"),
        ("group", "any"),
        ("ems", "on"),
        ("resumption", "session_id"),
        ("resumption-echo", "enforce"),
        ("resumption-upgrade", "never"),
        ("client-certificate", "empty"),
        ("certificate-in-resumption", "refuse"),
        ("renegotiation", "refuse"),
    ] {
        assert_eq!(value(&report, id), expected, "{id}: {found:?}");
    }
}

#[test]
fn a_client_that_knows_only_named_groups_takes_a_sequential_test() {
    let knobs = json!({"group_check": "named", "groups": ["ffdhe2048"], "versions": ["TLSv1.2"]});
    let without = probe(&client(knobs.clone()), options(1));
    assert_eq!((value(&without, "group"), value(&without, "leading-zeros")), ("named", "undecided"));
    // With EMS and without, each by connections of its own.
    for [zeros, with_ems] in [["keep", "strip"], ["strip", "keep"]] {
        let mut knobs = knobs.clone();
        (knobs["premaster_zeros"], knobs["premaster_zeros_ems"]) = (json!(zeros), json!(with_ems));
        let options = ListenOptions { sequential: Some(ErrorRates::default()), ..options(1) };
        let report = probe(&client(knobs), options);
        assert_eq!(report.ended, Ended::Complete);
        assert_eq!((value(&report, "leading-zeros"), value(&report, "leading-zeros-ems")), (zeros, with_ems));
    }
}

/// A server of before RFC 7919 may offer any group to a client that lists some.
#[test]
fn a_client_that_lists_groups_is_judged_by_one_it_has_not_listed() {
    let report = probe(&client(json!({"groups": ["ffdhe2048"], "premaster_zeros_ems": "keep"})), options(1));
    assert_eq!(value(&report, "group"), "any");
    assert_eq!((value(&report, "leading-zeros"), value(&report, "leading-zeros-ems")), ("strip", "keep"));
}

#[test]
fn a_client_without_diffie_hellman_is_judged_by_the_rest() {
    for (echo, defects) in [("enforce", 0), ("ignore", 1)] {
        let knobs = json!({"without_suites": ["TLS_DHE_*"], "resumption": "ticket", "resumed_ems_check": echo});
        // Nothing is left to chance, either, where there is no Z.
        let options = ListenOptions { sequential: Some(ErrorRates::default()), ..options(1) };
        let report = probe(&client(knobs), options);
        assert_eq!((&report.ended, report.defects), (&Ended::Complete, defects), "{echo}");
        for id in ["leading-zeros", "leading-zeros-ems", "short-public-value"] {
            assert_eq!(value(&report, id), "not_applicable", "{id}");
        }
        assert_eq!((value(&report, "group"), value(&report, "ems")), ("undecided", "on"));
        assert_eq!((value(&report, "resumption"), value(&report, "resumption-echo")), ("ticket", echo));
        assert_eq!(value(&report, "renegotiation"), "refuse");
    }
}

/// A signed integer fails at every second Z; that its second one failed says nothing about the wish.
#[test]
fn a_renegotiation_that_fails_at_the_keys_was_begun_all_the_same() {
    for seed in 1..=8 {
        let knobs =
            json!({"premaster_zeros": "sign_byte", "premaster_zeros_ems": "sign_byte", "renegotiation": "secure"});
        assert_eq!(value(&probe(&client(knobs), options(seed)), "renegotiation"), "secure", "{seed}");
    }
}
