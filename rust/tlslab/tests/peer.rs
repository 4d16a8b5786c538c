//! A client and a server of the lab over TCP.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use serde_json::json;
use tlslab::peer::{ConnectOptions, Connected, ServeOptions, Serving, connect, serve};
use tlslab::scenario::connection::Connection;
use tlslab::scenario::outcome::Kind;
use tlslab_proto::behaviour::{ClientBehaviour, ServerBehaviour};

const SUITE: &str = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256";

fn serving(timeout: Duration) -> Serving {
    let behaviour = ServerBehaviour::from_value(&json!({"suites": [SUITE]})).expect("the knobs are sound");
    let host = "127.0.0.1".to_owned();
    let options = ServeOptions { host, port: 0, seed: 1, timeout, max_connections: 4, identities: Vec::new() };
    serve(&behaviour, options).expect("a port is free")
}

fn send(serving: &Serving, data: Vec<u8>) -> Connected {
    let behaviour = ClientBehaviour::from_value(&json!({"suites": [SUITE]})).expect("the knobs are sound");
    let receive = data.len();
    let timeout = Duration::from_secs(60);
    let options = ConnectOptions { seed: 2, data, receive, timeout, chosen_zeros: None, edits: Vec::new() };
    connect(&behaviour, &serving.address().to_string(), &options, &AtomicBool::new(false)).expect("the server is there")
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

/// A client that writes and never reads is not read for ever, and its time is up when it is up.
#[test]
fn a_client_that_never_reads_is_cut_off_in_time() {
    let limit = Duration::from_millis(1500);
    let serving = serving(limit);
    let start = Instant::now();
    let mut stream = TcpStream::connect(serving.address()).expect("the server listens");
    stream.set_write_timeout(Some(Duration::from_secs(10))).expect("it is a socket");
    // Warnings that renegotiation is refused need a handshake; records that are no TLS end at once. What is left to an
    // outsider is a handshake message that does not end, a byte to a record.
    let record: &[u8] = &[22, 3, 1, 0, 1, 1];
    while start.elapsed() < 2 * limit && stream.write_all(&record.repeat(1000)).is_ok() {}
    assert!(start.elapsed() < 2 * limit, "the server reads on");
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest);
}
