//! Arbitrary messages within the limits of the RFCs, so that they decode again.

use std::fmt::Debug;
use std::ops::RangeInclusive;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use tlslab_proto::wire::registry::{ContentType, CurveType, ExtensionType, HandshakeType, ProtocolVersion};
use tlslab_proto::wire::*;

pub fn bytes(len: RangeInclusive<usize>) -> impl Strategy<Value = Bytes> {
    vec(any::<u8>(), len).prop_map(Bytes)
}

fn text() -> impl Strategy<Value = Text> {
    prop_oneof!["[ -~]{1,40}".prop_map(|name| Text::from(name.as_str())), bytes(1..=40).prop_map(|name| Text(name.0))]
}

pub fn random() -> impl Strategy<Value = Random> {
    any::<[u8; 32]>().prop_map(Random)
}

/// Registered values and others.
pub fn number<N: Number + Debug>() -> impl Strategy<Value = N> {
    let all = u32::MAX >> (32 - 8 * N::SIZE);
    prop_oneof![0..=all.min(30), 0..=all].prop_map(N::from_number)
}

fn numbers<N: Number + Debug>() -> impl Strategy<Value = Vec<N>> {
    vec(number(), 1..=20)
}

fn server_name() -> impl Strategy<Value = ServerName> {
    (number(), text()).prop_map(|(name_type, name)| ServerName { name_type, name })
}

pub fn extension() -> impl Strategy<Value = Extension> {
    prop_oneof![
        option::of(vec(server_name(), 1..=3)).prop_map(|server_name_list| Extension::ServerName { server_name_list }),
        numbers().prop_map(|named_group_list| Extension::SupportedGroups { named_group_list }),
        numbers().prop_map(|ec_point_format_list| Extension::EcPointFormats { ec_point_format_list }),
        numbers().prop_map(|list| Extension::SignatureAlgorithms { supported_signature_algorithms: list }),
        number().prop_map(|mode| Extension::Heartbeat { mode }),
        vec(text(), 1..=3).prop_map(|protocol_name_list| Extension::Alpn { protocol_name_list }),
        Just(Extension::EncryptThenMac),
        Just(Extension::ExtendedMasterSecret),
        bytes(0..=60).prop_map(|ticket| Extension::SessionTicket { ticket }),
        bytes(0..=24).prop_map(|renegotiated_connection| Extension::RenegotiationInfo { renegotiated_connection }),
        unknown_extension(),
    ]
}

fn unknown_extension() -> impl Strategy<Value = Extension> {
    (number::<ExtensionType>(), bytes(0..=40))
        .prop_filter("has a typed body", |(extension_type, _)| extension_type.name().is_none())
        .prop_map(|(extension_type, extension_data)| Extension::Unknown { extension_type, extension_data })
}

fn extensions() -> impl Strategy<Value = Option<Extensions>> {
    option::of(vec(extension(), 0..=6).prop_map(Extensions))
}

pub fn client_hello() -> impl Strategy<Value = ClientHello> {
    (number(), random(), bytes(0..=32), numbers(), numbers(), extensions()).prop_map(
        |(client_version, random, session_id, cipher_suites, compression_methods, extensions)| ClientHello {
            client_version,
            random,
            session_id,
            cipher_suites,
            compression_methods,
            extensions,
        },
    )
}

pub fn server_hello() -> impl Strategy<Value = ServerHello> {
    (number(), random(), bytes(0..=32), number(), number(), extensions()).prop_map(
        |(server_version, random, session_id, cipher_suite, compression_method, extensions)| ServerHello {
            server_version,
            random,
            session_id,
            cipher_suite,
            compression_method,
            extensions,
        },
    )
}

pub fn certificate() -> impl Strategy<Value = Certificate> {
    vec(bytes(1..=300), 0..=3).prop_map(|certificate_list| Certificate { certificate_list })
}

pub fn new_session_ticket() -> impl Strategy<Value = NewSessionTicket> {
    (number(), bytes(0..=200))
        .prop_map(|(ticket_lifetime_hint, ticket)| NewSessionTicket { ticket_lifetime_hint, ticket })
}

pub fn context() -> impl Strategy<Value = Context> {
    let version =
        prop_oneof![Just(ProtocolVersion::TLSV1_0), Just(ProtocolVersion::TLSV1_1), Just(ProtocolVersion::TLSV1_2)];
    let key_exchange = option::weighted(
        0.9,
        prop_oneof![
            Just(KeyExchangeKind::Rsa),
            Just(KeyExchangeKind::Dhe),
            Just(KeyExchangeKind::DhAnon),
            Just(KeyExchangeKind::Ecdhe)
        ],
    );
    (version, key_exchange).prop_map(|(version, key_exchange)| Context { version, key_exchange })
}

/// `value` in TLS 1.2, nothing before.
fn from_tls12<T: Clone + Debug + 'static>(
    context: Context,
    value: impl Strategy<Value = T> + 'static,
) -> BoxedStrategy<Option<T>> {
    if context.version == ProtocolVersion::TLSV1_2 { value.prop_map(Some).boxed() } else { Just(None).boxed() }
}

fn digitally_signed(context: Context) -> impl Strategy<Value = DigitallySigned> {
    (from_tls12(context, number()), bytes(0..=256))
        .prop_map(|(algorithm, signature)| DigitallySigned { algorithm, signature })
}

fn certificate_request(context: Context) -> impl Strategy<Value = CertificateRequest> {
    (numbers(), from_tls12(context, numbers()), vec(bytes(1..=40), 0..=3)).prop_map(
        |(certificate_types, supported_signature_algorithms, certificate_authorities)| CertificateRequest {
            certificate_types,
            supported_signature_algorithms,
            certificate_authorities,
        },
    )
}

pub fn dh_params() -> impl Strategy<Value = ServerDhParams> {
    (bytes(1..=256), bytes(1..=4), bytes(1..=256)).prop_map(|(dh_p, dh_g, dh_ys)| ServerDhParams { dh_p, dh_g, dh_ys })
}

pub fn ecdh_params() -> impl Strategy<Value = ServerEcdhParams> {
    (number(), bytes(1..=65)).prop_map(|(namedcurve, public)| ServerEcdhParams {
        curve_type: CurveType::NAMED_CURVE,
        namedcurve,
        public,
    })
}

fn server_key_exchange(context: Context) -> BoxedStrategy<ServerKeyExchange> {
    match context.key_exchange {
        Some(KeyExchangeKind::Dhe) => (dh_params(), digitally_signed(context))
            .prop_map(|(params, signed)| ServerKeyExchange::Dhe { params, signed_params: Some(signed) })
            .boxed(),
        Some(KeyExchangeKind::DhAnon) => {
            dh_params().prop_map(|params| ServerKeyExchange::Dhe { params, signed_params: None }).boxed()
        }
        Some(KeyExchangeKind::Ecdhe) => (ecdh_params(), digitally_signed(context))
            .prop_map(|(params, signed_params)| ServerKeyExchange::Ecdhe { params, signed_params })
            .boxed(),
        Some(KeyExchangeKind::Rsa) | None => bytes(0..=100).prop_map(|body| ServerKeyExchange::Opaque { body }).boxed(),
    }
}

fn client_key_exchange(context: Context) -> BoxedStrategy<ClientKeyExchange> {
    match context.key_exchange {
        Some(KeyExchangeKind::Rsa) => bytes(0..=256)
            .prop_map(|encrypted_pre_master_secret| ClientKeyExchange::Rsa { encrypted_pre_master_secret })
            .boxed(),
        Some(KeyExchangeKind::Dhe | KeyExchangeKind::DhAnon) => {
            bytes(1..=256).prop_map(|dh_yc| ClientKeyExchange::Dhe { dh_yc }).boxed()
        }
        Some(KeyExchangeKind::Ecdhe) => bytes(1..=65).prop_map(|ecdh_yc| ClientKeyExchange::Ecdhe { ecdh_yc }).boxed(),
        None => bytes(0..=100).prop_map(|body| ClientKeyExchange::Opaque { body }).boxed(),
    }
}

fn unknown_handshake() -> impl Strategy<Value = Handshake> {
    (number::<HandshakeType>(), bytes(0..=100))
        .prop_filter("has a typed body", |(msg_type, _)| {
            *msg_type == HandshakeType::CERTIFICATE_STATUS || msg_type.name().is_none()
        })
        .prop_map(|(msg_type, body)| Handshake::Unknown { msg_type, body })
}

pub fn handshake(context: Context) -> impl Strategy<Value = Handshake> {
    prop_oneof![
        Just(Handshake::HelloRequest),
        client_hello().prop_map(Handshake::ClientHello),
        server_hello().prop_map(Handshake::ServerHello),
        certificate().prop_map(Handshake::Certificate),
        server_key_exchange(context).prop_map(Handshake::ServerKeyExchange),
        certificate_request(context).prop_map(Handshake::CertificateRequest),
        Just(Handshake::ServerHelloDone),
        client_key_exchange(context).prop_map(Handshake::ClientKeyExchange),
        digitally_signed(context).prop_map(Handshake::CertificateVerify),
        bytes(0..=40).prop_map(|verify_data| Handshake::Finished(Finished { verify_data })),
        new_session_ticket().prop_map(Handshake::NewSessionTicket),
        unknown_handshake(),
    ]
}

pub fn alert() -> impl Strategy<Value = Alert> {
    (number(), number()).prop_map(|(level, description)| Alert { level, description })
}

fn heartbeat() -> impl Strategy<Value = Heartbeat> {
    (number(), any::<u16>(), bytes(0..=40)).prop_map(|(heartbeat_type, payload_length, payload_and_padding)| {
        Heartbeat { heartbeat_type, payload_length, payload_and_padding }
    })
}

fn message(context: Context) -> impl Strategy<Value = Message> {
    let unknown_content = (number::<ContentType>(), bytes(0..=40))
        .prop_filter("has typed messages", |(content_type, fragment)| match *content_type {
            ContentType::HEARTBEAT => fragment.len() < Heartbeat::HEADER_LEN,
            other => other.name().is_none(),
        })
        .prop_map(|(content_type, fragment)| Message::UnknownContent { content_type, fragment });
    prop_oneof![
        20 => handshake(context).prop_map(Message::Handshake),
        1 => Just(Message::ChangeCipherSpec),
        1 => alert().prop_map(Message::Alert),
        1 => bytes(0..=40).prop_map(|data| Message::ApplicationData { data }),
        1 => heartbeat().prop_map(Message::Heartbeat),
        1 => unknown_content,
    ]
}

/// A message, and the context that it decodes in.
pub fn message_in_context() -> impl Strategy<Value = (Context, Message)> {
    context().prop_flat_map(|context| (Just(context), message(context)))
}

pub fn record() -> impl Strategy<Value = Record> {
    (number(), number(), bytes(0..=100)).prop_map(|(content_type, version, fragment)| Record {
        content_type,
        version,
        fragment,
    })
}

pub fn record_header() -> impl Strategy<Value = RecordHeader> {
    (number(), number(), number()).prop_map(|(content_type, version, length)| RecordHeader {
        content_type,
        version,
        length,
    })
}
