//! Every knob and every scenario, at class fidelity: it agrees with wire fidelity trial by trial, or it is refused by name.
//!
//! The knobs and their values come from the table, so a new knob is here without a word.

use serde_json::{Map, Value, json};
use tlslab_proto::behaviour::knobs::{Kind, Knob};
use tlslab_proto::behaviour::{Behaviour, ClientKnobs, OwnKnobs, ServerKnobs};

use super::*;

/// 3 * 2^511 + 34955, a safe prime: two of three values of Z start with a zero byte.
const HALFWAY_P: &str = "01\
    8000000000000000000000000000000000000000000000000000000000000000\
    000000000000000000000000000000000000000000000000000000000000888b";

/// As many trials each, all of which the audit replays too.
const TRIALS: u64 = 32;

/// Values of a knob that between them say all that it can say, as far as that is few words.
fn values(kind: &Kind) -> Vec<Value> {
    match kind {
        Kind::Choice { values } => values.iter().map(|choice| json!(choice.value)).collect(),
        Kind::Integer { min, max } => vec![json!(min), json!(max)],
        Kind::List { of } => values(of).into_iter().map(|value| json!([value])).collect(),
        Kind::PerVersion { of } | Kind::Optional { of } => values(of),
        Kind::Either { of } => of.iter().flat_map(values).collect(),
        Kind::Text => vec![json!("example.org")],
        Kind::Suite => ["TLS_DHE_RSA_WITH_AES_128_CBC_SHA", "TLS_RSA_WITH_AES_128_GCM_SHA256"].map(Value::from).into(),
        Kind::Scheme => vec![json!("rsa_pkcs1_sha1")],
        Kind::Group => vec![json!("modp768")],
    }
}

/// Both sides as they fail two times in three, but for one knob of one side.
fn varied<Own: OwnKnobs>(base: &Value, knob: &Knob, value: &Value) -> Option<Behaviour<Own>> {
    let mut knobs: Map<String, Value> = base.as_object().unwrap().clone();
    knobs.insert(knob.name.clone(), value.clone());
    // Some values ask for others: a fallback for fewer versions, a text of another form.
    Behaviour::<Own>::from_value(&Value::Object(knobs)).ok()
}

/// What class fidelity has to say of an experiment: nothing, where it agrees with wire fidelity, or why it refuses.
fn refusal(experiment: &Experiment, what: &str) -> Option<String> {
    let by = |fidelity| {
        // So few trials are not worth large tables.
        let options = RunOptions { fidelity, memory_budget: 1 << 21, ..RunOptions::new(TRIALS, 11) };
        experiment.run(&options, &Monitor::default())
    };
    match by(FidelityChoice::Class) {
        Err(error) => Some(error.to_string()),
        Ok(class) => {
            let wire = by(FidelityChoice::Wire).unwrap();
            assert_eq!(class.failed_trials, wire.failed_trials, "{what}");
            assert_eq!((class.outcomes, class.causes), (wire.outcomes, wire.causes), "{what}");
            assert_eq!(class.audited, TRIALS, "{what}");
            None
        }
    }
}

#[test]
fn every_value_of_every_knob_agrees_with_wire_fidelity_or_is_refused_by_its_name() {
    let client = json!({ "ems": "off" });
    let group = json!({ "p": HALFWAY_P, "g": "04" });
    let server = json!({ "ems": "off", "premaster_zeros": "keep", "groups": [group] });
    let base = || Experiment {
        client: ClientBehaviour::from_value(&client).unwrap(),
        server: ServerBehaviour::from_value(&server).unwrap(),
        ..experiment("", "")
    };
    let check = |experiment: Option<Experiment>, side: &str, knob: &Knob, value: &Value| {
        let what = format!("{side} {}={value}", knob.name);
        let Some(experiment) = experiment else { return 0 };
        if let Some(reason) = refusal(&experiment, &what) {
            assert!(reason.contains(&knob.name) || reason.contains(value.as_str().unwrap_or("?")), "{what}: {reason}");
        }
        1
    };
    let mut checked = 0;
    for knob in ClientKnobs::table() {
        for value in values(&knob.kind) {
            let varied = varied(&client, knob, &value).map(|client| Experiment { client, ..base() });
            checked += check(varied, "client", knob, &value);
        }
    }
    for knob in ServerKnobs::table() {
        for value in values(&knob.kind) {
            let varied = varied(&server, knob, &value).map(|server| Experiment { server, ..base() });
            checked += check(varied, "server", knob, &value);
        }
    }
    let knobs = ClientKnobs::table().len() + ServerKnobs::table().len();
    assert!(checked > 2 * knobs, "{checked} values of {knobs} knobs");
}

#[test]
fn every_scenario_agrees_with_wire_fidelity_or_is_refused_by_what_it_does() {
    for name in Scenario::NAMES {
        for (client, server) in
            [("ems=off", "ems=off,premaster_zeros=keep,groups=modp768"), ("", "premaster_zeros=keep,groups=modp768")]
        {
            let experiment = Experiment { scenario: Scenario::parse(name).unwrap(), ..experiment(client, server) };
            let said = refusal(&experiment, name);
            let expected = match name {
                "full" => None,
                // Sessions without EMS are not offered, so each connection is a full handshake.
                "resume" if client == "ems=off" => None,
                "resume" => Some("resume"),
                "ftps" => Some("FTP"),
                "certificate" | "certificate_by_renegotiation" => Some("certificate"),
                other => panic!("{other} has no place here"),
            };
            match (&said, expected) {
                (None, None) => {}
                (Some(reason), Some(word)) => assert!(reason.contains(word), "{name}: {reason}"),
                _ => panic!("{name}, {client:?}: {said:?}"),
            }
        }
    }
}

/// Where endpoints draw exponents again now and then, trials run all the same, one by one.
#[test]
fn exponents_that_are_drawn_again_are_for_wire_fidelity() {
    let tiny = r#"{"ems": "off", "premaster_zeros": "keep", "groups": [{"p": "ffffffffffffffc5", "g": "02"}]}"#;
    for (client, server, word) in [("ems=off", tiny, "256 bits"), ("exponent_length=3", "", "exponent_length")] {
        let experiment = experiment(client, server);
        assert!(refusal(&experiment, client).unwrap().contains(word));
        assert_eq!(comparable(&run(&experiment, 500, 1, 1, true)), comparable(&run(&experiment, 500, 1, 3, true)));
    }
}
