//! Client authentication: who is asked, what is answered, what is taken for a proof, and what stays of it in a session.

use serde_json::{Value, json};
use tlslab_proto::crypto::Side;
use tlslab_proto::crypto::certificate::{Fingerprint, Identity};
use tlslab_proto::endpoint::Signatures;
use tlslab_proto::endpoint::edit::Change;
use tlslab_proto::endpoint::trace::Event;
use tlslab_proto::wire::registry::{AlertDescription as A, ClientCertificateType, SignatureScheme};
use tlslab_proto::wire::{CertificateRequest, Encode, Handshake, HandshakeHeader, Message};

use super::pump::{Outcome, Pair, Setup};

const VERSIONS: [&str; 3] = ["TLSv1.0", "TLSv1.1", "TLSv1.2"];

/// One suite of each key exchange that has a certificate; each can be used in every version.
const SUITES: [&str; 3] =
    ["TLS_DHE_RSA_WITH_AES_128_CBC_SHA", "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "TLS_RSA_WITH_AES_128_CBC_SHA"];

/// A client with these certificates and a server that asks in every full handshake.
fn asking(certificates: &[&str]) -> Setup {
    Setup::new(json!({"certificates": certificates}), json!({"request_certificate": "full"}))
}

fn fingerprint(kind: &str) -> Fingerprint {
    let identity = if kind == "rsa" { Identity::lab_rsa() } else { Identity::lab_ecdsa() };
    Fingerprint::of(&identity.chain[0])
}

/// By which certificate the client has authenticated, which both sides see alike.
fn authenticated(pair: &Pair) -> Option<Fingerprint> {
    let [client, server] = [pair.client.established(), pair.server.established()]
        .map(|established| established.unwrap_or_else(|| panic!("no handshake: {:?}", pair.outcome())));
    assert_eq!(client, server);
    client.client_certificate
}

/// What the server's trace says of it.
fn traced(pair: &mut Pair) -> Option<Fingerprint> {
    pair.server.trace().iter().find_map(|event| match event {
        Event::ClientAuthenticated { certificate } => Some(*certificate),
        _ => None,
    })
}

/// Whether the server has sent a CertificateRequest.
fn asked(pair: &mut Pair) -> bool {
    pair.sent_names(Side::Server).contains(&"CertificateRequest")
}

fn refused_by(side: Side, alert: A) -> Outcome {
    Outcome::Alert(side, alert)
}

/// RFC 5246 7.3: the flights of a full handshake with client authentication. RFC 5246 7.4.6: without a suitable
/// certificate the client sends a message with none, and the server continues or refuses with handshake_failure.
#[test]
fn every_version_key_policy_and_answer() {
    for version in VERSIONS {
        for suite in SUITES {
            for signatures in [Signatures::Real, Signatures::Simulated] {
                for policy in ["optional", "required"] {
                    for key in [None, Some("rsa"), Some("ecdsa")] {
                        let what = format!("{version}, {suite}, {signatures:?}, {policy}, {key:?}");
                        let certificates: Vec<_> = key.into_iter().collect();
                        let both = json!({"versions": [version], "suites": [suite]});
                        let setup = asking(&certificates)
                            .with_client(both.clone())
                            .with_server(both)
                            .with_server(json!({"client_certificate": policy}));
                        let mut pair = Setup { signatures, ..setup }.run();
                        let client = pair.sent_names(Side::Client);
                        let proof = key.map(|_| "CertificateVerify");
                        let expected: Vec<_> = ["ClientHello", "Certificate", "ClientKeyExchange"]
                            .into_iter()
                            .chain(proof)
                            .chain(["ChangeCipherSpec", "Finished"])
                            .collect();
                        assert_eq!(client, expected, "{what}");
                        if (policy, key) == ("required", None) {
                            assert_eq!(pair.outcome(), refused_by(Side::Server, A::HANDSHAKE_FAILURE), "{what}");
                            continue;
                        }
                        assert_eq!(pair.outcome(), Outcome::Established, "{what}");
                        assert_eq!(authenticated(&pair), key.map(fingerprint), "{what}");
                        assert_eq!(traced(&mut pair), key.map(fingerprint), "{what}");
                    }
                }
            }
        }
    }
}

/// RFC 5246 7.4.4: CertificateRequest follows the ServerKeyExchange, or the Certificate if there is none.
#[test]
fn the_request_stands_at_its_place_and_says_what_the_server_verifies() {
    for version in VERSIONS {
        for suite in SUITES {
            let both = json!({"versions": [version], "suites": [suite]});
            let mut pair = asking(&["rsa"]).with_client(both.clone()).with_server(both).run();
            let names = pair.sent_names(Side::Server);
            let place = names.iter().position(|name| *name == "CertificateRequest").unwrap();
            assert_eq!(names[place + 1], "ServerHelloDone");
            assert_eq!(names[place - 1], if suite.contains("DHE") { "ServerKeyExchange" } else { "Certificate" });
            let Message::Handshake(Handshake::CertificateRequest(request)) = pair.sent(Side::Server).swap_remove(place)
            else {
                panic!("no request");
            };
            assert_eq!(request.certificate_types, [ClientCertificateType::RSA_SIGN, ClientCertificateType::ECDSA_SIGN]);
            assert_eq!(request.supported_signature_algorithms.is_some(), version == "TLSv1.2");
            assert!(request.certificate_authorities.is_empty());
        }
    }
}

#[test]
fn a_server_asks_when_its_policy_says_so() {
    // The policy, and whether it asks: without an offer, after one in vain, in an abbreviated handshake.
    for (policy, expected) in [
        ("never", [false, false, false]),
        ("full", [true, true, false]),
        ("after_declined_resumption", [false, true, false]),
        ("always", [true, true, true]),
    ] {
        for resumption in ["session_id", "ticket"] {
            let by = json!({"resumption": resumption});
            let answers = json!({"certificates": ["rsa"], "resumed_certificate_request": "answer"});
            let first = Setup::new(answers, json!({"request_certificate": policy})).with_client(by.clone());
            let first = first.with_server(by);
            let fresh = asked(&mut first.run());
            let resumed = asked(&mut first.next().run());
            // The server has come to speak another suite only.
            let other = json!({"without_suites": ["TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"]});
            let mut declined = first.next().with_server(other).run();
            assert_eq!(pair_resumed(&declined), None);
            assert_eq!([fresh, asked(&mut declined), resumed], expected, "{policy}, {resumption}");
        }
        // RFC 5246 7.4.4: only a non-anonymous server can request a certificate.
        let anonymous = json!({"suites": ["TLS_DH_anon_WITH_AES_128_CBC_SHA"]});
        let setup = Setup::both(anonymous).with_server(json!({"request_certificate": policy}));
        assert!(!asked(&mut setup.run()), "{policy}");
        assert_eq!(setup.next().outcome(), Outcome::Established);
    }
}

fn pair_resumed(pair: &Pair) -> Option<tlslab_proto::endpoint::session::SessionKind> {
    pair.client.established().expect("the handshake finished").resumed
}

/// RFC 5246 7.4.4: it is a fatal handshake_failure alert for an anonymous server to request client authentication.
#[test]
fn an_anonymous_servers_request_is_refused() {
    for version in VERSIONS {
        let request = CertificateRequest {
            certificate_types: vec![ClientCertificateType::RSA_SIGN],
            supported_signature_algorithms: (version == "TLSv1.2").then(|| vec![SignatureScheme::RSA_PKCS1_SHA256]),
            certificate_authorities: Vec::new(),
        };
        let knobs = json!({"versions": [version], "suites": ["TLS_DH_anon_WITH_AES_128_CBC_SHA"]});
        let message = Handshake::CertificateRequest(request).into();
        let setup = Setup::both(knobs).edit(Side::Server, "ServerHelloDone", Change::InsertBefore { message });
        assert_eq!(setup.outcome(), refused_by(Side::Client, A::HANDSHAKE_FAILURE), "{version}");
    }
}

/// The Certificate and CertificateVerify of a client whose server asks for something in particular.
fn answer_to(
    certificates: &[&str],
    version: &str,
    field: &str,
    value: Value,
) -> (Option<Fingerprint>, Vec<&'static str>) {
    let setup = asking(certificates).with_client(json!({"versions": [version], "suites": [SUITES[0]]})).set(
        Side::Server,
        "CertificateRequest",
        field,
        value,
    );
    let mut pair = setup.run();
    assert_eq!(pair.outcome(), Outcome::Established);
    (authenticated(&pair), pair.sent_names(Side::Client))
}

/// RFC 5246 7.4.4, 7.4.6: the certificate is of a type that the request lists, and signs with an algorithm that it lists.
#[test]
fn a_client_sends_what_fits_the_request() {
    let both = &["rsa", "ecdsa"];
    for version in VERSIONS {
        let by_type =
            |certificates: &[&str], types: Value| answer_to(certificates, version, "certificate_types", types).0;
        assert_eq!(by_type(both, json!(["rsa_sign", "ecdsa_sign"])), Some(fingerprint("rsa")));
        assert_eq!(by_type(&["ecdsa", "rsa"], json!(["rsa_sign", "ecdsa_sign"])), Some(fingerprint("ecdsa")));
        assert_eq!(by_type(both, json!(["ecdsa_sign"])), Some(fingerprint("ecdsa")));
        assert_eq!(by_type(&["ecdsa"], json!(["rsa_sign"])), None);
        assert_eq!(by_type(both, json!(["dss_sign", "rsa_fixed_dh"])), None);
    }
    let by_scheme = |schemes: Value| answer_to(both, "TLSv1.2", "supported_signature_algorithms", schemes);
    assert_eq!(by_scheme(json!(["ecdsa_sha1"])).0, Some(fingerprint("ecdsa")));
    assert_eq!(by_scheme(json!(["rsa_pkcs1_sha1", "ecdsa_sha1"])).0, Some(fingerprint("rsa")));
    let (none, sent) = by_scheme(json!(["rsa_pss_rsae_sha256", "0x0a0a"]));
    assert_eq!(none, None);
    assert_eq!(sent, ["ClientHello", "Certificate", "ClientKeyExchange", "ChangeCipherSpec", "Finished"]);
}

/// RFC 5246 7.4.8: "The hash and signature algorithms used in the signature MUST be one of those present in the
/// supported_signature_algorithms field of the CertificateRequest message."
#[test]
fn every_scheme_signs_and_another_is_refused() {
    for key in ["rsa", "ecdsa"] {
        let schemes = match key {
            "rsa" => ["rsa_pkcs1_sha1", "rsa_pkcs1_sha256", "rsa_pkcs1_sha384", "rsa_pkcs1_sha512"],
            _ => ["ecdsa_sha1", "ecdsa_secp256r1_sha256", "ecdsa_secp384r1_sha384", "ecdsa_secp521r1_sha512"],
        };
        for scheme in schemes {
            for suite in ["TLS_RSA_WITH_AES_128_GCM_SHA256", "TLS_RSA_WITH_AES_256_GCM_SHA384"] {
                let knobs = json!({"suites": [suite], "signature_algorithms": [scheme], "resumption": "none"});
                let setup = asking(&[key]).with_client(knobs.clone());
                let setup = Setup { signatures: Signatures::Real, ..setup };
                let mut pair = setup.run();
                assert_eq!(authenticated(&pair), Some(fingerprint(key)), "{scheme}, {suite}");
                assert_eq!(algorithm(&mut pair), Some(scheme.parse().unwrap()));
                // RFC 5246 7.4.1.4.1: a server that says nothing of schemes is a server of SHA-1.
                let quiet = setup.with_server(json!({"suites": [suite], "signature_algorithms": []})).run();
                let signs = scheme.ends_with("_sha1").then(|| fingerprint(key));
                assert_eq!(authenticated(&quiet), signs, "{scheme}");
            }
        }
        let other = if key == "rsa" { "ecdsa_sha1" } else { "rsa_pkcs1_sha1" };
        for scheme in ["rsa_pss_rsae_sha256", "0x0a0a", other] {
            let setup = Setup { signatures: Signatures::Real, ..asking(&[key]) };
            let outcome = setup.set(Side::Client, "CertificateVerify", "algorithm", json!(scheme)).outcome();
            assert_eq!(outcome, refused_by(Side::Server, A::ILLEGAL_PARAMETER), "{key}, {scheme}");
        }
    }
}

fn certificate_verify(pair: &mut Pair) -> Handshake {
    let sent = pair.sent(Side::Client);
    let verify = sent.into_iter().find_map(|message| match message {
        Message::Handshake(handshake @ Handshake::CertificateVerify(_)) => Some(handshake),
        _ => None,
    });
    verify.expect("the client proves its key")
}

fn algorithm(pair: &mut Pair) -> Option<SignatureScheme> {
    match certificate_verify(pair) {
        Handshake::CertificateVerify(signed) => signed.algorithm,
        _ => None,
    }
}

/// RFC 5246 7.2.2: decrypt_error where a signature cannot be verified. No byte can be another.
#[test]
fn a_forged_certificate_verify_is_refused() {
    for version in VERSIONS {
        for key in ["rsa", "ecdsa"] {
            let suite = "TLS_RSA_WITH_AES_128_CBC_SHA";
            let knobs = json!({"versions": [version], "suites": [suite], "resumption": "none"});
            let setup = Setup { signatures: Signatures::Real, ..asking(&[key]).with_client(knobs) };
            let verify = certificate_verify(&mut setup.run());
            let body = verify.to_bytes().unwrap()[HandshakeHeader::LEN..].to_vec();
            let signature = if version == "TLSv1.2" { 4 } else { 2 };
            for position in 0..body.len() {
                let mut forged = body.clone();
                forged[position] ^= 1;
                let message = Handshake::Unknown { msg_type: verify.msg_type(), body: forged.into() }.into();
                let setup = setup.clone().edit(Side::Client, "CertificateVerify", Change::Replace { message });
                let mut pair = setup.run();
                let Outcome::Alert(Side::Server, alert) = pair.outcome() else {
                    panic!("{version}, {key}, byte {position}: {:?}", pair.outcome());
                };
                match position {
                    _ if position >= signature => assert_eq!(alert, A::DECRYPT_ERROR, "{version}, {key}, {position}"),
                    _ => assert!([A::DECRYPT_ERROR, A::ILLEGAL_PARAMETER, A::DECODE_ERROR].contains(&alert)),
                }
                assert_eq!((traced(&mut pair), pair.server.established()), (None, None));
            }
        }
    }
}

/// The proof covers every handshake message before it (RFC 5246 7.4.8): one that was changed on the way breaks it.
#[test]
fn a_proof_covers_all_messages_before_it() {
    use tlslab_proto::endpoint::edit::Hashed;
    let request = json!(["rsa_sign"]);
    let change = Change::SetField { path: "certificate_types".to_owned(), value: request };
    for signatures in [Signatures::Real, Signatures::Simulated] {
        let setup = Setup { signatures, ..asking(&["rsa"]).with_client(json!({"ems": "off"})) };
        let edited = setup.edit_hashing(Side::Server, "CertificateRequest", change.clone(), Hashed::Original);
        assert_eq!(edited.outcome(), refused_by(Side::Server, A::DECRYPT_ERROR));
    }
    let mut pair = asking(&["rsa"]).run();
    let covered = |event: &Event| match event {
        Event::Signed { covered, .. } => Some(covered.clone()),
        _ => None,
    };
    let signed = pair.client.trace().iter().find_map(covered).expect("the client signs");
    let hellos = pair.sent(Side::Client)[0].to_bytes().unwrap();
    assert!(signed.starts_with(&hellos));
    let exchange = pair.sent(Side::Client)[2].to_bytes().unwrap();
    assert!(signed.ends_with(&exchange), "the last one is ClientKeyExchange");
}

/// Another's certificate does not help who lacks its key.
#[test]
fn a_certificate_without_its_key() {
    let rsa: Vec<_> = Identity::lab_rsa().chain.iter().map(hex::encode).collect();
    for signatures in [Signatures::Real, Signatures::Simulated] {
        let setup = Setup { signatures, ..asking(&["ecdsa"]) };
        let outcome = setup.set(Side::Client, "Certificate", "certificate_list", json!(rsa)).outcome();
        let alert = if signatures == Signatures::Real { A::ILLEGAL_PARAMETER } else { A::DECRYPT_ERROR };
        assert_eq!(outcome, refused_by(Side::Server, alert));
    }
    let with = |list: Value| asking(&["rsa"]).set(Side::Client, "Certificate", "certificate_list", list).outcome();
    assert_eq!(with(json!(["3003020101"])), refused_by(Side::Server, A::BAD_CERTIFICATE));
    // An empty list, and a proof of nothing.
    assert_eq!(with(json!([])), refused_by(Side::Server, A::UNEXPECTED_MESSAGE));
}

#[test]
fn a_client_that_does_not_answer_as_it_should() {
    for policy in ["optional", "required"] {
        for (answer, sent) in [
            ("omit", &["ClientHello", "ClientKeyExchange", "ChangeCipherSpec", "Finished"][..]),
            ("unproved", &["ClientHello", "Certificate", "ClientKeyExchange", "ChangeCipherSpec", "Finished"]),
        ] {
            let setup = asking(&["rsa"]).with_server(json!({"client_certificate": policy}));
            let mut pair = setup.with_client(json!({"certificate_answer": answer})).run();
            // RFC 5246 7.4.6, 7.4.8: both messages must be there.
            assert_eq!(pair.outcome(), refused_by(Side::Server, A::UNEXPECTED_MESSAGE), "{answer}");
            assert_eq!(pair.sent_names(Side::Client), sent);
        }
    }
    // Without a certificate there is nothing to prove.
    let setup = asking(&[]).with_client(json!({"certificate_answer": "unproved"}));
    assert_eq!(setup.outcome(), Outcome::Established);
}

/// RFC 5246 7.3: an abbreviated handshake has no CertificateRequest.
#[test]
fn a_request_in_an_abbreviated_handshake() {
    for (resumption, session_id) in [("session_id", "fresh"), ("ticket", "fresh"), ("ticket", "empty")] {
        for renewal in ["never", "always"] {
            let client = json!({"resumption": resumption, "ticket_session_id": session_id, "certificates": ["rsa"]});
            let server = json!({"resumption": resumption, "ticket_renewal": renewal});
            let first = Setup::new(client, server);
            let asked = |reaction: &str, policy: &str| {
                let server = json!({"request_certificate": "always", "client_certificate": policy});
                let knobs = json!({"resumed_certificate_request": reaction});
                first.next().with_client(knobs).with_server(server).run()
            };
            let what = format!("{resumption}, {session_id}, {renewal}");
            let refused = Outcome::Alert(Side::Client, A::UNEXPECTED_MESSAGE);
            assert_eq!(asked("refuse", "optional").outcome(), refused, "{what}");
            // Who asks waits for an answer.
            let unanswered = Outcome::Alert(Side::Server, A::UNEXPECTED_MESSAGE);
            assert_eq!(asked("ignore", "optional").outcome(), unanswered, "{what}");
            let mut answered = asked("answer", "required");
            assert_eq!(authenticated(&answered), Some(fingerprint("rsa")), "{what}");
            assert_eq!(
                answered.sent_names(Side::Client),
                ["ClientHello", "Certificate", "CertificateVerify", "ChangeCipherSpec", "Finished"]
            );
            assert!(pair_resumed(&answered).is_some());
            let without =
                first.next().with_client(json!({"certificates": [], "resumed_certificate_request": "answer"}));
            let required = json!({"request_certificate": "always", "client_certificate": "required"});
            assert_eq!(
                without.with_server(required).outcome(),
                refused_by(Side::Server, A::HANDSHAKE_FAILURE),
                "{what}"
            );
        }
    }
    // By the shared reaction to what is unexpected, too.
    let first = Setup::new(json!({"on_unexpected": "close"}), json!({"request_certificate": "always"}));
    let outcome = first.next().outcome();
    assert!(matches!(outcome, Outcome::Other(..)), "{outcome:?}");
}

/// A session keeps who its client is, with the server and in a ticket.
#[test]
fn a_resumed_session_keeps_the_clients_identity() {
    for resumption in ["session_id", "ticket"] {
        for key in [None, Some("rsa"), Some("ecdsa")] {
            let certificates: Vec<_> = key.into_iter().collect();
            let by = json!({"resumption": resumption});
            let first = asking(&certificates).with_client(by.clone()).with_server(by);
            let mut pair = first.next().run();
            assert!(pair_resumed(&pair).is_some());
            assert_eq!(authenticated(&pair), key.map(fingerprint), "{resumption}");
            assert_eq!((asked(&mut pair), traced(&mut pair)), (false, None));
            let session = first.sessions.client.get(None).expect("the session is kept");
            assert_eq!(session.session.client_certificate, key.map(fingerprint));
        }
    }
}
