//! What a probe saw of a client in one connection.

use serde::{Serialize, Serializer};
use tlslab_proto::behaviour::values::{ResumePolicy, Version};
use tlslab_proto::crypto::Side;
use tlslab_proto::endpoint::session::SessionKind;
use tlslab_proto::endpoint::trace::{Event, ResumptionReason};
use tlslab_proto::wire::registry::{CipherSuite, NamedGroup, ProtocolVersion};
use tlslab_proto::wire::{ClientHello, Extension, Handshake, Message};

use super::meet::Met;
use super::turn::{Aim, Turn};
use crate::probe::findings::AboutZ;
use crate::probe::observation::{Exchange, Renegotiated, exchange, handshakes_finished, renegotiated};
use crate::probe::step::Cell;
use crate::scenario::connection::Connection;

/// One connection of a client that is judged.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Heard {
    /// Its number, from 0.
    pub connection: u16,
    /// The seed of the lab's side.
    #[serde(serialize_with = "as_text")]
    pub seed: u64,
    /// What it was made for.
    pub aim: Aim,
    /// The cell that it was made for, if the server left the client no choice.
    #[serde(skip)]
    pub asked: Option<Cell>,
    /// What the client offered.
    pub hello: Hello,
    /// The version, suite and use of EMS that came of it; `None` where there was no ServerHello.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chosen: Option<Cell>,
    /// The session that the client offered, and what the lab made of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offered: Option<OfferMade>,
    /// What came of Diffie-Hellman.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exchange: Option<Exchange>,
    /// How the client answered a CertificateRequest, where there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Answered>,
    /// How it ended.
    pub outcome: String,
    /// Whether the first handshake was finished.
    pub established: bool,
    /// Whether the lab's own deadline cut it off: then it tells nothing but what was seen until then.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub late: bool,
    /// How the wish to renegotiate was taken, where there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub renegotiation: Option<Renegotiated>,
}

/// What a ClientHello offers, as far as findings are about it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Hello {
    /// The newest version.
    pub version: ProtocolVersion,
    /// The suites of finite-field Diffie-Hellman that the lab speaks.
    #[serde(skip)]
    pub suites: Vec<CipherSuite>,
    /// Whether EMS is among the extensions.
    pub ems: bool,
    /// Whether it signals RFC 5746, by the extension or the SCSV.
    pub renegotiation_info: bool,
    /// Whether it lists groups of RFC 7919, and so takes no other.
    pub lists_groups: bool,
}

/// A session that a client offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct OfferMade {
    /// By what.
    pub kind: SessionKind,
    /// What the lab found on looking at it.
    pub reason: ResumptionReason,
    /// Whether it was resumed.
    pub resumed: bool,
}

/// How a client answered a CertificateRequest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Answered {
    /// By a certificate and the proof of its key.
    Certificate,
    /// By a certificate, and no proof.
    Unproved,
    /// By an empty list.
    Empty,
    /// Not at all.
    Nothing,
}

impl Heard {
    /// Whether it failed over a Z that began with a zero byte by chance, as 1 in 256 does, where it was made for something
    /// else: that did not show.
    pub fn failed_by_chance(&self) -> bool {
        let is_meant = matches!(
            self.aim,
            Aim::BoundaryGroup | Aim::KeptZero | Aim::BoundaryGroupLongValue | Aim::KeptZeroLongValue | Aim::ByChance
        );
        !self.established && !is_meant && self.exchange.as_ref().is_some_and(|exchange| exchange.zeros > 0)
    }

    /// What there was to see; `None` where whoever came said no ClientHello.
    pub fn of(connection: u16, seed: u64, turn: &Turn, met: &Met) -> Option<Self> {
        let seen = &met.connection;
        let hello = from_client(seen).find_map(|message| match message {
            Message::Handshake(Handshake::ClientHello(hello)) => Some(Hello::of(hello)),
            _ => None,
        })?;
        let handshakes = handshakes_finished(seen);
        Some(Self {
            connection,
            seed,
            aim: turn.aim,
            asked: turn.asked(),
            hello,
            chosen: chosen(seen),
            offered: offer(seen),
            exchange: exchange(seen, Side::Server),
            certificate: answer(seen),
            outcome: seen.outcome.label(),
            established: handshakes > 0,
            late: met.late,
            renegotiation: (turn.renegotiates && handshakes > 0).then(|| renegotiated(seen, Side::Client, handshakes)),
        })
    }
}

impl AboutZ for Heard {
    fn exchange(&self) -> Option<&Exchange> {
        self.exchange.as_ref()
    }

    fn established(&self) -> bool {
        self.established
    }

    fn late(&self) -> bool {
        self.late
    }
}

impl Hello {
    fn of(hello: &ClientHello) -> Self {
        let is_finite_field = |group: &NamedGroup| (0x0100..=0x01ff).contains(&group.0);
        let lists = |extension: &Extension| match extension {
            Extension::SupportedGroups { named_group_list } => named_group_list.iter().any(is_finite_field),
            _ => false,
        };
        Self {
            version: hello.client_version,
            suites: hello.cipher_suites.iter().copied().filter(|suite| crate::probe::plan::is_dhe(*suite)).collect(),
            ems: hello.extensions().iter().any(|extension| matches!(extension, Extension::ExtendedMasterSecret)),
            renegotiation_info: hello.cipher_suites.contains(&CipherSuite::TLS_EMPTY_RENEGOTIATION_INFO_SCSV)
                || hello.extensions().iter().any(|extension| matches!(extension, Extension::RenegotiationInfo { .. })),
            lists_groups: hello.extensions().iter().any(lists),
        }
    }
}

fn as_text<S: Serializer>(seed: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(seed)
}

fn from_client(connection: &Connection) -> impl Iterator<Item = &Message> {
    let sent = connection.messages().filter(|sent| sent.sender == Side::Client);
    sent.map(|sent| sent.message)
}

fn chosen(connection: &Connection) -> Option<Cell> {
    connection.messages().find_map(|sent| match sent.message {
        Message::Handshake(Handshake::ServerHello(hello)) => Some(Cell {
            version: Version::from_wire(hello.server_version)?,
            suite: hello.cipher_suite,
            ems: hello.extensions().iter().any(|extension| matches!(extension, Extension::ExtendedMasterSecret)),
        }),
        _ => None,
    })
}

fn offer(connection: &Connection) -> Option<OfferMade> {
    connection.trace.iter().find_map(|traced| match traced.event {
        Event::ResumptionDecided { kind, decision, reason } => {
            Some(OfferMade { kind, reason, resumed: decision == ResumePolicy::Resume })
        }
        _ => None,
    })
}

fn answer(connection: &Connection) -> Option<Answered> {
    let asked = |message: &Message| matches!(message, Message::Handshake(Handshake::CertificateRequest(_)));
    connection.messages().find(|sent| asked(sent.message))?;
    let list = from_client(connection).find_map(|message| match message {
        Message::Handshake(Handshake::Certificate(certificate)) => Some(&certificate.certificate_list),
        _ => None,
    });
    let proves = |message: &Message| matches!(message, Message::Handshake(Handshake::CertificateVerify(_)));
    Some(match list {
        None => Answered::Nothing,
        Some(list) if list.is_empty() => Answered::Empty,
        Some(_) if from_client(connection).any(proves) => Answered::Certificate,
        Some(_) => Answered::Unproved,
    })
}
