//! Sessions in memory: what the rules of both sides come to, and cause 3 of KB4528489.

use serde_json::{Value, json};
use tlslab::experiment::{Experiment, Fidelity, FidelityChoice, Monitor, RunOptions, SignatureChoice};
use tlslab::scenario::Scenario;
use tlslab::scenario::connection::Connection;
use tlslab::scenario::ftps::TransferRecord;
use tlslab::windows::{ProfileOptions, profile};
use tlslab_proto::behaviour::{ClientBehaviour, ServerBehaviour};

const SUITE: &str = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256";

pub fn experiment(client: Value, server: Value, ftp: Value) -> Experiment {
    let scenario = json!({"name": "ftps", "connections": [{"ftp": ftp}]}).to_string();
    let with_suite = |mut knobs: Value| {
        knobs["suites"] = json!([SUITE]);
        knobs
    };
    Experiment {
        client: ClientBehaviour::from_value(&with_suite(client)).unwrap(),
        server: ServerBehaviour::from_value(&with_suite(server)).unwrap(),
        scenario: Scenario::parse(&scenario).unwrap_or_else(|error| panic!("{error}")),
        signatures: SignatureChoice::Simulated,
    }
}

pub fn run(experiment: &Experiment) -> Connection {
    let mut replay = experiment.replay(5, 0, Fidelity::Wire).unwrap_or_else(|error| panic!("{error}"));
    replay.connections.remove(0)
}

/// How the transfers ended.
pub fn ends(connection: &Connection) -> Vec<String> {
    let transfers = &connection.ftp.as_ref().unwrap().transfers;
    transfers.iter().map(|record| record.transfer.end.to_string()).collect()
}

fn default_steps() -> Value {
    json!([
        {"does": {"list": ""}},
        {"does": {"retrieve": "readme.txt"}},
        {"does": {"store": {"path": "new", "data": "from here"}}},
        {"does": {"retrieve": "new"}},
        {"does": {"names": "/"}}
    ])
}

fn plan(client: &str, server: &str) -> Value {
    json!({
        "client": {"data_sessions": client},
        "server": {"data_sessions": server},
        "files": {"readme.txt": "from there"},
        "steps": default_steps()
    })
}

#[test]
fn a_session_transfers_everything() {
    for resumption in ["session_id", "ticket", "both", "none"] {
        let knobs = json!({"resumption": resumption});
        let connection = run(&experiment(knobs.clone(), knobs, plan("resume", "any")));
        assert_eq!(connection.outcome.label(), "established:full:ems:ftp:complete");
        let session = connection.ftp.unwrap();
        let transfers: Vec<_> = session.transfers.iter().map(|record| &record.transfer).collect();
        assert_eq!(&transfers[1].received[..], b"from there");
        assert_eq!(&transfers[3].received[..], b"from here");
        assert_eq!(&transfers[4].received[..], b"new\r\nreadme.txt\r\n");
        assert_eq!(session.served.len(), 5);
        for (record, served) in session.transfers.iter().zip(&session.served) {
            let data = record.connection.as_ref().unwrap();
            let established = data.outcome.established.as_ref().unwrap();
            assert_eq!(established.resumed.is_some(), resumption != "none", "{resumption}");
            assert_eq!((record.transfer.resumed, served.resumed), (established.resumed, established.resumed));
            assert_eq!(served.end.to_string(), "complete");
        }
        let said: Vec<_> = session.dialogue.iter().map(|line| line.text.as_str()).collect();
        assert!(said.contains(&"PASS ***") && said.last() == Some(&"221 goodbye"), "{said:?}");
    }
}

#[test]
fn the_named_scenario_runs_many_times_and_replays() {
    let named = Experiment { scenario: Scenario::ftps(), ..experiment(json!({}), json!({}), json!({})) };
    assert_eq!(Scenario::parse("ftps").unwrap(), Scenario::ftps());
    let options = RunOptions { threads: 2, digest: true, ..RunOptions::new(20, 5) };
    let report = named.run(&options, &Monitor::default()).unwrap();
    assert_eq!(report.outcomes.get("established:full:ems:ftp:complete"), Some(&20));
    let again = named.run(&RunOptions { threads: 1, ..options }, &Monitor::default()).unwrap();
    assert_eq!(report.digest, again.digest);
    assert_eq!(run(&named), run(&named));
    assert_eq!(named.expected_rate().unwrap(), None);
    let by_class = RunOptions { fidelity: FidelityChoice::Class, ..RunOptions::new(20, 5) };
    let refusal = named.run(&by_class, &Monitor::default()).unwrap_err().to_string();
    assert!(refusal.contains("data connections"), "{refusal}");
}

#[test]
fn rules_of_both_sides() {
    let legacy_client = json!({"ems": "off", "offer_without_ems": "offer"});
    let legacy_server = json!({"ems": "off", "resume_legacy": "resume"});
    let first = |knobs: &[Value; 2], client: &str, server: &str| {
        let connection = run(&experiment(knobs[0].clone(), knobs[1].clone(), plan(client, server)));
        let ftp = connection.ftp.as_ref().unwrap();
        (ends(&connection)[0].clone(), ftp.transfers[0].transfer.resumed.is_some())
    };
    let (modern, legacy) = ([json!({}), json!({})], [legacy_client, legacy_server]);
    for (client, server, with_ems, without) in [
        ("resume", "require_522", ("complete", true), ("complete", true)),
        ("resume_with_ems_only", "any", ("complete", true), ("complete", false)),
        ("resume_with_ems_only", "require_522", ("complete", true), ("reply_522", false)),
        ("full", "any", ("complete", false), ("complete", false)),
        ("full", "require_522", ("reply_522", false), ("reply_522", false)),
        ("full", "require_425", ("reply_425", false), ("reply_425", false)),
        ("full", "require_450", ("reply_450", false), ("reply_450", false)),
        ("full", "break_close", ("complete", false), ("complete", false)),
        ("resume", "break_close", ("reply_425", true), ("reply_425", true)),
        ("resume", "break_alert", ("reply_425", true), ("reply_425", true)),
        ("insist", "require_425", ("complete", true), ("complete", true)),
        ("break_close", "any", ("reply_426", true), ("reply_426", true)),
        ("break_alert", "any", ("reply_426", true), ("reply_426", true)),
    ] {
        let owned = |(end, resumed): (&str, bool)| (end.to_owned(), resumed);
        assert_eq!(first(&modern, client, server), owned(with_ems), "{client} {server}, with EMS");
        assert_eq!(first(&legacy, client, server), owned(without), "{client} {server}, without EMS");
    }
    let no_cache = [json!({}), json!({"resumption": "none"})];
    assert_eq!(first(&no_cache, "insist", "any"), ("not_resumed".to_owned(), false));
}

#[test]
fn a_session_of_522_ends_and_one_of_425_goes_on() {
    let run = |server: &str| run(&experiment(json!({"resumption": "none"}), json!({}), plan("resume", server)));
    let ended = run("require_522");
    assert_eq!(ends(&ended), ["reply_522", "closed", "closed", "closed", "closed"]);
    assert_eq!(ended.outcome.label(), "established:full:ems:ftp:reply_522");
    assert!(ended.outcome.failed());
    // What was not stored is not there.
    assert_eq!(ends(&run("require_425")), ["reply_425", "reply_425", "reply_425", "reply_550", "reply_425"]);
}

/// The client breaks or the server does, and the alert is a real one: it makes both forget the session (RFC 5246 7.2.2), so
/// that what comes after is a full handshake, and goes well.
#[test]
fn breaking_by_alert_sends_it() {
    for (client, server, sender) in [("break_alert", "any", "client"), ("resume", "break_alert", "server")] {
        let connection = run(&experiment(json!({}), json!({}), plan(client, server)));
        let labels: Vec<_> = connection.ftp.unwrap().transfers.iter().map(data_label).collect();
        assert_eq!(labels[0], format!("alert:handshake_failure:{sender}"));
        assert_eq!(labels[1..], ["established:full:ems"; 4]);
    }
    let connection = run(&experiment(json!({}), json!({}), plan("resume", "break_close")));
    assert_eq!(ends(&connection)[..3], ["reply_425"; 3]);
}

fn data_label(record: &TransferRecord) -> String {
    record.connection.as_ref().unwrap().outcome.label()
}

/// Cause 3: a server that requires resumption and has no EMS. A Windows client resumed before the update, and since then
/// it does not: each transfer fails, by a reply. Nothing but the profile differs.
#[test]
fn cause_3_emerges_from_windows_profiles() {
    let run = |updated: bool, ems: &str, rule: &str| {
        let options = ProfileOptions { updated: Some(updated), ..ProfileOptions::default() };
        let windows = profile("Windows 10, version 1903", &options).unwrap();
        let server = json!({"ems": ems, "resume_legacy": "resume"});
        let experiment = Experiment { client: windows.client, ..experiment(json!({}), server, plan("resume", rule)) };
        ends(&run(&experiment))[0].clone()
    };
    for rule in ["require_522", "require_425", "require_450"] {
        assert_eq!(run(false, "off", rule), "complete");
        assert_eq!(run(true, "off", rule), rule.replace("require", "reply"));
        assert_eq!([run(false, "on", rule), run(true, "on", rule)], ["complete", "complete"]);
    }
    // A server that breaks on resumption is repaired by the update where it has no EMS, and not where it has.
    assert_eq!([run(false, "off", "break_close"), run(true, "off", "break_close")], ["reply_425", "complete"]);
    assert_eq!([run(false, "on", "break_close"), run(true, "on", "break_close")], ["reply_425", "reply_425"]);
}

#[test]
fn a_scenario_of_ftp_is_plain_data() {
    let text = serde_json::to_string(&Scenario::ftps()).unwrap();
    assert_eq!(Scenario::parse(&text).unwrap(), Scenario::ftps());
    let parse = |ftp: Value| {
        let text = json!({"name": "bad", "connections": [{}, {"ftp": ftp}]}).to_string();
        Scenario::parse(&text).unwrap_err().to_string()
    };
    assert!(parse(json!({"server": {"data_sessions": "maybe"}})).contains("require_522"));
    assert!(parse(json!({"rules": {}})).contains("rules"));
    assert!(parse(json!({"steps": [{"does": {"delete": "a"}}]})).contains("retrieve"));
    let error = parse(json!({"steps": [{"does": {"retrieve": "a\r\nQUIT"}}]}));
    assert!(error.starts_with("connection 1: a path of FTP"), "{error}");
    let files: serde_json::Map<_, _> = (0..1001).map(|number| (number.to_string(), json!(""))).collect();
    assert!(parse(json!({"files": files})).contains("at most 1000"));
    let control = json!({"ftp": {}, "demands_certificate": true});
    let text = json!({"name": "bad", "connections": [control]}).to_string();
    assert!(Scenario::parse(&text).unwrap_err().to_string().contains("no part of FTP"));
}
