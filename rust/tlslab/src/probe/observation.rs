//! What a probe saw in one connection. Findings are functions of observations, and of nothing else.

use serde::{Serialize, Serializer};
use tlslab_dh::{Group, leading_zero_bytes};
use tlslab_proto::behaviour::values::Version;
use tlslab_proto::crypto::Side;
use tlslab_proto::endpoint::session::{ClientSession, SessionKind};
use tlslab_proto::endpoint::trace::Event;
use tlslab_proto::wire::registry::{AlertDescription, CipherSuite};
use tlslab_proto::wire::{Bytes, Extension, Handshake, Message, ServerHello, ServerKeyExchange};

use super::dial::Dialled;
use super::step::{Cell, Purpose, Step};
use crate::scenario::connection::Connection;
use crate::scenario::outcome::Kind;

/// One connection of a probe.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Observation {
    /// Its number, from 0.
    pub connection: u16,
    /// The seed of the lab's side.
    #[serde(serialize_with = "as_text")]
    pub seed: u64,
    /// What it was made for.
    pub purpose: Purpose,
    /// The version, suite and use of EMS that it was made for; the survey leaves the suite to the server.
    #[serde(skip)]
    pub asked: Option<Cell>,
    /// The version that was offered.
    pub version: Version,
    /// Whether EMS was offered.
    pub ems_offered: bool,
    /// The session that was offered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offered: Option<Offered>,
    /// What the server chose in its first ServerHello; `None` where there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chosen: Option<Chosen>,
    /// What came of Diffie-Hellman; `None` where it did not come to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exchange: Option<Exchange>,
    /// Whether the server asked for a certificate, in each of the handshakes.
    pub certificate_requests: Vec<bool>,
    /// How it ended, in the words in which outcomes are counted.
    pub outcome: String,
    /// Whether the first handshake was finished.
    pub established: bool,
    /// Whether the lab's own deadline cut it off: then it tells nothing but what was seen until then.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub late: bool,
    /// How the wish to renegotiate was taken, where there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub renegotiation: Option<Renegotiated>,
    /// The session that it left.
    #[serde(skip)]
    pub session: Option<ClientSession>,
}

/// A session that was offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Offered {
    /// By what.
    pub kind: SessionKind,
    /// Whether it has EMS.
    pub ems: bool,
}

/// What a ServerHello chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Chosen {
    /// The suite.
    pub suite: CipherSuite,
    /// Whether it has the extension extended_master_secret.
    pub ems: bool,
    /// Whether it has the extension renegotiation_info.
    pub renegotiation_info: bool,
    /// Whether the session that was offered was resumed.
    pub resumed: bool,
}

/// What came of Diffie-Hellman.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Exchange {
    /// The group.
    #[serde(serialize_with = "group_name")]
    pub group: Group,
    /// The server's public value, as it was sent.
    #[serde(skip)]
    pub server_public: Bytes,
    /// The client's public value, as it was sent.
    #[serde(skip)]
    pub client_public: Bytes,
    /// Leading zero bytes of Z.
    pub zeros: usize,
    /// Z in the length of the prime.
    #[serde(skip)]
    pub z: Bytes,
    /// The premaster secret that the lab's side made of it.
    #[serde(skip)]
    pub premaster: Bytes,
}

/// How a server took a wish to renegotiate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Renegotiated {
    /// The second handshake was finished, or failed at the keys alone: what became of Z is another question.
    Done,
    /// By a warning, after which the connection goes on.
    Refused,
    /// It ended the connection.
    Ended,
    /// It said nothing.
    Ignored,
}

impl Observation {
    /// What there was to see in a connection.
    pub fn of(connection: u16, seed: u64, step: &Step, dialled: Dialled) -> Self {
        let Dialled { connection: seen, session, late } = dialled;
        let hello = server_hello(&seen);
        let resumed = seen.trace.iter().any(|traced| matches!(traced.event, Event::SessionResumed { .. }));
        let handshakes = handshakes_finished(&seen);
        Self {
            connection,
            seed,
            purpose: step.purpose,
            asked: step.asked(),
            version: step.version(),
            ems_offered: step.ems(),
            offered: seen.trace.iter().find_map(|traced| match traced.event {
                Event::SessionOffered { kind, ems } => Some(Offered { kind, ems }),
                _ => None,
            }),
            chosen: hello.map(|hello| Chosen {
                suite: hello.cipher_suite,
                ems: has(hello, |extension| matches!(extension, Extension::ExtendedMasterSecret)),
                renegotiation_info: has(hello, |extension| matches!(extension, Extension::RenegotiationInfo { .. })),
                resumed,
            }),
            exchange: exchange(&seen, Side::Client),
            certificate_requests: certificate_requests(&seen),
            outcome: seen.outcome.label(),
            established: handshakes > 0,
            late,
            renegotiation: (step.renegotiates && handshakes > 0).then(|| renegotiated(&seen, Side::Server, handshakes)),
            session,
        }
    }

    /// The version, suite and use of EMS that it turned out to have.
    pub fn cell(&self) -> Option<Cell> {
        let Chosen { suite, ems, .. } = self.chosen?;
        Some(Cell { version: self.version, suite, ems })
    }
}

fn as_text<S: Serializer>(seed: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(seed)
}

fn group_name<S: Serializer>(group: &Group, serializer: S) -> Result<S::Ok, S::Error> {
    match group.name() {
        Some(name) => serializer.serialize_str(name),
        None => serializer.collect_str(&format_args!("custom, {} bits", group.bits())),
    }
}

/// The server's handshake messages, in order.
fn from_server(connection: &Connection) -> impl Iterator<Item = &Message> {
    let sent = connection.messages().filter(|sent| sent.sender == Side::Server);
    sent.map(|sent| sent.message)
}

fn server_hello(connection: &Connection) -> Option<&ServerHello> {
    from_server(connection).find_map(|message| match message {
        Message::Handshake(Handshake::ServerHello(hello)) => Some(hello),
        _ => None,
    })
}

fn has(hello: &ServerHello, test: impl Fn(&Extension) -> bool) -> bool {
    hello.extensions().iter().any(test)
}

/// What came of Diffie-Hellman, seen from `side`.
pub(super) fn exchange(connection: &Connection, side: Side) -> Option<Exchange> {
    let params = from_server(connection).find_map(|message| match message {
        Message::Handshake(Handshake::ServerKeyExchange(ServerKeyExchange::Dhe { params, .. })) => Some(params),
        _ => None,
    })?;
    let group = Group::custom(&params.dh_p, &params.dh_g).ok()?;
    connection.trace.iter().find_map(|traced| match &traced.event {
        Event::DiffieHellman { own_public, peer_public, z, premaster, .. } => Some(Exchange {
            group: group.clone(),
            server_public: params.dh_ys.clone(),
            client_public: if side == Side::Client { own_public } else { peer_public }.clone(),
            zeros: leading_zero_bytes(z),
            z: z.clone(),
            premaster: premaster.clone(),
        }),
        _ => None,
    })
}

/// For each ServerHello, whether a CertificateRequest follows it.
fn certificate_requests(connection: &Connection) -> Vec<bool> {
    let mut requests = Vec::new();
    for message in from_server(connection) {
        match message {
            Message::Handshake(Handshake::ServerHello(_)) => requests.push(false),
            Message::Handshake(Handshake::CertificateRequest(_)) => {
                if let Some(last) = requests.last_mut() {
                    *last = true;
                }
            }
            _ => {}
        }
    }
    requests
}

/// How many handshakes the lab's side has finished.
pub(super) fn handshakes_finished(connection: &Connection) -> usize {
    connection.trace.iter().filter(|traced| matches!(traced.event, Event::Established { .. })).count()
}

/// What `peer` made of a wish to renegotiate.
pub(super) fn renegotiated(connection: &Connection, peer: Side, handshakes: usize) -> Renegotiated {
    let is_refusal = |message: &Message| matches!(message, Message::Alert(alert) if alert.description == AlertDescription::NO_RENEGOTIATION);
    let warned = connection.messages().any(|sent| sent.sender == peer && is_refusal(sent.message));
    let outcome = &connection.outcome;
    let keys_differ = outcome.sender == Some(peer.peer()) && outcome.alert == Some(AlertDescription::BAD_RECORD_MAC);
    match outcome.kind {
        _ if handshakes > 1 || keys_differ => Renegotiated::Done,
        Kind::Established if warned => Renegotiated::Refused,
        Kind::Established | Kind::TimedOut => Renegotiated::Ignored,
        Kind::Alert | Kind::Closed => Renegotiated::Ended,
    }
}
