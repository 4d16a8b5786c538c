//! A client and a server of the lab over TCP.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use serde_json::json;
use tlslab::peer::{ConnectOptions, Connected, ServeOptions, Serving, connect, serve};
use tlslab::scenario::connection::Connection;
use tlslab::scenario::outcome::Kind;
use tlslab_proto::behaviour::{ClientBehaviour, ServerBehaviour};
use tlslab_proto::crypto::draws::Draws;
use tlslab_proto::endpoint::diffie_hellman::Honest;
use tlslab_proto::endpoint::session::{ClientSession, SessionKind, SessionStores};
use tlslab_proto::endpoint::{Client, ClientConfig, Environment, Signatures, Status, Step};

const SUITE: &str = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256";

fn serving(timeout: Duration) -> Serving {
    let behaviour =
        ServerBehaviour::from_value(&json!({"suites": [SUITE], "resumption": "both"})).expect("the knobs are sound");
    let options = ServeOptions { seed: 1, timeout, ..ServeOptions::default() };
    serve(&behaviour, options).expect("a port is free")
}

fn send(serving: &Serving, data: Vec<u8>) -> Connected {
    resume(serving, "session_id", data, None)
}

/// A client that knows this kind of resumption, and has a session.
fn resume(serving: &Serving, resumption: &str, data: Vec<u8>, session: Option<ClientSession>) -> Connected {
    let knobs = json!({"suites": [SUITE], "resumption": resumption});
    let behaviour = ClientBehaviour::from_value(&knobs).expect("the knobs are sound");
    let receive = data.len();
    let timeout = Duration::from_secs(60);
    let options = ConnectOptions { seed: 2, data, receive, timeout, session, ..ConnectOptions::default() };
    connect(&behaviour, &serving.address().to_string(), &options, &AtomicBool::new(false)).expect("the server is there")
}

#[test]
fn all_connections_of_a_server_share_its_sessions() {
    let serving = serving(Duration::from_secs(60));
    for (resumption, kind) in [("session_id", SessionKind::SessionId), ("ticket", SessionKind::Ticket)] {
        let how = |connected: &Connected| connected.connection.outcome.established.as_ref().expect("it is").resumed;
        let first = resume(&serving, resumption, b"one".to_vec(), None);
        assert_eq!(how(&first), None);
        let saved = first.session.expect("the first leaves a session").to_json();
        let session = ClientSession::from_json(&saved).expect("what was saved can be read");
        let second = resume(&serving, resumption, b"two".to_vec(), Some(session));
        assert_eq!((how(&second), &second.received[..]), (Some(kind), &b"two"[..]));
        let third = resume(&serving, "none", b"three".to_vec(), second.session);
        assert_eq!(how(&third), None);
    }
}

fn crossed(connection: &Connection) -> usize {
    connection.flights.iter().map(|flight| flight.bytes.len()).sum()
}

/// More than all the buffers on the way hold: neither side may wait for the other to read before it reads itself.
#[test]
fn much_data_is_echoed_and_not_all_of_it_is_kept() {
    let serving = serving(Duration::from_secs(60));
    let data: Vec<u8> = (0..24u32 << 20).map(|n| (n ^ (n >> 11)) as u8).collect();
    let connected = send(&serving, data.clone());
    assert_eq!(connected.connection.outcome.kind, Kind::Established);
    assert!(*connected.received == data[..]);
    assert!(connected.connection.truncated);
    assert!(crossed(&connected.connection) <= 4 << 20);

    let short = send(&serving, b"short".to_vec());
    assert_eq!(*short.received, *b"short");
    assert!(!short.connection.truncated);
}

/// A client by hand, whose handshake is finished.
fn established(serving: &Serving) -> (TcpStream, Client) {
    let behaviour = ClientBehaviour::from_value(&json!({"suites": [SUITE]})).expect("the knobs are sound");
    let environment = Environment {
        draws: Draws::new(3, 0),
        connection: 0,
        diffie_hellman: Arc::new(Honest::default()),
        signatures: Signatures::Real,
        edits: Arc::new([]),
        sessions: SessionStores::default(),
        now: 0,
    };
    let config = ClientConfig::new(&behaviour).expect("the knobs go together");
    let mut client: Client = Client::new(Arc::new(config), environment);
    let mut stream = TcpStream::connect(serving.address()).expect("the server listens");
    let mut buffer = [0; 1 << 14];
    loop {
        stream.write_all(&output(&mut client)).expect("the server reads");
        if *client.status() == Status::Established {
            return (stream, client);
        }
        let read = stream.read(&mut buffer).expect("the server answers");
        assert_ne!(read, 0, "the handshake fails");
        client.receive(&buffer[..read]);
    }
}

fn output(client: &mut Client) -> Vec<u8> {
    while client.step() != Step::Blocked {}
    client.take_output()
}

/// A client that writes a byte to a record and never reads its echo is not read for ever; when time is up, it is up.
#[test]
fn a_client_that_never_reads_is_cut_off_in_time() {
    let limit = Duration::from_millis(1500);
    let serving = serving(limit);
    let start = Instant::now();
    let (mut stream, mut client) = established(&serving);
    stream.set_write_timeout(Some(3 * limit)).expect("it is a socket");
    loop {
        (0..1000).for_each(|_| client.send(b"x"));
        if stream.write_all(&output(&mut client)).is_err() {
            break;
        }
        assert!(start.elapsed() < 2 * limit, "the server reads on");
    }
    assert!(start.elapsed() < 2 * limit, "the server keeps the connection");
    let (connections, total) = wait_for_the_end(&serving);
    assert_eq!((connections.len(), total), (1, 1));
    assert!(crossed(&connections[0]) <= 4 << 20);
}

fn wait_for_the_end(serving: &Serving) -> (Vec<Connection>, u64) {
    let start = Instant::now();
    while serving.connections(0).1 == 0 && start.elapsed() < Duration::from_secs(5) {
        std::thread::sleep(Duration::from_millis(10));
    }
    serving.connections(0)
}
