//! What a client is to transfer, and what came of it.

use std::fmt;

use serde::{Deserialize, Serialize};
use tlslab_proto::crypto::Side;
use tlslab_proto::endpoint::session::SessionKind;
use tlslab_proto::wire::{Bytes, Text};

use super::{FtpError, MAX_LINE};

/// Something to transfer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// The listing of a directory (LIST).
    List(String),
    /// The names in a directory (NLST).
    Names(String),
    /// A file from the server (RETR).
    Retrieve(String),
    /// A file to the server (STOR).
    Store {
        /// Its path.
        path: String,
        /// What is in it.
        data: Text,
    },
}

impl Action {
    /// The command's verb.
    pub fn verb(&self) -> &'static str {
        match self {
            Self::List(_) => "LIST",
            Self::Names(_) => "NLST",
            Self::Retrieve(_) => "RETR",
            Self::Store { .. } => "STOR",
        }
    }

    /// The path that it is about.
    pub fn path(&self) -> &str {
        match self {
            Self::List(path) | Self::Names(path) | Self::Retrieve(path) | Self::Store { path, .. } => path,
        }
    }

    /// Whether a command line can carry it.
    ///
    /// # Errors
    /// A path that would end the line, or is too long.
    pub fn validate(&self) -> Result<(), FtpError> {
        let path = self.path();
        let breaks_line = path.bytes().any(|byte| matches!(byte, b'\r' | b'\n' | 0));
        if breaks_line || path.len() > MAX_LINE / 2 {
            return Err(FtpError::BadPath { path: path.chars().take(80).collect() });
        }
        Ok(())
    }
}

/// How a transfer, or all of a session, ended for one side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// Everything arrived: the data connection was closed with a close_notify, and the reply says so too.
    Complete,
    /// The server refused or gave up, by a reply of this code.
    Reply(u16),
    /// The client gave up: the data connection did not resume the session.
    NotResumed,
    /// The data connection ended without a close_notify: what arrived may not be all.
    Truncated,
    /// The data connection failed: by an alert, or it was never there.
    DataFailed,
    /// The peer said what FTP does not allow, or what is not followed.
    Protocol,
    /// The control connection ended first.
    Closed,
    /// Nothing happened any more.
    TimedOut,
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Complete => f.write_str("complete"),
            Self::Reply(code) => write!(f, "reply_{code}"),
            Self::NotResumed => f.write_str("not_resumed"),
            Self::Truncated => f.write_str("truncated"),
            Self::DataFailed => f.write_str("data_failed"),
            Self::Protocol => f.write_str("protocol"),
            Self::Closed => f.write_str("closed"),
            Self::TimedOut => f.write_str("timed_out"),
        }
    }
}

/// A transfer that has ended, as one side saw it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Transfer {
    /// The command's verb: LIST, NLST, RETR or STOR.
    pub command: &'static str,
    /// The path.
    pub path: String,
    /// How it ended.
    #[serde(serialize_with = "as_label")]
    pub end: End,
    /// The server's last reply to it.
    pub reply: Option<u16>,
    /// What is wrong, in words, where words are needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// By what its data connection resumed a session, if it did.
    pub resumed: Option<SessionKind>,
    /// What was received, complete or not.
    pub received: Bytes,
}

pub(crate) fn as_label<S: serde::Serializer>(end: &End, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(end)
}

/// A line of a control connection, without its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Who said it.
    pub sender: Side,
    /// The line; several of one reply are joined. A password is not shown.
    pub text: String,
}

/// As many lines of a dialogue as are kept.
const MAX_DIALOGUE: usize = 1_000;

/// Keeps a line, if there is room.
pub(super) fn say(dialogue: &mut Vec<Line>, sender: Side, text: String) {
    if dialogue.len() < MAX_DIALOGUE {
        dialogue.push(Line { sender, text });
    }
}
