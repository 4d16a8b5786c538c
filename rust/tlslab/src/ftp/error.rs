//! What a peer says that FTP does not allow, or that is not to be followed.

use std::net::IpAddr;

use super::{MAX_LINE, MAX_REPLY, MAX_TRANSFER};

/// Something wrong on a connection of FTP, or with what a client is to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FtpError {
    /// A line without an end.
    #[error("a line of the control connection is longer than {MAX_LINE} bytes; it is not read on")]
    LineTooLong,
    /// A reply without an end.
    #[error("a reply is longer than {MAX_REPLY} bytes; it is not read on")]
    ReplyTooLong,
    /// A line that is no reply (RFC 959 4.2).
    #[error("{line:?} is no reply: three digits, then a space, or a hyphen where more lines follow (RFC 959 4.2)")]
    NoReply {
        /// The line, as far as it is shown.
        line: String,
    },
    /// Bytes that came before the handshake and are not protected by it.
    #[error("bytes came with the reply to AUTH TLS, unprotected; they may be anybody's, and are not read")]
    PlainAfterAuth,
    /// A reply that names no port.
    #[error("{reply:?} names no address for the data connection (RFC 959 4.2.2, RFC 2428 3)")]
    NoAddress {
        /// The reply's text.
        reply: String,
    },
    /// A reply that sends the client to somebody else (RFC 2577).
    #[error(
        "the server is {expected}, and wants the data connection to be made to {got}; none is made there (RFC 2577)"
    )]
    ForeignHost {
        /// Where to.
        got: IpAddr,
        /// Where the control connection goes to.
        expected: IpAddr,
    },
    /// More data than is taken in.
    #[error("a transfer of more than {MAX_TRANSFER} bytes; the rest is not read")]
    TooMuchData,
    /// A path with an end of line in it would be two commands.
    #[error("a path of FTP is UTF-8 without CR, LF and NUL, of at most {max} bytes: {path:?}", max = MAX_LINE / 2)]
    BadPath {
        /// The path.
        path: String,
    },
    /// More files than a server keeps.
    #[error("the files of a server are at most {max_files}, of {max_bytes} bytes together")]
    TooManyFiles {
        /// How many.
        max_files: usize,
        /// How many bytes.
        max_bytes: usize,
    },
}
