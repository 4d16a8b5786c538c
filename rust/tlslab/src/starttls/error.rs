//! What can go wrong before TLS begins.

/// Why TLS does not begin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StartTlsError {
    /// The peer says more than anybody has to say.
    #[error("{what} has more than {limit} bytes")]
    TooLong {
        /// What is too long.
        what: &'static str,
        /// The most bytes that are read.
        limit: usize,
    },
    /// The peer does not speak the protocol.
    #[error("the peer says {got}, where {expected} was expected: is the protocol the right one?")]
    Unexpected {
        /// The beginning of what it says.
        got: String,
        /// What would have been right.
        expected: &'static str,
    },
    /// The peer does not want TLS.
    #[error("the peer refuses TLS: {said}")]
    Refused {
        /// What it says.
        said: String,
    },
    /// The peer goes on talking where TLS should begin.
    #[error("the peer has sent {bytes} bytes more where TLS should begin; they are not protected, and are not taken")]
    Early {
        /// How many bytes.
        bytes: usize,
    },
}

impl StartTlsError {
    /// The peer says `got` instead.
    pub(super) fn unexpected(got: &[u8], expected: &'static str) -> Self {
        Self::Unexpected { got: quoted(got), expected }
    }

    /// The peer says no by saying `said`.
    pub(super) fn refused(said: &[u8]) -> Self {
        Self::Refused { said: quoted(said) }
    }
}

/// The beginning of what somebody says, fit to be shown.
fn quoted(bytes: &[u8]) -> String {
    const SHOWN: usize = 80;
    let bytes = bytes.trim_ascii_end();
    let more = if bytes.len() > SHOWN { "..." } else { "" };
    format!("\"{}\"{more}", bytes[..bytes.len().min(SHOWN)].escape_ascii())
}

/// No such protocol.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("starttls is smtp, imap, pop3, ftp, ldap, postgres, mysql or tds, not {name:?}")]
pub struct UnknownProtocol {
    /// What was asked for.
    pub name: String,
}
