//! The connections that a probe of a server makes, as data.

use std::sync::Arc;

use serde::Serialize;
use tlslab_proto::behaviour::ClientBehaviour;
use tlslab_proto::behaviour::lists::Suite;
use tlslab_proto::behaviour::values::{
    Ems, IntegerEncoding, PerVersion, PremasterZeros, PublicValueCheck, ResumedEmsCheck, ResumedRequest, Resumption,
    Switch, Version,
};
use tlslab_proto::endpoint::diffie_hellman::{ChosenSecret, DiffieHellman};
use tlslab_proto::endpoint::session::{ClientSession, SessionKind};
use tlslab_proto::wire::registry::CipherSuite;

use super::invalid::{InvalidPublic, WithInvalidPublic};
use super::observation::Observation;
use super::record::Ask;
use crate::ftp::ClientDataSessions;

/// What a connection is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// To see which suite the server takes of those that are left. Z is chosen free of zeros: it is a control too.
    Survey,
    /// To see which suite of another key exchange it takes, where it takes none of these.
    OtherKeyExchange,
    /// Z with one leading zero byte, stripped: fails with a server that keeps it.
    LeadingZero,
    /// The same Z, kept: where the one before failed, this one tells that it was the zero byte.
    KeptZero,
    /// Z with two leading zero bytes, stripped: fails with a server that strips one of them only.
    TwoZeros,
    /// Z with one leading zero byte before a byte with its top bit set: fails with a server that takes Z for a signed
    /// integer.
    SignByte,
    /// A public value with a leading zero byte, written in the length of the prime.
    PaddedPublicValue,
    /// A public value with a leading zero byte, written without it.
    MinimalPublicValue,
    /// A public value that no client has.
    InvalidPublicValue(InvalidPublic),
    /// To leave a session for an offer.
    NewSession(Offer),
    /// To offer it.
    Resume(Offer),
    /// To offer a session that the server does not know.
    DeclinedOffer,
    /// To renegotiate, with RFC 5746.
    Renegotiation,
    /// To renegotiate without RFC 5746.
    LegacyRenegotiation,
    /// To list a directory by FTP, with a data connection that resumes or one that does not.
    Transfer(ClientDataSessions),
}

impl Purpose {
    /// Whether it is about what becomes of Z; what a server takes is seen by a control of that.
    pub fn is_about_z(self) -> bool {
        matches!(self, Self::Survey | Self::LeadingZero | Self::KeptZero | Self::TwoZeros | Self::SignByte)
    }

    /// Whether it is to see what the server takes.
    pub fn is_survey(self) -> bool {
        matches!(self, Self::Survey | Self::OtherKeyExchange)
    }
}

/// An offer to resume: a cell of the table of RFC 7627 5.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Offer {
    /// By what the session is resumed.
    pub kind: SessionKind,
    /// Whether it has EMS.
    pub session_ems: bool,
    /// Whether the ClientHello that offers it has the extension.
    pub hello_ems: bool,
}

/// How the client's exponent and public value come about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Share {
    /// Z has so many leading zero bytes; the top bit of the byte after them is set, clear or left to chance.
    Secret {
        /// Leading zero bytes.
        zeros: usize,
        /// The top bit of the byte after them.
        top_bit: Option<bool>,
    },
    /// The public value has a leading zero byte, and Z has none.
    ShortPublic,
    /// The public value is none that a client may have.
    Invalid(InvalidPublic),
}

impl Share {
    /// Z without leading zeros: nothing that could go wrong does.
    pub const CONTROL: Self = Self::Secret { zeros: 0, top_bit: None };

    /// What computes it.
    pub(super) fn provider(self) -> Arc<dyn DiffieHellman> {
        match self {
            Self::Secret { zeros, top_bit } => {
                // A short public value may be what a server errs about, and is tried apart.
                let chosen = ChosenSecret::with_leading_zeros(zeros).with_public_zeros(0);
                Arc::new(match top_bit {
                    Some(set) => chosen.with_top_bit(set),
                    None => chosen,
                })
            }
            Self::ShortPublic => Arc::new(ChosenSecret::with_leading_zeros(0).with_public_zeros(1)),
            Self::Invalid(value) => Arc::new(WithInvalidPublic::new(value)),
        }
    }
}

/// What a connection is about: a version, a suite, and whether EMS is negotiated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Cell {
    /// The version.
    pub version: Version,
    /// The suite.
    pub suite: CipherSuite,
    /// Whether with EMS.
    pub ems: bool,
}

/// A connection to make.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// What for.
    pub purpose: Purpose,
    /// How the client acts.
    pub client: ClientBehaviour,
    /// How its key share comes about.
    pub share: Share,
    /// The session that it offers.
    pub session: Option<ClientSession>,
    /// Whether it asks for a renegotiation once the handshake is done.
    pub renegotiates: bool,
}

impl Ask for Step {
    type Seen = Observation;

    fn uses_up(&self, earlier: &Observation) -> bool {
        matches!((self.purpose, earlier.purpose), (Purpose::Resume(offer), Purpose::NewSession(left)) if offer == left)
    }
}

impl Step {
    /// A connection of a version, with one of these suites, whose client takes whatever a server does, since it is there
    /// to look on.
    pub fn new(purpose: Purpose, version: Version, suites: &[CipherSuite], ems: bool) -> Self {
        let mut client = ClientBehaviour::default();
        client.shared.versions = vec![version];
        client.shared.suites = suites.iter().copied().map(Suite).collect();
        client.shared.ems = if ems { Ems::On } else { Ems::Off };
        client.shared.resumption = Resumption::None;
        client.shared.public_value_check = PublicValueCheck::None;
        client.own.signature_check = Switch::Off;
        client.own.resumed_ems_check = ResumedEmsCheck::Ignore;
        client.own.resumed_certificate_request = ResumedRequest::Answer;
        Self { purpose, client, share: Share::CONTROL, session: None, renegotiates: false }
    }

    /// A connection in one cell.
    pub fn in_cell(purpose: Purpose, cell: Cell) -> Self {
        Self::new(purpose, cell.version, &[cell.suite], cell.ems)
    }

    /// The same with another key share.
    #[must_use]
    pub fn with_share(self, share: Share) -> Self {
        Self { share, ..self }
    }

    /// The same with a client that makes its premaster secret otherwise.
    #[must_use]
    pub fn with_premaster(mut self, zeros: PremasterZeros) -> Self {
        self.client.shared.premaster_zeros = PerVersion::all(zeros);
        self.client.shared.premaster_zeros_ems = PerVersion::all(zeros);
        self
    }

    /// The same with a client that writes its public value otherwise.
    #[must_use]
    pub fn with_public_value(mut self, encoding: IntegerEncoding) -> Self {
        self.client.shared.public_value = encoding;
        self
    }

    /// The cell that it is made for, if it is made for one.
    pub fn asked(&self) -> Option<Cell> {
        let [Suite(suite)] = self.client.shared.suites[..] else { return None };
        (!self.purpose.is_survey()).then(|| Cell { version: self.version(), suite, ems: self.ems() })
    }

    /// Its version.
    pub fn version(&self) -> Version {
        self.client.shared.versions.first().copied().unwrap_or(Version::Tls12)
    }

    /// Whether it offers EMS.
    pub fn ems(&self) -> bool {
        self.client.shared.ems != Ems::Off
    }
}
