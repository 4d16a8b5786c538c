//! Sessions: what a finished handshake leaves for resumption (RFC 5246 F.1.4, RFC 5077). They belong to the caller, who
//! keeps them in stores; an endpoint reads and writes those of its side.

mod store;
mod ticket;

use serde::{Deserialize, Serialize};

pub use store::{ClientSessions, MemoryClientSessions, MemoryServerSessions, ServerSessions, SessionStores};
pub use ticket::{TicketError, TicketKey};

use crate::behaviour::values::Version;
use crate::crypto::certificate::Fingerprint;
use crate::crypto::schedule::MASTER_SECRET_LEN;
use crate::wire::registry::CipherSuite;
use crate::wire::{Bytes, Text};

/// The version of a saved session's form.
const SCHEMA: u32 = 1;

/// Sessions of servers with longer names are not kept: no host has one (RFC 1035 2.3.4).
pub(super) const MAX_SERVER_NAME: usize = 255;

/// By what a session is offered for resumption.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionKind {
    /// By session id: the server keeps the session (RFC 5246 7.4.1.2).
    SessionId,
    /// By ticket: the client keeps the session for the server (RFC 5077).
    Ticket,
}

/// The state of a session, which both sides have alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Session {
    /// The version of its connections.
    pub version: Version,
    /// The suite of its connections.
    pub suite: CipherSuite,
    /// The master secret.
    pub master_secret: MasterSecret,
    /// Whether the master secret is an extended one (RFC 7627).
    pub ems: bool,
    /// The certificate by which the client has authenticated, if it has: who resumes the session is taken to be who made
    /// it.
    pub client_certificate: Option<Fingerprint>,
    /// The server's name, if the client gave one (RFC 6066 3).
    pub server_name: Option<Text>,
    /// When the full handshake was, in seconds of the environment's time.
    pub created_at: u64,
}

/// A master secret, 48 bytes. Written as lower-case hexadecimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Bytes", into = "Bytes")]
pub struct MasterSecret(pub [u8; MASTER_SECRET_LEN]);

impl From<MasterSecret> for Bytes {
    fn from(master: MasterSecret) -> Self {
        master.0.into()
    }
}

impl TryFrom<Bytes> for MasterSecret {
    type Error = String;

    fn try_from(bytes: Bytes) -> Result<Self, String> {
        bytes.exactly("a master secret").map(Self)
    }
}

/// A session as a client keeps it: with what it shows the server to resume it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientSession {
    /// What is shown to the server.
    pub handle: Handle,
    /// The session.
    pub session: Session,
}

/// What a client shows a server to resume a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Handle {
    /// Its id.
    SessionId(Bytes),
    /// A ticket.
    Ticket(Ticket),
}

/// A ticket as a client has received it (RFC 5077 3.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ticket {
    /// The ticket, opaque to the client.
    pub ticket: Bytes,
    /// For how long the server means to honour it, in seconds; 0 says nothing.
    pub lifetime_hint: u32,
    /// When it arrived, in seconds of the environment's time.
    pub received_at: u64,
}

/// A saved session that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// The text is no saved session.
    #[error("not a saved session: {reason}")]
    Malformed {
        /// The reader's words.
        reason: String,
    },
    /// The text is of another version of the lab.
    #[error("the session was saved in form {got}, and this version of the lab reads form {SCHEMA}: save it again")]
    Schema {
        /// The form that it has.
        got: u32,
    },
    /// The session id is none that a ClientHello can carry.
    #[error("a session id has 1 to 32 bytes, and not {got} (RFC 5246 7.4.1.2)")]
    SessionId {
        /// Its bytes.
        got: usize,
    },
    /// The ticket is none that a ClientHello can carry.
    #[error("a ticket has 1 to 65535 bytes, and not {got} (RFC 5077 3.3)")]
    Ticket {
        /// Its bytes.
        got: usize,
    },
}

/// A saved session: its fields, and the form in which they are.
#[derive(Serialize, Deserialize)]
struct Saved {
    schema: u32,
    #[serde(flatten)]
    session: serde_json::Value,
}

impl ClientSession {
    /// By what it is offered.
    pub fn kind(&self) -> SessionKind {
        match self.handle {
            Handle::SessionId(_) => SessionKind::SessionId,
            Handle::Ticket(_) => SessionKind::Ticket,
        }
    }

    /// The session as JSON, to be kept outside. It holds the master secret.
    pub fn to_json(&self) -> String {
        let session = serde_json::to_value(self).expect("a session is plain data");
        serde_json::to_string(&Saved { schema: SCHEMA, session }).expect("a session is plain data")
    }

    /// The session that [`to_json`](Self::to_json) has written.
    ///
    /// # Errors
    /// Text that is no session, is one of another version of the lab, or could not be offered.
    pub fn from_json(text: &str) -> Result<Self, SessionError> {
        let malformed = |error: serde_json::Error| SessionError::Malformed { reason: error.to_string() };
        let saved: Saved = serde_json::from_str(text).map_err(malformed)?;
        if saved.schema != SCHEMA {
            return Err(SessionError::Schema { got: saved.schema });
        }
        let session: Self = serde_json::from_value(saved.session).map_err(malformed)?;
        match &session.handle {
            Handle::SessionId(id) if !(1..=32).contains(&id.len()) => Err(SessionError::SessionId { got: id.len() }),
            Handle::Ticket(Ticket { ticket, .. }) if !(1..=0xffff).contains(&ticket.len()) => {
                Err(SessionError::Ticket { got: ticket.len() })
            }
            _ => Ok(session),
        }
    }

    /// Whether its ticket is older than the server's hint (RFC 5077 3.3).
    pub(super) fn is_stale(&self, now: u64) -> bool {
        match &self.handle {
            Handle::Ticket(Ticket { lifetime_hint, received_at, .. }) if *lifetime_hint > 0 => {
                now.saturating_sub(*received_at) >= u64::from(*lifetime_hint)
            }
            _ => false,
        }
    }
}
