//! The Triple Handshake attack, which RFC 7627 is the answer to (section 1 there; Bhargavan, Delignat-Lavaud, Fournet,
//! Pironti and Strub, "Triple Handshakes and Cookie Cutters", IEEE S&P 2014).
//!
//! A client connects to the attacker, and means to; the attacker connects to a server in its stead.
//!
//! 1. Two full handshakes, client with attacker and attacker with server, which the attacker makes alike: without EMS
//!    both come to the same master secret.
//! 2. The client resumes its session, and the attacker relays: one abbreviated handshake, the same on both sides, and
//!    the attacker has the keys. It says something to the server.
//! 3. A renegotiation with client authentication, relayed too. It is bound to handshake 2 (RFC 5746), which is no
//!    obstacle, since that was the same. The attacker has no keys any more; but the server takes what it has said for
//!    the client's.
//!
//! The attacker is a server and a client of the lab that choose alike, and a relay; what it does is data
//! ([`Attacker`]). Whether it succeeds is for [`verdict`] to say, by the traces.

mod attacker;
mod first;
mod overheard;
mod parties;
mod relay;
mod second;
pub mod verdict;

use serde::{Deserialize, Serialize};
use tlslab_proto::behaviour::values::RequestCertificate;
use tlslab_proto::behaviour::{BehaviourError, ClientBehaviour, ServerBehaviour};
use tlslab_proto::crypto::Side;
use tlslab_proto::wire::Text;

pub use attacker::{Attacker, KeyExchange, Passing, Truth};
pub use second::Attribution;

use crate::scenario::application::{Renegotiation, When};
use crate::scenario::connection::Connection;
use parties::Parties;
use verdict::Verdict;

/// As much as either of client and attacker may say, in bytes.
pub const MAX_DATA: usize = 1 << 20;

/// The attack: what the attacker does, and what the applications of the other two do meanwhile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TripleHandshake {
    /// The attacker.
    pub attacker: Attacker,
    /// The renegotiation that is handshake 3.
    pub renegotiates: Renegotiation,
    /// What the client says once it has authenticated.
    pub client_sends: Text,
}

impl Default for TripleHandshake {
    /// The server renegotiates, and asks for a certificate then.
    fn default() -> Self {
        let request_certificate = Some(RequestCertificate::Full);
        Self {
            attacker: Attacker::default(),
            renegotiates: Renegotiation { by: Side::Server, when: When::Always, request_certificate },
            client_sends: "GET / HTTP/1.1\r\nHost: attacker.example\r\n\r\n".into(),
        }
    }
}

/// An attack that cannot be run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AttackError {
    /// The client's or the server's knobs go not together.
    #[error("{side}: {source}")]
    Behaviour {
        /// Whose.
        side: Side,
        /// Why.
        source: BehaviourError,
    },
    /// The text is no attack.
    #[error("not an attack: {reason}")]
    Malformed {
        /// The reader's words.
        reason: String,
    },
    /// A renegotiation that cannot be.
    #[error(
        "request_certificate is what a server asks for in a renegotiation that it begins; the client begins this one"
    )]
    Renegotiation,
    /// More is said than is kept.
    #[error("{what} has {got} bytes, and at most {MAX_DATA} are sent")]
    TooLong {
        /// Which data.
        what: &'static str,
        /// Its bytes.
        got: usize,
    },
}

/// One connection at both of its ends: the client's leads to the attacker, and the attacker's to the server.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Legs {
    /// The client's. In the first connection its server is the attacker; the second has the client's end alone.
    pub client: Connection,
    /// The server's. In the first connection its client is the attacker; the second has the server's end alone.
    pub server: Connection,
}

/// What came of an attack.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The attack.
    pub attack: TripleHandshake,
    /// How far the attack got.
    pub verdict: Verdict,
    /// Handshake 1, and then handshakes 2 and 3, which are in one connection.
    pub connections: [Legs; 2],
    /// Whose the server's application takes the data of the second connection to be; `None` where that failed.
    pub attributed: Option<Attribution>,
}

impl TripleHandshake {
    /// The attack that JSON describes; what is left out has its default.
    ///
    /// # Errors
    /// [`AttackError::Malformed`].
    pub fn from_json(text: &str) -> Result<Self, AttackError> {
        serde_json::from_str(text).map_err(|error| AttackError::Malformed { reason: error.to_string() })
    }

    /// Runs the attack on a client and a server, with all randomness from `seed`.
    ///
    /// # Errors
    /// [`AttackError`]. An attack that fails is none: its verdict says where it did.
    pub fn run(&self, client: &ClientBehaviour, server: &ServerBehaviour, seed: u64) -> Result<Report, AttackError> {
        self.check()?;
        let parties = Parties::new(client, server, seed)?;
        let (first, sessions) = first::run(&parties, &self.attacker);
        let (second, attributed) = second::run(&parties, self, sessions);
        let connections = [first, second];
        Ok(Report { attack: self.clone(), verdict: verdict::judge(&connections), connections, attributed })
    }

    fn check(&self) -> Result<(), AttackError> {
        if self.renegotiates.by == Side::Client && self.renegotiates.request_certificate.is_some() {
            return Err(AttackError::Renegotiation);
        }
        for (what, data) in [("client_sends", &self.client_sends), ("attacker.sends", &self.attacker.sends)] {
            if data.len() > MAX_DATA {
                return Err(AttackError::TooLong { what, got: data.len() });
            }
        }
        Ok(())
    }
}
