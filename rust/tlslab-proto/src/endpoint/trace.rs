//! The trace: what happened at an endpoint, in order. Verdicts are functions of it alone.

use serde::Serialize;

use super::edit::Stage;
use super::session::SessionKind;
use super::status::Established;
use crate::behaviour::values::ResumePolicy;
use crate::crypto::Side;
use crate::crypto::certificate::Fingerprint;
use crate::crypto::exporter::ChannelBinding;
use crate::wire::{Bytes, Message};

/// One thing that happened at an endpoint.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A message left.
    Sent {
        /// The message as it was sent.
        message: Message,
        /// Whether an edit made it other than the endpoint had built it.
        edited: bool,
        /// Whether it left under protection.
        protected: bool,
    },
    /// A message that an edit kept from being sent.
    Dropped {
        /// The message as it was built.
        message: Message,
    },
    /// A record that an edit made other than the endpoint had written it.
    RecordEdited {
        /// Its position among all that the endpoint wrote.
        record: usize,
        /// Before its protection, or after.
        stage: Stage,
        /// What it was: its content before protection, header and all after it.
        original: Bytes,
        /// What went on in its place: nothing where it was dropped, or comes after the next one.
        sent: Vec<Bytes>,
    },
    /// A message arrived.
    Received {
        /// The message.
        message: Message,
    },
    /// A finite-field Diffie-Hellman secret was computed.
    DiffieHellman {
        /// The own public value as it was sent.
        own_public: Bytes,
        /// The peer's public value as it arrived.
        peer_public: Bytes,
        /// The integer that was used for it.
        peer_used: Bytes,
        /// Z in the length of the prime.
        z: Bytes,
        /// The premaster secret made of it.
        premaster: Bytes,
    },
    /// A peer's finite-field public value was refused.
    PublicValueRefused {
        /// The value as it arrived.
        peer_public: Bytes,
    },
    /// An elliptic-curve secret was computed.
    Ecdh {
        /// The x-coordinate, 32 bytes.
        z: Bytes,
        /// The premaster secret made of it.
        premaster: Bytes,
    },
    /// A premaster secret was sent, or taken from what arrived, under RSA.
    RsaTransport {
        /// The ciphertext as it was sent or arrived.
        ciphertext: Bytes,
        /// The premaster secret.
        premaster: Bytes,
    },
    /// A signature was made.
    Signed {
        /// The bytes under it.
        covered: Bytes,
        /// The signature as it was sent.
        signature: Bytes,
    },
    /// A signature was verified.
    Verified {
        /// The bytes that it was verified over.
        covered: Bytes,
        /// The signature as it arrived.
        signature: Bytes,
        /// Whether it was good.
        good: bool,
    },
    /// A server has verified its client's CertificateVerify.
    ClientAuthenticated {
        /// The client's certificate.
        certificate: Fingerprint,
    },
    /// A client offered a session for resumption.
    SessionOffered {
        /// By what.
        kind: SessionKind,
        /// Whether its master secret is an extended one.
        ems: bool,
    },
    /// A server decided on an offer to resume.
    ResumptionDecided {
        /// By what the session was offered.
        kind: SessionKind,
        /// What the server does.
        decision: ResumePolicy,
        /// Why.
        reason: ResumptionReason,
    },
    /// A session was taken up.
    SessionResumed {
        /// By what.
        kind: SessionKind,
        /// Whether its master secret is an extended one.
        ems: bool,
        /// Its master secret, 48 bytes.
        master: Bytes,
    },
    /// A server made a ticket.
    NewTicket {
        /// The ticket.
        ticket: Bytes,
        /// The hint that goes with it, in seconds.
        lifetime: u32,
        /// Whether the session in it has an extended master secret.
        ems: bool,
    },
    /// The master secret was computed.
    MasterSecret {
        /// Whether by RFC 7627.
        extended: bool,
        /// The PRF's seed: the two randoms, or the session hash.
        seed: Bytes,
        /// The premaster secret.
        premaster: Bytes,
        /// The master secret, 48 bytes.
        master: Bytes,
    },
    /// The key block was computed.
    KeyBlock {
        /// All of its bytes.
        bytes: Bytes,
    },
    /// The contents of a Finished were computed, the own or the expected one.
    VerifyData {
        /// Whose Finished.
        sender: Side,
        /// The hash of the handshake messages so far.
        transcript_hash: Bytes,
        /// The 12 bytes.
        verify_data: Bytes,
    },
    /// A handshake was finished.
    Established {
        /// What it agreed on.
        agreed: Established,
        /// What it gives to bind something to.
        binding: Option<ChannelBinding>,
    },
    /// The endpoint found something wrong.
    Refused {
        /// What, in words.
        reason: String,
    },
}

/// What a server found on looking at a session that was offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ResumptionReason {
    /// All fits: session and ClientHello have EMS, version and suite are the session's.
    Match,
    /// No session has this id.
    Unknown,
    /// The session or the ticket is too old.
    Expired,
    /// The ticket is none of this server's, or none under its present key.
    TicketRefused,
    /// The connection is of another version than the session (RFC 5246 7.4.1.3).
    Version,
    /// The session's suite is not offered, or not spoken any more (RFC 5246 7.4.1.2).
    Suite,
    /// The session was made under another server's name (RFC 6066 3).
    ServerName,
    /// The session has no EMS, and the ClientHello has (RFC 7627 5.3).
    Upgrade,
    /// The session has EMS, and the ClientHello has not (RFC 7627 5.3).
    Downgrade,
    /// Neither the session nor the ClientHello has EMS (RFC 7627 5.3).
    Legacy,
}

/// Where an endpoint's events go. The fast path has none: then no event is even built.
pub trait Sink: Default {
    /// Takes the event that `event` builds, or ignores it unbuilt.
    fn record(&mut self, event: impl FnOnce() -> Event);
}

/// No trace.
impl Sink for () {
    fn record(&mut self, _event: impl FnOnce() -> Event) {}
}

/// A trace kept in memory.
impl Sink for Vec<Event> {
    fn record(&mut self, event: impl FnOnce() -> Event) {
        self.push(event());
    }
}
