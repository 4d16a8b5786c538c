//! A server's core, told by hand what happens.

use tlslab::ftp::{Core, DataEnd, DataTls, Effect, Files, Server, ServerRules, SharedFiles};
use tlslab_proto::endpoint::session::SessionKind;

const HERE: &str = "127.0.0.1";

/// A server with two files, and what it says.
struct Session {
    server: Server,
    files: SharedFiles,
}

impl Session {
    fn new(rules: &str) -> Self {
        let rules: ServerRules = serde_json::from_str(&format!(r#"{{"data_sessions": "{rules}"}}"#)).unwrap();
        let files = [("readme.txt".to_owned(), b"hello".to_vec()), ("pub/two".to_owned(), b"2".to_vec())];
        let files = SharedFiles::new(Files::new(files).unwrap());
        let mut session = Self { server: Server::new(rules, files.clone(), HERE.parse().unwrap()), files };
        assert_eq!(session.effects(), [Effect::Send(b"220 tlslab: FTP over TLS, for anonymous\r\n".to_vec())]);
        session
    }

    fn logged_in(rules: &str) -> Self {
        let mut session = Self::new(rules);
        assert_eq!(session.code("AUTH TLS"), 234);
        session.server.control_secured();
        for (command, code) in [("USER anonymous", 331), ("PASS me@", 230), ("PBSZ 0", 200), ("PROT P", 200)] {
            assert_eq!(session.code(command), code, "{command}");
        }
        session
    }

    fn effects(&mut self) -> Vec<Effect> {
        let mut effects = Vec::new();
        while let Some(effect) = self.server.next() {
            if effect == Effect::Listen {
                self.server.listening(Some(1234));
            }
            effects.push(effect);
        }
        effects
    }

    /// What it does about a line.
    fn line(&mut self, line: &str) -> Vec<Effect> {
        self.server.control_received(format!("{line}\r\n").as_bytes());
        self.effects()
    }

    /// The code of the first reply to a line.
    fn code(&mut self, line: &str) -> u16 {
        code(&self.line(line))
    }

    fn begin(&mut self, command: &str) {
        assert_eq!(self.code("EPSV"), 229);
        let effects = self.line(command);
        assert_eq!(code(&effects), 150, "{command}");
        assert_eq!(effects.last(), Some(&Effect::SecureData), "{command}");
    }

    fn secured(&mut self, resumed: Option<SessionKind>, same_session: bool) -> Vec<Effect> {
        self.server.data_secured(DataTls { resumed, same_session });
        self.effects()
    }
}

fn code(effects: &[Effect]) -> u16 {
    codes(effects)[0]
}

fn codes(effects: &[Effect]) -> Vec<u16> {
    let said = effects.iter().filter_map(|effect| match effect {
        Effect::Send(bytes) => Some(String::from_utf8(bytes.clone()).unwrap()),
        _ => None,
    });
    said.map(|text| text[..3].parse().unwrap()).collect()
}

fn data(effects: &[Effect]) -> String {
    let sent = effects.iter().find_map(|effect| match effect {
        Effect::SendData(data) => Some(String::from_utf8(data.clone()).unwrap()),
        _ => None,
    });
    sent.expect("data are sent")
}

#[test]
fn commands_before_and_after_login() {
    let mut session = Session::new("any");
    for (command, code) in [
        ("USER anonymous", 530),
        ("PASS x", 503),
        ("PBSZ 0", 503),
        ("PROT P", 503),
        ("LIST", 530),
        ("RETR a", 530),
        ("EPSV", 530),
        ("PWD", 530),
        ("FEAT", 211),
        ("NOOP", 200),
        ("noop", 200),
        ("SYST", 215),
        ("", 502),
        ("AUTH KERBEROS_V4", 504),
        ("DELE readme.txt", 502),
    ] {
        assert_eq!(session.code(command), code, "{command}");
    }
    let mut session = Session::logged_in("any");
    for (command, code) in [
        ("AUTH TLS", 503),
        ("USER root", 530),
        ("PASS x", 503),
        ("USER ftp", 331),
        ("PASS", 230),
        ("TYPE I", 200),
        ("TYPE A", 200),
        ("TYPE E", 504),
        ("MODE S", 200),
        ("MODE Z", 504),
        ("STRU F", 200),
        ("PWD", 257),
        ("CWD pub", 250),
        ("PWD", 257),
        ("SIZE two", 213),
        ("SIZE /nothing", 550),
        ("CWD nothing", 550),
        ("CDUP", 250),
        ("SIZE pub/two", 213),
        ("LIST", 425),
        ("EPSV 2", 522),
        ("EPSV 1", 229),
        ("RETR nothing", 550),
        ("STOR pub", 553),
        ("PORT 127,0,0,1,4,1", 502),
        ("EPRT |1|192.0.2.1|80|", 502),
        ("EPRT nonsense", 501),
        ("PASV", 227),
        ("PROT C", 534),
        ("PROT E", 536),
        ("PROT X", 504),
        ("QUIT", 221),
    ] {
        assert_eq!(session.code(command), code, "{command}");
    }
    session.server.control_received(b"NOOP\r\n");
    assert_eq!(session.effects(), [], "it has gone");
}

#[test]
fn what_is_sent() {
    for (command, sent) in [
        ("RETR readme.txt", "hello".to_owned()),
        ("RETR /pub/../pub/two", "2".to_owned()),
        ("NLST", "pub\r\nreadme.txt\r\n".to_owned()),
        ("NLST -la pub", "two\r\n".to_owned()),
        ("LIST pub", format!("-rw-r--r-- 1 ftp ftp {:>12} Jan  1  2000 two\r\n", 1)),
    ] {
        let mut session = Session::logged_in("any");
        session.begin(command);
        assert_eq!(data(&session.secured(None, false)), sent, "{command}");
        session.server.data_sent();
        assert_eq!(code(&session.effects()), 226);
        assert_eq!(session.server.transfers()[0].end.to_string(), "complete");
        assert_eq!(session.code(command), 425, "one EPSV, one data connection");
    }
}

#[test]
fn a_file_is_kept_if_a_close_notify_came() {
    for (end, code_said, kept) in [
        (DataEnd::Clean, 226, true),
        (DataEnd::Truncated, 426, false),
        (DataEnd::Failed, 426, false),
        (DataEnd::TimedOut, 426, false),
    ] {
        let mut session = Session::logged_in("any");
        session.begin("STOR new");
        assert_eq!(session.secured(None, false), []);
        session.server.data_received(b"half ");
        session.server.data_received(b"and half");
        session.server.data_ended(end);
        assert_eq!(code(&session.effects()), code_said, "{end:?}");
        assert_eq!(session.files.lock().read("/new").is_some(), kept, "{end:?}");
        assert_eq!(session.server.transfers()[0].end.to_string() == "complete", kept, "{end:?}");
    }
}

#[test]
fn rules_of_data_connections() {
    let (id, ticket) = (Some(SessionKind::SessionId), Some(SessionKind::Ticket));
    for (rule, resumed, same, refusal) in [
        ("any", None, false, None),
        ("any", id, true, None),
        ("require_522", None, false, Some(522)),
        ("require_522", id, false, None),
        ("require_425", None, false, Some(425)),
        ("require_425", id, false, Some(425)),
        ("require_425", ticket, true, None),
        ("require_450", id, false, Some(450)),
        ("require_450", id, true, None),
        ("break_close", None, false, None),
        ("break_close", id, true, Some(425)),
        ("break_alert", ticket, true, Some(425)),
    ] {
        let mut session = Session::logged_in(rule);
        session.begin("RETR readme.txt");
        let effects = session.secured(resumed, same);
        assert_eq!(codes(&effects).first().copied(), refusal, "{rule} {resumed:?} {same}");
        let sends = effects.iter().any(|effect| matches!(effect, Effect::SendData(_)));
        assert_eq!(sends, refusal.is_none(), "{rule} {resumed:?} {same}");
        let goes_on = session.code_of_noop() == Some(200);
        assert_eq!(goes_on, refusal.is_some_and(|code| code != 522), "{rule} {resumed:?} {same}");
    }
}

impl Session {
    fn code_of_noop(&mut self) -> Option<u16> {
        codes(&self.line("NOOP")).first().copied()
    }
}

#[test]
fn commands_that_come_unprotected_with_auth_are_not_obeyed() {
    let mut session = Session::new("any");
    session.server.control_received(b"AUTH TLS\r\nUSER anonymous\r\n");
    let effects = session.effects();
    assert_eq!(codes(&effects), [503]);
    assert_eq!(effects.last(), Some(&Effect::Close));
    assert!(!effects.contains(&Effect::Secure));
}

#[test]
fn endless_input_is_not_kept() {
    let mut session = Session::new("any");
    session.server.control_received(&[b'a'; 5000]);
    let effects = session.effects();
    assert_eq!((codes(&effects), effects.last()), (vec![500], Some(&Effect::Close)));

    let mut busy = Session::logged_in("any");
    busy.begin("STOR new");
    busy.server.control_received("NOOP\r\n".repeat(11_000).as_bytes());
    assert!(busy.effects().contains(&Effect::Close));

    let mut large = Session::logged_in("any");
    large.begin("STOR new");
    large.secured(None, false);
    let mut effects = Vec::new();
    for _ in 0..70 {
        large.server.data_received(&vec![0; 1 << 20]);
        effects.extend(large.effects());
    }
    assert_eq!(codes(&effects), [552]);
}

#[test]
fn commands_wait_for_the_end_of_a_transfer() {
    let mut session = Session::logged_in("any");
    session.begin("RETR readme.txt");
    assert_eq!(session.line("NOOP"), []);
    session.secured(None, false);
    session.server.data_sent();
    assert_eq!(codes(&session.effects()), [226, 200]);
}
