//! Where an endpoint stands, and how its connection ended.

use serde::Serialize;

use super::session::SessionKind;
use crate::behaviour::values::Version;
use crate::crypto::certificate::Fingerprint;
use crate::wire::registry::{AlertDescription, CipherSuite};

/// Where an endpoint stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// The handshake is going on.
    Handshaking,
    /// The handshake is finished: application data may flow.
    Established,
    /// The connection has ended.
    Ended(Ending),
}

/// How a connection ended, seen from one endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// By close_notify, sent and received, or received and answered (RFC 5246 7.2.1).
    Closed,
    /// This endpoint sent a fatal alert.
    AlertSent(AlertDescription),
    /// A fatal alert arrived.
    AlertReceived(AlertDescription),
    /// This endpoint closed the connection without an alert.
    Aborted,
    /// The peer closed the connection without a close_notify.
    Truncated,
    /// This endpoint stopped answering.
    Silent,
}

/// What a finished handshake agreed on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Established {
    /// The version.
    pub version: Version,
    /// The cipher suite.
    pub suite: CipherSuite,
    /// Whether the master secret is an extended one (RFC 7627).
    pub ems: bool,
    /// By what a session was resumed; `None` after a full handshake.
    pub resumed: Option<SessionKind>,
    /// Whether CBC records are encrypt-then-MAC (RFC 7366).
    pub encrypt_then_mac: bool,
    /// The application protocol (RFC 7301).
    pub alpn: Option<String>,
    /// The certificate by which the client has authenticated, in this handshake or in that of the session; `None` if it
    /// has not.
    pub client_certificate: Option<Fingerprint>,
}
