//! Replies (RFC 959 4.2).

use std::fmt;

use super::lines::Lines;
use super::{FtpError, MAX_REPLY};

/// A reply of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Its three digits.
    pub code: u16,
    /// Its text, line by line.
    pub lines: Vec<String>,
}

impl Reply {
    /// A reply of one line.
    pub fn new(code: u16, text: impl Into<String>) -> Self {
        Self { code, lines: vec![text.into()] }
    }

    /// Whether another reply to the same command follows (1yz).
    pub fn is_preliminary(&self) -> bool {
        self.code / 100 == 1
    }

    /// Whether the command was carried out (2yz).
    pub fn is_completion(&self) -> bool {
        self.code / 100 == 2
    }

    /// Whether the command was refused or has failed (4yz, 5yz).
    pub fn is_negative(&self) -> bool {
        self.code / 100 >= 4
    }

    /// The text, its lines joined.
    pub fn text(&self) -> String {
        self.lines.join("\n")
    }

    /// The bytes: more lines than one begin with the code and a hyphen and end with the code and a space, and those in
    /// between with a space, lest they be taken for the end.
    pub fn to_bytes(&self) -> Vec<u8> {
        let Self { code, lines } = self;
        match lines.split_last() {
            None => format!("{code} \r\n").into_bytes(),
            Some((last, [])) => format!("{code} {last}\r\n").into_bytes(),
            Some((last, [first, middle @ ..])) => {
                let middle: String = middle.iter().map(|line| format!(" {line}\r\n")).collect();
                format!("{code}-{first}\r\n{middle}{code} {last}\r\n").into_bytes()
            }
        }
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code, self.text())
    }
}

/// Joins what arrives to replies.
#[derive(Debug, Default)]
pub struct ReplyReader {
    lines: Lines,
    /// A reply whose last line is still to come, and its bytes so far.
    partial: Option<(Reply, usize)>,
}

impl ReplyReader {
    /// Takes in bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        self.lines.push(bytes);
    }

    /// Whether everything that arrived has been read.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.partial.is_none()
    }

    /// The next whole reply.
    ///
    /// # Errors
    /// A line or a reply that is too long, or a line that is none of a reply.
    pub fn next_reply(&mut self) -> Result<Option<Reply>, FtpError> {
        while let Some(line) = self.lines.next()? {
            let parsed = parse(&line);
            let Some((mut reply, length)) = self.partial.take() else {
                match parsed {
                    Some((code, false, text)) => return Ok(Some(Reply::new(code, text))),
                    Some((code, true, text)) => self.partial = Some((Reply::new(code, text), line.len())),
                    None => return Err(FtpError::NoReply { line: line.chars().take(80).collect() }),
                }
                continue;
            };
            if length + line.len() > MAX_REPLY {
                return Err(FtpError::ReplyTooLong);
            }
            match parsed {
                Some((code, false, text)) if code == reply.code => {
                    reply.lines.push(text.to_owned());
                    return Ok(Some(reply));
                }
                // RFC 959 4.2 leaves the lines in between free; servers repeat the code, or indent.
                Some((code, true, text)) if code == reply.code => reply.lines.push(text.to_owned()),
                _ => reply.lines.push(line.strip_prefix(' ').unwrap_or(&line).to_owned()),
            }
            // An empty line takes room too.
            self.partial = Some((reply, length + line.len() + 1));
        }
        Ok(None)
    }
}

/// Code, whether more lines follow, and text of a line that begins with a code.
fn parse(line: &str) -> Option<(u16, bool, &str)> {
    let (code, rest) = line.split_at_checked(3)?;
    let is_code = code.bytes().all(|byte| byte.is_ascii_digit()) && matches!(code.as_bytes()[0], b'1'..=b'6');
    if !is_code {
        return None;
    }
    let code = code.parse().ok()?;
    match rest.as_bytes().first() {
        None => Some((code, false, "")),
        Some(b' ') => Some((code, false, &rest[1..])),
        Some(b'-') => Some((code, true, &rest[1..])),
        Some(_) => None,
    }
}
