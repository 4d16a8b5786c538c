//! Behaviours as data: the table of knobs, what is refused and in which words, and the canonical form.

use serde_json::{Value, json};
use tlslab_proto::behaviour::knobs::{Kind, Knob};
use tlslab_proto::behaviour::lists::GroupSpec;
use tlslab_proto::behaviour::values::{
    Ems, ExponentLength, ExponentRule, PerVersion, PremasterZeros, ShortPublicValue, Switch, Version,
};
use tlslab_proto::behaviour::{BehaviourError, ClientBehaviour, ClientKnobs, OwnKnobs, ServerBehaviour, ServerKnobs};
use tlslab_proto::endpoint::ServerConfig;
use tlslab_proto::wire::registry::CipherSuite;

fn client(json: Value) -> Result<ClientBehaviour, BehaviourError> {
    ClientBehaviour::from_value(&json)
}

fn server(json: Value) -> Result<ServerBehaviour, BehaviourError> {
    ServerBehaviour::from_value(&json)
}

fn message<T: std::fmt::Debug>(result: Result<T, BehaviourError>) -> String {
    result.expect_err("it is refused").to_string()
}

/// A kind in short: what the tables below are written in.
fn short(kind: &Kind) -> String {
    match kind {
        Kind::Choice { values } => values.iter().map(|choice| choice.value.as_str()).collect::<Vec<_>>().join("|"),
        Kind::Integer { min, max } => format!("{min}..={max}"),
        Kind::Text => "text".to_owned(),
        Kind::Suite => "suite".to_owned(),
        Kind::Scheme => "scheme".to_owned(),
        Kind::Group => "group".to_owned(),
        Kind::List { of } => format!("[{}]", short(of)),
        Kind::PerVersion { of } => format!("per version: {}", short(of)),
        Kind::Optional { of } => format!("{} or null", short(of)),
        Kind::Either { of } => of.iter().map(short).collect::<Vec<_>>().join(" or "),
    }
}

const SHARED: [(&str, &str); 31] = [
    ("alpn", "[text]"),
    ("close_notify", "off|on"),
    ("curves", "[x25519|secp256r1]"),
    ("early_change_cipher_spec", "refuse|accept"),
    ("early_finished", "refuse|skip_change_cipher_spec|skip_any"),
    ("ecdh_zeros", "keep|strip"),
    ("ems", "off|on|required"),
    ("encrypt_then_mac", "off|on"),
    ("exponent_length", "short|full or 2..=8192"),
    ("exponent_reuse", "fresh|within_trial"),
    ("finished_check", "off|on"),
    ("flight_records", "per_message|coalesced"),
    ("heartbeat", "off|on|trust_length"),
    ("on_bad_finished", "bad_record_mac|decryption_failed|decrypt_error|close|silence"),
    ("on_bad_record", "bad_record_mac|decryption_failed|decrypt_error|close|silence"),
    ("on_unexpected", "alert|ignore|close"),
    ("padding_check", "off|on"),
    ("premaster_zeros", "per version: strip|keep|strip_one|sign_byte"),
    ("premaster_zeros_ems", "per version: strip|keep|strip_one|sign_byte"),
    ("public_value", "padded|minimal"),
    ("public_value_check", "none|range|subgroup"),
    ("record_padding", "shortest|longest"),
    ("record_size", "1..=16384"),
    ("record_splitting", "off|on"),
    ("renegotiation", "refuse|secure|legacy|ignore"),
    ("resumption", "none|session_id|ticket|both"),
    ("short_public_value", "accept|reject|miscompute"),
    ("signature_algorithms", "[scheme]"),
    ("suites", "[suite]"),
    ("versions", "[TLSv1.0|TLSv1.1|TLSv1.2]"),
    ("without_suites", "[text]"),
];

const CLIENT: [(&str, &str); 19] = [
    ("certificate_answer", "fitting|omit|unproved"),
    ("certificates", "[rsa|ecdsa]"),
    ("downgrade_check", "off|on"),
    ("fallback_scsv", "off|on"),
    ("group_check", "none|safe_prime|named"),
    ("groups", "[group]"),
    ("min_group_bits", "0..=8192"),
    ("offer_downgrade", "never|offer"),
    ("offer_in_renegotiation", "never|offer"),
    ("offer_without_ems", "never|offer"),
    ("renegotiation_info", "off|extension|scsv"),
    ("resumed_certificate_request", "refuse|ignore|answer"),
    ("resumed_ems_check", "enforce|ignore"),
    ("rsa_ciphertext_zeros", "keep|strip"),
    ("server_name", "text or null"),
    ("short_rsa_signature", "fail|accept"),
    ("signature_check", "off|on"),
    ("ticket_session_id", "fresh|empty"),
    ("verified_bytes", "wire|padded|minimal"),
];

const SERVER: [(&str, &str); 20] = [
    ("certificates", "[rsa|ecdsa]"),
    ("client_certificate", "optional|required"),
    ("downgrade_signal", "off|on"),
    ("fallback_check", "off|on"),
    ("groups", "[group]"),
    ("listed_groups", "heed|ignore"),
    ("renegotiation_info", "off|on"),
    ("request_certificate", "never|full|after_declined_resumption|always"),
    ("resume_downgrade", "full|resume|abort"),
    ("resume_legacy", "full|resume|abort"),
    ("resume_upgrade", "full|resume|abort"),
    ("resumed_ems_echo", "session|hello|omit"),
    ("rsa_signature_zeros", "keep|strip"),
    ("session_lifetime", "0..=4294967295"),
    ("short_rsa_ciphertext", "fail|accept"),
    ("signed_bytes", "wire|padded|minimal"),
    ("suite_preference", "server|client"),
    ("ticket_key", "random|zeros"),
    ("ticket_lifetime", "1..=4294967295"),
    ("ticket_renewal", "never|always"),
];

fn check_table(table: &[Knob], own: &[(&str, &str)]) {
    let mut expected = [&SHARED[..], own].concat();
    expected.sort_unstable();
    let kinds: Vec<_> = table.iter().map(|knob| (knob.name.as_str(), short(&knob.kind))).collect();
    let kinds: Vec<_> = kinds.iter().map(|(name, kind)| (*name, kind.as_str())).collect();
    assert_eq!(kinds, expected);
}

#[test]
fn every_knob_has_its_kind() {
    check_table(ClientKnobs::table(), &CLIENT);
    check_table(ServerKnobs::table(), &SERVER);
}

fn words(kind: &Kind) -> Vec<(&str, &str)> {
    match kind {
        Kind::Choice { values } => values.iter().map(|choice| (&choice.value[..], &choice.doc[..])).collect(),
        Kind::List { of } | Kind::PerVersion { of } | Kind::Optional { of } => words(of),
        Kind::Either { of } => of.iter().flat_map(words).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn every_knob_and_every_word_is_documented() {
    for knob in ClientKnobs::table().iter().chain(ServerKnobs::table()) {
        for (what, doc) in words(&knob.kind).into_iter().chain([(&knob.name[..], &knob.doc[..])]) {
            assert!(doc.ends_with('.') && !doc.contains('\n'), "{}: {what}: {doc:?}", knob.name);
        }
    }
}

#[test]
fn a_default_is_in_its_kind_and_says_nothing() {
    for knob in ClientKnobs::table() {
        assert_eq!(
            client(json!({&knob.name: knob.default})).as_ref(),
            Ok(&ClientBehaviour::default()),
            "{}",
            knob.name
        );
    }
    for knob in ServerKnobs::table() {
        assert_eq!(
            server(json!({&knob.name: knob.default})).as_ref(),
            Ok(&ServerBehaviour::default()),
            "{}",
            knob.name
        );
    }
    assert!(ClientBehaviour::default().to_value().is_empty());
    let table = ClientKnobs::table();
    let full = ClientBehaviour::default().to_full_value();
    assert_eq!(full.len(), table.len());
    assert!(table.iter().all(|knob| full[&knob.name] == knob.default));
}

#[test]
fn every_word_of_every_knob_can_be_set() {
    fn check<Own: OwnKnobs>() {
        for knob in Own::table() {
            for (word, _) in words(&knob.kind) {
                let value = if matches!(knob.kind, Kind::List { .. }) { json!([word]) } else { json!(word) };
                let behaviour = tlslab_proto::behaviour::Behaviour::<Own>::from_value(&json!({&knob.name: value}));
                let behaviour = behaviour.unwrap_or_else(|error| panic!("{}: {error}", knob.name));
                assert_eq!(behaviour.to_full_value()[&knob.name], value);
            }
        }
    }
    check::<ClientKnobs>();
    check::<ServerKnobs>();
}

#[test]
fn an_unknown_knob_is_told_the_nearest_and_all() {
    let names: Vec<_> = ServerKnobs::table().iter().map(|knob| knob.name.as_str()).collect();
    let expected = format!(
        "a server has no knob \"premaster_zero\" (did you mean \"premaster_zeros\"?); its knobs are: {}",
        names.join(", ")
    );
    assert_eq!(message(server(json!({"premaster_zero": "keep"}))), expected);
    let far = message(client(json!({"xyzzy": 1})));
    assert!(far.starts_with("a client has no knob \"xyzzy\"; its knobs are: alpn, "), "{far}");
    // The other side's knobs are not one's own.
    assert!(message(client(json!({"signed_bytes": []}))).starts_with("a client has no knob \"signed_bytes\""));
    assert!(matches!(client(json!({"Ems": "on"})), Err(BehaviourError::UnknownKnob { nearest: Some(name), .. })
        if name == "ems"));
}

#[test]
fn a_value_that_does_not_fit_is_told_the_nearest_and_what_does() {
    for (json, expected) in [
        (json!({"ems": false}), "ems does not take false (did you mean \"off\"?); it takes off, on, required"),
        (json!({"ems": true}), "ems does not take true (did you mean \"on\"?); it takes off, on, required"),
        (json!({"ems": "False"}), "ems does not take \"False\" (did you mean \"off\"?); it takes off, on, required"),
        (
            json!({"ems": "requird"}),
            "ems does not take \"requird\" (did you mean \"required\"?); it takes off, on, required",
        ),
        (json!({"ems": 1}), "ems does not take 1; it takes off, on, required"),
        (json!({"ems": null}), "ems does not take null; it takes off, on, required"),
        (json!({"public_value": true}), "public_value does not take true; it takes padded, minimal"),
        (
            json!({"versions": "TLSv1.2"}),
            "versions does not take \"TLSv1.2\"; it takes a list of: TLSv1.0, TLSv1.1, TLSv1.2",
        ),
        (
            json!({"versions": ["TLSv1.2", "TLS1.0"]}),
            "versions does not take \"TLS1.0\" (did you mean \"TLSv1.0\"?); it takes TLSv1.0, TLSv1.1, TLSv1.2",
        ),
        (json!({"record_size": 0}), "record_size does not take 0; it takes a whole number from 1 to 16384"),
        (json!({"record_size": 16385}), "record_size does not take 16385; it takes a whole number from 1 to 16384"),
        (json!({"record_size": -1}), "record_size does not take -1; it takes a whole number from 1 to 16384"),
        (json!({"record_size": 1.5}), "record_size does not take 1.5; it takes a whole number from 1 to 16384"),
        (json!({"record_size": "100"}), "record_size does not take \"100\"; it takes a whole number from 1 to 16384"),
        (
            json!({"exponent_length": 1}),
            "exponent_length does not take 1; it takes short, full, or a whole number from 2 to 8192",
        ),
        (
            json!({"exponent_length": "ful"}),
            "exponent_length does not take \"ful\" (did you mean \"full\"?); it takes short, full, or a whole number from 2 to 8192",
        ),
        (json!({"server_name": 3}), "server_name does not take 3; it takes text or null"),
        (
            json!({"premaster_zeros": "kept"}),
            "premaster_zeros does not take \"kept\" (did you mean \"keep\"?); it takes strip, keep, strip_one, sign_byte, or an object with one for each version",
        ),
        (
            json!({"premaster_zeros": {"TLSv1.2": "kept"}}),
            "premaster_zeros does not take \"kept\" (did you mean \"keep\"?); it takes strip, keep, strip_one, sign_byte",
        ),
        (
            json!({"premaster_zeros": {"TLSv1.3": "keep"}}),
            "premaster_zeros does not take \"TLSv1.3\" (did you mean \"TLSv1.2\"?); it takes TLSv1.0, TLSv1.1 or TLSv1.2 as the names of single versions",
        ),
        (
            json!({"suites": ["TLS_DHE_RSA_WITH_AES_128_GCM"]}),
            "suites does not take \"TLS_DHE_RSA_WITH_AES_128_GCM\" (did you mean \"TLS_DHE_RSA_WITH_AES_128_GCM_SHA256\"?); it takes cipher suites by IANA name, OpenSSL name or number (0x009e)",
        ),
    ] {
        assert_eq!(message(client(json)), expected);
    }
    let scheme = message(client(json!({"signature_algorithms": ["rsa_pkcs1_sha265"]})));
    assert!(
        scheme.contains("(did you mean \"rsa_pkcs1_sha256\"?); it takes signature schemes: rsa_pkcs1_md5, "),
        "{scheme}"
    );
    let group = message(server(json!({"groups": ["ffdhe2408"]})));
    assert!(group.starts_with("groups does not take \"ffdhe2408\" (did you mean \"ffdhe2048\"?)"), "{group}");
    for wrong in [
        json!({"p": "ff"}),
        json!({"p": "ff", "g": "02", "q": "01"}),
        json!({"p": "xy", "g": "02"}),
        json!({"p": 255, "g": 2}),
    ] {
        let message = message(server(json!({"groups": [wrong]})));
        assert!(
            message.starts_with("groups does not take {") && message.contains("or as {\"p\": \"<hex>\""),
            "{message}"
        );
    }
}

#[test]
fn what_is_no_object_of_knobs() {
    assert!(matches!(ClientBehaviour::from_json("{"), Err(BehaviourError::NotJson { .. })));
    assert_eq!(
        message(client(json!([1]))),
        "a behaviour is a JSON object of knobs, such as {\"ems\": \"off\"}; got [1]"
    );
    assert!(
        serde_json::from_value::<ClientBehaviour>(json!({"emz": "on"})).unwrap_err().to_string().contains("no knob")
    );
}

#[test]
fn contradictions_are_refused() {
    for (json, knobs) in [
        (json!({"versions": []}), "versions"),
        (json!({"suites": []}), "suites, without_suites"),
        (json!({"without_suites": ["TLS_*"]}), "suites, without_suites"),
        (json!({"alpn": [""]}), "alpn"),
        (json!({"alpn": ["x".repeat(256)]}), "alpn"),
    ] {
        for error in [client(json.clone()).unwrap_err(), server(json).unwrap_err()] {
            assert!(matches!(&error, BehaviourError::Contradiction { knobs: named, .. } if named == knobs), "{error}");
        }
    }
    // A client can only list what has a number; a server needs a group that is one, and a suite that it can run.
    for groups in [json!(["modp2048"]), json!([{"p": "ffed", "g": "02"}])] {
        assert!(
            message(client(json!({"groups": groups})))
                .starts_with("groups: a client can list the groups of RFC 7919 only")
        );
    }
    assert!(
        message(server(json!({"groups": [{"p": "fffe", "g": "02"}]}))).starts_with("groups: a modulus must be odd")
    );
    assert!(message(server(json!({"suites": ["TLS_FALLBACK_SCSV"]}))).contains("TLS_FALLBACK_SCSV is no suite"));
    assert!(client(json!({"suites": ["0x1234"]})).is_ok());
}

/// A behaviour made in Rust is held to the same rules as one that was read.
#[test]
fn a_behaviour_made_by_hand_is_checked_too() {
    let mut behaviour = ServerBehaviour::default();
    behaviour.shared.record_size = 0;
    assert_eq!(message(behaviour.validate()), "record_size does not take 0; it takes a whole number from 1 to 16384");
    let mut behaviour = ServerBehaviour::default();
    behaviour.own.groups = vec![GroupSpec::Named("modp2049".to_owned())];
    assert!(
        message(behaviour.validate()).starts_with("groups does not take \"modp2049\" (did you mean \"modp2048\"?)")
    );
    assert_eq!(ServerBehaviour::default().validate(), Ok(()));
    // Nor does it make an endpoint.
    assert_eq!(ServerConfig::new(&behaviour).err(), behaviour.validate().err());
    assert!(ServerConfig::new(&ServerBehaviour::default()).is_ok());
}

#[test]
fn json_comes_back_as_it_went_and_holds_deviations_only() {
    let json = json!({
        "ems": "required",
        "exponent_length": 300,
        "premaster_zeros": {"TLSv1.0": "keep", "TLSv1.1": "strip", "TLSv1.2": "sign_byte"},
        "premaster_zeros_ems": "strip_one",
        "server_name": "example.org",
        "suites": ["TLS_RSA_WITH_AES_128_CBC_SHA", "0x1234"],
        "versions": ["TLSv1.2"],
    });
    let behaviour = client(json.clone()).unwrap();
    assert_eq!(serde_json::to_value(&behaviour).unwrap(), json);
    assert_eq!(serde_json::from_value::<ClientBehaviour>(json.clone()).unwrap(), behaviour);
    assert_eq!(Value::Object(behaviour.to_value()), json);
    assert_eq!(client(Value::Object(behaviour.to_full_value())).unwrap(), behaviour);
    assert_eq!(format!("{behaviour:?}"), format!("client {json}"));
    assert_eq!(behaviour.shared.ems, Ems::Required);
    assert_eq!(behaviour.shared.exponent_length, ExponentLength::Bits(300));

    // Whatever is said in other words is the same.
    let other =
        client(json!({"ems": "on", "suites": ["AES128-SHA", "0x009c"], "premaster_zeros": {"TLSv1.0": "strip"}}));
    let expected = json!({"suites": ["TLS_RSA_WITH_AES_128_CBC_SHA", "TLS_RSA_WITH_AES_128_GCM_SHA256"]});
    assert_eq!(Value::Object(other.unwrap().to_value()), expected);
    let group = |p: &str, g: &str| server(json!({"groups": [{"p": p, "g": g}]})).unwrap();
    assert_eq!(group("0x0FFED", "2"), group("ffed", "0002"));
    assert_eq!(group("ffed", "2").to_value()["groups"], json!([{"p": "ffed", "g": "02"}]));
}

#[test]
fn values_for_single_versions() {
    let zeros = |json: Value| client(json!({"premaster_zeros": json})).unwrap().shared.premaster_zeros;
    assert_eq!(zeros(json!("keep")), PerVersion::all(PremasterZeros::Keep));
    let mixed = zeros(json!({"TLSv1.1": "keep"}));
    let by_version = Version::ALL.map(|version| mixed.get(version));
    assert_eq!(by_version, [PremasterZeros::Strip, PremasterZeros::Keep, PremasterZeros::Strip]);
    assert_eq!(zeros(json!({})), PerVersion::all(PremasterZeros::Strip));
    assert_eq!(zeros(json!({"TLSv1.0": "keep", "TLSv1.1": "keep", "TLSv1.2": "keep"})), zeros(json!("keep")));
}

/// An identity is part of the names of results: it must never change while the schema version stays.
#[test]
fn identities_are_stable_and_tell_sides_and_values_apart() {
    let json = || json!({"ems": "off", "premaster_zeros": "keep"});
    let (client_keeps, server_keeps) = (client(json()).unwrap(), server(json()).unwrap());
    assert_eq!(client_keeps.identity(), PINNED);
    assert_ne!(client_keeps.identity(), server_keeps.identity());
    assert_ne!(client_keeps.identity(), ClientBehaviour::default().identity());
    let in_other_order = ClientBehaviour::from_assignments("premaster_zeros=keep,ems=off,record_size=16384").unwrap();
    assert_eq!(in_other_order.identity(), client_keeps.identity());
}

/// `printf 'tlslab client 1 {"ems":"off","premaster_zeros":"keep"}' | sha256sum`
const PINNED: &str = "d7e4cad1b18069770b35965a87dd29c81c26154ec674b654886c878ec187ab6e";

#[test]
fn assignments_of_the_command_line() {
    let read = |text: &str| ClientBehaviour::from_assignments(text);
    let behaviour = read(
        " ems=off , versions=TLSv1.0+TLSv1.2,suites=DHE-RSA-AES128-SHA+0x009e,premaster_zeros=TLSv1.0:keep+TLSv1.2:strip_one,\
         exponent_length=full,min_group_bits=1024,server_name=localhost,alpn=h2+http/1.1,short_public_value=reject,",
    );
    let behaviour = behaviour.unwrap();
    assert_eq!(behaviour.shared.ems, Ems::Off);
    assert_eq!(behaviour.shared.versions, [Version::Tls10, Version::Tls12]);
    let suites = [CipherSuite::TLS_DHE_RSA_WITH_AES_128_CBC_SHA, CipherSuite::TLS_DHE_RSA_WITH_AES_128_GCM_SHA256];
    assert_eq!(behaviour.suites(), suites);
    let zeros =
        PerVersion { tls10: PremasterZeros::Keep, tls11: PremasterZeros::Strip, tls12: PremasterZeros::StripOne };
    assert_eq!(behaviour.shared.premaster_zeros, zeros);
    assert_eq!(behaviour.shared.exponent_length, ExponentLength::Rule(ExponentRule::Full));
    assert_eq!(behaviour.own.min_group_bits, 1024);
    assert_eq!(behaviour.own.server_name.as_deref(), Some("localhost"));
    assert_eq!(behaviour.shared.alpn, ["h2", "http/1.1"]);
    assert_eq!(behaviour.shared.short_public_value, ShortPublicValue::Reject);

    assert_eq!(read("").unwrap(), ClientBehaviour::default());
    assert_eq!(read("server_name=null").unwrap().own.server_name, None);
    assert_eq!(read("server_name=3").unwrap().own.server_name.as_deref(), Some("3"));
    assert_eq!(read("exponent_length=300").unwrap().shared.exponent_length, ExponentLength::Bits(300));
    assert!(read("curves=").unwrap().shared.curves.is_empty());
    assert_eq!(read("premaster_zeros=keep").unwrap().shared.premaster_zeros, PerVersion::all(PremasterZeros::Keep));
    assert_eq!(read("fallback_scsv=on").unwrap().own.fallback_scsv, Switch::On);

    assert_eq!(message(read("ems")), "\"ems\" is not of the form knob=value");
    assert_eq!(
        message(read("ems=false")),
        "ems does not take \"false\" (did you mean \"off\"?); it takes off, on, required"
    );
    assert_eq!(
        message(read("record_size=many")),
        "record_size does not take \"many\"; it takes a whole number from 1 to 16384"
    );
    assert_eq!(message(read("ems=on,ems=off")), "ems: the knob is set twice");
    assert!(message(read("esm=on")).contains("(did you mean \"ems\"?)"));
}

#[test]
fn suites_are_taken_out_by_iana_or_openssl_patterns() {
    let left = |patterns: &[&str]| client(json!({"without_suites": patterns})).unwrap().suites();
    let names = |suites: Vec<CipherSuite>| suites.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert!(names(left(&["TLS_DHE_*"])).iter().all(|name| !name.starts_with("TLS_DHE_")));
    assert_eq!(left(&["TLS_DHE_*"]), left(&["DHE-*"]));
    assert!(names(left(&["*_CBC_*", "TLS_RSA_*"])).iter().all(|name| name.contains("DHE_") && !name.contains("CBC")));
    assert_eq!(left(&["TLS_NOTHING"]), ClientBehaviour::default().suites());
}
