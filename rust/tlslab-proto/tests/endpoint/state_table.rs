//! Every (state, message) pair of both endpoints against a table that cites the RFCs.
//!
//! A state is reached by a real handshake, stopped there; the message comes from the peer endpoint in place of what it
//! would have sent next, so it is protected as it has to be.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tlslab_proto::crypto::Side;
use tlslab_proto::endpoint::edit::Change;
use tlslab_proto::endpoint::trace::Event;
use tlslab_proto::endpoint::{Ending, Endpoint, Role, Status, Step};
use tlslab_proto::wire::registry::{
    AlertDescription, AlertLevel, ClientCertificateType, ContentType, HandshakeType, SignatureScheme,
};
use tlslab_proto::wire::{Alert, CertificateRequest, DigitallySigned, Handshake, Message, NewSessionTicket};

use super::pump::{Pair, Setup, Trace, deliver, settle};

/// What an endpoint does with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reaction {
    /// It takes it, and then waits for this.
    Next(&'static str),
    /// It goes on as if nothing had come.
    Ignored,
    /// It goes on, with a warning.
    Warning(AlertDescription),
    /// It ends the connection with a fatal alert.
    Fatal(AlertDescription),
    /// It ends the connection without a word, the peer having said why.
    Ended(AlertDescription),
    /// It answers close_notify, and the connection is closed.
    Closed,
}

/// A reaction, and where it is written.
type Entry = (Reaction, &'static str);

const fn next(expects: &'static str, citation: &'static str) -> Entry {
    (Reaction::Next(expects), citation)
}

/// "An inappropriate message was received. This alert is always fatal."
const UNEX: Entry = (Reaction::Fatal(AlertDescription::UNEXPECTED_MESSAGE), "RFC 5246 7.2.2");
/// "... MUST send an unexpected_message alert": for record types that no state allows.
const TYPE: Entry = (Reaction::Fatal(AlertDescription::UNEXPECTED_MESSAGE), "RFC 5246 6");
/// "This message will be ignored by the client if the client is currently negotiating a session."
const HREQ: Entry = (Reaction::Ignored, "RFC 5246 7.4.1.1");
/// A HelloRequest after the handshake, or a ClientHello then: "the sender should respond with this alert".
const NORE: Entry = (Reaction::Warning(AlertDescription::NO_RENEGOTIATION), "RFC 5246 7.2.2");
/// "If an alert with a level of warning is sent and received, generally the connection can continue normally."
const WARN: Entry = (Reaction::Ignored, "RFC 5246 7.2.2");
/// "Upon transmission or receipt of a fatal alert message, both parties immediately close the connection."
const FATL: Entry = (Reaction::Ended(AlertDescription::INTERNAL_ERROR), "RFC 5246 7.2.2");
/// "The other party MUST respond with a close_notify alert of its own and close down the connection immediately."
const CLOS: Entry = (Reaction::Closed, "RFC 5246 7.2.1");
/// "It is a fatal handshake_failure alert for an anonymous server to request client authentication."
const ANON: Entry = (Reaction::Fatal(AlertDescription::HANDSHAKE_FAILURE), "RFC 5246 7.4.4");
/// Application data after the handshake, which leaves the endpoint waiting for more.
const DATA: Entry = next("ApplicationData", "RFC 5246 10");

/// "The server MUST verify that the value of the "renegotiated_connection" field is equal to the saved client_verify_data
/// value; if it is not, the server MUST abort the handshake": a ClientHello that begins another connection.
const BIND: Entry = (Reaction::Fatal(AlertDescription::HANDSHAKE_FAILURE), "RFC 5746 3.7");
/// A HelloRequest to a client that renegotiates.
const RENE: Entry = next("ServerHello", "RFC 5246 7.4.1.1");

/// "Recipients MUST receive and process interleaved application layer traffic during handshakes subsequent to the first one
/// on a connection."
const fn data(expects: &'static str) -> Entry {
    next(expects, "RFC 5246 6.2.1")
}

const AFTER_DONE: &str = "CertificateRequest or ServerHelloDone";
const UNDECIDED: &str = "the server's first flight, full or abbreviated";
const TICK: Entry = next("ChangeCipherSpec", "RFC 5077 3.3");
const SHEL: Entry = next("Certificate", "RFC 5246 7.4.1.3, 7.4.2");
const SHAN: Entry = next("ServerKeyExchange", "RFC 5246 7.4.1.3, 7.4.3");
const CERT: Entry = next("ServerKeyExchange", "RFC 5246 7.4.2, 7.4.3");
const CRSA: Entry = next(AFTER_DONE, "RFC 5246 7.4.2, 7.4.3");
const SKEX: Entry = next(AFTER_DONE, "RFC 5246 7.4.3");
const CREQ: Entry = next("ServerHelloDone", "RFC 5246 7.4.4");
const DONE: Entry = next("ChangeCipherSpec", "RFC 5246 7.4.5");
const CSPC: Entry = next("Finished", "RFC 5246 7.1");
const FINI: Entry = next("ApplicationData", "RFC 5246 7.4.9");
const CHEL: Entry = next("ClientKeyExchange", "RFC 5246 7.4.1.2, 7.4.7");
const CKEX: Entry = next("ChangeCipherSpec", "RFC 5246 7.4.7, 7.1");
const CHCR: Entry = next("Certificate", "RFC 5246 7.4.1.2, 7.4.4, 7.4.6");
const CCER: Entry = next("ClientKeyExchange", "RFC 5246 7.4.6, 7.4.7");
const CKCV: Entry = next("CertificateVerify", "RFC 5246 7.4.7, 7.4.8");
const CVER: Entry = next("ChangeCipherSpec", "RFC 5246 7.4.8, 7.1");

const KINDS: usize = 19;

/// A state: the suite, or the resumption, by which it is reached, what the endpoint waits for, and its reaction to each kind of message.
type Row = (&'static str, &'static str, [Entry; KINDS]);

const DHE: &str = "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256";
const RSA: &str = "TLS_RSA_WITH_AES_128_CBC_SHA";
const DH_ANON: &str = "TLS_DH_anon_WITH_AES_128_CBC_SHA256";
/// DHE, the server having promised a ticket.
const TICKET: &str = "a ticket";
/// DHE, a session being resumed by its id.
const RESUMED: &str = "a session id";
/// DHE, a session being resumed by ticket, which goes without a session id (RFC 5077 3.4).
const BLIND: &str = "a ticket without a session id";
/// DHE, the server asking for a certificate and the client having one.
const ASKING: &str = "a request for a certificate";
/// The same, with RSA key transport.
const ASKING_RSA: &str = "a request for a certificate, without ServerKeyExchange";
/// DHE, the second handshake of a connection that both sides renegotiate securely.
const AGAIN: &str = "a renegotiation";
/// The same, the server asking for a certificate and the client having one.
const ASKING_AGAIN: &str = "a renegotiation with a request for a certificate";
/// The same, a session being resumed by its id.
const RESUMED_AGAIN: &str = "a session id in a renegotiation";
/// DHE, an established connection that both sides would renegotiate securely.
const WILLING: &str = "a willing peer";
/// The same, the server having promised another ticket.
const RENEWED: &str = "a renewed ticket without a session id";

/// The kinds of message, in the order of the tables' columns.
const COLUMNS: [&str; KINDS] = [
    "HelloRequest",
    "ClientHello",
    "ServerHello",
    "NewSessionTicket",
    "Certificate",
    "ServerKeyExchange",
    "CertificateRequest",
    "ServerHelloDone",
    "CertificateVerify",
    "ClientKeyExchange",
    "Finished",
    "CertificateStatus",
    "unknown handshake",
    "ChangeCipherSpec",
    "ApplicationData",
    "warning",
    "fatal",
    "close_notify",
    "unknown content",
];

#[rustfmt::skip] // It is a table.
static CLIENT: [Row; 27] = [
    //                          HReq  CHel  SHel  Tick  Cert  SKE   CReq  Done  CVer  CKE   Fini  Stat  ?     CCS   Data  warn  fatal close ?
    (DHE, "ServerHello",       [HREQ, UNEX, SHEL, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, WARN, FATL, CLOS, TYPE]),
    (DH_ANON, "ServerHello",   [HREQ, UNEX, SHAN, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, WARN, FATL, CLOS, TYPE]),
    (DHE, "Certificate",       [HREQ, UNEX, UNEX, UNEX, CERT, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, WARN, FATL, CLOS, TYPE]),
    (RSA, "Certificate",       [HREQ, UNEX, UNEX, UNEX, CRSA, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, WARN, FATL, CLOS, TYPE]),
    (DHE, "ServerKeyExchange", [HREQ, UNEX, UNEX, UNEX, UNEX, SKEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, WARN, FATL, CLOS, TYPE]),
    (DHE, AFTER_DONE,          [HREQ, UNEX, UNEX, UNEX, UNEX, UNEX, CREQ, DONE, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, WARN, FATL, CLOS, TYPE]),
    (DH_ANON, AFTER_DONE,      [HREQ, UNEX, UNEX, UNEX, UNEX, UNEX, ANON, DONE, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, WARN, FATL, CLOS, TYPE]),
    (ASKING, "ServerHelloDone",    [HREQ, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, DONE, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, WARN, FATL, CLOS, TYPE]),
    (DHE, "ChangeCipherSpec",  [HREQ, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, CSPC, UNEX, WARN, FATL, CLOS, TYPE]),
    (DHE, "Finished",          [HREQ, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, FINI, UNEX, UNEX, UNEX, UNEX, WARN, FATL, CLOS, TYPE]),
    (DHE, "ApplicationData",   [NORE, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, DATA, WARN, FATL, CLOS, TYPE]),
    (TICKET, "NewSessionTicket",   [HREQ, UNEX, UNEX, TICK, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, WARN, FATL, CLOS, TYPE]),
    (RESUMED, "ChangeCipherSpec",  [HREQ, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, CSPC, UNEX, WARN, FATL, CLOS, TYPE]),
    (RESUMED, "Finished",          [HREQ, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, FINI, UNEX, UNEX, UNEX, UNEX, WARN, FATL, CLOS, TYPE]),
    (RESUMED, "ApplicationData",   [NORE, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, DATA, WARN, FATL, CLOS, TYPE]),
    (BLIND, UNDECIDED,             [HREQ, UNEX, UNEX, UNEX, CERT, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, CSPC, UNEX, WARN, FATL, CLOS, TYPE]),
    (RENEWED, UNDECIDED,           [HREQ, UNEX, UNEX, TICK, CERT, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, WARN, FATL, CLOS, TYPE]),
    (WILLING, "ApplicationData", [RENE, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, DATA, WARN, FATL, CLOS, TYPE]),
    (AGAIN, "ServerHello", [HREQ, UNEX, SHEL, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, data("ServerHello"), WARN, FATL, CLOS, TYPE]),
    (AGAIN, "Certificate", [HREQ, UNEX, UNEX, UNEX, CERT, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, data("Certificate"), WARN, FATL, CLOS, TYPE]),
    (AGAIN, "ServerKeyExchange", [HREQ, UNEX, UNEX, UNEX, UNEX, SKEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, data("ServerKeyExchange"), WARN, FATL, CLOS, TYPE]),
    (AGAIN, AFTER_DONE, [HREQ, UNEX, UNEX, UNEX, UNEX, UNEX, CREQ, DONE, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, data(AFTER_DONE), WARN, FATL, CLOS, TYPE]),
    (ASKING_AGAIN, "ServerHelloDone", [HREQ, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, DONE, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, data("ServerHelloDone"), WARN, FATL, CLOS, TYPE]),
    (AGAIN, "ChangeCipherSpec", [HREQ, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, CSPC, data("ChangeCipherSpec"), WARN, FATL, CLOS, TYPE]),
    (AGAIN, "Finished", [HREQ, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, FINI, UNEX, UNEX, UNEX, UNEX, WARN, FATL, CLOS, TYPE]),
    (RESUMED_AGAIN, "ChangeCipherSpec", [HREQ, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, CSPC, data("ChangeCipherSpec"), WARN, FATL, CLOS, TYPE]),
    (RESUMED_AGAIN, "Finished", [HREQ, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, FINI, UNEX, UNEX, UNEX, UNEX, WARN, FATL, CLOS, TYPE]),
];

#[rustfmt::skip] // It is a table.
static SERVER: [Row; 22] = [
    //                          HReq  CHel  SHel  Tick  Cert  SKE   CReq  Done  CVer  CKE   Fini  Stat  ?     CCS   Data  warn  fatal close ?
    (DHE, "ClientHello",       [UNEX, CHEL, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, WARN, FATL, CLOS, TYPE]),
    (DHE, "ClientKeyExchange", [UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, CKEX, UNEX, UNEX, UNEX, UNEX, UNEX, WARN, FATL, CLOS, TYPE]),
    (DHE, "ChangeCipherSpec",  [UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, CSPC, UNEX, WARN, FATL, CLOS, TYPE]),
    (ASKING, "ClientHello",        [UNEX, CHCR, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, WARN, FATL, CLOS, TYPE]),
    (ASKING, "Certificate",        [UNEX, UNEX, UNEX, UNEX, CCER, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, WARN, FATL, CLOS, TYPE]),
    (ASKING, "ClientKeyExchange",  [UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, CKCV, UNEX, UNEX, UNEX, UNEX, UNEX, WARN, FATL, CLOS, TYPE]),
    (ASKING_RSA, "ClientKeyExchange", [UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, CKCV, UNEX, UNEX, UNEX, UNEX, UNEX, WARN, FATL, CLOS, TYPE]),
    (ASKING, "CertificateVerify",  [UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, CVER, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, WARN, FATL, CLOS, TYPE]),
    (ASKING, "ChangeCipherSpec",   [UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, CSPC, UNEX, WARN, FATL, CLOS, TYPE]),
    (DHE, "Finished",          [UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, FINI, UNEX, UNEX, UNEX, UNEX, WARN, FATL, CLOS, TYPE]),
    (DHE, "ApplicationData",   [UNEX, NORE, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, DATA, WARN, FATL, CLOS, TYPE]),
    (RESUMED, "ChangeCipherSpec",  [UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, CSPC, UNEX, WARN, FATL, CLOS, TYPE]),
    (RESUMED, "Finished",          [UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, FINI, UNEX, UNEX, UNEX, UNEX, WARN, FATL, CLOS, TYPE]),
    (RESUMED, "ApplicationData",   [UNEX, NORE, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, DATA, WARN, FATL, CLOS, TYPE]),
    (WILLING, "ApplicationData", [UNEX, BIND, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, DATA, WARN, FATL, CLOS, TYPE]),
    (AGAIN, "ClientKeyExchange", [UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, CKEX, UNEX, UNEX, UNEX, UNEX, data("ClientKeyExchange"), WARN, FATL, CLOS, TYPE]),
    (AGAIN, "ChangeCipherSpec", [UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, CSPC, data("ChangeCipherSpec"), WARN, FATL, CLOS, TYPE]),
    (AGAIN, "Finished", [UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, FINI, UNEX, UNEX, UNEX, UNEX, WARN, FATL, CLOS, TYPE]),
    (ASKING_AGAIN, "Certificate", [UNEX, UNEX, UNEX, UNEX, CCER, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, data("Certificate"), WARN, FATL, CLOS, TYPE]),
    (ASKING_AGAIN, "CertificateVerify", [UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, CVER, UNEX, UNEX, UNEX, UNEX, UNEX, data("CertificateVerify"), WARN, FATL, CLOS, TYPE]),
    (RESUMED_AGAIN, "ChangeCipherSpec", [UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, CSPC, data("ChangeCipherSpec"), WARN, FATL, CLOS, TYPE]),
    (RESUMED_AGAIN, "Finished", [UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, UNEX, FINI, UNEX, UNEX, UNEX, UNEX, WARN, FATL, CLOS, TYPE]),
];

fn setup(reached_by: &str) -> Setup {
    let suite = |suite: &str| Setup::both(json!({"versions": ["TLSv1.2"], "suites": [suite]}));
    let tickets = |knobs: [Value; 2]| {
        let by_ticket = json!({"resumption": "ticket"});
        let [client, server] = knobs;
        suite(DHE).with_client(by_ticket.clone()).with_server(by_ticket).with_client(client).with_server(server)
    };
    let asking = |setup: Setup| {
        let knobs = json!({"request_certificate": "full", "client_certificate": "required"});
        setup.with_client(json!({"certificates": ["rsa"]})).with_server(knobs)
    };
    let willing = |setup: Setup| {
        let knobs = json!({"renegotiation": "secure"});
        setup.with_client(knobs.clone()).with_server(knobs)
    };
    let without_id = json!({"ticket_session_id": "empty"});
    match reached_by {
        RESUMED => suite(DHE).next(),
        ASKING => asking(suite(DHE)),
        ASKING_RSA => asking(suite(RSA)),
        WILLING | AGAIN => willing(suite(DHE)),
        ASKING_AGAIN => asking(willing(suite(DHE))),
        RESUMED_AGAIN => willing(suite(DHE)).with_client(json!({"offer_in_renegotiation": "offer"})),
        TICKET => tickets([json!({}), json!({})]),
        BLIND => tickets([without_id, json!({})]).next(),
        RENEWED => tickets([without_id, json!({"ticket_renewal": "always"})]).next(),
        name => suite(name),
    }
}

/// Both endpoints at the beginning of the handshake that a row is about.
fn pair(reached_by: &str) -> Pair {
    match reached_by {
        AGAIN | ASKING_AGAIN | RESUMED_AGAIN => {
            let mut pair = setup(reached_by).run();
            pair.client.renegotiate().expect("the connection can be renegotiated");
            pair
        }
        _ => setup(reached_by).pair(),
    }
}

fn certificate_request() -> Message {
    let request = CertificateRequest {
        certificate_types: vec![ClientCertificateType::RSA_SIGN],
        supported_signature_algorithms: Some(vec![SignatureScheme::RSA_PKCS1_SHA256]),
        certificate_authorities: Vec::new(),
    };
    Handshake::CertificateRequest(request).into()
}

/// A message of a kind, which decodes. Those that a handshake has are taken from one with a suite that has them all.
fn sample(kind: &str, handshake: &[Message]) -> Message {
    let unknown = |msg_type| Handshake::Unknown { msg_type, body: [1, 2].into() }.into();
    let alert = |level, description| Alert { level, description }.into();
    match kind {
        "HelloRequest" => Handshake::HelloRequest.into(),
        "CertificateRequest" => certificate_request(),
        "NewSessionTicket" => {
            Handshake::NewSessionTicket(NewSessionTicket { ticket_lifetime_hint: 1, ticket: [7].into() }).into()
        }
        "CertificateVerify" => {
            let algorithm = Some(SignatureScheme::RSA_PKCS1_SHA256);
            Handshake::CertificateVerify(DigitallySigned { algorithm, signature: [7].into() }).into()
        }
        "CertificateStatus" => unknown(HandshakeType::CERTIFICATE_STATUS),
        "unknown handshake" => unknown(HandshakeType(99)),
        "ApplicationData" => Message::ApplicationData { data: (*b"data").into() },
        "warning" => alert(AlertLevel::WARNING, AlertDescription::USER_CANCELED),
        "fatal" => alert(AlertLevel::FATAL, AlertDescription::INTERNAL_ERROR),
        "close_notify" => alert(AlertLevel::WARNING, AlertDescription::CLOSE_NOTIFY),
        "unknown content" => Message::UnknownContent { content_type: ContentType::HEARTBEAT, fragment: [1].into() },
        _ => handshake.iter().find(|message| message.name() == kind).expect("a handshake has the message").clone(),
    }
}

/// The messages of a handshake, the client's and then the server's.
fn messages(suite: &str) -> Vec<Message> {
    let mut pair = setup(suite).run();
    [pair.sent(Side::Client), pair.sent(Side::Server)].concat()
}

/// Lets the handshake go on until `target` waits for `state`, and `peer` has a message prepared for it.
fn reach<T: Role, P: Role>(target: &mut Endpoint<T, Trace>, peer: &mut Endpoint<P, Trace>, state: &str) {
    for _ in 0..30 {
        settle(target);
        if target.expects() == state {
            // One that has nothing to send can always close.
            if !peer.prepare() {
                deliver(target, peer, &mut Vec::new());
                receive_only(peer);
            }
            if !peer.prepare() {
                peer.close();
                assert!(peer.prepare());
            }
            return;
        }
        deliver(target, peer, &mut Vec::new());
        receive_only(peer);
        peer.step();
        deliver(peer, target, &mut Vec::new());
    }
    panic!("no handshake comes to wait for {state}");
}

/// Deals with what has arrived until there is something to send.
fn receive_only<R: Role>(endpoint: &mut Endpoint<R, Trace>) {
    while !endpoint.prepare() && endpoint.step() != Step::Blocked {}
}

/// What `target` does when `peer` sends `message`, or, where the message is of the kind that the peer means to send,
/// its own.
fn react<T: Role, P: Role>(
    target: &mut Endpoint<T, Trace>,
    peer: &mut Endpoint<P, Trace>,
    message: Message,
) -> Result<Reaction, String> {
    let state = target.expects();
    if peer.prepared().expect("a message is prepared")[0].name() != message.name() || message.name() == "Alert" {
        peer.edit(Change::Replace { message }).expect("any message can stand for another");
    }
    let before = target.trace().len();
    peer.step();
    deliver(peer, target, &mut Vec::new());
    let expects_now = step_until_received(target);
    settle(target);
    let sent: Vec<Message> = target.trace()[before..]
        .iter()
        .filter_map(|event| match event {
            Event::Sent { message, .. } => Some(message.clone()),
            _ => None,
        })
        .collect();
    let alert = |level, description| Message::Alert(Alert { level, description });
    let warning = |description| alert(AlertLevel::WARNING, description);
    match (target.status(), &sent[..]) {
        (Status::Ended(Ending::AlertSent(description)), [last]) if *last == alert(AlertLevel::FATAL, *description) => {
            Ok(Reaction::Fatal(*description))
        }
        (Status::Ended(Ending::AlertReceived(description)), []) => Ok(Reaction::Ended(*description)),
        (Status::Ended(Ending::Closed), [last]) if *last == warning(AlertDescription::CLOSE_NOTIFY) => {
            Ok(Reaction::Closed)
        }
        (Status::Handshaking | Status::Established, [Message::Alert(sent)])
            if expects_now == state && sent.level == AlertLevel::WARNING =>
        {
            Ok(Reaction::Warning(sent.description))
        }
        (Status::Handshaking | Status::Established, []) if expects_now == state => match target.take_received() {
            data if data.is_empty() => Ok(Reaction::Ignored),
            _ => Ok(Reaction::Next(state)),
        },
        (Status::Handshaking | Status::Established, _) => Ok(Reaction::Next(expects_now)),
        (status, sent) => Err(format!("{status:?}, having sent {sent:?}")),
    }
}

/// Takes one message, and says what the endpoint waits for then.
fn step_until_received<R: Role>(endpoint: &mut Endpoint<R, Trace>) -> &'static str {
    while endpoint.step() == Step::Sent {}
    endpoint.expects()
}

fn check(side: Side, rows: &[Row]) {
    for (suite, state, entries) in rows {
        let handshake = [messages(suite), messages(DHE)].concat();
        for (kind, (expected, citation)) in COLUMNS.iter().zip(entries) {
            let Pair { mut client, mut server, .. } = pair(suite);
            let message = sample(kind, &handshake);
            let reaction = match side {
                Side::Client => {
                    reach(&mut client, &mut server, state);
                    react(&mut client, &mut server, message)
                }
                Side::Server => {
                    reach(&mut server, &mut client, state);
                    react(&mut server, &mut client, message)
                }
            };
            assert_eq!(reaction, Ok(*expected), "{side} of {suite} in {state}, {kind}: see {citation}");
        }
    }
}

#[test]
fn a_client_reacts_as_the_rfcs_have_it() {
    check(Side::Client, &CLIENT);
}

#[test]
fn a_server_reacts_as_the_rfcs_have_it() {
    check(Side::Server, &SERVER);
}

/// All that an endpoint ever waits for in handshakes with every key exchange, with a client asked for a certificate, with
/// every way to resume, and again in a renegotiation.
fn states(side: Side) -> BTreeSet<&'static str> {
    let mut seen = BTreeSet::new();
    let again = [AGAIN, ASKING_AGAIN, RESUMED_AGAIN];
    for mut pair in [DHE, RSA, DH_ANON, ASKING, TICKET, RESUMED, BLIND, RENEWED].into_iter().chain(again).map(pair) {
        for _ in 0..40 {
            seen.insert(match side {
                Side::Client => pair.client.expects(),
                Side::Server => pair.server.expects(),
            });
            pair.client.step();
            deliver(&mut pair.client, &mut pair.server, &mut Vec::new());
            pair.server.step();
            deliver(&mut pair.server, &mut pair.client, &mut Vec::new());
        }
    }
    seen
}

#[test]
fn the_tables_have_every_state_and_every_message() {
    let rows = |rows: &[Row]| rows.iter().map(|row| row.1).collect::<BTreeSet<_>>();
    assert_eq!(rows(&CLIENT), states(Side::Client));
    assert_eq!(rows(&SERVER), states(Side::Server));
    for msg_type in HandshakeType::REGISTERED {
        assert!(COLUMNS.contains(&msg_type.name().unwrap()), "{msg_type}");
    }
    for (client_or_server, rows) in [("client", &CLIENT[..]), ("server", &SERVER[..])] {
        for (_, state, entries) in rows {
            assert!(entries.iter().all(|(_, citation)| citation.starts_with("RFC ")), "{client_or_server}, {state}");
        }
    }
}
