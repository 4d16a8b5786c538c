//! What is refused, and how the refusal reads.

use tlslab_proto::wire::registry::{
    CipherSuite, ClientCertificateType, CompressionMethod, ContentType, ExtensionType, HandshakeType, ProtocolVersion,
    SignatureScheme,
};
use tlslab_proto::wire::*;

const DHE: Context = Context { version: ProtocolVersion::TLSV1_2, key_exchange: Some(KeyExchangeKind::Dhe) };
const ECDHE: Context = Context { version: ProtocolVersion::TLSV1_2, key_exchange: Some(KeyExchangeKind::Ecdhe) };

fn hex(text: &str) -> Vec<u8> {
    text.replace(' ', "").parse::<Bytes>().expect("hexadecimal").0
}

fn hello() -> ClientHello {
    ClientHello {
        client_version: ProtocolVersion::TLSV1_2,
        random: Random([7; 32]),
        session_id: Bytes::default(),
        cipher_suites: vec![CipherSuite::TLS_RSA_WITH_AES_128_CBC_SHA],
        compression_methods: vec![CompressionMethod::NULL],
        extensions: None,
    }
}

/// The message, framed.
fn handshake(msg_type: HandshakeType, body: &str) -> Vec<u8> {
    Handshake::Unknown { msg_type, body: hex(body).into() }.to_bytes().expect("short")
}

#[test]
fn an_extension_that_does_not_parse_is_named() {
    for (bytes, error) in [
        ("000a0004000300 17", "supported_groups.named_group_list needs 3 bytes, but only 2 are left"),
        ("000a0005000300 1700", "supported_groups.named_group_list is 3 bytes long, but its elements are 2 bytes each"),
        ("000a00020000", "supported_groups.named_group_list is 0 bytes long, but must be 2 to 65535"),
        ("000a0000", "supported_groups.named_group_list needs 2 bytes, but only 0 are left"),
        ("000b0003010000", "1 bytes follow the end of ec_point_formats"),
        ("000b0001 00", "ec_point_formats.ec_point_format_list is 0 bytes long, but must be 1 to 255"),
        (
            "000d0003 0001 04",
            "signature_algorithms.supported_signature_algorithms is 1 bytes long, but must be 2 to 65534",
        ),
        (
            "0010 0003 0001 00",
            "application_layer_protocol_negotiation.protocol_name_list is 1 bytes long, but must be 2 to 65535",
        ),
        ("0010 0005 0003 00 02 68", "application_layer_protocol_negotiation.protocol_name is 0 bytes long"),
        ("0016 0001 00", "1 bytes follow the end of encrypt_then_mac"),
        ("0017 0002 0000", "2 bytes follow the end of extended_master_secret"),
        ("ff01 0003 01 0000", "1 bytes follow the end of renegotiation_info"),
        ("0000 0002 0000", "server_name.server_name_list is 0 bytes long, but must be 1 to 65535"),
        ("0000 0006 0004 00 0002 61", "server_name.name needs 2 bytes, but only 1 are left"),
        ("1234 0002 00", "Extension.extension_data needs 2 bytes, but only 1 are left"),
    ] {
        let refusal = Extension::from_bytes(&hex(&bytes.replace(' ', ""))).expect_err(bytes).to_string();
        assert!(refusal.contains(error), "{bytes}: {refusal}");
    }
}

#[test]
fn lengths_outside_the_rfc_are_refused_but_can_be_sent() {
    let encoded = |change: fn(&mut ClientHello)| {
        let mut hello = hello();
        change(&mut hello);
        hello.to_bytes().expect("fits its prefixes")
    };
    for (bytes, field, got, min, max) in [
        (encoded(|hello| hello.session_id = vec![0; 33].into()), "ClientHello.session_id", 33, 0, 32),
        (encoded(|hello| hello.cipher_suites.clear()), "ClientHello.cipher_suites", 0, 2, 65534),
        (encoded(|hello| hello.compression_methods.clear()), "ClientHello.compression_methods", 0, 1, 255),
    ] {
        assert_eq!(ClientHello::from_bytes(&bytes), Err(DecodeError::BadLength { field, got, min, max }));
    }
}

#[test]
fn a_vector_that_outgrows_its_prefix_is_refused() {
    let with = |change: &dyn Fn(&mut ClientHello)| {
        let mut hello = hello();
        change(&mut hello);
        hello.to_bytes()
    };
    let unknown =
        |len: usize| Extension::Unknown { extension_type: ExtensionType(0x1234), extension_data: vec![0; len].into() };
    for (refused, field, got, max) in [
        (with(&|hello| hello.session_id = vec![0; 256].into()), "ClientHello.session_id", 256, 255),
        (with(&|hello| hello.cipher_suites = vec![CipherSuite(0); 32768]), "ClientHello.cipher_suites", 65536, 65535),
        (with(&|hello| hello.extensions = Some(vec![unknown(65536)].into())), "Extension.extension_data", 65536, 65535),
        (with(&|hello| hello.extensions = Some(vec![unknown(65532)].into())), "ClientHello.extensions", 65536, 65535),
        (
            Handshake::Finished(Finished { verify_data: vec![0; 1 << 24].into() }).to_bytes(),
            "Handshake.body",
            1 << 24,
            (1 << 24) - 1,
        ),
    ] {
        assert_eq!(refused, Err(EncodeError { field, got, max }));
    }
    assert!(with(&|hello| hello.extensions = Some(vec![unknown(65531)].into())).is_ok());
    assert!(with(&|hello| hello.session_id = vec![0; 255].into()).is_ok());
}

#[test]
fn huge_declared_lengths_find_nothing_there() {
    for (msg_type, body, field, needed, had) in [
        (HandshakeType::CERTIFICATE, "ffffff", "Certificate.certificate_list", 0xff_ffff, 0),
        (HandshakeType::CERTIFICATE, "000004ffffff00", "Certificate.ASN.1Cert", 0xff_ffff, 1),
        (
            HandshakeType::CERTIFICATE_REQUEST,
            "0101fffe0000",
            "CertificateRequest.supported_signature_algorithms",
            0xfffe,
            2,
        ),
        (HandshakeType::SERVER_KEY_EXCHANGE, "ffff01", "ServerKeyExchange.dh_p", 0xffff, 1),
        (HandshakeType::CLIENT_KEY_EXCHANGE, "ffff", "ClientKeyExchange.dh_Yc", 0xffff, 0),
        (HandshakeType::NEW_SESSION_TICKET, "00000000ffff", "NewSessionTicket.ticket", 0xffff, 0),
        (HandshakeType::CERTIFICATE_VERIFY, "0401ffff", "DigitallySigned.signature", 0xffff, 0),
    ] {
        let missing = DecodeError::Missing { field, needed, had };
        assert_eq!(Handshake::decode(&handshake(msg_type, body), &DHE), Err(missing));
    }
    let missing = DecodeError::Missing { field: "Handshake.body", needed: 0xff_ffff, had: 0 };
    assert_eq!(Handshake::decode(&hex("01ffffff"), &DHE), Err(missing));
    let missing = DecodeError::Missing { field: "Record.fragment", needed: 0xffff, had: 2 };
    assert_eq!(Record::from_bytes(&hex("160303ffff0000")), Err(missing));
}

const TLS10: Context = Context { version: ProtocolVersion::TLSV1_0, key_exchange: Some(KeyExchangeKind::Dhe) };

/// RFC 5246 7.4.4, and the layout of RFC 2246 and RFC 4346, which has no algorithms.
#[test]
fn a_certificate_request_with_empty_lists() {
    let request = |context, body| Handshake::decode(&handshake(HandshakeType::CERTIFICATE_REQUEST, body), context);
    let rsa_sign = vec![ClientCertificateType::RSA_SIGN];
    let without_names = |algorithms: Option<Vec<SignatureScheme>>| CertificateRequest {
        certificate_types: rsa_sign.clone(),
        supported_signature_algorithms: algorithms,
        certificate_authorities: Vec::new(),
    };
    let algorithms = Some(vec![SignatureScheme::RSA_PKCS1_SHA256]);
    assert_eq!(request(&DHE, "0101 0002 0401 0000"), Ok(Handshake::CertificateRequest(without_names(algorithms))));
    assert_eq!(request(&TLS10, "0101 0000"), Ok(Handshake::CertificateRequest(without_names(None))));
    for (context, body, error) in [
        (&TLS10, "00 0000", "CertificateRequest.certificate_types is 0 bytes long, but must be 1 to 255"),
        (&DHE, "00 0002 0401 0000", "CertificateRequest.certificate_types is 0 bytes long, but must be 1 to 255"),
        (
            &DHE,
            "0101 0000 0000",
            "CertificateRequest.supported_signature_algorithms is 0 bytes long, but must be 2 to 65534",
        ),
        (
            &DHE,
            "0101 0003 040104 0000",
            "CertificateRequest.supported_signature_algorithms is 3 bytes long, but its elements are 2 bytes each",
        ),
        (&TLS10, "0101 0002 0000", "CertificateRequest.DistinguishedName is 0 bytes long, but must be 1 to 65535"),
        // The layout of the other version, and lengths that lie.
        (&TLS10, "0101 0002 0401 0000", "CertificateRequest.DistinguishedName needs 1025 bytes, but only 0 are left"),
        (&DHE, "0101 0000", "CertificateRequest.supported_signature_algorithms is 0 bytes long"),
        (&TLS10, "0201", "CertificateRequest.certificate_types needs 2 bytes, but only 1 are left"),
        (&TLS10, "0101 0004 0003 61", "CertificateRequest.certificate_authorities needs 4 bytes, but only 3 are left"),
        (&TLS10, "0101 0003 0002 61", "CertificateRequest.DistinguishedName needs 2 bytes, but only 1 are left"),
        (&TLS10, "0101 0000 00", "1 bytes follow the end of CertificateRequest"),
        (&TLS10, "0101", "CertificateRequest.certificate_authorities needs 2 bytes, but only 0 are left"),
    ] {
        let refusal = request(context, body).expect_err(body).to_string();
        assert!(refusal.starts_with(error), "{body}: {refusal}");
    }
}

#[test]
fn a_certificate_verify_has_an_algorithm_from_tls_1_2_on() {
    let verify = |context, body| Handshake::decode(&handshake(HandshakeType::CERTIFICATE_VERIFY, body), context);
    let signed = |algorithm| Ok(Handshake::CertificateVerify(DigitallySigned { algorithm, signature: [7, 8].into() }));
    assert_eq!(verify(&DHE, "0401 0002 0708"), signed(Some(SignatureScheme::RSA_PKCS1_SHA256)));
    assert_eq!(verify(&TLS10, "0002 0708"), signed(None));
    let refusal = verify(&TLS10, "0401 0002 0708").expect_err("TLS 1.0 has no algorithm").to_string();
    assert_eq!(refusal, "DigitallySigned.signature needs 1025 bytes, but only 4 are left");
    assert!(verify(&DHE, "0002 0708").is_err());
}

#[test]
fn explicit_curves_stay_opaque() {
    let bytes = handshake(HandshakeType::SERVER_KEY_EXCHANGE, "0101020304");
    let opaque = ServerKeyExchange::Opaque { body: hex("0101020304").into() };
    assert_eq!(Handshake::decode(&bytes, &ECDHE), Ok(Handshake::ServerKeyExchange(opaque)));
    let missing = DecodeError::Missing { field: "ServerKeyExchange.curve_type", needed: 1, had: 0 };
    assert_eq!(Handshake::decode(&handshake(HandshakeType::SERVER_KEY_EXCHANGE, ""), &ECDHE), Err(missing));
}

#[test]
fn a_change_cipher_spec_is_one_byte_of_one() {
    let decode = |bytes| Message::decode(ContentType::CHANGE_CIPHER_SPEC, bytes, &DHE);
    let field = "ChangeCipherSpec.type";
    assert_eq!(decode(&[1]), Ok(Message::ChangeCipherSpec));
    assert_eq!(decode(&[]), Err(DecodeError::Missing { field, needed: 1, had: 0 }));
    assert_eq!(decode(&[2]), Err(DecodeError::BadValue { field, got: 2, expected: 1 }));
    assert_eq!(decode(&[1, 1]), Err(DecodeError::Trailing { what: "ChangeCipherSpec", extra: 1 }));
    assert_eq!(decode(&[2]).expect_err("refused").to_string(), "ChangeCipherSpec.type is 0x02, but must be 0x01");
}

#[test]
fn an_absent_extension_block_is_not_an_empty_one() {
    let absent = hello();
    let empty = ClientHello { extensions: Some(Extensions::default()), ..hello() };
    let (absent, empty) = (absent.to_bytes().expect("encodes"), empty.to_bytes().expect("encodes"));
    assert_eq!(empty, [absent.as_slice(), &[0, 0]].concat());
    assert_eq!(ClientHello::from_bytes(&absent).expect("decodes").extensions, None);
    assert_eq!(ClientHello::from_bytes(&empty).expect("decodes").extensions, Some(Extensions::default()));
}

#[test]
fn the_first_duplicated_extension_is_found() {
    let ticket = || Extension::SessionTicket { ticket: Bytes::default() };
    let raw = Extension::Unknown { extension_type: ExtensionType::ENCRYPT_THEN_MAC, extension_data: Bytes::default() };
    let found = |list: Vec<Extension>| Extensions(list).first_duplicate();
    assert_eq!(found(vec![]), None);
    assert_eq!(found(vec![ticket(), Extension::EncryptThenMac]), None);
    assert_eq!(found(vec![ticket(), Extension::EncryptThenMac, ticket()]), Some(ExtensionType::SESSION_TICKET));
    assert_eq!(found(vec![ticket(), Extension::EncryptThenMac, raw, ticket()]), Some(ExtensionType::ENCRYPT_THEN_MAC));
}
