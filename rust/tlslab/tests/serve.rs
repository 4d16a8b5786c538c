//! What a server lets its clients use up, and what it serves over HTTP.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;
use tlslab::ftp::{Files, ServerRules};
use tlslab::peer::{ConnectOptions, Connected, Mode, PeerError, ServeOptions, Serving, connect, serve};
use tlslab::scenario::outcome::Kind;
use tlslab_proto::behaviour::{ClientBehaviour, ServerBehaviour};
use tlslab_proto::crypto::certificate::Identity;

/// Far more than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);

fn serving(options: ServeOptions) -> Serving {
    let behaviour = ServerBehaviour::from_value(&json!({"groups": ["ffdhe2048"]})).expect("the knobs are sound");
    serve(&behaviour, options).expect("a port is free")
}

fn send(serving: &Serving, knobs: &serde_json::Value, data: &[u8], receive: usize) -> Connected {
    let behaviour = ClientBehaviour::from_value(knobs).expect("the knobs are sound");
    let options = ConnectOptions { data: data.to_vec(), receive, timeout: PATIENCE, ..ConnectOptions::default() };
    connect(&behaviour, &serving.address().to_string(), &options, &AtomicBool::new(false)).expect("the server is there")
}

/// Asks for as much as never comes, so that it is the server that closes.
fn ask(serving: &Serving, knobs: &serde_json::Value, request: &[u8]) -> String {
    let received = send(serving, knobs, request, usize::MAX).received;
    String::from_utf8(received.0).expect("it is ASCII")
}

fn http() -> Serving {
    serving(ServeOptions { mode: Mode::Http, ..ServeOptions::default() })
}

#[test]
fn the_page_describes_the_connection() {
    let knobs =
        json!({"suites": ["TLS_DHE_RSA_WITH_AES_128_CBC_SHA"], "server_name": "a<b>.test", "versions": ["TLSv1.1"]});
    let serving = http();
    let response = ask(&serving, &knobs, b"GET /x HTTP/1.0\r\n\r\n");
    let (head, content) = response.split_once("\r\n\r\n").expect("there is a head");
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert!(head.contains(&format!("Content-Length: {}\r\n", content.len())), "{head}");
    for line in [
        "request: GET /x",
        "version: TLSv1.1",
        "cipher_suite: TLS_DHE_RSA_WITH_AES_128_CBC_SHA",
        "extended_master_secret: yes",
        "resumed: no",
        "key_exchange: DHE",
        "z_length: 256",
        "server_name: a<b>.test",
        "handshakes: 1",
    ] {
        assert!(content.lines().any(|found| found == line), "no {line:?} in {content}");
    }
    let html = ask(&serving, &knobs, b"GET / HTTP/1.0\r\nAccept: text/html\r\n\r\n");
    assert!(html.contains("Content-Type: text/html") && html.contains("<td>a&lt;b&gt;.test</td>"), "{html}");
}

#[test]
fn a_connection_persists_in_http_1_1_until_the_client_has_enough() {
    let requests = b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n\
        GET /2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n\
        GET /3 HTTP/1.0\r\n\r\n";
    let response = ask(&http(), &json!({}), requests);
    assert_eq!(response.matches("HTTP/1.1 200 OK").count(), 2, "{response}");
    assert!(response.contains("request: GET /2\n") && !response.contains("request: HEAD"), "{response}");
}

/// Whatever the client says of itself, the page fits into one record, as suites expect.
#[test]
fn the_page_is_short() {
    let name = "x".repeat(250);
    let request = format!("GET /{} HTTP/1.0\r\nAccept: text/html\r\n\r\n", "&".repeat(16_000));
    let response = ask(&http(), &json!({"server_name": name, "alpn": [name]}), request.as_bytes());
    assert!(response.starts_with("HTTP/1.1 200 OK") && response.contains("&amp;..."), "{response}");
    assert!(response.len() < 1 << 13, "{} bytes", response.len());
}

#[test]
fn garbage_is_answered_with_400_and_the_end() {
    let response = ask(&http(), &json!({}), b"\x16\x03\x01 what is this\r\n");
    assert!(response.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{response}");
}

/// Silent clients hold all the slots, and nobody waits for their time to be up.
#[test]
fn clients_without_a_handshake_make_room() {
    let options =
        ServeOptions { max_connections: 2, timeout: PATIENCE, handshake_timeout: PATIENCE, ..ServeOptions::default() };
    let serving = serving(options);
    let silent: Vec<_> = (0..4).map(|_| TcpStream::connect(serving.address()).expect("it listens")).collect();
    let start = Instant::now();
    let connected = send(&serving, &json!({}), b"hello", 5);
    assert_eq!(*connected.received, *b"hello");
    assert!(start.elapsed() < PATIENCE / 2);
    drop(silent);
}

/// The same before the AUTH TLS of FTP.
#[test]
fn clients_of_ftp_that_say_nothing_make_room() {
    let options = ServeOptions {
        max_connections: 1,
        timeout: PATIENCE,
        mode: Mode::Ftp { rules: ServerRules::default(), files: Files::default() },
        ..ServeOptions::default()
    };
    let serving = serving(options);
    let start = Instant::now();
    let mut silent = TcpStream::connect(serving.address()).expect("it listens");
    let mut next = TcpStream::connect(serving.address()).expect("it listens");
    silent.read_to_end(&mut Vec::new()).expect("it closes");
    next.read_exact(&mut [0; 4]).expect("it greets");
    assert!(start.elapsed() < PATIENCE / 2);
}

#[test]
fn a_handshake_has_a_time_of_its_own() {
    let options =
        ServeOptions { timeout: PATIENCE, handshake_timeout: Duration::from_millis(300), ..ServeOptions::default() };
    let serving = serving(options);
    let mut silent = TcpStream::connect(serving.address()).expect("it listens");
    let start = Instant::now();
    silent.write_all(b"\x16\x03\x01").expect("it reads");
    silent.read_to_end(&mut Vec::new()).expect("it closes");
    assert!(start.elapsed() < PATIENCE / 2);
}

#[test]
fn a_silent_connection_is_closed() {
    let options =
        ServeOptions { timeout: PATIENCE, idle_timeout: Duration::from_millis(300), ..ServeOptions::default() };
    let start = Instant::now();
    let connected = send(&serving(options), &json!({}), b"hello", usize::MAX);
    assert_eq!((connected.connection.outcome.kind, &connected.received[..]), (Kind::Closed, &b"hello"[..]));
    assert!(start.elapsed() < PATIENCE / 2);
}

#[test]
fn a_client_that_sends_more_than_it_may_is_cut_off() {
    let options = ServeOptions { max_bytes: 1 << 20, ..ServeOptions::default() };
    let data = vec![b'x'; 8 << 20];
    let connected = send(&serving(options), &json!({}), &data, data.len());
    assert_ne!(connected.connection.outcome.kind, Kind::Established);
    assert!(connected.received.len() < 2 << 20, "{} bytes are echoed", connected.received.len());
}

#[test]
fn a_server_stops_by_itself_after_so_many_connections() {
    let serving = serving(ServeOptions { connections: Some(2), ..ServeOptions::default() });
    for _ in 0..2 {
        assert!(!serving.is_done());
        assert_eq!(*send(&serving, &json!({}), b"hello", 5).received, *b"hello");
    }
    let start = Instant::now();
    while !serving.is_done() {
        assert!(start.elapsed() < PATIENCE / 2, "it goes on");
        thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(serving.connections(0).1, 2);
    TcpStream::connect(serving.address()).expect_err("nobody listens any more");
}

#[test]
fn a_server_has_one_certificate_of_a_kind() {
    let (rsa, ecdsa) = (Identity::lab_rsa().clone(), Identity::lab_ecdsa().clone());
    let refused = serve(
        &ServerBehaviour::default(),
        ServeOptions { identities: vec![rsa.clone(), ecdsa.clone(), rsa.clone()], ..ServeOptions::default() },
    );
    let Err(error) = refused else { panic!("it serves two RSA certificates") };
    assert!(matches!(error, PeerError::SameKind { count: 2, kind: "RSA" }), "{error}");

    let serving = serving(ServeOptions { identities: vec![ecdsa, rsa], ..ServeOptions::default() });
    for suite in ["TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"] {
        assert_eq!(*send(&serving, &json!({"suites": [suite]}), b"hello", 5).received, *b"hello");
    }
}
