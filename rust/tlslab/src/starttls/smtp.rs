//! SMTP's STARTTLS (RFC 3207).

use super::text::{code, line, reply_length, words};
use super::{Answer, Protocol, StartTlsError};

/// A client: it waits to be greeted, asks what the server can do, and then for TLS.
#[derive(Default)]
pub(super) struct Client(Awaits);

#[derive(Default)]
enum Awaits {
    #[default]
    Greeting,
    Extensions,
    Consent,
}

impl Protocol for Client {
    fn length(&self, bytes: &[u8]) -> Result<Option<usize>, StartTlsError> {
        reply_length(bytes)
    }

    fn answer(&mut self, reply: &[u8]) -> Result<Answer, StartTlsError> {
        match (&self.0, code(reply)) {
            (Awaits::Greeting, Some(220)) => {
                self.0 = Awaits::Extensions;
                Answer::say("EHLO tlslab.invalid\r\n")
            }
            (Awaits::Extensions, Some(250)) if offers_starttls(reply) => {
                self.0 = Awaits::Consent;
                Answer::say("STARTTLS\r\n")
            }
            (Awaits::Consent, Some(220)) => Ok(Answer::NOW),
            (Awaits::Greeting, _) => Err(StartTlsError::unexpected(reply, "SMTP's greeting, 220")),
            _ => Err(StartTlsError::refused(reply)),
        }
    }
}

/// Whether a reply to EHLO has the keyword in a line of its own.
fn offers_starttls(reply: &[u8]) -> bool {
    let keywords = reply.split(|byte| *byte == b'\n').filter_map(|line| line.get(4..));
    keywords.map(words).any(|words| words.first().is_some_and(|word| word == "STARTTLS"))
}

/// What the server says unasked.
pub(super) fn greeting() -> String {
    "220 tlslab ESMTP\r\n".to_owned()
}

/// What the server answers to a command, with TLS and without.
pub(super) fn answer(secured: bool, command: &[u8]) -> Result<Answer, StartTlsError> {
    match words(line(command)).first().map(String::as_str) {
        Some("EHLO") if !secured => Answer::say("250-tlslab\r\n250 STARTTLS\r\n"),
        Some("EHLO" | "HELO") => Answer::say("250 tlslab\r\n"),
        Some("NOOP" | "RSET") => Answer::say("250 OK\r\n"),
        Some("QUIT") => Answer::end("221 bye\r\n"),
        Some("STARTTLS") if !secured => Answer::secure("220 begin TLS\r\n"),
        _ if secured => Answer::say("502 there is no mail here\r\n"),
        _ => Answer::say("530 begin with STARTTLS\r\n"),
    }
}
