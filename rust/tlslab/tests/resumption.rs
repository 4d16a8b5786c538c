//! Scenarios whose connections share sessions.

use serde_json::{Value, json};
use tlslab::experiment::{
    Experiment, ExperimentError, Fidelity, FidelityChoice, Monitor, Report, RunOptions, SignatureChoice,
};
use tlslab::scenario::Scenario;
use tlslab::scenario::verdict::Cause;
use tlslab_proto::behaviour::{ClientBehaviour, ServerBehaviour};

/// Knobs under which a session without EMS is resumed, and zeros are kept by the server.
const CLIENT: &str = "ems=off,offer_without_ems=offer";
const SERVER: &str = "ems=off,resume_legacy=resume,premaster_zeros=keep,groups=modp768";

fn experiment(client: &str, server: &str, scenario: Value) -> Experiment {
    let scenario = match scenario.as_str() {
        Some(name) => Scenario::parse(name),
        None => Scenario::parse(&json!({"name": "test", "connections": scenario}).to_string()),
    };
    Experiment {
        client: ClientBehaviour::from_assignments(client).unwrap_or_else(|error| panic!("{client}: {error}")),
        server: ServerBehaviour::from_assignments(server).unwrap_or_else(|error| panic!("{server}: {error}")),
        scenario: scenario.unwrap_or_else(|error| panic!("{error}")),
        signatures: SignatureChoice::Simulated,
    }
}

/// How the connections of a trial end.
fn labels(experiment: &Experiment, seed: u64, trial: u64) -> Vec<String> {
    let replay = experiment.replay(seed, trial, Fidelity::Wire).unwrap_or_else(|error| panic!("{error}"));
    replay.connections.iter().map(|connection| connection.outcome.label()).collect()
}

fn run(experiment: &Experiment, trials: u64, threads: usize) -> Report {
    let options = RunOptions { threads, digest: true, fidelity: FidelityChoice::Wire, ..RunOptions::new(trials, 5) };
    experiment.run(&options, &Monitor::default()).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn the_second_connection_resumes_the_first() {
    for (client, server, second) in [
        ("", "groups=modp768", "established:resumed:ems"),
        ("resumption=both", "groups=modp768,resumption=both", "established:resumed:ems"),
        (CLIENT, SERVER, "established:resumed"),
        ("resumption=none", "groups=modp768", "established:full:ems"),
        ("ems=off", "groups=modp768", "established:full"),
    ] {
        let labels = labels(&experiment(client, server, json!("resume")), 3, 1);
        let first = second.replace("resumed", "full");
        assert_eq!(labels, [first.as_str(), second], "{client} against {server}");
    }
}

#[test]
fn what_happens_between_connections() {
    let ids = ("", "groups=modp768");
    let tickets = ("resumption=ticket", "groups=modp768,resumption=ticket");
    let (full, resumed) = ("established:full:ems", "established:resumed:ems");
    for ((client, server), plan, last) in [
        (ids, json!({}), resumed),
        (ids, json!({"forgets": ["client_sessions"]}), full),
        (ids, json!({"forgets": ["server_sessions"]}), full),
        (ids, json!({"forgets": ["ticket_key"]}), resumed),
        (ids, json!({"seconds_before": 86_399}), resumed),
        (ids, json!({"seconds_before": 86_400}), full),
        (ids, json!({"seconds_before": 60, "server": {"session_lifetime": 60}}), full),
        (ids, json!({"client": {"resumption": "none"}}), full),
        (ids, json!({"client": {"server_name": "other.example"}}), full),
        (
            ids,
            json!({"server": {"ems": "off"}, "client": {"offer_without_ems": "offer"}}),
            "alert:handshake_failure:server",
        ),
        (ids, json!({"client": {"ems": "off"}}), "established:full"),
        (ids, json!({"client": {"ems": "off", "offer_downgrade": "offer"}}), "alert:handshake_failure:server"),
        (tickets, json!({}), resumed),
        (tickets, json!({"forgets": ["server_sessions"]}), resumed),
        (tickets, json!({"forgets": ["ticket_key"]}), full),
        (tickets, json!({"forgets": ["client_sessions", "ticket_key"]}), full),
        (tickets, json!({"seconds_before": 86_400}), full),
        (tickets, json!({"server": {"ticket_lifetime": 5}, "seconds_before": 5}), full),
    ] {
        let connections = json!([{}, plan]);
        let labels = labels(&experiment(client, server, connections), 3, 1);
        assert_eq!(labels, [full, last], "{client} against {server}: {plan}");
    }
}

#[test]
fn time_adds_up() {
    let scenario = |seconds: [u64; 2]| {
        let [second, third] = seconds;
        json!([{"seconds_before": 1_000}, {"seconds_before": second}, {"seconds_before": third}])
    };
    let last = |seconds| labels(&experiment("", "groups=modp768", scenario(seconds)), 1, 0)[2].clone();
    assert_eq!(last([80_000, 6_399]), "established:resumed:ems");
    assert_eq!(last([80_000, 6_400]), "established:full:ems");
    assert_eq!(last([u64::MAX, u64::MAX]), "established:resumed:ems", "the second connection was a full one");
}

/// A resumed connection computes no Z: only the first can fail.
#[test]
fn a_resumed_connection_does_not_fail_by_z() {
    let full = run(&experiment(CLIENT, SERVER, json!("full")), 2_000, 0);
    let resuming = run(&experiment(CLIENT, SERVER, json!("resume")), 2_000, 0);
    assert!(full.failures > 0);
    assert_eq!(resuming.failed_trials, full.failed_trials);
    assert_eq!(resuming.outcomes.get("established:resumed"), Some(&(2_000 - full.failures)));
    assert_eq!(resuming.causes, full.causes);
}

/// One that falls back to a full handshake draws a Z again, which was computed in the batch with the others.
#[test]
fn a_connection_that_falls_back_fails_by_its_own_z() {
    let forgetting = experiment(CLIENT, SERVER, json!([{}, {"forgets": ["server_sessions"]}]));
    let report = run(&forgetting, 2_000, 1);
    assert_eq!(report.digest, run(&forgetting, 2_000, 3).digest);
    let never = run(&experiment("ems=off", SERVER, json!([{}, {}])), 2_000, 0);
    assert_eq!(report.failed_trials, never.failed_trials);
    let by_connections = |count: usize| {
        report.failed_trials.iter().filter(|trial| labels(&forgetting, 5, **trial).len() == count).count()
    };
    assert!(by_connections(1) > 0 && by_connections(2) > 0);
    for trial in &report.failed_trials {
        let replay = forgetting.replay(5, *trial, Fidelity::Wire).unwrap();
        assert_eq!(replay.connections.last().unwrap().outcome.cause, Some(Cause::Z));
    }
}

#[test]
fn a_trial_replays_byte_for_byte() {
    for (client, server) in
        [(CLIENT, SERVER), ("resumption=ticket", "groups=modp768,resumption=ticket,ticket_renewal=always")]
    {
        let experiment = experiment(client, server, json!([{}, {"seconds_before": 7}, {"forgets": ["ticket_key"]}]));
        let (once, again) =
            (experiment.replay(9, 4, Fidelity::Wire).unwrap(), experiment.replay(9, 4, Fidelity::Wire).unwrap());
        assert_eq!((once.connections.len(), &once), (3, &again));
        assert_ne!(once, experiment.replay(9, 5, Fidelity::Wire).unwrap());
    }
}

#[test]
fn what_refused_a_session_is_the_cause() {
    let cause = |client: &str, server: &str, connections: Value| {
        let replay = experiment(client, server, connections).replay(1, 0, Fidelity::Wire).unwrap();
        replay.connections.last().unwrap().outcome.cause
    };
    let downgrade = json!([{}, {"client": {"ems": "off", "offer_downgrade": "offer"}}]);
    assert_eq!(cause("", "groups=modp768", downgrade.clone()), Some(Cause::Session));
    // The client's check of the extension.
    assert_eq!(cause("", "groups=modp768,resumed_ems_echo=omit", json!([{}, {}])), Some(Cause::Session));
    assert_eq!(cause("", "groups=modp768,resume_downgrade=resume", downgrade), Some(Cause::Session));
    // A session that was declined has no part in what comes after.
    let no_suite =
        json!([{}, {"forgets": ["server_sessions"], "server": {"suites": ["TLS_DH_anon_WITH_AES_128_CBC_SHA"]}}]);
    assert_eq!(cause("", "groups=modp768", no_suite), Some(Cause::Negotiation));
}

#[test]
fn a_scenario_says_what_is_not_default_and_nothing_else() {
    let plain = json!({"client_sends": "ping", "server_sends": "pong"});
    let resume = json!({"name": "resume", "connections": [plain, plain]});
    assert_eq!(serde_json::to_value(Scenario::resume()).unwrap(), resume);
    let mut full = plain.clone();
    full["client"] = json!({"ems": "off"});
    full["server"] = json!({"resumption": "none"});
    full["seconds_before"] = json!(3);
    full["forgets"] = json!(["client_sessions", "server_sessions", "ticket_key"]);
    let text = json!({"name": "mine", "connections": [full]}).to_string();
    assert_eq!(serde_json::to_value(Scenario::parse(&text).unwrap()).unwrap().to_string(), text);
}

#[test]
fn knobs_that_cannot_be_name_their_connection() {
    let parse = |plan: Value| {
        let text = json!({"name": "bad", "connections": [{}, plan]}).to_string();
        Scenario::parse(&text).unwrap_err().to_string()
    };
    let error = parse(json!({"client": {"emz": "off"}}));
    assert!(error.starts_with("connection 1, client: ") && error.contains("ems"), "{error}");
    let error = parse(json!({"server": {"ems": "never"}}));
    assert!(error.starts_with("connection 1, server: "), "{error}");
    assert!(parse(json!({"forgets": ["tickets"]})).contains("ticket_key"));
    // What goes together is known once there is a behaviour to change.
    let contradiction = experiment(
        "suites=TLS_DHE_RSA_WITH_AES_128_GCM_SHA256",
        "",
        json!([
            {}, {"client": {"without_suites": ["TLS_DHE_*"]}}
        ]),
    );
    let error = contradiction.replay(1, 0, Fidelity::Wire).unwrap_err().to_string();
    assert!(error.starts_with("connection 1, client: ") && error.contains("no suite is left"), "{error}");
}

#[test]
fn such_scenarios_are_run_at_wire_fidelity_alone() {
    let refused = |client: &str, scenario: Value| {
        let experiment = experiment(client, "groups=modp768", scenario);
        assert_eq!(experiment.expected_rate().unwrap(), None);
        let options = RunOptions { fidelity: FidelityChoice::Class, ..RunOptions::new(10, 1) };
        match experiment.run(&options, &Monitor::default()) {
            Err(ExperimentError::NotByClasses { reason }) => reason,
            Err(error) => panic!("{error}"),
            Ok(_) => panic!("it was run by classes"),
        }
    };
    assert!(refused("", json!("resume")).contains("resume the session"));
    assert!(refused("ems=off", json!([{"client": {"ems": "on"}}])).contains("knobs of its own"));
    // Where nothing can be resumed, connections are the same thing done again.
    for (client, server) in
        [("resumption=none", "groups=modp768"), ("resumption=ticket", "groups=modp768"), ("ems=off", "groups=modp768")]
    {
        let experiment = experiment(client, server, json!("resume"));
        assert!(experiment.expected_rate().unwrap().is_some(), "{client} against {server}");
        let options = RunOptions { fidelity: FidelityChoice::Class, ..RunOptions::new(300, 1) };
        experiment.run(&options, &Monitor::default()).unwrap_or_else(|error| panic!("{error}"));
    }
}
