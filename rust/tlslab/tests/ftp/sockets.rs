//! A client and a server of the lab on real sockets, and peers that misbehave.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tlslab::ftp::{Action, ClientRules, Files};
use tlslab::peer::{FtpOptions, Mode, ServeOptions, Serving, ftp_connect, serve};
use tlslab::scenario::connection::Connection;
use tlslab_proto::behaviour::{ClientBehaviour, ServerBehaviour};

use super::scenario::ends;

const SUITE: &str = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256";

fn serving(knobs: Value, rule: &str, timeout: Duration) -> Serving {
    let mut knobs = knobs;
    knobs["suites"] = json!([SUITE]);
    let rules = serde_json::from_value(json!({"data_sessions": rule})).unwrap();
    let files = Files::new([("big".to_owned(), big()), ("pub/small".to_owned(), b"small".to_vec())]).unwrap();
    let options = ServeOptions { seed: 1, timeout, mode: Mode::Ftp { rules, files }, ..ServeOptions::default() };
    serve(&ServerBehaviour::from_value(&knobs).unwrap(), options).unwrap()
}

fn big() -> Vec<u8> {
    (0..3u32 << 20).map(|number| (number ^ (number >> 9)) as u8).collect()
}

fn connect(address: &str, knobs: Value, rule: &str, actions: Vec<Action>, timeout: Duration) -> Connection {
    let mut knobs = knobs;
    knobs["suites"] = json!([SUITE]);
    let rules: ClientRules = serde_json::from_value(json!({"data_sessions": rule})).unwrap();
    let options = FtpOptions { seed: 2, rules, actions, timeout, session: None, identity: None };
    let behaviour = ClientBehaviour::from_value(&knobs).unwrap();
    ftp_connect(&behaviour, address, &options, &AtomicBool::new(false)).unwrap().connection
}

fn actions() -> Vec<Action> {
    vec![
        Action::Names("pub".to_owned()),
        Action::Retrieve("big".to_owned()),
        Action::Store { path: "up/new".to_owned(), data: tlslab_proto::wire::Text(big()) },
        Action::Retrieve("up/new".to_owned()),
        Action::Retrieve("nothing".to_owned()),
    ]
}

const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn files_go_both_ways() {
    for resumption in ["session_id", "ticket", "none"] {
        let knobs = json!({"resumption": resumption});
        let mut serving = serving(knobs.clone(), "any", PATIENCE);
        let address = serving.address().to_string();
        let connection = connect(&address, knobs, "resume", actions(), PATIENCE);
        assert_eq!(ends(&connection), ["complete", "complete", "complete", "complete", "reply_550"]);
        let session = connection.ftp.as_ref().unwrap();
        let received = |at: usize| &session.transfers[at].transfer.received[..];
        assert_eq!(received(0), b"small\r\n");
        assert!(received(1) == big() && received(3) == big());
        let resumed = |at: usize| session.transfers[at].transfer.resumed.is_some();
        assert_eq!([resumed(0), resumed(2), resumed(4)], [resumption != "none", resumption != "none", false]);
        assert!(*serving.files().unwrap().read("/up/new").unwrap() == *big());
        serving.stop();
        let (served, _) = serving.connections(0);
        assert_eq!(ends(&served[0]), ["complete"; 4]);
    }
}

#[test]
fn rules_hold_on_sockets_too() {
    for (client, server, first) in [
        ("full", "require_522", "reply_522"),
        ("full", "require_425", "reply_425"),
        ("resume", "require_425", "complete"),
        ("resume", "break_close", "reply_425"),
        ("resume", "break_alert", "reply_425"),
        ("insist", "any", "complete"),
    ] {
        let serving = serving(json!({}), server, PATIENCE);
        let connection = connect(&serving.address().to_string(), json!({}), client, actions(), PATIENCE);
        assert_eq!(ends(&connection)[0], first, "{client} against {server}");
    }
    let serving = serving(json!({"resumption": "none"}), "any", PATIENCE);
    for (rule, first) in [("insist", "not_resumed"), ("break_close", "complete")] {
        let connection = connect(&serving.address().to_string(), json!({}), rule, actions(), PATIENCE);
        assert_eq!(ends(&connection)[0], first, "{rule}");
    }
}

#[test]
fn a_missing_close_notify_is_noticed_on_sockets_too() {
    let (off, on) = (json!({"close_notify": "off"}), json!({}));
    let by_server = serving(off.clone(), "any", PATIENCE);
    let connection = connect(&by_server.address().to_string(), on.clone(), "resume", actions(), PATIENCE);
    assert_eq!(ends(&connection)[1], "truncated");
    let by_client = serving(on, "any", PATIENCE);
    let connection = connect(&by_client.address().to_string(), off, "resume", actions(), PATIENCE);
    assert_eq!(ends(&connection)[2..4], ["reply_426", "reply_550"]);
    assert!(by_client.files().unwrap().read("/up/new").is_none());
}

#[test]
fn many_clients_at_once() {
    let serving = serving(json!({}), "require_425", PATIENCE);
    let address = serving.address().to_string();
    let clients: Vec<_> = (0..12)
        .map(|number| {
            let address = address.clone();
            thread::spawn(move || {
                let store = Action::Store { path: format!("c{number}"), data: format!("{number}").as_str().into() };
                let actions = vec![store, Action::Retrieve(format!("c{number}")), Action::List(String::new())];
                let connection = connect(&address, json!({}), "insist", actions, PATIENCE);
                let received = connection.ftp.as_ref().unwrap().transfers[1].transfer.received.to_vec();
                (ends(&connection), received, number.to_string().into_bytes())
            })
        })
        .collect();
    for client in clients {
        let (ends, received, expected) = client.join().unwrap();
        assert_eq!((ends, received), (vec!["complete".to_owned(); 3], expected));
    }
}

/// A server by hand that says these lines, each after one of the client's, and waits then.
fn hostile(lines: Vec<Vec<u8>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        for line in lines {
            let _ = (&stream).write_all(&line);
            let _ = reader.read_line(&mut String::new());
        }
        let _ = std::io::copy(&mut reader, &mut std::io::sink());
    });
    address
}

#[test]
fn hostile_servers_end_in_a_report() {
    let quick = Duration::from_secs(2);
    for (lines, end, words) in [
        (vec![vec![b'2'; 1 << 20]], "protocol", "longer than 4096"),
        (vec![b"220-a\r\n".repeat(150_000)], "protocol", "longer than 65536"),
        (vec![b"hello\r\n".to_vec()], "protocol", "is no reply"),
        (vec![b"220 hi\r\n".to_vec(), b"234 go\r\n230 in\r\n".to_vec()], "protocol", "unprotected"),
        (vec![b"220 hi\r\n".to_vec(), b"534 never\r\n".to_vec(), b"221 bye\r\n".to_vec()], "reply_534", ""),
        (vec![Vec::new()], "timed_out", ""),
        (vec![b"220 hi\r\n".to_vec(), b"234 go\r\n".to_vec()], "timed_out", ""),
    ] {
        let start = Instant::now();
        let connection = connect(&hostile(lines), json!({}), "resume", actions(), quick);
        assert_eq!(ends(&connection), [end; 5], "{words}");
        assert_eq!(connection.outcome.ftp.unwrap().to_string(), end, "{words}");
        let error = connection.ftp.unwrap().error.unwrap_or_default();
        assert!(error.contains(words), "{error}");
        assert!(start.elapsed() < 3 * quick, "{words}");
    }
}

#[test]
fn clients_that_fall_silent_or_leave_are_ended_in_time() {
    let limit = Duration::from_millis(1500);
    let mut serving = serving(json!({}), "any", limit);
    let quiet: Vec<TcpStream> = (0..3)
        .map(|step| {
            let mut stream = TcpStream::connect(serving.address()).unwrap();
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            let said: &[u8] = [b"".as_slice(), b"FEAT\r\n", b"AUTH TLS\r\n"][step];
            stream.write_all(said).unwrap();
            stream
        })
        .collect();
    drop(TcpStream::connect(serving.address()).unwrap());
    let start = Instant::now();
    for mut stream in quiet {
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest);
        assert!(rest.starts_with(b"220 "));
    }
    assert!(start.elapsed() < 4 * limit);
    serving.stop();
    assert_eq!(serving.connections(0).1, 4);
}
