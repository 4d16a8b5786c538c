//! FTP over TLS (RFC 959, RFC 4217), sans-I/O: a client and a server that take in what arrived and say what is to be
//! done next. They know no socket, and no more of TLS than that a connection is secured, resumed and ended.
//!
//! Whoever drives a core ([`Core`]) has the connections: two endpoints in memory, or an endpoint and a socket.

mod address;
mod client;
mod command;
mod error;
mod files;
mod lines;
pub mod over_tls;
mod reply;
mod rules;
mod server;
mod transfer;

pub use client::Client;
pub use command::Command;
pub use error::FtpError;
pub use files::{Files, SharedFiles};
pub use reply::{Reply, ReplyReader};
pub use rules::{ClientDataSessions, ClientRules, ServerDataSessions, ServerRules};
pub use server::Server;
pub use transfer::{Action, End, Line, Transfer};

use std::net::IpAddr;

use tlslab_proto::endpoint::session::SessionKind;

/// The longest line of a control connection that is read, in bytes; RFC 959 sets no limit, and vsftpd has this one.
pub const MAX_LINE: usize = 4096;

/// The longest reply that is read, in bytes.
pub const MAX_REPLY: usize = 1 << 16;

/// The most bytes of one transfer.
pub const MAX_TRANSFER: usize = 64 << 20;

/// What a core wants done, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// These bytes are sent on the control connection.
    Send(Vec<u8>),
    /// From here on the control connection is TLS.
    Secure,
    /// A server is to listen for a data connection, and to say where: [`Server::listening`].
    Listen,
    /// A client is to connect to this port of the control connection's peer.
    Connect(u16),
    /// The handshake of the data connection begins (RFC 4217 7: the client of FTP is that of TLS).
    SecureData,
    /// These bytes are sent on the data connection.
    SendData(Vec<u8>),
    /// The data connection is closed.
    CloseData(Closing),
    /// The control connection is closed, with a close_notify where it is TLS.
    Close,
}

/// How a data connection is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closing {
    /// With a close_notify (RFC 5246 7.2.1), once everything is sent.
    Notify,
    /// Without a word.
    Abrupt,
    /// With a fatal alert, handshake_failure.
    Alert,
}

/// What a data connection's finished handshake came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DataTls {
    /// By what it resumed a session; `None` after a full handshake.
    pub resumed: Option<SessionKind>,
    /// Whether that is the control connection's session.
    pub same_session: bool,
}

/// How a data connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataEnd {
    /// By the peer's close_notify.
    Clean,
    /// Without one: what arrived may not be all.
    Truncated,
    /// By an alert, or in the middle of its handshake, or it was never made.
    Failed,
    /// It stands still.
    TimedOut,
}

/// A client or a server of FTP.
pub trait Core {
    /// What is to be done next; nothing until something is told.
    fn next(&mut self) -> Option<Effect>;
    /// Bytes arrived on the control connection.
    fn control_received(&mut self, bytes: &[u8]);
    /// The control connection's handshake is finished.
    fn control_secured(&mut self);
    /// The control connection has ended, whoever ended it.
    fn control_ended(&mut self);
    /// The data connection's handshake is finished.
    fn data_secured(&mut self, tls: DataTls);
    /// Bytes arrived on the data connection.
    fn data_received(&mut self, bytes: &[u8]);
    /// Everything was sent on the data connection, and it is closed from here.
    fn data_sent(&mut self);
    /// The data connection has ended.
    fn data_ended(&mut self, end: DataEnd);
    /// Nothing happens any more: time is up, or both sides wait.
    fn timed_out(&mut self);
    /// The transfers so far, the one that goes on not among them.
    fn transfers(&self) -> &[Transfer];
    /// What was said on the control connection, from its beginning on.
    fn dialogue(&self) -> &[Line];
}

/// Whether data connections of the two addresses can be told by PASV: it knows IPv4 alone (RFC 2428 1).
fn is_classic(address: IpAddr) -> bool {
    matches!(address.to_canonical(), IpAddr::V4(_))
}
