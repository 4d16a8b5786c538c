//! How far an attack got, judged by the traces alone. Nothing here can see a behaviour, nor the attacker's.

use serde::Serialize;
use tlslab_proto::crypto::Side;
use tlslab_proto::crypto::exporter::ChannelBinding;
use tlslab_proto::endpoint::Established;
use tlslab_proto::endpoint::trace::Event;
use tlslab_proto::wire::Message;

use super::Legs;
use crate::scenario::verdict::Traced;

/// The label under which a [`Comparison`] exports, 32 bytes without a context.
pub const EXPORTER_LABEL: &str = "EXPORTER-tlslab";

/// What the attack has to achieve, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Handshake 1: both connections are established.
    FirstHandshake,
    /// Both have the same master secret and the same randoms. RFC 7627 4 is against it: with EMS the master secret
    /// depends on all handshake messages, the server's certificate among them.
    SameMasterSecret,
    /// Handshake 2: client and server have both resumed their sessions. RFC 7627 5.2 and 5.3 are against it where the
    /// sessions have no EMS.
    Resumption,
    /// The first Finished of that handshake is the same on both sides, and so is tls-unique.
    SameFinished,
    /// The server has got data that the client has not sent.
    Injection,
    /// Handshake 3: client and server have renegotiated, with what RFC 5746 binds it to being the same on both sides. RFC
    /// 7627 5.4 is against it where handshake 2 has resumed a session without EMS.
    Renegotiation,
    /// The client has authenticated to the server in it.
    ClientAuthentication,
    /// What the server has got ends with what the client has sent: the connection holds, and all of it is the client's.
    Attribution,
}

/// How far an attack got.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verdict {
    /// Whether all steps were reached: the server takes the attacker's data for the authenticated client's.
    pub succeeded: bool,
    /// The first step that was not reached.
    pub failed_at: Option<Step>,
    /// All steps, in order. One that was missed does not keep the attacker from trying the next.
    pub steps: Vec<Reached>,
    /// The handshakes that either side has finished.
    pub handshakes: Vec<Comparison>,
    /// What the parties found wrong, in order.
    pub refusals: Vec<Refusal>,
}

/// A step, and whether it was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Reached {
    /// The step.
    pub step: Step,
    /// Whether it was.
    pub reached: bool,
}

/// A handshake as the client and as the server have it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// Its number, from 1.
    pub handshake: usize,
    /// The client's, if it has finished it.
    pub client: Option<Finished>,
    /// The server's, if it has finished it.
    pub server: Option<Finished>,
    /// What is the same, if both have finished it.
    pub same: Option<Same>,
}

/// What a finished handshake has come to at one side.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finished {
    /// What it agreed on.
    pub agreed: Established,
    /// What it gives to bind something to.
    pub binding: ChannelBinding,
}

/// What is the same at client and server, who believe to have it with the attacker alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Same {
    /// The master secret.
    pub master_secret: bool,
    /// Both randoms.
    pub randoms: bool,
    /// The channel binding tls-unique (RFC 5929).
    pub tls_unique: bool,
    /// Exported keying material (RFC 5705), under [`EXPORTER_LABEL`].
    pub exporter: bool,
}

/// What a party found wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// In which connection, from 1.
    pub connection: usize,
    /// Which party.
    pub party: Party,
    /// What, in words.
    pub reason: String,
}

/// A party of the attack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Party {
    /// The client.
    Client,
    /// The attacker.
    Attacker,
    /// The server.
    Server,
}

/// Judges both connections.
pub fn judge(connections: &[Legs; 2]) -> Verdict {
    let [first, second] = connections;
    let near = finished(&first.client.trace, Side::Client);
    let far = finished(&first.server.trace, Side::Server);
    let [to_client, to_server] =
        [finished(&first.client.trace, Side::Server), finished(&first.server.trace, Side::Client)];
    let first_ends: Vec<_> = [&near, &to_client, &to_server, &far].into_iter().filter_map(|end| end.first()).collect();
    let client = finished(&second.client.trace, Side::Client);
    let server = finished(&second.server.trace, Side::Server);
    let handshakes: Vec<_> = [(near.first(), far.first())]
        .into_iter()
        .chain((0..client.len().max(server.len())).map(|index| (client.get(index), server.get(index))))
        .zip(1..)
        .map(|((client, server), handshake)| Comparison::of(handshake, client, server))
        .filter(|comparison| comparison.client.is_some() || comparison.server.is_some())
        .collect();

    let (sent, received) = (sent(&second.client.trace), received(&second.server.trace));
    let is_foreign = !sent.starts_with(&received);
    let resumed = |finished: &[Finished]| finished.first().is_some_and(|first| first.agreed.resumed.is_some());
    let authenticated = |finished: &[Finished]| {
        finished.get(1).is_some_and(|third| third.agreed.client_certificate.is_some())
            && second.server.trace.iter().any(|traced| matches!(traced.event, Event::ClientAuthenticated { .. }))
    };
    let resumed = resumed(&client) && resumed(&server);
    let steps = [
        (Step::FirstHandshake, first_ends.len() == 4),
        (
            Step::SameMasterSecret,
            first_ends.len() == 4 && first_ends.windows(2).all(|pair| pair[0].has_secrets_of(pair[1])),
        ),
        (Step::Resumption, resumed),
        (Step::SameFinished, resumed && handshakes.iter().any(|one| one.handshake == 2 && one.has_same_finished())),
        (Step::Injection, is_foreign),
        (Step::Renegotiation, client.len() >= 2 && server.len() >= 2),
        (Step::ClientAuthentication, authenticated(&server)),
        (Step::Attribution, is_foreign && !sent.is_empty() && received.ends_with(&sent)),
    ];
    let steps = steps.map(|(step, reached)| Reached { step, reached }).to_vec();
    let failed_at = steps.iter().find(|step| !step.reached).map(|step| step.step);
    Verdict { succeeded: failed_at.is_none(), failed_at, steps, handshakes, refusals: refusals(connections) }
}

impl Finished {
    fn has_secrets_of(&self, other: &Self) -> bool {
        self.binding.master_secret == other.binding.master_secret && self.has_randoms_of(other)
    }

    fn has_randoms_of(&self, other: &Self) -> bool {
        let [own, others] = [self, other].map(|one| (&one.binding.client_random, &one.binding.server_random));
        own == others
    }

    fn exported(&self) -> Option<Vec<u8>> {
        self.binding.export(EXPORTER_LABEL, None, 32).ok()
    }
}

impl Comparison {
    fn of(handshake: usize, client: Option<&Finished>, server: Option<&Finished>) -> Self {
        let same = client.zip(server).map(|(client, server)| Same {
            master_secret: client.binding.master_secret == server.binding.master_secret,
            randoms: client.has_randoms_of(server),
            tls_unique: client.binding.tls_unique == server.binding.tls_unique,
            exporter: client.exported() == server.exported(),
        });
        Self { handshake, client: client.cloned(), server: server.cloned(), same }
    }

    fn has_same_finished(&self) -> bool {
        self.same.is_some_and(|same| same.tls_unique)
    }
}

/// The handshakes that `side` has finished, in order.
fn finished(trace: &[Traced], side: Side) -> Vec<Finished> {
    let finished = |traced: &Traced| match &traced.event {
        Event::Established { agreed, binding: Some(binding) } if traced.side == side => {
            Some(Finished { agreed: agreed.clone(), binding: binding.clone() })
        }
        _ => None,
    };
    trace.iter().filter_map(finished).collect()
}

/// The application data that was sent.
fn sent(trace: &[Traced]) -> Vec<u8> {
    let data = |traced: &Traced| match &traced.event {
        Event::Sent { message: Message::ApplicationData { data }, .. } => data.to_vec(),
        _ => Vec::new(),
    };
    trace.iter().flat_map(data).collect()
}

/// The application data that was received.
fn received(trace: &[Traced]) -> Vec<u8> {
    let data = |traced: &Traced| match &traced.event {
        Event::Received { message: Message::ApplicationData { data } } => data.to_vec(),
        _ => Vec::new(),
    };
    trace.iter().flat_map(data).collect()
}

fn refusals(connections: &[Legs; 2]) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    for (legs, connection) in connections.iter().zip(1..) {
        for (leg, end) in [(&legs.client, Side::Client), (&legs.server, Side::Server)] {
            for traced in &leg.trace {
                let party = match traced.side {
                    side if side != end => Party::Attacker,
                    Side::Client => Party::Client,
                    Side::Server => Party::Server,
                };
                if let Event::Refused { reason } = &traced.event {
                    refusals.push(Refusal { connection, party, reason: reason.clone() });
                }
            }
        }
    }
    refusals
}
