//! Commands (RFC 959 4.1, RFC 2228, RFC 2389, RFC 2428, RFC 3659, RFC 4217).

use std::fmt;

/// A command line: a verb in capitals, and what follows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// The verb, in capitals.
    pub verb: String,
    /// What follows it, empty where nothing does.
    pub argument: String,
}

impl Command {
    /// A command.
    pub fn new(verb: &str, argument: &str) -> Self {
        Self { verb: verb.to_ascii_uppercase(), argument: argument.to_owned() }
    }

    /// The command of a line. Verbs are the same in capitals and small letters (RFC 959 5.3).
    pub fn parse(line: &str) -> Self {
        match line.split_once(' ') {
            Some((verb, argument)) => Self::new(verb, argument),
            None => Self::new(line, ""),
        }
    }

    /// The line, with its end.
    pub fn to_bytes(&self) -> Vec<u8> {
        let separator = if self.argument.is_empty() { "" } else { " " };
        format!("{}{separator}{}\r\n", self.verb, self.argument).into_bytes()
    }
}

impl fmt::Display for Command {
    /// The line as it may be shown: without a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.verb.as_str(), self.argument.as_str()) {
            (verb, "") => f.write_str(verb),
            ("PASS", _) => f.write_str("PASS ***"),
            (verb, argument) => write!(f, "{verb} {argument}"),
        }
    }
}
