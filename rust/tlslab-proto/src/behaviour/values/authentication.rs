//! The values of the knobs about client authentication.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

choice! {
    /// In which handshakes a server sends a CertificateRequest (RFC 5246 7.4.4). It never does in one with an anonymous
    /// suite.
    pub enum RequestCertificate {
        /// In none.
        Never,
        /// In every full handshake.
        Full,
        /// In a full handshake whose ClientHello offered a session that was not resumed, and in no other: one reading of
        /// cause 2 of KB4528489.
        AfterDeclinedResumption,
        /// In every handshake, also in an abbreviated one, which has no place for it (RFC 5246 7.3).
        Always,
    }
}

choice! {
    /// Whether a handshake in which the server has asked goes on without a client's certificate.
    pub enum ClientCertificate {
        /// It goes on without client authentication.
        Optional,
        /// It is refused with handshake_failure.
        Required,
    }
}

choice! {
    /// How a client answers a CertificateRequest.
    pub enum CertificateAnswer {
        /// By its first certificate of a kind and with a signature scheme that the request names, and by an empty list if
        /// it has none (RFC 5246 7.4.6). The authorities of the request are not looked at.
        Fitting,
        /// Not at all: no Certificate message, which is the server's to miss.
        Omit,
        /// As `fitting`, but without the CertificateVerify that proves possession of the key (RFC 5246 7.4.8).
        Unproved,
    }
}

choice! {
    /// What a client does with a CertificateRequest in an abbreviated handshake.
    pub enum ResumedRequest {
        /// It is a message that the state does not allow (RFC 5246 7.3).
        Refuse,
        /// It goes on as if it had not been asked.
        Ignore,
        /// It is answered as in a full handshake, ahead of the client's ChangeCipherSpec.
        Answer,
    }
}
