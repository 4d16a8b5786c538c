//! What is seen of a TLS connection from outside, by who has no keys.

use std::fmt;

use serde::{Deserialize, Serialize};
use tlslab_proto::crypto::Side;
use tlslab_proto::wire::Bytes;
use tlslab_proto::wire::registry::{AlertDescription, CipherSuite, NamedGroup, ProtocolVersion};

/// What is seen of one connection.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Observation {
    /// What it carries.
    pub over: Over,
    /// The version that the server chose.
    pub version: Option<ProtocolVersion>,
    /// The suite that the server chose.
    pub suite: Option<CipherSuite>,
    /// How the premaster secret was agreed on, if it was.
    pub key_exchange: Option<Exchange>,
    /// The curve of elliptic-curve Diffie-Hellman.
    pub curve: Option<NamedGroup>,
    /// Whether the client offered Extended Master Secret.
    pub offered_ems: bool,
    /// Whether both sides have it.
    pub ems: bool,
    /// Whether the client offered a session, by id or ticket.
    pub offered_session: bool,
    /// Whether the handshake was abbreviated.
    pub resumed: bool,
    /// Whether the server asked for a certificate in the first handshake.
    pub certificate_requested: bool,
    /// The prime of finite-field Diffie-Hellman.
    pub dh_p: Option<Bytes>,
    /// As many bytes as the server's public value is shorter than the prime, padded or not.
    pub ys_zeros: u8,
    /// The same of the client's.
    pub yc_zeros: u8,
    /// Whether the signature of ServerKeyExchange begins with a zero byte, or is a byte shorter than RSA's usual lengths.
    pub short_signature: bool,
    /// The same of the client's encrypted premaster secret.
    pub short_ciphertext: bool,
    /// How it ended.
    pub ending: Ending,
    /// What a key log showed.
    pub keys: Keys,
}

/// What a connection carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Over {
    /// TLS from its first byte on.
    Tls,
    /// Another protocol first, which asked for TLS.
    Starttls,
    /// FTP, which asked for TLS.
    FtpControl,
    /// A data connection of such FTP.
    FtpData,
}

/// How the premaster secret is agreed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exchange {
    /// Finite-field Diffie-Hellman.
    Dhe,
    /// Elliptic-curve Diffie-Hellman.
    Ecdhe,
    /// RSA key transport.
    Rsa,
}

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Ending {
    /// How far it had come.
    pub stage: Stage,
    /// Who ended it; `None` where nobody did.
    pub by: Option<Side>,
    /// In which way.
    pub how: How,
}

/// How far a connection has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The client has sent its ClientHello.
    ClientHello,
    /// The server has answered.
    ServerHello,
    /// The client has sent its Finished, and waits for the server's: a full handshake.
    ClientFinished,
    /// The server has sent its Finished, and waits for the client's: an abbreviated handshake.
    ServerFinished,
    /// Both have sent a Finished, and no data.
    Established,
    /// The client has sent data, and the server none.
    Unanswered,
    /// The server has sent data.
    Data,
}

/// In which way a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// By this fatal alert, which was seen in clear or decrypted.
    Alert(u8),
    /// By an end of TCP that was announced (a protected alert, close_notify as a rule) or not.
    Closed,
    /// By a reset of TCP.
    Reset,
    /// It fell silent.
    Silent,
    /// The capture ends before it does.
    Cut,
}

/// What is to be made of an ending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The handshake was finished, and data crossed.
    Fine,
    /// The handshake was finished, and then it was of no use: no data crossed, or the server closed in place of an answer.
    Unserved,
    /// The handshake failed, or a fatal alert ended what came after.
    Failed,
    /// It cannot be told.
    Unknown,
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let by = self.by.map_or(String::new(), |by| format!("the {by} "));
        match self.how {
            How::Alert(alert) => match AlertDescription(alert).name() {
                Some(name) => write!(f, "{by}sends alert {alert}, {name},")?,
                None => write!(f, "{by}sends alert {alert}")?,
            },
            How::Closed => write!(f, "{by}closes")?,
            How::Reset => write!(f, "{by}resets")?,
            How::Silent => write!(f, "it falls silent")?,
            How::Cut => write!(f, "the capture ends")?,
        }
        f.write_str(match self.stage {
            Stage::ClientHello => " after the ClientHello",
            Stage::ServerHello => " in the server's first flight or on it",
            Stage::ClientFinished => " after the client's Finished",
            Stage::ServerFinished => " after the server's Finished",
            Stage::Established => " once the handshake is done",
            Stage::Unanswered => " without having answered",
            Stage::Data => " after the server's data",
        })
    }
}

impl Ending {
    /// What is to be made of it.
    pub fn verdict(self) -> Verdict {
        match (self.stage, self.how) {
            (_, How::Alert(_)) => Verdict::Failed,
            (_, How::Cut) => Verdict::Unknown,
            (Stage::Data, _) => Verdict::Fine,
            // A client may have something to say, and expect no answer.
            (Stage::Unanswered, _) if self.by == Some(Side::Client) => Verdict::Fine,
            (Stage::Unanswered | Stage::Established, _) => Verdict::Unserved,
            _ => Verdict::Failed,
        }
    }
}

/// What a key log showed of a connection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Keys {
    /// Whether the client's Finished opens with a logged master secret; `None` without one, or without a Finished.
    pub client_finished: Option<bool>,
    /// The same of the server's.
    pub server_finished: Option<bool>,
    /// Whether two logs have different master secrets for it.
    pub masters_differ: bool,
    /// What logged premaster secrets show of Z, the client's and the server's, where they are of finite-field
    /// Diffie-Hellman.
    pub premasters: [Option<Premaster>; 2],
}

impl Keys {
    /// Whether the sides have different master secrets, as far as the logs tell.
    pub fn differ(self) -> Option<bool> {
        if self.masters_differ || [self.client_finished, self.server_finished].contains(&Some(false)) {
            return Some(true);
        }
        (self.client_finished == Some(true) && self.server_finished == Some(true)).then_some(false)
    }
}

/// How a premaster secret stands to its Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Premaster {
    /// Z has no leading zero byte.
    Full,
    /// Leading zero bytes are gone, as RFC 5246 8.1.2 has it.
    Stripped,
    /// It has leading zero bytes.
    Kept,
}
