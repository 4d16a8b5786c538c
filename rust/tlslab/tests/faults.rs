//! Wires that fail: wherever it is, each side ends, and nobody takes what is cut for whole.

use serde_json::{Value, json};
use tlslab::experiment::{Experiment, Fidelity, SignatureChoice};
use tlslab::scenario::Scenario;
use tlslab::scenario::connection::Connection;
use tlslab::scenario::outcome::Kind;
use tlslab_proto::behaviour::{ClientBehaviour, ServerBehaviour};

/// A connection before it, which leaves a session, and one with `plan`.
fn run(knobs: &str, plan: Value) -> Vec<Connection> {
    let scenario = json!({ "name": "test", "connections": [{}, plan] });
    let experiment = Experiment {
        client: ClientBehaviour::from_assignments(knobs).unwrap(),
        server: ServerBehaviour::from_assignments(&format!("{knobs},groups=modp768")).unwrap(),
        scenario: Scenario::parse(&scenario.to_string()).unwrap(),
        signatures: SignatureChoice::Simulated,
    };
    experiment.replay(1, 0, Fidelity::Wire).unwrap().connections
}

fn crossed(connection: &Connection, sender: &str) -> usize {
    let flights = connection.flights.iter().filter(|flight| flight.sender.to_string() == sender);
    flights.map(|flight| flight.bytes.len()).sum()
}

/// Each kind of connection is dropped, or falls silent, after each byte of either side.
#[test]
fn after_any_byte_of_any_connection() {
    let renegotiated = json!({ "renegotiates": { "by": "server" } });
    for (knobs, plan, label) in [
        ("resumption=none", json!({}), "established:full:ems"),
        ("resumption=session_id", json!({}), "established:resumed:ems"),
        ("resumption=ticket", json!({}), "established:resumed:ems"),
        ("resumption=none", renegotiated, "established:full:ems"),
    ] {
        let whole = run(knobs, plan.clone());
        assert_eq!(whole[1].outcome.label(), label);
        for sender in ["client", "server"] {
            let length = crossed(&whole[1], sender);
            for kind in ["drop", "silence"] {
                for at in (0..length).step_by(3) {
                    let mut plan = plan.clone();
                    plan["fault"] = json!({ "sender": sender, "after_bytes": at, "kind": kind });
                    let cut = &run(knobs, plan)[1];
                    let what = format!("{knobs}: {kind} after {at} of {length} bytes of the {sender}: {}", cut.outcome);
                    assert_eq!(crossed(cut, sender), at, "{what}");
                    match cut.outcome.kind {
                        // The last thing that crosses is the close_notify, which no outcome waits for.
                        Kind::Established => assert!(at + 64 > length, "{what}"),
                        Kind::Closed => assert!(kind == "drop" && cut.outcome.sender.is_none(), "{what}"),
                        Kind::TimedOut => assert_eq!(kind, "silence", "{what}"),
                        // What arrives is what was sent, so nobody has a reason to complain.
                        Kind::Alert => panic!("{what}"),
                    }
                }
            }
        }
    }
}

#[test]
fn a_fault_beyond_all_bytes_never_happens() {
    let fault = json!({ "fault": { "sender": "server", "after_bytes": u64::MAX, "kind": "drop" } });
    assert_eq!(run("resumption=none", fault)[1].outcome, run("resumption=none", json!({}))[1].outcome);
    let malformed = json!({ "name": "test", "connections": [{ "fault": { "sender": "nobody" } }] }).to_string();
    assert!(Scenario::parse(&malformed).unwrap_err().to_string().contains("nobody"));
}

/// A byte that arrives with other bits is noticed, by the one who reads it or by the next Finished. Nothing covers the
/// minor version in the header of a record that is not protected, and any will do there (RFC 5246 E.1).
#[test]
fn a_corrupted_byte_never_leaves_two_sides_that_agree() {
    for knobs in ["resumption=none", "resumption=session_id", "resumption=ticket"] {
        let whole = run(knobs, json!({}));
        for sender in ["client", "server"] {
            let harmless = minor_versions_of_unprotected_records(&whole[1], sender);
            for at in 0..crossed(&whole[1], sender) {
                let fault = json!({ "sender": sender, "after_bytes": at, "kind": { "corrupt": { "mask": 1 } } });
                let corrupted = &run(knobs, json!({ "fault": fault }))[1];
                let what = format!("{knobs}: byte {at} of the {sender}: {}", corrupted.outcome);
                // What comes last is the close_notify, which no outcome waits for.
                let last = at + 64 > crossed(&whole[1], sender);
                if harmless.contains(&at) {
                    assert_eq!(corrupted.outcome, whole[1].outcome, "{what}");
                } else {
                    assert!(corrupted.outcome.kind != Kind::Established || last, "{what}");
                }
            }
        }
    }
}

/// Where they are among the bytes of a side, whose records are protected after its ChangeCipherSpec.
fn minor_versions_of_unprotected_records(connection: &Connection, sender: &str) -> Vec<usize> {
    const CHANGE_CIPHER_SPEC: u8 = 20;
    let flights = connection.flights.iter().filter(|flight| flight.sender.to_string() == sender);
    let bytes: Vec<u8> = flights.flat_map(|flight| flight.bytes.to_vec()).collect();
    let (mut positions, mut start) = (Vec::new(), 0);
    loop {
        positions.push(start + 2);
        if bytes[start] == CHANGE_CIPHER_SPEC {
            return positions;
        }
        start += 5 + usize::from(u16::from_be_bytes([bytes[start + 3], bytes[start + 4]]));
    }
}

/// TLS has no clock: what arrives late, in pieces or not, leads where it would have led in time.
#[test]
fn a_delay_changes_no_outcome() {
    let renegotiated = json!({ "renegotiates": { "by": "server" } });
    for (knobs, plan) in [("resumption=session_id", json!({})), ("resumption=none", renegotiated)] {
        let whole = run(knobs, plan.clone());
        for sender in ["client", "server"] {
            for at in (0..crossed(&whole[1], sender)).step_by(7) {
                let mut plan = plan.clone();
                plan["fault"] = json!({ "sender": sender, "after_bytes": at, "kind": "delay" });
                let late = &run(knobs, plan)[1];
                assert_eq!(late.outcome, whole[1].outcome, "{knobs}: {at} bytes of the {sender}");
                assert_eq!(crossed(late, sender), crossed(&whole[1], sender));
            }
        }
    }
}
