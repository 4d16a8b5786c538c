//! POP3's STLS (RFC 2595 4).

use super::text::{line, line_length, words};
use super::{Answer, Protocol, StartTlsError};

/// A client: it waits to be greeted, and asks for TLS.
#[derive(Default)]
pub(super) struct Client {
    greeted: bool,
}

impl Protocol for Client {
    fn length(&self, bytes: &[u8]) -> Result<Option<usize>, StartTlsError> {
        Ok(line_length(bytes))
    }

    fn answer(&mut self, response: &[u8]) -> Result<Answer, StartTlsError> {
        let is_positive = words(line(response)).first().is_some_and(|word| word == "+OK");
        match (self.greeted, is_positive) {
            (false, true) => {
                self.greeted = true;
                Answer::say("STLS\r\n")
            }
            (false, false) => Err(StartTlsError::unexpected(response, "POP3's greeting, +OK")),
            (true, true) => Ok(Answer::NOW),
            (true, false) => Err(StartTlsError::refused(response)),
        }
    }
}

/// What the server says unasked.
pub(super) fn greeting() -> String {
    "+OK tlslab\r\n".to_owned()
}

/// What the server answers to a command, with TLS and without.
pub(super) fn answer(secured: bool, command: &[u8]) -> Result<Answer, StartTlsError> {
    match words(line(command)).first().map(String::as_str) {
        Some("CAPA") if secured => Answer::say("+OK\r\n.\r\n"),
        Some("CAPA") => Answer::say("+OK\r\nSTLS\r\n.\r\n"),
        Some("QUIT") => Answer::end("+OK bye\r\n"),
        Some("NOOP") => Answer::say("+OK\r\n"),
        _ if secured => Answer::say("-ERR there is no mail here\r\n"),
        Some("STLS") => Answer::secure("+OK begin TLS\r\n"),
        _ => Answer::say("-ERR begin with STLS\r\n"),
    }
}
