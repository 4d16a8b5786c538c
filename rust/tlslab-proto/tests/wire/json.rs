//! The JSON view: it reads well, loses nothing, and refuses what it does not know.

use proptest::prelude::*;
use serde_json::{Value, from_value, json, to_value};
use tlslab_proto::wire::registry::{ContentType, HandshakeType};
use tlslab_proto::wire::*;

use crate::captured::captured;
use crate::strategies as some;

proptest! {
    #[test]
    fn loses_nothing((_, message) in some::message_in_context()) {
        let view = to_value(&message).expect("serialises");
        prop_assert_eq!(from_value::<Message>(view).expect("deserialises"), message);
    }

    #[test]
    fn of_text_loses_nothing(bytes in some::bytes(0..=60)) {
        let text = Text(bytes.0);
        prop_assert_eq!(text.to_string().parse(), Ok(text));
    }

    #[test]
    fn of_a_record_loses_nothing(record in some::record()) {
        let view = to_value(&record).expect("serialises");
        prop_assert_eq!(from_value::<Record>(view).expect("deserialises"), record);
    }
}

/// A message of every type but `Unknown`.
fn samples() -> Vec<Message> {
    let made = [
        Message::Handshake(Handshake::HelloRequest),
        Message::ApplicationData { data: (*b"hello").into() },
        Message::UnknownContent { content_type: ContentType::HEARTBEAT, fragment: [1].into() },
    ];
    captured().into_iter().map(|(_, _, message)| message).chain(made).collect()
}

#[test]
fn names_the_message_as_the_message_does() {
    for message in samples() {
        assert_eq!(to_value(&message).expect("serialises")["type"], message.name());
    }
    let unknown = Handshake::Unknown { msg_type: HandshakeType(99), body: Bytes::default() };
    assert_eq!(to_value(&unknown).expect("serialises")["type"], unknown.name());
}

#[test]
fn refuses_unknown_fields_everywhere() {
    let mut refused = 0;
    for message in samples() {
        let view = to_value(&message).expect("serialises");
        for path in objects(&view) {
            let mut view = view.clone();
            view.pointer_mut(&path).expect("there")["bogus"] = json!(1);
            let error = from_value::<Message>(view).expect_err("refused").to_string();
            assert!(error.contains("unknown field `bogus`"), "{} {path}: {error}", message.name());
            refused += 1;
        }
    }
    assert!(refused > 100, "only {refused} objects were tried");
}

/// Pointers to every object within `view`.
fn objects(view: &Value) -> Vec<String> {
    let within = |(key, value): (String, &Value)| {
        objects(value).into_iter().map(move |path| format!("/{key}{path}")).collect::<Vec<_>>()
    };
    match view {
        Value::Object(fields) => {
            let inner = fields.iter().map(|(key, value)| (key.clone(), value)).flat_map(within);
            std::iter::once(String::new()).chain(inner).collect()
        }
        Value::Array(items) => {
            items.iter().enumerate().map(|(at, value)| (at.to_string(), value)).flat_map(within).collect()
        }
        _ => Vec::new(),
    }
}

#[test]
fn reads_well() {
    let hello = json!({
        "type": "ClientHello",
        "client_version": "TLSv1.2",
        "random": "00".repeat(32),
        "session_id": "0aff",
        "cipher_suites": ["TLS_DHE_RSA_WITH_AES_128_CBC_SHA", "0x1234"],
        "compression_methods": ["null"],
        "extensions": [
            {"type": "server_name", "server_name_list": [{"name_type": "host_name", "name": "lab.test"}]},
            {"type": "server_name", "server_name_list": null},
            {"type": "supported_groups", "named_group_list": ["x25519", "ffdhe2048"]},
            {"type": "ec_point_formats", "ec_point_format_list": ["uncompressed"]},
            {"type": "signature_algorithms", "supported_signature_algorithms": ["rsa_pkcs1_sha256"]},
            {"type": "application_layer_protocol_negotiation", "protocol_name_list": ["h2", "\\x00\\\\"]},
            {"type": "encrypt_then_mac"},
            {"type": "extended_master_secret"},
            {"type": "session_ticket", "ticket": ""},
            {"type": "renegotiation_info", "renegotiated_connection": ""},
            {"type": "unknown", "extension_type": "supported_versions", "extension_data": "00"},
            {"type": "unknown", "extension_type": "0x1a1a", "extension_data": "00"},
        ],
    });
    let dhe = json!({
        "type": "ServerKeyExchange",
        "key_exchange": "dhe",
        "params": {"dh_p": "17", "dh_g": "02", "dh_Ys": "08"},
        "signed_params": {"algorithm": "rsa_pkcs1_sha256", "signature": "00"},
    });
    let ecdhe = json!({
        "type": "ServerKeyExchange",
        "key_exchange": "ecdhe",
        "params": {"curve_type": "named_curve", "namedcurve": "x25519", "public": "08"},
        "signed_params": {"algorithm": null, "signature": "00"},
    });
    for view in [
        hello,
        dhe,
        ecdhe,
        json!({"type": "ClientKeyExchange", "key_exchange": "dhe", "dh_Yc": "08"}),
        json!({"type": "ClientKeyExchange", "key_exchange": "ecdhe", "ecdh_Yc": "08"}),
        json!({"type": "ClientKeyExchange", "key_exchange": "rsa", "encrypted_pre_master_secret": "08"}),
        json!({"type": "ClientKeyExchange", "key_exchange": "opaque", "body": "08"}),
        json!({"type": "CertificateVerify", "algorithm": "ecdsa_sha1", "signature": "00"}),
        json!({"type": "Finished", "verify_data": "00"}),
        json!({"type": "NewSessionTicket", "ticket_lifetime_hint": 7200, "ticket": "00"}),
        json!({"type": "ServerHelloDone"}),
        json!({"type": "Unknown", "msg_type": "CertificateStatus", "body": "00"}),
        json!({"type": "ChangeCipherSpec"}),
        json!({"type": "Alert", "level": "fatal", "description": "bad_record_mac"}),
        json!({"type": "ApplicationData", "data": "00"}),
        json!({"type": "UnknownContent", "content_type": "heartbeat", "fragment": "00"}),
    ] {
        let message: Message = from_value(view.clone()).unwrap_or_else(|error| panic!("{view}: {error}"));
        assert_eq!(to_value(message).expect("serialises"), view);
    }
}

#[test]
fn says_what_is_wrong() {
    for (view, expected) in [
        (json!({}), "missing field `type`"),
        (json!([]), "type"),
        (json!({"type": "Nonsense"}), "unknown variant `Nonsense`, expected one of `HelloRequest`, `ClientHello`"),
        (json!({"type": "Finished"}), "missing field `verify_data`"),
        (json!({"type": "Finished", "verify_data": "0"}), "Odd number of digits"),
        (
            json!({"type": "Alert", "level": "fatal", "description": "oops"}),
            "\"oops\" is no registered AlertDescription",
        ),
        (json!({"type": "ChangeCipherSpec", "body": "01"}), "unknown field `body`"),
    ] {
        let error = from_value::<Message>(view.clone()).expect_err("refused").to_string();
        assert!(error.contains(expected), "{view}: {error}");
    }
    for text in ["\\", "\\q", "\\x0", "\\xzz", "é"] {
        assert!(text.parse::<Text>().expect_err(text).to_string().contains("is not ASCII with the escapes"));
    }
    assert!("00".parse::<Random>().is_err());
}
