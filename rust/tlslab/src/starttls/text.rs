//! Protocols of text: lines, and replies that begin with a code.

use super::{Answer, Protocol, StartTlsError};

/// What a server says to a command, and whether it came by TLS.
type Answering = fn(secured: bool, command: &[u8]) -> Result<Answer, StartTlsError>;

/// A server whose client speaks in lines. It goes on under TLS.
pub(super) struct Server {
    greeting: String,
    answer: Answering,
    secured: bool,
}

impl Server {
    pub(super) fn new(greeting: String, answer: Answering) -> Self {
        Self { greeting, answer, secured: false }
    }
}

impl Protocol for Server {
    fn greeting(&self) -> Vec<u8> {
        self.greeting.clone().into_bytes()
    }

    fn goes_on(&self) -> bool {
        true
    }

    fn set_secured(&mut self) {
        self.secured = true;
    }

    fn length(&self, bytes: &[u8]) -> Result<Option<usize>, StartTlsError> {
        Ok(line_length(bytes))
    }

    fn answer(&mut self, command: &[u8]) -> Result<Answer, StartTlsError> {
        (self.answer)(self.secured, command)
    }
}

/// The length of the first line, its end included: CR LF, or a lone LF, which some send.
pub(super) fn line_length(bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|byte| *byte == b'\n').map(|end| end + 1)
}

/// The length of the first reply of SMTP or FTP (RFC 5321 4.2, RFC 959 4.2): of several lines the last has a space after
/// the code, or nothing, and all before it a hyphen, if they begin with the code at all.
pub(super) fn reply_length(bytes: &[u8]) -> Result<Option<usize>, StartTlsError> {
    let mut start = 0;
    let mut first = None;
    while let Some(length) = line_length(&bytes[start..]) {
        let line = line(&bytes[start..start + length]);
        let opening = code(line);
        start += length;
        match (first, opening) {
            (None, None) => return Err(StartTlsError::unexpected(line, "a reply that begins with a code")),
            (None, Some(_)) if line.get(3) == Some(&b'-') => first = opening,
            (None, Some(_)) => return Ok(Some(start)),
            (Some(_), _) if opening == first && line.get(3) != Some(&b'-') => return Ok(Some(start)),
            (Some(_), _) => {}
        }
    }
    Ok(None)
}

/// The code that a reply begins with.
pub(super) fn code(reply: &[u8]) -> Option<u16> {
    let (digits, rest) = reply.split_at_checked(3)?;
    let is_code =
        digits.iter().all(u8::is_ascii_digit) && matches!(rest.first(), None | Some(b' ' | b'-' | b'\r' | b'\n'));
    is_code.then(|| digits.iter().fold(0, |code, digit| 10 * code + u16::from(digit - b'0')))
}

/// A line without its end.
pub(super) fn line(bytes: &[u8]) -> &[u8] {
    let line = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// The words of a line, in capitals.
pub(super) fn words(bytes: &[u8]) -> Vec<String> {
    String::from_utf8_lossy(bytes).split_ascii_whitespace().map(str::to_ascii_uppercase).collect()
}
