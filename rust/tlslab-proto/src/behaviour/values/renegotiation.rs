//! The values of the knobs about renegotiation.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

choice! {
    /// What an endpoint does when its peer asks for a renegotiation: a client that gets a HelloRequest, a server that gets
    /// a ClientHello it has not asked for.
    pub enum Renegotiation {
        /// It says no with a no_renegotiation warning (RFC 5246 7.2.2).
        Refuse,
        /// It renegotiates if both sides speak RFC 5746, and says no otherwise. A client that knows EMS also says no where
        /// the connection has resumed a session without EMS (RFC 7627 5.4). A peer that drops encrypt-then-MAC
        /// in it (RFC 7366 3.1) or EMS (as from OpenSSL 3.0 and BoringSSL) gets handshake_failure.
        Secure,
        /// It renegotiates, also where RFC 5746 or RFC 7627 would have it say no, as was usual before 2010, and lets EMS and
        /// encrypt-then-MAC be dropped.
        Legacy,
        /// It does not answer (RFC 5246 7.4.1.1 lets a client).
        Ignore,
    }
}
