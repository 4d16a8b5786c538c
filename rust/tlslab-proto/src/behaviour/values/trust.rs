//! The values of the knobs about what an endpoint takes on trust: each but the first of a kind was a defect of a real
//! stack.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

choice! {
    /// What is done with a Finished that arrives before the messages that have to precede it.
    pub enum EarlyFinished {
        /// It is a message that the state does not allow (RFC 5246 7.4.9).
        Refuse,
        /// It is taken in clear where ChangeCipherSpec alone is missing: CVE-2014-6593 of JSSE, and others in "A Messy
        /// State of the Union" (Beurdouche et al., 2015).
        SkipChangeCipherSpec,
        /// It is taken at any point after ServerHello, over the secrets that there are by then, which may be those of an
        /// empty premaster secret: SKIP-TLS, of the same.
        SkipAny,
    }
}

choice! {
    /// What is done with a ChangeCipherSpec that arrives before there is a premaster secret.
    pub enum EarlyChangeCipherSpec {
        /// It is a message that the state does not allow (RFC 5246 7.1).
        Refuse,
        /// The keys are changed to those of an empty premaster secret, and stay: CVE-2014-0224 of OpenSSL.
        Accept,
    }
}

choice! {
    /// Heartbeats (RFC 6520).
    pub enum Heartbeats {
        /// Neither offered nor understood.
        Off,
        /// Offered by the client, answered by the server; a request gets its payload back.
        On,
        /// As `on`, and a request gets as many bytes back as it declares to have: what lies behind it in memory, which is
        /// made up of the master secret and of zeros, goes along (CVE-2014-0160 of OpenSSL, Heartbleed).
        TrustLength,
    }
}

choice! {
    /// How much padding a CBC record gets (RFC 5246 6.2.3.2).
    pub enum RecordPadding {
        /// As little as fills the block.
        Shortest,
        /// As much as there may be: 241 to 256 bytes, which hides lengths.
        Longest,
    }
}

choice! {
    /// Under what key a server seals its tickets where it has none yet.
    pub enum TicketKeySource {
        /// A random one (RFC 5077 5.5).
        Random,
        /// One of zeros, the same after each loss of the key: CVE-2020-13777 of GnuTLS.
        Zeros,
    }
}
