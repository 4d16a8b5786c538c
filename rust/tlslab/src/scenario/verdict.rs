//! Verdicts: what caused a failure, judged by the trace alone. Nothing here can see a behaviour.

use serde::{Deserialize, Serialize};
use tlslab_proto::behaviour::values::ResumePolicy;
use tlslab_proto::crypto::Side;
use tlslab_proto::endpoint::trace::Event;
use tlslab_proto::wire::Message;

/// What caused a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Cause {
    /// An edit changed what was sent.
    #[serde(rename = "edit")]
    Edit,
    /// A signature did not verify over the bytes that the verifier took.
    #[serde(rename = "signature")]
    Signature,
    /// A Diffie-Hellman public value was refused, or used as another number than it was.
    #[serde(rename = "public_value")]
    PublicValue,
    /// Both sides computed the same Diffie-Hellman secret Z, and made different premaster secrets of it.
    #[serde(rename = "Z")]
    Z,
    /// Both sides computed the same x-coordinate, and made different premaster secrets of it.
    #[serde(rename = "ecdh")]
    Ecdh,
    /// The premaster secret that was sent under RSA is not the one that was taken from it.
    #[serde(rename = "rsa")]
    Rsa,
    /// Both sides have the same premaster secret; one used the extended master secret and the other did not, or
    /// their session hashes differ.
    #[serde(rename = "ems")]
    Ems,
    /// A session was refused for what it is, or the sides remember different ones.
    #[serde(rename = "session")]
    Session,
    /// The hellos came to no agreement.
    #[serde(rename = "negotiation")]
    Negotiation,
}

impl Cause {
    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Edit => "edit",
            Self::Signature => "signature",
            Self::PublicValue => "public_value",
            Self::Z => "Z",
            Self::Ecdh => "ecdh",
            Self::Rsa => "rsa",
            Self::Ems => "ems",
            Self::Session => "session",
            Self::Negotiation => "negotiation",
        }
    }
}

/// One event of a connection's trace.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Traced {
    /// At which endpoint.
    pub side: Side,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// What caused the failure of a connection with this trace; `None` where the trace does not tell.
pub fn cause(trace: &[Traced]) -> Option<Cause> {
    let edited = |event: &Event| {
        matches!(event, Event::Sent { edited: true, .. } | Event::Dropped { .. } | Event::RecordEdited { .. })
    };
    if trace.iter().any(|traced| edited(&traced.event)) {
        return Some(Cause::Edit);
    }
    let trace = last_handshake(trace);
    if trace.iter().any(|traced| matches!(traced.event, Event::Verified { good: false, .. })) {
        return Some(Cause::Signature);
    }
    exchange(trace).or_else(|| master(trace)).or_else(|| session(trace)).or_else(|| hellos(trace))
}

/// The trace from the last ClientHello on: after a renegotiation, what an earlier handshake computed is past.
fn last_handshake(trace: &[Traced]) -> &[Traced] {
    let is_hello = |event: &Event| match event {
        Event::Sent { message, .. } | Event::Received { message } => message.name() == "ClientHello",
        _ => false,
    };
    let start = trace.iter().rposition(|traced| is_hello(&traced.event)).unwrap_or(0);
    &trace[start..]
}

/// The event that `pick` finds at the client and at the server.
fn both<'a, T>(trace: &'a [Traced], pick: impl Fn(&'a Event) -> Option<T>) -> Option<(T, T)> {
    let at = |side| trace.iter().filter(|traced| traced.side == side).find_map(|traced| pick(&traced.event));
    Some((at(Side::Client)?, at(Side::Server)?))
}

/// Where the key exchange went apart.
fn exchange(trace: &[Traced]) -> Option<Cause> {
    if let Some((client, server)) = both(trace, |event| match event {
        Event::DiffieHellman { z, premaster, .. } => Some((z, premaster)),
        _ => None,
    }) {
        return match (client.0 == server.0, client.1 == server.1) {
            (false, _) => Some(Cause::PublicValue),
            (true, false) => Some(Cause::Z),
            (true, true) => None,
        };
    }
    let refused_value = |event: &Event| matches!(event, Event::PublicValueRefused { .. });
    if trace.iter().any(|traced| refused_value(&traced.event)) {
        return Some(Cause::PublicValue);
    }
    if let Some((client, server)) = both(trace, |event| match event {
        Event::Ecdh { premaster, .. } => Some(premaster),
        _ => None,
    }) {
        return (client != server).then_some(Cause::Ecdh);
    }
    let (client, server) = both(trace, |event| match event {
        Event::RsaTransport { premaster, .. } => Some(premaster),
        _ => None,
    })?;
    (client != server).then_some(Cause::Rsa)
}

/// Where the same premaster secret led to different master secrets.
fn master(trace: &[Traced]) -> Option<Cause> {
    let (client, server) = both(trace, |event| match event {
        Event::MasterSecret { master, .. } => Some(master),
        _ => None,
    })?;
    (client != server).then_some(Cause::Ems)
}

/// A session that one side refused on looking at it, or of which the sides have different master secrets.
fn session(trace: &[Traced]) -> Option<Cause> {
    let resumed = both(trace, |event| match event {
        Event::SessionResumed { master, .. } => Some(master),
        _ => None,
    });
    let differ = resumed.is_some_and(|(client, server)| client != server);
    let looked_at_session =
        |event: &Event| matches!(event, Event::ResumptionDecided { .. } | Event::SessionResumed { .. });
    let refused = before_refusal(trace).is_some_and(looked_at_session);
    (differ || refused).then_some(Cause::Session)
}

/// What the side that refused something did, or came across, just before. That a server has declined to resume a session
/// is no part of it: the full handshake goes on from the ClientHello.
fn before_refusal(trace: &[Traced]) -> Option<&Event> {
    let refusal = trace.iter().position(|traced| matches!(traced.event, Event::Refused { .. }))?;
    let refuser = trace[refusal].side;
    let declined = |event: &Event| matches!(event, Event::ResumptionDecided { decision: ResumePolicy::Full, .. });
    let mut events = trace[..refusal].iter().rev().filter(|traced| traced.side == refuser).map(|traced| &traced.event);
    events.find(|event| !declined(event))
}

/// A side that refused what the other's hello offered or chose.
fn hellos(trace: &[Traced]) -> Option<Cause> {
    let is_hello = |message: &Message| matches!(message.name(), "ClientHello" | "ServerHello");
    matches!(before_refusal(trace)?, Event::Received { message } if is_hello(message)).then_some(Cause::Negotiation)
}
