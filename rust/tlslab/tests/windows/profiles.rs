//! Profiles: every one can be made, facts decide and names do not, and two updated systems never fail with each other.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tlslab::experiment::{Experiment, Fidelity, SignatureChoice};
use tlslab::scenario::Scenario;
use tlslab::scenario::outcome::Outcome;
use tlslab::windows::{
    Availability, Platform, Profile, ProfileOptions, Reading, Registry, RegistryError, catalogue, profile,
};
use tlslab_proto::behaviour::{ClientBehaviour, ServerBehaviour};

const SUITE: &str = "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384";

/// 2^1024 + 1657867, a safe prime just above a byte boundary: practically every Z and every public value starts with a
/// zero byte.
fn boundary_group() -> Value {
    json!({ "p": format!("1{:0>256}", "194c0b"), "g": "4" })
}

fn registry(values: Value) -> Registry {
    Registry::from_values(values.as_object().unwrap()).unwrap()
}

fn of(platform: &Platform, options: &ProfileOptions) -> Profile {
    profile(&platform.name, options).unwrap()
}

fn with(knobs: impl serde::Serialize, changes: Value) -> Value {
    let mut knobs = json!(knobs);
    knobs.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    knobs
}

/// One connection of the two, by their own lists.
fn connect(client: ClientBehaviour, server: ServerBehaviour) -> Outcome {
    let experiment = Experiment { client, server, scenario: Scenario::full(), signatures: SignatureChoice::Simulated };
    experiment.replay(1, 0, Fidelity::Wire).unwrap().connections[0].outcome.clone()
}

/// One connection of the two with a TLS_DHE suite, in which Z has leading zeros.
fn meet(client: &Profile, server: &Profile) -> Outcome {
    let client = with(&client.client, json!({ "suites": [SUITE] }));
    let server = with(&server.server, json!({ "suites": [SUITE], "groups": [boundary_group()] }));
    connect(ClientBehaviour::from_value(&client).unwrap(), ServerBehaviour::from_value(&server).unwrap())
}

fn suite_of(outcome: &Outcome) -> String {
    json!(outcome)["established"]["suite"].as_str().unwrap_or_default().to_owned()
}

/// Both sides of every pair of platforms.
fn pairs() -> impl Iterator<Item = (&'static Platform, &'static Platform)> {
    let all = &catalogue().platforms;
    all.iter().flat_map(move |client| all.iter().map(move |server| (client, server)))
}

#[test]
fn every_profile_can_be_made_and_names_its_sources() {
    let switched = registry(json!({
        "DisableClientExtendedMasterSecret": 1, "DisableServerExtendedMasterSecret": 1,
    }));
    for platform in &catalogue().platforms {
        for updated in [None, Some(false), Some(true)] {
            for leading_zero_update in [None, Some(false), Some(true)] {
                for reading in [Reading::Z, Reading::PublicValue] {
                    for registry in [Registry::default(), switched.clone()] {
                        let options = ProfileOptions { updated, registry, leading_zero_update, reading };
                        let made = of(platform, &options);
                        assert_eq!(made.updated, updated.unwrap_or(true));
                        assert_eq!(made.ems_enforced, made.updated);
                        assert!(!made.assumptions.is_empty());
                        let known = |source: &String| catalogue().sources.contains_key(source);
                        assert!(made.sources.iter().all(known), "{:?}", made.sources);
                        let each: BTreeSet<_> = made.assumptions.iter().collect();
                        assert_eq!(each.len(), made.assumptions.len(), "an assumption stands twice");
                    }
                }
            }
        }
    }
}

#[test]
fn the_leading_zero_update_follows_the_catalogue_unless_it_is_said() {
    for platform in &catalogue().platforms {
        for updated in [false, true] {
            let options = ProfileOptions { updated: Some(updated), ..ProfileOptions::default() };
            let expected = match &platform.leading_zero_update {
                Availability::FromRelease => true,
                Availability::ByUpdatesSince(_) => updated,
                Availability::Never => false,
            };
            assert_eq!(of(platform, &options).leading_zero_update, expected, "{}", platform.name);
            let said = ProfileOptions { leading_zero_update: Some(!expected), ..options };
            assert_eq!(of(platform, &said).leading_zero_update, !expected);
        }
    }
}

#[test]
fn the_registry_switches_one_side_off_and_zero_switches_nothing() {
    let ems = |values: Value| {
        let options = ProfileOptions { registry: registry(values), ..ProfileOptions::default() };
        let made = profile("Windows Server 2019", &options).unwrap();
        let of = |knobs: Value| knobs.get("ems").cloned().unwrap_or(json!("on"));
        [of(json!(made.client)), of(json!(made.server))]
    };
    assert_eq!(ems(json!({})), ["on", "on"]);
    assert_eq!(ems(json!({ "DisableClientExtendedMasterSecret": 1 })), ["off", "on"]);
    assert_eq!(ems(json!({ "disableserverextendedmastersecret": 1 })), ["on", "off"]);
    assert_eq!(ems(json!({ "DisableServerExtendedMasterSecret": u32::MAX })), ["on", "off"]);
    assert_eq!(
        ems(json!({ "DisableClientExtendedMasterSecret": 0, "DisableServerExtendedMasterSecret": 0 })),
        ["on", "on"]
    );
}

#[test]
fn registry_values_that_mean_nothing_are_refused() {
    let refuse = |values: Value| Registry::from_values(values.as_object().unwrap()).unwrap_err();
    match refuse(json!({ "DisableClientExtendedMasterSecrets": 1 })) {
        RegistryError::UnknownValue { nearest, valid, .. } => {
            assert_eq!(nearest[0], "DisableClientExtendedMasterSecret");
            assert_eq!(valid.len(), 2);
        }
        other => panic!("{other:?}"),
    }
    for value in [json!(-1), json!(1_u64 << 32), json!("1"), json!(true), json!(0.5), json!(null)] {
        let error = refuse(json!({ "DisableClientExtendedMasterSecret": value }));
        assert!(matches!(error, RegistryError::NoDword { .. }), "{error}");
    }
}

/// KB980436's compatible mode: a peer without RFC 5746 is renegotiated with, whoever begins.
#[test]
fn every_windows_renegotiates_with_a_peer_that_does_not_know_rfc_5746() {
    for platform in &catalogue().platforms {
        for updated in [false, true] {
            let made = of(platform, &ProfileOptions { updated: Some(updated), ..ProfileOptions::default() });
            let old_server = json!({ "renegotiation_info": "off", "renegotiation": "legacy" });
            let old_client = json!({ "renegotiation_info": "off", "renegotiation": "legacy" });
            for (client, server, by) in [
                (json!(made.client), old_server, "server"),
                (old_client, with(&made.server, json!({ "premaster_zeros": "strip" })), "client"),
            ] {
                let experiment = Experiment {
                    client: ClientBehaviour::from_value(&client).unwrap(),
                    server: ServerBehaviour::from_value(&server).unwrap(),
                    scenario: Scenario::parse(
                        &json!({ "name": "test", "connections": [{ "renegotiates": { "by": by } }] }).to_string(),
                    )
                    .unwrap(),
                    signatures: SignatureChoice::Simulated,
                };
                let connection = &experiment.replay(1, 0, Fidelity::Wire).unwrap().connections[0];
                assert!(!connection.outcome.failed(), "{} {by}: {}", platform.name, connection.outcome);
                let finished = connection.messages().filter(|sent| sent.message.name() == "Finished").count();
                assert_eq!(finished, 4, "{} {by}", platform.name);
            }
        }
    }
}

#[test]
fn two_updated_systems_never_fail_with_each_other() {
    let options = ProfileOptions { updated: Some(true), ..ProfileOptions::default() };
    for (client, server) in pairs() {
        let (client, server) = (of(client, &options), of(server, &options));
        let outcome = connect(client.client.clone(), server.server.clone());
        assert!(!outcome.failed(), "{} and {}: {outcome}", client.platform.name, server.platform.name);
        let zeros = meet(&client, &server);
        assert!(!zeros.failed(), "{} and {}: {zeros}", client.platform.name, server.platform.name);
    }
}

/// The label of the last of the connections that share sessions, the second of which sets knobs.
fn after_a_session(client: &Value, server: &Value, second: Value) -> String {
    let scenario = json!({ "name": "test", "connections": [{}, second] });
    let experiment = Experiment {
        client: ClientBehaviour::from_value(client).unwrap(),
        server: ServerBehaviour::from_value(server).unwrap(),
        scenario: Scenario::parse(&scenario.to_string()).unwrap(),
        signatures: SignatureChoice::Simulated,
    };
    let connections = experiment.replay(1, 0, Fidelity::Wire).unwrap().connections;
    assert_eq!(connections.len(), 2, "{}", connections[0].outcome);
    connections[1].outcome.label()
}

#[test]
fn two_updated_systems_resume_and_never_fail_with_each_other() {
    let options = ProfileOptions { updated: Some(true), ..ProfileOptions::default() };
    for (client, server) in pairs() {
        let names = format!("{} and {}", client.name, server.name);
        let (client, server) = (json!(of(client, &options).client), json!(of(server, &options).server));
        let label = |client: &Value, server: &Value| after_a_session(client, server, json!({}));
        assert_eq!(label(&client, &server), "established:resumed:ems", "{names}");
        let (client_off, server_off) = (json!({ "ems": "off" }), json!({ "ems": "off" }));
        assert_eq!(label(&with(&client, client_off.clone()), &server), "established:full", "{names}");
        assert_eq!(label(&client, &with(&server, server_off)), "established:full", "{names}");
        // The registry of one of them is changed between the two connections.
        let switched =
            |first: Value, second: Value| after_a_session(&with(&client, first), &server, json!({ "client": second }));
        assert_eq!(switched(client_off.clone(), json!({ "ems": "on" })), "established:full:ems", "{names}");
        assert_eq!(switched(json!({}), client_off), "established:full", "{names}");
    }
}

/// What the update changes, against a peer that offers and resumes whatever there is.
#[test]
fn the_update_ends_resumption_without_ems() {
    let client_off = json!({ "ems": "off", "offer_without_ems": "offer", "offer_downgrade": "offer" });
    let server_off = json!({ "ems": "off", "resume_legacy": "resume" });
    let any_server = json!({ "resume_upgrade": "resume", "resume_downgrade": "resume", "resume_legacy": "resume" });
    for platform in &catalogue().platforms {
        let [before, updated] = [false, true].map(|updated| {
            let made = of(platform, &ProfileOptions { updated: Some(updated), ..ProfileOptions::default() });
            // Zeros are stripped on both sides, so that the leading-zero update has no part in it.
            let server = with(&made.server, json!({ "premaster_zeros": "strip" }));
            [with(&made.client, json!({ "premaster_zeros": "strip" })), server]
        });
        assert_ne!(before[0], updated[0]);
        assert_ne!(before[1], updated[1]);
        let first = json!({ "client": { "ems": "on" } });
        for ([client, server], [legacy_client, upgrade_client, legacy_server, upgrade_server, downgrade_server]) in [
            (
                before,
                [
                    "established:resumed",
                    "established:resumed",
                    "established:resumed",
                    "established:resumed",
                    "established:resumed:ems",
                ],
            ),
            (
                updated,
                [
                    "established:full",
                    "established:full:ems",
                    "established:full",
                    "established:full:ems",
                    "alert:handshake_failure:server",
                ],
            ),
        ] {
            let name = &platform.name;
            assert_eq!(after_a_session(&client, &server_off, json!({})), legacy_client, "{name}");
            let without = with(&client, json!({ "ems": "off" }));
            assert_eq!(after_a_session(&without, &any_server, first.clone()), upgrade_client, "{name}");
            assert_eq!(after_a_session(&client_off, &server, json!({})), legacy_server, "{name}");
            assert_eq!(after_a_session(&client_off, &server, first.clone()), upgrade_server, "{name}");
            let downgrading =
                json!({ "offer_without_ems": "offer", "offer_downgrade": "offer", "resumed_ems_check": "ignore" });
            let second = json!({ "client": { "ems": "off" } });
            assert_eq!(after_a_session(&downgrading, &server, second), downgrade_server, "{name}");
        }
    }
}

#[test]
fn without_ems_they_fail_where_one_has_the_leading_zero_update_and_the_other_has_not() {
    let updated = ProfileOptions { updated: Some(true), ..ProfileOptions::default() };
    let without =
        ProfileOptions { registry: registry(json!({ "DisableServerExtendedMasterSecret": 1 })), ..updated.clone() };
    let mut failures = 0;
    for (client, server) in pairs() {
        let (client, server) = (of(client, &updated), of(server, &without));
        let outcome = meet(&client, &server);
        let differ = client.leading_zero_update != server.leading_zero_update;
        assert_eq!(outcome.failed(), differ, "{} and {}", client.platform.name, server.platform.name);
        if differ {
            assert_eq!(outcome.label(), "alert:bad_record_mac:server");
            failures += 1;
        }
    }
    assert!(failures > 0);
}

#[test]
fn by_the_other_reading_they_fail_with_ems_too() {
    let options = ProfileOptions { updated: Some(true), reading: Reading::PublicValue, ..ProfileOptions::default() };
    let outcome =
        |client, server| meet(&profile(client, &options).unwrap(), &profile(server, &options).unwrap()).label();
    assert_eq!(outcome("Windows Server 2012 R2", "Windows Server 2019"), "alert:bad_record_mac:server");
    assert_eq!(outcome("Windows Server 2016", "Windows Server 2019"), "established:full:ems");
}

#[test]
fn the_pair_of_kb4557473_picks_a_dhe_suite_by_its_own_lists() {
    let by_lists = |client: &str, server: &str| {
        let options = ProfileOptions::default();
        suite_of(&connect(profile(client, &options).unwrap().client, profile(server, &options).unwrap().server))
    };
    assert_eq!(by_lists("Windows Server 2012 R2", "Windows Server 2019"), SUITE);
    assert_eq!(by_lists("Windows Server 2019", "Windows Server 2019"), "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384");
}
