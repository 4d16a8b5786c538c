//! What a client and a server of some protocol say to each other in clear before TLS begins on the same connection,
//! sans-I/O: bytes in, bytes out, and the moment from which on they are TLS's.
//!
//! A protocol is three things: what one side says unasked, where a message of the other side ends, and what is answered
//! to it. What the other side may say is bounded, and must be all said when TLS begins: bytes that come too early could
//! be somebody else's, and would be taken for protected ones (CVE-2011-0411).

mod error;
mod ftp;
mod imap;
mod ldap;
mod mysql;
mod pop3;
mod postgres;
mod smtp;
mod tds;
mod text;

use std::fmt;
use std::str::FromStr;

pub use error::{StartTlsError, UnknownProtocol};

use crate::link::Framing;

/// The longest message that is read, in bytes.
pub const MAX_MESSAGE: usize = 1 << 16;

/// As many bytes as are read in all before TLS begins, and as many after it.
pub const MAX_DIALOGUE: usize = 1 << 18;

/// A protocol in which TLS begins on an open connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StartTls {
    /// SMTP's STARTTLS (RFC 3207).
    Smtp,
    /// IMAP's STARTTLS (RFC 3501 6.2.1).
    Imap,
    /// POP3's STLS (RFC 2595 4).
    Pop3,
    /// FTP's AUTH TLS (RFC 4217 4).
    Ftp,
    /// LDAP's StartTLS operation (RFC 4511 4.14).
    Ldap,
    /// PostgreSQL's SSLRequest (PostgreSQL's manual, "SSL Session Encryption").
    Postgres,
    /// MySQL's SSLRequest (MySQL's internals manual, "Protocol::SSLRequest").
    Mysql,
    /// TDS, SQL Server's: after PRELOGIN, the records of the handshake travel in packets ([MS-TDS] 2.2.6.5).
    Tds,
}

impl StartTls {
    /// All of them.
    pub const ALL: [Self; 8] =
        [Self::Smtp, Self::Imap, Self::Pop3, Self::Ftp, Self::Ldap, Self::Postgres, Self::Mysql, Self::Tds];

    /// Its name: `"smtp"`, `"imap"`, `"pop3"`, `"ftp"`, `"ldap"`, `"postgres"`, `"mysql"`, `"tds"`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Smtp => "smtp",
            Self::Imap => "imap",
            Self::Pop3 => "pop3",
            Self::Ftp => "ftp",
            Self::Ldap => "ldap",
            Self::Postgres => "postgres",
            Self::Mysql => "mysql",
            Self::Tds => "tds",
        }
    }

    /// A client's part of the dialogue.
    pub fn client(self) -> Dialogue {
        Dialogue::new(match self {
            Self::Smtp => Box::new(smtp::Client::default()),
            Self::Imap => Box::new(imap::Client::default()),
            Self::Pop3 => Box::new(pop3::Client::default()),
            Self::Ftp => Box::new(ftp::Client::default()),
            Self::Ldap => Box::new(ldap::Client),
            Self::Postgres => Box::new(postgres::Client),
            Self::Mysql => Box::new(mysql::Client),
            Self::Tds => Box::new(tds::Client),
        })
    }

    /// A server's part of it: as much of the protocol as a client needs to come to TLS.
    pub fn server(self) -> Dialogue {
        Dialogue::new(match self {
            Self::Smtp => Box::new(text::Server::new(smtp::greeting(), smtp::answer)),
            Self::Imap => Box::new(text::Server::new(imap::greeting(), imap::answer)),
            Self::Pop3 => Box::new(text::Server::new(pop3::greeting(), pop3::answer)),
            Self::Ftp => Box::new(text::Server::new(ftp::greeting(), ftp::answer)),
            Self::Ldap => Box::new(ldap::Server),
            Self::Postgres => Box::new(postgres::Server),
            Self::Mysql => Box::new(mysql::Server),
            Self::Tds => Box::new(tds::Server),
        })
    }

    /// What carries the records of the handshake, where they do not travel as they are.
    pub fn framing(self) -> Option<Box<dyn Framing>> {
        (self == Self::Tds).then(|| -> Box<dyn Framing> { Box::new(tds::Packets::default()) })
    }
}

impl fmt::Display for StartTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for StartTls {
    type Err = UnknownProtocol;

    fn from_str(name: &str) -> Result<Self, UnknownProtocol> {
        let known = Self::ALL.into_iter().find(|known| known.name() == name);
        known.ok_or_else(|| UnknownProtocol { name: name.to_owned() })
    }
}

/// One side's part of what is said before TLS begins, and, where a server's protocol is one of text, after it.
pub struct Dialogue {
    protocol: Box<dyn Protocol>,
    /// What arrived, and is no whole message yet.
    unread: Vec<u8>,
    read: usize,
    output: Vec<u8>,
    stage: Stage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    InClear,
    /// TLS is to begin.
    Ready,
    /// What arrives has come by TLS.
    Secured,
    /// This side has said goodbye.
    Over,
}

impl Dialogue {
    fn new(protocol: Box<dyn Protocol>) -> Self {
        let output = protocol.greeting();
        Self { protocol, unread: Vec::new(), read: 0, output, stage: Stage::InClear }
    }

    /// The bytes for the peer since the last call.
    pub fn take_output(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.output)
    }

    /// Whether TLS begins once the output is sent.
    pub fn is_ready(&self) -> bool {
        self.stage == Stage::Ready
    }

    /// Whether this side has said goodbye, and the connection ends once the output is sent.
    pub fn is_over(&self) -> bool {
        self.stage == Stage::Over
    }

    /// Whether the protocol goes on once TLS is there; if not, what comes then is no business of the dialogue.
    pub fn goes_on(&self) -> bool {
        self.protocol.goes_on()
    }

    /// TLS is there: what is taken in from here on has come by it, and what is said goes out by it.
    pub fn set_secured(&mut self) {
        self.protocol.set_secured();
        (self.stage, self.read) = (Stage::Secured, 0);
    }

    /// Takes in bytes from the peer.
    ///
    /// # Errors
    /// The peer says what it must not say, too much, or no.
    pub fn receive(&mut self, bytes: &[u8]) -> Result<(), StartTlsError> {
        self.unread.extend_from_slice(bytes);
        self.read = self.read.saturating_add(bytes.len());
        while matches!(self.stage, Stage::InClear | Stage::Secured) {
            let Some(length) = self.next_length()? else { break };
            let message: Vec<u8> = self.unread.drain(..length).collect();
            match self.protocol.answer(&message)? {
                Answer::Say(bytes) => self.output.extend(bytes),
                Answer::Secure(bytes) => {
                    self.output.extend(bytes);
                    self.stage = Stage::Ready;
                }
                Answer::End(bytes) => {
                    self.output.extend(bytes);
                    self.stage = Stage::Over;
                }
            }
        }
        if self.read > MAX_DIALOGUE {
            return Err(StartTlsError::TooLong { what: "what the peer says", limit: MAX_DIALOGUE });
        }
        match self.unread.len() {
            1.. if self.is_ready() && self.protocol.consents() => {
                Err(StartTlsError::Early { bytes: self.unread.len() })
            }
            _ => Ok(()),
        }
    }

    /// The bytes of TLS that have arrived already, where the peer may send them without waiting.
    pub fn take_rest(&mut self) -> Vec<u8> {
        if self.is_ready() { std::mem::take(&mut self.unread) } else { Vec::new() }
    }

    /// The length of the next message, if it has arrived whole.
    fn next_length(&self) -> Result<Option<usize>, StartTlsError> {
        let length = self.protocol.length(&self.unread)?;
        // A message without its length in front may never end.
        let least = length.unwrap_or(self.unread.len());
        if least > MAX_MESSAGE {
            return Err(StartTlsError::TooLong { what: "a message of the peer", limit: MAX_MESSAGE });
        }
        Ok(length.filter(|length| (1..=self.unread.len()).contains(length)))
    }
}

/// One side of a protocol.
trait Protocol: Send {
    /// What it says unasked.
    fn greeting(&self) -> Vec<u8> {
        Vec::new()
    }
    /// Whether the peer has to wait for this side's consent before TLS begins.
    fn consents(&self) -> bool {
        true
    }
    /// Whether it goes on under TLS.
    fn goes_on(&self) -> bool {
        false
    }
    /// It does: from here on TLS is there.
    fn set_secured(&mut self) {}
    /// How long the message is that `bytes` begin with; `None` while that cannot be told.
    fn length(&self, bytes: &[u8]) -> Result<Option<usize>, StartTlsError>;
    /// Answers a message of that length.
    fn answer(&mut self, message: &[u8]) -> Result<Answer, StartTlsError>;
}

/// What a side does about a message.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Answer {
    /// It says something, or nothing.
    Say(Vec<u8>),
    /// The same, and TLS begins.
    Secure(Vec<u8>),
    /// The same, and the connection ends.
    End(Vec<u8>),
}

impl Answer {
    /// It waits for more.
    const NOTHING: Self = Self::Say(Vec::new());
    /// TLS begins.
    const NOW: Self = Self::Secure(Vec::new());

    fn say(bytes: impl AsRef<[u8]>) -> Result<Self, StartTlsError> {
        Ok(Self::Say(bytes.as_ref().to_vec()))
    }

    fn end(bytes: impl AsRef<[u8]>) -> Result<Self, StartTlsError> {
        Ok(Self::End(bytes.as_ref().to_vec()))
    }

    fn secure(bytes: impl AsRef<[u8]>) -> Result<Self, StartTlsError> {
        Ok(Self::Secure(bytes.as_ref().to_vec()))
    }
}
