//! What the weighing assumes, where neither the evidence nor the lab tells: few numbers, each with its reason.

use tlslab_proto::wire::registry::AlertDescription;

/// The numbers of the model that nothing derives. Which explanations are left is to hang on none of them: a test halves
/// and doubles each.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Assumptions {
    /// The chance that a connection fails, or a key log lies, for a reason that no explanation gives. Far below 1/256, the
    /// rate of the defects in question, or those would never have been noticed.
    pub fault: f64,
    /// The chance that a peer reacts to what is wrong as the lab's does: by that alert, or by that end. Peers agree more
    /// on alerts that RFC 5246 7.2.2 leaves no choice about, such as bad_record_mac, and less on the others.
    pub reaction: f64,
    /// An explanation explains something where it makes the evidence more than so many times likelier than no defect does:
    /// less than three to one is not worth a mention by Kass and Raftery's scale (Bayes Factors, 1995).
    pub explains: f64,
}

impl Default for Assumptions {
    fn default() -> Self {
        Self { fault: 1e-3, reaction: 0.7, explains: 3.0 }
    }
}

/// The alerts that are always fatal, by RFC 5246 7.2.2 and A.3.
const FATAL_ALERTS: [AlertDescription; 20] = [
    AlertDescription::UNEXPECTED_MESSAGE,
    AlertDescription::BAD_RECORD_MAC,
    AlertDescription::DECRYPTION_FAILED,
    AlertDescription::RECORD_OVERFLOW,
    AlertDescription::DECOMPRESSION_FAILURE,
    AlertDescription::HANDSHAKE_FAILURE,
    AlertDescription::BAD_CERTIFICATE,
    AlertDescription::UNSUPPORTED_CERTIFICATE,
    AlertDescription::CERTIFICATE_REVOKED,
    AlertDescription::CERTIFICATE_EXPIRED,
    AlertDescription::CERTIFICATE_UNKNOWN,
    AlertDescription::ILLEGAL_PARAMETER,
    AlertDescription::UNKNOWN_CA,
    AlertDescription::ACCESS_DENIED,
    AlertDescription::DECODE_ERROR,
    AlertDescription::DECRYPT_ERROR,
    AlertDescription::PROTOCOL_VERSION,
    AlertDescription::INSUFFICIENT_SECURITY,
    AlertDescription::INTERNAL_ERROR,
    AlertDescription::UNSUPPORTED_EXTENSION,
];

/// Ways for a side to react in one place: an alert that ends the connection, an end of TCP, a reset.
pub(super) const REACTIONS: f64 = FATAL_ALERTS.len() as f64 + 2.0;

/// Places of a handshake at which it can fail, as they can be seen: after the ClientHello, in the server's first flight,
/// after either Finished.
const PLACES: f64 = 4.0;

/// Ways in which something unknown can end a handshake: in any place, either side in any way, or silence.
pub(super) const ENDINGS: f64 = PLACES * (2.0 * REACTIONS + 1.0);

/// What an event of Schannel can say of something unknown: which alert, sent or received.
pub(super) const EVENTS: f64 = 2.0 * FATAL_ALERTS.len() as f64;
