//! The trace: what happened at an endpoint, in order. Verdicts are functions of it alone.

use serde::Serialize;

use crate::crypto::Side;
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
    /// The endpoint found something wrong.
    Refused {
        /// What, in words.
        reason: String,
    },
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
