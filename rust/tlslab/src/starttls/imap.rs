//! IMAP's STARTTLS (RFC 3501 6.2.1).

use super::text::{line, line_length, words};
use super::{Answer, Protocol, StartTlsError};

/// A client: it waits to be greeted, asks what the server can do, and then for TLS.
#[derive(Default)]
pub(super) struct Client {
    awaits: Awaits,
    /// Whether the server has said that it can.
    offered: bool,
}

#[derive(Default)]
enum Awaits {
    #[default]
    Greeting,
    Capability,
    Consent,
}

impl Protocol for Client {
    fn length(&self, bytes: &[u8]) -> Result<Option<usize>, StartTlsError> {
        Ok(line_length(bytes))
    }

    fn answer(&mut self, response: &[u8]) -> Result<Answer, StartTlsError> {
        let said = words(line(response));
        let said: Vec<_> = said.iter().map(String::as_str).collect();
        match (&self.awaits, &said[..]) {
            (Awaits::Greeting, ["*", "OK", ..]) => {
                self.awaits = Awaits::Capability;
                Answer::say("a1 CAPABILITY\r\n")
            }
            (Awaits::Greeting, ["*", "PREAUTH" | "BYE", ..]) => Err(StartTlsError::refused(response)),
            (Awaits::Greeting, _) => Err(StartTlsError::unexpected(response, "IMAP's greeting, * OK")),
            (Awaits::Capability, ["*", "CAPABILITY", capabilities @ ..]) => {
                self.offered |= capabilities.contains(&"STARTTLS");
                Ok(Answer::NOTHING)
            }
            (Awaits::Capability, ["A1", "OK", ..]) if self.offered => {
                self.awaits = Awaits::Consent;
                Answer::say("a2 STARTTLS\r\n")
            }
            (Awaits::Capability, ["A1", "OK", ..]) => {
                Err(StartTlsError::Refused { said: "STARTTLS is not among its capabilities".to_owned() })
            }
            (Awaits::Consent, ["A2", "OK", ..]) => Ok(Answer::NOW),
            (_, ["A1" | "A2", ..]) => Err(StartTlsError::refused(response)),
            // Whatever else the server has to tell (RFC 3501 5.3).
            (_, ["*", ..]) => Ok(Answer::NOTHING),
            _ => Err(StartTlsError::unexpected(response, "a response of IMAP")),
        }
    }
}

/// What the server says unasked.
pub(super) fn greeting() -> String {
    format!("* OK [{}] tlslab\r\n", capabilities(false))
}

fn capabilities(secured: bool) -> &'static str {
    if secured { "CAPABILITY IMAP4rev1" } else { "CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED" }
}

/// What the server answers to a command, with TLS and without.
pub(super) fn answer(secured: bool, command: &[u8]) -> Result<Answer, StartTlsError> {
    let command = String::from_utf8_lossy(line(command)).into_owned();
    let mut said = command.split_ascii_whitespace();
    let (Some(tag), Some(verb)) = (said.next(), said.next()) else {
        return Answer::say("* BAD a command is a tag and a name\r\n");
    };
    match verb.to_ascii_uppercase().as_str() {
        "CAPABILITY" => Answer::say(format!("* {}\r\n{tag} OK done\r\n", capabilities(secured))),
        "NOOP" => Answer::say(format!("{tag} OK done\r\n")),
        "LOGOUT" => Answer::end(format!("* BYE bye\r\n{tag} OK done\r\n")),
        "STARTTLS" if !secured => Answer::secure(format!("{tag} OK begin TLS\r\n")),
        _ if secured => Answer::say(format!("{tag} NO there is no mail here\r\n")),
        _ => Answer::say(format!("{tag} BAD begin with STARTTLS\r\n")),
    }
}
