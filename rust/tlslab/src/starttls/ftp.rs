//! FTP's AUTH TLS (RFC 4217 4), and no more of FTP: transfers are the business of the room `ftp`.

use super::text::{code, line, reply_length, words};
use super::{Answer, Protocol, StartTlsError};

/// A client: it waits to be greeted, and asks for TLS.
#[derive(Default)]
pub(super) struct Client {
    greeted: bool,
}

impl Protocol for Client {
    fn length(&self, bytes: &[u8]) -> Result<Option<usize>, StartTlsError> {
        reply_length(bytes)
    }

    fn answer(&mut self, reply: &[u8]) -> Result<Answer, StartTlsError> {
        match (self.greeted, code(reply)) {
            (false, Some(120)) => Ok(Answer::NOTHING),
            (false, Some(220)) => {
                self.greeted = true;
                Answer::say("AUTH TLS\r\n")
            }
            (false, _) => Err(StartTlsError::unexpected(reply, "FTP's greeting, 220")),
            (true, Some(234)) => Ok(Answer::NOW),
            (true, _) => Err(StartTlsError::refused(reply)),
        }
    }
}

/// What the server says unasked.
pub(super) fn greeting() -> String {
    "220 tlslab\r\n".to_owned()
}

/// What the server answers to a command, with TLS and without.
pub(super) fn answer(secured: bool, command: &[u8]) -> Result<Answer, StartTlsError> {
    let said = words(line(command));
    let said: Vec<_> = said.iter().map(String::as_str).collect();
    match &said[..] {
        ["NOOP"] => Answer::say("200 done\r\n"),
        ["FEAT"] => Answer::say("211-Features:\r\n AUTH TLS\r\n211 End\r\n"),
        ["QUIT"] => Answer::end("221 bye\r\n"),
        _ if secured => Answer::say("530 there are no files here\r\n"),
        ["AUTH", "TLS" | "TLS-C"] => Answer::secure("234 begin TLS\r\n"),
        ["AUTH", ..] => Answer::say("504 AUTH TLS alone is spoken\r\n"),
        _ => Answer::say("530 begin with AUTH TLS\r\n"),
    }
}
