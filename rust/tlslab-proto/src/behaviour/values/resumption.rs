//! The values of the knobs about sessions and their resumption.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

choice! {
    /// By what a session is resumed: what a client offers and keeps, what a server hands out and accepts.
    pub enum Resumption {
        /// By nothing: each handshake is a full one.
        None,
        /// By session id, the server keeping the session (RFC 5246 F.1.4).
        SessionId,
        /// By ticket, the client keeping the session for the server (RFC 5077).
        Ticket,
        /// By ticket where both sides know tickets, else by session id.
        Both,
    }
}

impl Resumption {
    /// Whether session ids are used.
    pub const fn by_session_id(self) -> bool {
        matches!(self, Self::SessionId | Self::Both)
    }

    /// Whether tickets are used.
    pub const fn by_ticket(self) -> bool {
        matches!(self, Self::Ticket | Self::Both)
    }
}

choice! {
    /// Whether a client offers a session of some kind.
    pub enum Offering {
        /// It does not, and asks for a full handshake.
        Never,
        /// It does.
        Offer,
    }
}

choice! {
    /// Whether a client holds the extension of an abbreviated ServerHello against its session.
    pub enum ResumedEmsCheck {
        /// The client aborts with handshake_failure where they differ (RFC 7627 5.3: MUST).
        Enforce,
        /// The client goes on.
        Ignore,
    }
}

choice! {
    /// What session id a client sends along with a ticket (RFC 5077 3.4).
    pub enum TicketSessionId {
        /// A fresh one, which a server that accepts the ticket echoes.
        Fresh,
        /// An empty one: whether the ticket was accepted shows in the messages that follow ServerHello.
        Empty,
    }
}

choice! {
    /// What a server does with an offer to resume that RFC 7627 5.3 speaks of.
    pub enum ResumePolicy {
        /// It continues with a full handshake.
        Full,
        /// It resumes the session.
        Resume,
        /// It aborts with handshake_failure.
        Abort,
    }
}

choice! {
    /// When a server puts the extended_master_secret extension in the ServerHello of an abbreviated handshake. It never
    /// does where the ClientHello lacks the extension, since what was not offered must not be answered (RFC 5246
    /// 7.4.1.4).
    pub enum ResumedEmsEcho {
        /// Where the session uses EMS. Among the handshakes that RFC 7627 5.3 allows, that is where the ClientHello has
        /// the extension.
        Session,
        /// Where the ClientHello has the extension, whatever the session uses.
        Hello,
        /// Never.
        Omit,
    }
}

choice! {
    /// When a handshake that resumed by ticket hands out a new one (RFC 5077 3.3).
    pub enum TicketRenewal {
        /// Never: the client goes on using the old one.
        Never,
        /// Each time.
        Always,
    }
}
