//! FTP over TLS on real sockets.

mod connect;
mod drive;
mod serve;

pub use connect::{FtpOptions, Transferred, ftp_connect};
pub(super) use serve::{FtpServing, converse};
