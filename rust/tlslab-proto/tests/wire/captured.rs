//! Messages of real connections: they decode to what they are, and damage to them is found.

use serde::Deserialize;
use tlslab_proto::wire::registry::{
    CipherSuite, ContentType, ExtensionType, NamedGroup, ProtocolVersion, SignatureScheme,
};
use tlslab_proto::wire::*;

#[derive(Deserialize)]
struct Captures {
    connections: Vec<Connection>,
}

#[derive(Deserialize)]
struct Connection {
    version: ProtocolVersion,
    key_exchange: String,
    messages: Vec<CapturedMessage>,
}

#[derive(Deserialize)]
struct CapturedMessage {
    content_type: ContentType,
    bytes: Bytes,
}

impl Connection {
    fn context(&self) -> Context {
        let key_exchange = match self.key_exchange.as_str() {
            "rsa" => KeyExchangeKind::Rsa,
            "dhe" => KeyExchangeKind::Dhe,
            "dh_anon" => KeyExchangeKind::DhAnon,
            "ecdhe" => KeyExchangeKind::Ecdhe,
            other => panic!("captures.json has no key exchange {other}"),
        };
        Context { version: self.version, key_exchange: Some(key_exchange) }
    }
}

fn connections() -> Vec<Connection> {
    serde_json::from_str::<Captures>(include_str!("captures.json")).expect("captures.json is well-formed").connections
}

/// Every captured message with its context, bytes and decoding.
pub fn captured() -> Vec<(Context, Bytes, Message)> {
    let decode = |connection: &Connection, captured: CapturedMessage| {
        let context = connection.context();
        let message = Message::decode(captured.content_type, &captured.bytes, &context)
            .unwrap_or_else(|error| panic!("{}: {error}", captured.bytes));
        (context, captured.bytes, message)
    };
    connections()
        .into_iter()
        .flat_map(|mut connection| {
            let messages = std::mem::take(&mut connection.messages);
            messages.into_iter().map(move |captured| decode(&connection, captured)).collect::<Vec<_>>()
        })
        .collect()
}

/// The messages of one captured connection.
fn messages(version: ProtocolVersion, key_exchange: KeyExchangeKind) -> Vec<Message> {
    let wanted = Context { version, key_exchange: Some(key_exchange) };
    captured().into_iter().filter(|(context, ..)| *context == wanted).map(|(_, _, message)| message).collect()
}

#[test]
fn encode_to_the_bytes_captured() {
    for (_, bytes, message) in captured() {
        assert_eq!(message.to_bytes().as_ref(), Ok(&bytes.0), "{}", message.name());
    }
}

#[test]
fn of_tls12_dhe_with_client_authentication_decode_to_what_they_are() {
    let messages = messages(ProtocolVersion::TLSV1_2, KeyExchangeKind::Dhe);
    assert_eq!(
        messages.iter().map(Message::name).collect::<Vec<_>>(),
        [
            "ClientHello",
            "ServerHello",
            "Certificate",
            "ServerKeyExchange",
            "CertificateRequest",
            "ServerHelloDone",
            "Certificate",
            "ClientKeyExchange",
            "CertificateVerify",
            "ChangeCipherSpec",
            "Finished",
            "NewSessionTicket",
            "Finished",
            "Alert"
        ]
    );

    let Message::Handshake(Handshake::ClientHello(hello)) = &messages[0] else { panic!("{:?}", messages[0]) };
    assert_eq!(hello.client_version, ProtocolVersion::TLSV1_2);
    assert_eq!(
        hello.cipher_suites,
        [CipherSuite::TLS_DHE_RSA_WITH_AES_128_CBC_SHA, CipherSuite::TLS_EMPTY_RENEGOTIATION_INFO_SCSV]
    );
    let extensions = hello.extensions();
    assert_eq!(extensions.server_names().expect("sent")[0].name, Text::from("lab.test"));
    assert_eq!(extensions.alpn(), Some(["h2".into(), "http/1.1".into()].as_slice()));
    assert_eq!(extensions.session_ticket(), Some(&Bytes::default()));
    assert!(extensions.signature_algorithms().expect("sent").contains(&SignatureScheme::RSA_PKCS1_SHA256));
    assert!(extensions.has(ExtensionType::EXTENDED_MASTER_SECRET) && extensions.has(ExtensionType::ENCRYPT_THEN_MAC));
    assert_eq!(extensions.supported_groups(), None);
    assert_eq!(extensions.first_duplicate(), None);

    let Message::Handshake(Handshake::ServerKeyExchange(exchange)) = &messages[3] else { panic!("{:?}", messages[3]) };
    let ServerKeyExchange::Dhe { params, signed_params: Some(signed) } = exchange else { panic!("{exchange:?}") };
    assert_eq!((params.dh_p.len(), params.dh_g.as_ref(), params.dh_ys.len()), (128, [2].as_slice(), 128));
    assert_eq!(signed.signature.len(), 128);
    let params = exchange.params_bytes().expect("encodes");
    let whole = exchange.to_bytes().expect("encodes");
    assert_eq!(whole[..params.len()], params);
    assert_eq!(whole[params.len()..], signed.to_bytes().expect("encodes"));
}

#[test]
fn of_tls10_have_no_signature_algorithms() {
    let dhe = messages(ProtocolVersion::TLSV1_0, KeyExchangeKind::Dhe);
    let ecdhe = messages(ProtocolVersion::TLSV1_0, KeyExchangeKind::Ecdhe);
    let mut kinds = Vec::new();
    for message in dhe.iter().chain(&ecdhe) {
        let algorithms = match message {
            Message::Handshake(Handshake::ServerKeyExchange(ServerKeyExchange::Dhe { signed_params, .. })) => {
                signed_params.as_ref().expect("signed").algorithm.map(|algorithm| vec![algorithm])
            }
            Message::Handshake(Handshake::ServerKeyExchange(ServerKeyExchange::Ecdhe { params, signed_params })) => {
                assert_eq!((params.namedcurve, params.public.len()), (NamedGroup::X25519, 32));
                signed_params.algorithm.map(|algorithm| vec![algorithm])
            }
            Message::Handshake(Handshake::CertificateVerify(signed)) => {
                signed.algorithm.map(|algorithm| vec![algorithm])
            }
            Message::Handshake(Handshake::CertificateRequest(request)) => {
                assert_eq!(request.certificate_authorities.len(), 1);
                request.supported_signature_algorithms.clone()
            }
            _ => continue,
        };
        assert_eq!(algorithms, None);
        kinds.push(message.name());
    }
    assert_eq!(kinds, ["ServerKeyExchange", "CertificateRequest", "CertificateVerify", "ServerKeyExchange"]);
}

#[test]
fn without_a_context_keep_their_key_exchange_bytes() {
    for (context, bytes, message) in captured() {
        let context = Context { key_exchange: None, ..context };
        let decoded = Message::decode(message.content_type(), &bytes, &context).expect("decodes");
        assert_eq!(decoded.to_bytes().as_ref(), Ok(&bytes.0));
        match decoded {
            Message::Handshake(Handshake::ServerKeyExchange(ServerKeyExchange::Opaque { body })) => {
                assert_eq!(bytes[4..], *body);
            }
            Message::Handshake(Handshake::ClientKeyExchange(ClientKeyExchange::Opaque { body })) => {
                assert_eq!(bytes[4..], *body);
            }
            same => assert_eq!(same, message),
        }
    }
}

#[test]
fn cut_anywhere_are_refused() {
    for (context, bytes, message) in captured() {
        for cut in 0..bytes.len() {
            let error = Message::decode(message.content_type(), &bytes[..cut], &context).expect_err("cut short");
            assert!(matches!(error, DecodeError::Missing { .. }), "{} cut to {cut}: {error}", message.name());
        }
    }
}

/// The body ends early and the header says so: only what has no length of its own, or may end there, decodes.
#[test]
fn with_a_body_cut_anywhere_are_refused() {
    for (context, bytes, message) in captured() {
        for cut in 4..bytes.len() {
            let mut bytes = bytes[..cut].to_vec();
            bytes[1..4].copy_from_slice(&(cut as u32 - 4).to_be_bytes()[1..]);
            match Handshake::decode(&bytes, &context) {
                Err(DecodeError::Missing { .. }) | Ok(Handshake::Finished(_)) => {}
                Ok(Handshake::ClientHello(hello)) => assert_eq!(hello.extensions, None),
                Ok(Handshake::ServerHello(hello)) => assert_eq!(hello.extensions, None),
                other => panic!("{} cut to {cut}: {other:?}", message.name()),
            }
        }
    }
}

#[test]
fn with_trailing_bytes_are_refused() {
    for (context, mut bytes, message) in captured() {
        bytes.0.push(0);
        let trailing = |what| Some(DecodeError::Trailing { what, extra: 1 });
        let refusal = Message::decode(message.content_type(), &bytes, &context).err();
        let Message::Handshake(handshake) = message else {
            assert_eq!(refusal, trailing(message.name()));
            continue;
        };
        assert_eq!(refusal, trailing("Handshake"));

        let body = bytes.len() as u32 - 4;
        bytes.0[1..4].copy_from_slice(&body.to_be_bytes()[1..]);
        let refusal = Handshake::decode(&bytes, &context).err();
        match handshake {
            Handshake::Finished(_) => assert_eq!(refusal, None),
            _ => assert_eq!(refusal, trailing(handshake.name())),
        }
    }
}

#[test]
fn with_any_byte_changed_are_refused_or_kept() {
    for (context, bytes, message) in captured() {
        for at in 0..bytes.len() {
            for change in [0x01, 0x80, 0xff] {
                let mut bytes = bytes.0.clone();
                bytes[at] ^= change;
                if let Ok(decoded) = Message::decode(message.content_type(), &bytes, &context) {
                    assert_eq!(decoded.to_bytes(), Ok(bytes));
                }
            }
        }
    }
}
