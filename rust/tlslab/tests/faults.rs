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
