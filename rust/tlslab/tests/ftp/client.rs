//! A client's core, told by hand what happens; and what a hostile server says to it.

use tlslab::ftp::{Action, Client, ClientRules, Core, DataEnd, DataTls, Effect, End, FtpError, MAX_REPLY, ReplyReader};
use tlslab_proto::endpoint::session::SessionKind;

fn client(rules: &str, actions: &[Action]) -> Client {
    let rules: ClientRules = serde_json::from_str(&format!(r#"{{"data_sessions": "{rules}"}}"#)).unwrap();
    Client::new(rules, "127.0.0.1".parse().unwrap(), actions.to_vec()).unwrap()
}

fn retrieve() -> Action {
    Action::Retrieve("file".to_owned())
}

/// What it does about a reply.
fn say(client: &mut Client, reply: &str) -> Vec<Effect> {
    client.control_received(format!("{reply}\r\n").as_bytes());
    effects(client)
}

fn effects(client: &mut Client) -> Vec<Effect> {
    std::iter::from_fn(|| client.next()).collect()
}

fn send(line: &str) -> Effect {
    Effect::Send(format!("{line}\r\n").into_bytes())
}

/// A client that asks for the port of its first transfer.
fn ready(rules: &str, actions: &[Action]) -> Client {
    let mut client = client(rules, actions);
    assert_eq!(say(&mut client, "220-hello\r\n220 there"), [send("AUTH TLS")]);
    assert_eq!(say(&mut client, "234 go"), [Effect::Secure]);
    client.control_secured();
    assert_eq!(effects(&mut client), [send("USER anonymous")]);
    assert_eq!(say(&mut client, "331 password"), [send("PASS tlslab@")]);
    assert_eq!(say(&mut client, "230 in"), [send("PBSZ 0")]);
    assert_eq!(say(&mut client, "200 ok"), [send("PROT P")]);
    assert_eq!(say(&mut client, "200 ok"), [send("TYPE I")]);
    assert_eq!(say(&mut client, "200 ok"), [send("EPSV")]);
    client
}

/// One that is at the data connection of its transfer.
fn transferring(rules: &str, resumed: Option<SessionKind>) -> Client {
    let mut client = ready(rules, &[retrieve()]);
    assert_eq!(say(&mut client, "229 ok (|||7|)"), [Effect::Connect(7), send("RETR file")]);
    assert_eq!(say(&mut client, "150 ok"), [Effect::SecureData]);
    client.data_secured(DataTls { resumed, same_session: resumed.is_some() });
    client
}

#[test]
fn a_transfer_is_complete_by_close_notify_and_reply() {
    for (end, reply, expected) in [
        (DataEnd::Clean, "226 sent", End::Complete),
        (DataEnd::Clean, "426 lost", End::Reply(426)),
        (DataEnd::Truncated, "226 sent", End::Truncated),
        (DataEnd::Failed, "226 sent", End::DataFailed),
        (DataEnd::TimedOut, "226 sent", End::TimedOut),
        (DataEnd::Truncated, "522 reuse", End::Reply(522)),
    ] {
        for reply_first in [false, true] {
            let mut client = transferring("resume", None);
            client.data_received(b"all of it");
            if reply_first {
                say(&mut client, reply);
                client.data_ended(end);
            } else {
                client.data_ended(end);
                say(&mut client, reply);
            }
            let transfer = &client.transfers()[0];
            assert_eq!((transfer.end, &transfer.received[..]), (expected, &b"all of it"[..]), "{end:?} {reply}");
            say(&mut client, "221 bye");
            assert_eq!(client.end(), Some(expected), "{end:?} {reply}");
        }
    }
}

#[test]
fn without_a_reply_nothing_is_complete() {
    for (end, expected) in [("closed", End::Closed), ("timed out", End::TimedOut)] {
        let mut client = transferring("resume", None);
        client.data_ended(DataEnd::Clean);
        assert!(client.transfers().is_empty());
        match end {
            "closed" => client.control_ended(),
            _ => client.timed_out(),
        }
        assert_eq!((client.transfers()[0].end, client.end()), (expected, Some(expected)));
    }
}

#[test]
fn rules_of_data_connections() {
    let id = Some(SessionKind::SessionId);
    for (rule, resumed, gives_up) in [
        ("resume", None, false),
        ("resume", id, false),
        ("full", None, false),
        ("insist", id, false),
        ("insist", None, true),
        ("break_close", None, false),
        ("break_close", id, true),
        ("break_alert", id, true),
    ] {
        let mut client = transferring(rule, resumed);
        let closes = effects(&mut client).iter().any(|effect| matches!(effect, Effect::CloseData(_)));
        assert_eq!(closes, gives_up, "{rule} {resumed:?}");
        say(&mut client, "426 lost");
        let expected = if rule == "insist" && gives_up { End::NotResumed } else { End::Reply(426) };
        assert_eq!(client.transfers()[0].end, expected, "{rule} {resumed:?}");
    }
}

#[test]
fn pasv_where_epsv_is_not_known_and_never_to_another_host() {
    let mut here = ready("resume", &[retrieve()]);
    assert_eq!(say(&mut here, "500 what?"), [send("PASV")]);
    assert_eq!(say(&mut here, "227 (127,0,0,1,1,0)"), [Effect::Connect(256), send("RETR file")]);

    let mut elsewhere = ready("resume", &[retrieve()]);
    say(&mut elsewhere, "502 what?");
    let effects = say(&mut elsewhere, "227 (192,0,2,66,0,22)");
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Connect(_))), "{effects:?}");
    let transfer = &elsewhere.transfers()[0];
    assert_eq!(transfer.end, End::Protocol);
    assert!(transfer.error.as_ref().unwrap().contains("192.0.2.66"), "{transfer:?}");

    for reply in ["229 ok", "229 (|||0|)", "229 (|||99999|)"] {
        let mut nowhere = ready("resume", &[retrieve()]);
        say(&mut nowhere, reply);
        assert_eq!(nowhere.transfers()[0].end, End::Protocol, "{reply}");
    }
}

#[test]
fn a_refused_login_ends_the_session_and_its_transfers() {
    let mut client = client("resume", &[retrieve(), Action::List(String::new())]);
    say(&mut client, "220 hello");
    assert_eq!(say(&mut client, "534 no TLS here"), [send("QUIT")]);
    say(&mut client, "221 bye");
    assert_eq!(client.end(), Some(End::Reply(534)));
    assert_eq!(client.transfers().iter().map(|transfer| transfer.end).collect::<Vec<_>>(), [End::Reply(534); 2]);
}

#[test]
fn endless_and_malformed_replies_are_refused() {
    let fails = |bytes: &[u8]| {
        let mut client = client("resume", &[retrieve()]);
        client.control_received(bytes);
        assert_eq!(client.end(), Some(End::Protocol));
        assert_eq!(effects(&mut client), [Effect::Close]);
        client.error().unwrap().to_owned()
    };
    let line = [b"220 ".as_slice(), &vec![b'a'; 1 << 20]].concat();
    assert_eq!(fails(&line), FtpError::LineTooLong.to_string());
    let lines = format!("220-hello\r\n{}", "more of it\r\n".repeat((1 << 20) / 12));
    assert_eq!(fails(lines.as_bytes()), FtpError::ReplyTooLong.to_string());
    assert_eq!(
        fails("220-\r\n\r\n".replace("\r\n\r\n", &"\r\n".repeat(1 << 20)).as_bytes()),
        FtpError::ReplyTooLong.to_string()
    );
    for bad in ["hello\r\n", "22 hello\r\n", "720 hello\r\n", "\r\n", "220x\r\n", "\u{fffd}\u{fffd}\r\n"] {
        assert!(fails(bad.as_bytes()).contains("is no reply"), "{bad}");
    }
}

#[test]
fn replies_that_come_unprotected_with_that_to_auth_are_not_read() {
    let mut client = client("resume", &[retrieve()]);
    say(&mut client, "220 hello");
    let effects = say(&mut client, "234 go\r\n230 in already");
    assert_eq!((effects, client.error()), (vec![Effect::Close], Some(&*FtpError::PlainAfterAuth.to_string())));
}

#[test]
fn paths_are_one_line() {
    for path in ["a\r\nDELE b", "a\nb", "a\0b", &"a".repeat(5000)] {
        let action = Action::Retrieve(path.to_owned());
        let refused = Client::new(ClientRules::default(), "127.0.0.1".parse().unwrap(), vec![action]);
        assert!(matches!(refused, Err(FtpError::BadPath { .. })), "{path:?}");
    }
}

#[test]
fn replies_come_in_any_pieces() {
    let text = "220-one\r\n two\r\n220-three\r\n 220 four\r\n220 five\r\n331 six\r\n";
    for size in 1..text.len() {
        let mut reader = ReplyReader::default();
        let mut replies = Vec::new();
        for piece in text.as_bytes().chunks(size) {
            reader.push(piece);
            while let Some(reply) = reader.next_reply().unwrap() {
                replies.push(reply);
            }
        }
        assert_eq!(replies.iter().map(|reply| reply.code).collect::<Vec<_>>(), [220, 331]);
        assert_eq!(replies[0].lines, ["one", "two", "three", "220 four", "five"]);
        assert!(reader.is_empty() && MAX_REPLY > text.len());
    }
}
