//! Cause 2 of KB4528489, a server that asks for a certificate only after an offer to resume: in both readings, before and
//! after the update of the client's Windows, and with each mitigation.

use serde_json::{Value, json};
use tlslab::experiment::{Experiment, ExperimentError, Fidelity, FidelityChoice, Monitor, RunOptions, SignatureChoice};
use tlslab::scenario::Scenario;
use tlslab::scenario::application::Refusal;
use tlslab::scenario::connection::Connection;
use tlslab::scenario::verdict::Cause;
use tlslab::windows::{ProfileOptions, profile};
use tlslab_proto::behaviour::{ClientBehaviour, ServerBehaviour};
use tlslab_proto::crypto::Side;
use tlslab_proto::crypto::certificate::{Fingerprint, Identity};

const BEFORE: bool = false;
const AFTER: bool = true;

/// A Windows with a certificate. Before its update it does not know RFC 7627 5.4 either, which is an assumption.
fn windows(updated: bool, more: &str) -> ClientBehaviour {
    let options = ProfileOptions { updated: Some(updated), ..ProfileOptions::default() };
    let profile = profile("Windows 10 1903", &options).unwrap_or_else(|error| panic!("{error}"));
    let renegotiation = if updated { "secure" } else { "legacy" };
    let own = json!({"certificates": ["rsa"], "renegotiation": renegotiation, "premaster_zeros": "strip"});
    let more = ClientBehaviour::from_assignments(more).unwrap_or_else(|error| panic!("{more}: {error}")).to_value();
    let client = profile.client.with(own.as_object().unwrap()).and_then(|client| client.with(&more));
    client.unwrap_or_else(|error| panic!("{error}"))
}

fn experiment(client: ClientBehaviour, server: &str, scenario: &str) -> Experiment {
    Experiment {
        client,
        server: ServerBehaviour::from_assignments(server).unwrap_or_else(|error| panic!("{server}: {error}")),
        scenario: Scenario::parse(scenario).unwrap_or_else(|error| panic!("{error}")),
        signatures: SignatureChoice::Simulated,
    }
}

fn connections(experiment: &Experiment) -> Vec<Connection> {
    experiment.replay(1, 0, Fidelity::Wire).unwrap_or_else(|error| panic!("{error}")).connections
}

fn labels(client: ClientBehaviour, server: &str, scenario: &str) -> Vec<String> {
    connections(&experiment(client, server, scenario)).iter().map(|one| one.outcome.label()).collect()
}

/// The first connection demands nothing, and leaves a session; the two others tell.
fn check(scenario: &str, cases: &[(&str, bool, &str, &str, &str)]) {
    for (what, updated, client, server, last) in cases {
        let labels = labels(windows(*updated, client), server, scenario);
        let first = last.replace(":refused", "").replace("resumed", "full");
        assert_eq!(labels, [first.as_str(), last, last], "{scenario}: {what}");
    }
}

/// "Operating systems that send the CertificateRequest message only in a full handshake following resumption": one that
/// follows a declined offer. The server resumes nothing, and knows no EMS.
#[test]
fn by_declining_an_offer() {
    const SERVER: &str = "ems=off,session_lifetime=0,request_certificate=after_declined_resumption";
    check(
        "certificate",
        &[
            ("before the update", BEFORE, "", SERVER, "established:full"),
            ("after it, nothing is offered and nothing asked for", AFTER, "", SERVER, "established:full:refused"),
            (
                "EMS on both sides helps: the client offers again",
                AFTER,
                "",
                "session_lifetime=0,request_certificate=after_declined_resumption",
                "established:full:ems",
            ),
            ("fewer suites do not", AFTER, "without_suites=TLS_DHE_*", SERVER, "established:full:refused"),
            ("the maker's update does", AFTER, "", "ems=off,request_certificate=full", "established:full"),
            ("nor does a client without EMS", AFTER, "ems=off", SERVER, "established:full:refused"),
        ],
    );
}

/// The same, but the server declines those sessions alone that have no EMS.
#[test]
fn by_declining_what_has_no_ems() {
    const SERVER: &str = "ems=off,resume_legacy=full,request_certificate=after_declined_resumption";
    check(
        "certificate",
        &[
            ("before the update", BEFORE, "", SERVER, "established:full"),
            ("after it", AFTER, "", SERVER, "established:full:refused"),
            (
                "EMS does not help: what is resumed is not asked",
                AFTER,
                "",
                "resume_legacy=full,request_certificate=after_declined_resumption",
                "established:resumed:ems:refused",
            ),
            ("the maker's update does", AFTER, "", "ems=off,request_certificate=full", "established:full"),
        ],
    );
}

/// The other reading: a resumed handshake, then HelloRequest, and a full one with CertificateRequest.
#[test]
fn by_renegotiation() {
    const SERVER: &str = "ems=off,resume_legacy=resume";
    check(
        "certificate_by_renegotiation",
        &[
            ("before the update", BEFORE, "", SERVER, "established:full"),
            ("after it, nothing is resumed", AFTER, "", SERVER, "established:full:refused"),
            ("EMS on both sides helps", AFTER, "", "", "established:full:ems"),
            ("fewer suites do not", AFTER, "without_suites=TLS_DHE_*", SERVER, "established:full:refused"),
            ("the maker's update does", AFTER, "", "ems=off,request_certificate=full", "established:full"),
            (
                "a client that heeds RFC 7627 5.4 does not renegotiate what it has resumed without EMS",
                BEFORE,
                "renegotiation=secure",
                SERVER,
                "established:resumed:refused",
            ),
        ],
    );
}

#[test]
fn what_is_refused_and_what_is_not() {
    let server = "ems=off,resume_legacy=resume";
    let served = connections(&experiment(windows(BEFORE, ""), server, "certificate_by_renegotiation"));
    let own = Fingerprint::of(&Identity::lab_rsa().chain[0]);
    let identities: Vec<_> =
        served.iter().map(|one| one.outcome.established.as_ref().unwrap().client_certificate).collect();
    assert_eq!(identities, [None, Some(own), Some(own)]);
    let names = |connection: &Connection, side| {
        let sent = connection.messages().filter(move |sent| sent.sender == side);
        sent.map(|sent| sent.message.name()).collect::<Vec<_>>()
    };
    let resumed_then_full = ["ServerHello", "ChangeCipherSpec", "Finished", "HelloRequest", "ServerHello"];
    assert_eq!(names(&served[1], Side::Server)[..5], resumed_then_full);

    let refused = connections(&experiment(windows(AFTER, ""), server, "certificate_by_renegotiation"));
    assert_eq!(refused.len(), 3, "a refusal does not end the scenario");
    let outcome = &refused[2].outcome;
    assert_eq!((outcome.refused, outcome.failed()), (Some(Refusal::NoClientCertificate), false));
    assert_eq!(serde_json::to_value(outcome).unwrap()["refused"], "no_client_certificate");
    // The application's answer is missing: the last that the server sends is a close_notify.
    assert_eq!(names(&refused[2], Side::Server).last(), Some(&"Alert"));
    assert_eq!(names(&refused[2], Side::Client)[4..], ["ApplicationData", "Alert"]);
}

#[test]
fn a_refusal_of_the_last_connection_is_a_failure_of_the_trial() {
    let server = "ems=off,resume_legacy=resume,groups=modp768";
    let options = RunOptions { fidelity: FidelityChoice::Wire, ..RunOptions::new(20, 5) };
    for (updated, failures, label) in [(BEFORE, 0, "established:full"), (AFTER, 20, "established:full:refused")] {
        let experiment = experiment(windows(updated, ""), server, "certificate_by_renegotiation");
        let report = experiment.run(&options, &Monitor::default()).unwrap();
        assert_eq!((report.failures, report.outcomes.get(label)), (failures, Some(&20)));
    }
}

#[test]
fn client_authentication_goes_by_classes_and_renegotiation_does_not() {
    let by_classes = |client: &str, server: &str, scenario: &str| {
        let client = ClientBehaviour::from_assignments(client).unwrap();
        let options = RunOptions { fidelity: FidelityChoice::Class, ..RunOptions::new(2_000, 1) };
        experiment(client, server, scenario).run(&options, &Monitor::default())
    };
    let asks = "groups=modp768,ems=off,premaster_zeros=keep,request_certificate=full,client_certificate=required";
    let report = by_classes("certificates=rsa", asks, "full").unwrap_or_else(|error| panic!("{error}"));
    assert!(report.failures > 0 && report.failures < 100, "{}", report.failures);
    let demanding = json!({"name": "demanding", "connections": [{"demands_certificate": true}]});
    let again = json!({"name": "again", "connections": [{"renegotiates": {"by": "client"}}]});
    for scenario in [demanding, again] {
        match by_classes("certificates=rsa", "groups=modp768", &scenario.to_string()) {
            Err(ExperimentError::NotByClasses { reason }) => assert!(reason.contains("renegotiated"), "{reason}"),
            other => panic!("{:?}", other.map(|report| report.failures)),
        }
    }
}

/// A renegotiation draws a Z of its own, and what fails there is attributed to it.
#[test]
fn a_renegotiation_fails_by_its_own_z() {
    let again = json!({"name": "again", "connections": [{"renegotiates": {"by": "server"}}]}).to_string();
    let client = ClientBehaviour::from_assignments("renegotiation=secure,ems=off").unwrap();
    let server = "groups=modp768,premaster_zeros=keep";
    let options = RunOptions { fidelity: FidelityChoice::Wire, ..RunOptions::new(1_500, 5) };
    let once = experiment(client.clone(), server, "full").run(&options, &Monitor::default()).unwrap();
    let experiment = experiment(client, server, &again);
    let twice = experiment.run(&options, &Monitor::default()).unwrap();
    let by_second: Vec<_> = twice.failed_trials.iter().filter(|trial| !once.failed_trials.contains(trial)).collect();
    assert!(!by_second.is_empty() && once.failed_trials.iter().all(|trial| twice.failed_trials.contains(trial)));
    for trial in by_second {
        let connection = experiment.replay(5, *trial, Fidelity::Wire).unwrap().connections.remove(0);
        assert_eq!(connection.outcome.cause, Some(Cause::Z));
        assert_eq!(connection.outcome.label(), "alert:bad_record_mac:server");
        assert_eq!(connection.messages().filter(|sent| sent.message.name() == "ClientHello").count(), 2);
    }
}

#[test]
fn a_renegotiation_as_a_step() {
    let step = |step: Value| json!({"name": "again", "connections": [{"renegotiates": step}]}).to_string();
    let run = |client: &str, server: &str, text: &str| {
        let client = ClientBehaviour::from_assignments(client).unwrap();
        let connection = connections(&experiment(client, server, text)).remove(0);
        let hellos = connection.messages().filter(|sent| sent.message.name() == "ClientHello").count();
        (connection.outcome.label(), hellos)
    };
    let secure = "renegotiation=secure";
    for by in ["client", "server"] {
        let text = step(json!({"by": by}));
        assert_eq!(run(secure, secure, &text), ("established:full:ems".to_owned(), 2), "{by}");
        // The one that is asked refuses, and the connection goes on.
        let (client, server) = if by == "client" { (secure, "") } else { ("", secure) };
        let asked = if by == "client" { 2 } else { 1 };
        assert_eq!(run(client, server, &text), ("established:full:ems".to_owned(), asked), "{by}");
        // Without RFC 5746 it is not even asked.
        let without = format!("{secure},renegotiation_info=off");
        assert_eq!(run(&without, secure, &text), ("established:full:ems".to_owned(), 1), "{by}");
    }
    // A wish that is not answered leaves the client waiting.
    assert_eq!(run(secure, "renegotiation=ignore", &step(json!({"by": "client"}))), ("timed_out".to_owned(), 2));
    // Nothing has been resumed.
    assert_eq!(run(secure, secure, &step(json!({"by": "server", "when": "resumed"}))).1, 1);

    let full = step(json!({"by": "server", "when": "resumed", "request_certificate": "full"}));
    let scenario = Scenario::parse(&full).unwrap();
    assert_eq!(serde_json::to_value(&scenario).unwrap()["connections"][0]["renegotiates"]["when"], "resumed");
    for (wrong, reason) in [
        (json!({"by": "client", "request_certificate": "full"}), "connection 0: request_certificate is what a server"),
        (json!({"by": "nobody"}), "nobody"),
        (json!({"by": "server", "after": 1}), "after"),
        (json!({}), "by"),
    ] {
        let error = Scenario::parse(&step(wrong)).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
}
