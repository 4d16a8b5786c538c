//! Whatever is cut, silenced or forgotten: a transfer is complete, or it is reported as failed.

use serde_json::{Value, json};
use tlslab::experiment::Experiment;
use tlslab::ftp::End;
use tlslab::scenario::connection::Connection;

use super::scenario::{ends, experiment, run};

const THERE: &str = "from there, with love";
const HERE: &str = "from here, with thanks";

fn steps(faults: [Value; 2]) -> Value {
    let [down, up] = faults;
    let mut steps = json!([{"does": {"retrieve": "file"}}, {"does": {"store": {"path": "new", "data": HERE}}}]);
    steps[0]["fault"] = down;
    steps[1]["fault"] = up;
    steps
}

fn session(control: Value, data: [Value; 2]) -> Experiment {
    let ftp = json!({"files": {"file": THERE}, "steps": steps(data)});
    let mut session = experiment(json!({}), json!({}), ftp);
    session.scenario.connections[0].fault = serde_json::from_value(control).unwrap();
    session
}

/// Whoever says that a transfer is complete has all of it.
fn hold_to_it(connection: &Connection, what: &str) -> bool {
    let session = connection.ftp.as_ref().unwrap();
    assert_eq!(session.transfers.len(), 2, "{what}");
    let (down, up) = (&session.transfers[0].transfer, &session.transfers[1].transfer);
    if down.end == End::Complete {
        assert_eq!(&down.received[..], THERE.as_bytes(), "{what}");
    }
    let stored = session.served.iter().find(|served| served.command == "STOR" && served.end == End::Complete);
    if let Some(stored) = stored {
        assert_eq!(&stored.received[..], HERE.as_bytes(), "{what}");
    }
    if up.end == End::Complete {
        assert!(stored.is_some(), "{what}: the client takes for stored what is not");
    }
    let complete = [down, up].iter().all(|transfer| transfer.end == End::Complete);
    assert!(complete || connection.outcome.failed(), "{what}");
    complete
}

fn fault(sender: &str, after_bytes: usize, kind: &str) -> Value {
    json!({"sender": sender, "after_bytes": after_bytes, "kind": kind})
}

fn crossed(connection: &Connection, sender: &str) -> usize {
    let flights = connection.flights.iter().filter(|flight| flight.sender.to_string() == sender);
    flights.map(|flight| flight.bytes.len()).sum()
}

/// The positions at which a connection of so many bytes is cut: all at its ends, some in between.
fn positions(length: usize) -> impl Iterator<Item = usize> {
    (0..length).filter(move |at| at % 17 == 0 || at + 12 > length)
}

#[test]
fn the_control_connection_at_any_byte() {
    let whole = run(&session(Value::Null, [Value::Null, Value::Null]));
    assert!(hold_to_it(&whole, "no fault"));
    for sender in ["client", "server"] {
        for kind in ["drop", "silence"] {
            for at in positions(crossed(&whole, sender)) {
                let cut = run(&session(fault(sender, at, kind), [Value::Null, Value::Null]));
                hold_to_it(&cut, &format!("{kind} after {at} bytes of the {sender}"));
            }
        }
    }
}

#[test]
fn a_data_connection_at_any_byte() {
    let whole = run(&session(Value::Null, [Value::Null, Value::Null]));
    for transfer in [0, 1] {
        let data = whole.ftp.as_ref().unwrap().transfers[transfer].connection.as_ref().unwrap();
        for sender in ["client", "server"] {
            for kind in ["drop", "silence"] {
                let length = crossed(data, sender);
                for at in positions(length) {
                    let mut faults = [Value::Null, Value::Null];
                    faults[transfer] = fault(sender, at, kind);
                    let cut = run(&session(Value::Null, faults));
                    let what = format!("{kind} of transfer {transfer} after {at} bytes of the {sender}");
                    let complete = hold_to_it(&cut, &what);
                    // Only what the receiver answers to a close_notify can be missed by nobody.
                    let sends = (transfer == 0) == (sender == "server");
                    assert!(!complete || !sends, "{what}: nobody noticed");
                }
            }
        }
    }
}

#[test]
fn a_file_without_close_notify_is_truncated() {
    let ftp = || json!({"files": {"file": THERE}, "steps": steps([Value::Null, Value::Null])});
    let off = json!({"close_notify": "off"});
    let by_server = run(&experiment(json!({}), off.clone(), ftp()));
    assert_eq!(ends(&by_server), ["truncated", "complete"]);
    let received = &by_server.ftp.as_ref().unwrap().transfers[0].transfer.received;
    assert_eq!(&received[..], THERE.as_bytes(), "all of it, and nobody can know");
    let by_client = run(&experiment(off, json!({}), ftp()));
    assert_eq!(ends(&by_client), ["complete", "reply_426"]);
    assert_eq!(by_client.ftp.unwrap().served[1].end, End::Truncated);
}

#[test]
fn a_cache_that_forgets_and_a_ticket_key_that_changes() {
    for (resumption, forgets, survives) in [
        ("session_id", "server_sessions", false),
        ("session_id", "client_sessions", false),
        ("session_id", "ticket_key", true),
        ("ticket", "ticket_key", false),
        ("ticket", "client_sessions", false),
        ("ticket", "server_sessions", true),
    ] {
        let knobs = json!({"resumption": resumption});
        for (rule, refusal) in [("any", "complete"), ("require_522", "reply_522"), ("require_425", "reply_425")] {
            let ftp = json!({
                "server": {"data_sessions": rule},
                "files": {"file": THERE},
                "steps": [{"does": {"retrieve": "file"}}, {"does": {"retrieve": "file"}, "forgets": [forgets]}]
            });
            let connection = run(&experiment(knobs.clone(), knobs.clone(), ftp));
            let expected = if survives { "complete" } else { refusal };
            assert_eq!(ends(&connection), ["complete", expected], "{resumption} {forgets} {rule}");
            let resumed = connection.ftp.unwrap().transfers[1].transfer.resumed;
            assert_eq!(resumed.is_some(), survives, "{resumption} {forgets} {rule}");
        }
    }
}

#[test]
fn an_edit_on_a_data_connection_fails_its_transfer_alone() {
    let drop_finished = json!([{"side": "server", "select": {"message": "Finished"}, "change": "drop"}]);
    let ftp = json!({
        "files": {"file": THERE},
        "steps": [{"does": {"retrieve": "file"}, "edits": drop_finished}, {"does": {"retrieve": "file"}}]
    });
    let connection = run(&experiment(json!({"resumption": "none"}), json!({}), ftp));
    assert_ne!(ends(&connection)[0], "complete");
}
