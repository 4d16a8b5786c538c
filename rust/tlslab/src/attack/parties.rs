//! The three parties' endpoints, and how they are driven.

use std::sync::Arc;

use tlslab_proto::behaviour::{BehaviourError, ClientBehaviour, ServerBehaviour};
use tlslab_proto::crypto::Side;
use tlslab_proto::crypto::draws::Draws;
use tlslab_proto::endpoint::diffie_hellman::{DiffieHellman, Honest};
use tlslab_proto::endpoint::session::SessionStores;
use tlslab_proto::endpoint::trace::Event;
use tlslab_proto::endpoint::{
    Client, ClientConfig, Endpoint, Environment, Role, Server, ServerConfig, Signatures, Step,
};

use super::AttackError;
use super::attacker::{ExponentOne, identity};
use crate::link::Observer;
use crate::scenario::connection::{Connection, Recorder};
use crate::scenario::outcome::{Outcome, View};

/// More steps than an endpoint takes before it waits for bytes again.
const MAX_STEPS: usize = 10_000;

/// The number of the attacker's connection among the draws; the others' are 0 and 1.
const ATTACKERS: u16 = 2;

/// An endpoint with its trace.
pub(super) type TracedClient = Client<Vec<Event>>;
/// An endpoint with its trace.
pub(super) type TracedServer = Server<Vec<Event>>;

/// What the parties' endpoints are made from.
pub(super) struct Parties {
    client: Arc<ClientConfig>,
    server: Arc<ServerConfig>,
    /// The client's sessions and the server's, which the attacker does not see.
    sessions: SessionStores,
    draws: Draws,
}

impl Parties {
    pub(super) fn new(client: &ClientBehaviour, server: &ServerBehaviour, seed: u64) -> Result<Self, AttackError> {
        let wrong = |side| move |source: BehaviourError| AttackError::Behaviour { side, source };
        Ok(Self {
            client: Arc::new(ClientConfig::new(client).map_err(wrong(Side::Client))?),
            server: Arc::new(ServerConfig::new(server).map_err(wrong(Side::Server))?),
            sessions: SessionStores::default(),
            draws: Draws::new(seed, 0),
        })
    }

    /// The client, in its connection of this number.
    pub(super) fn client(&self, connection: u16) -> TracedClient {
        Client::new(self.client.clone(), self.honest(connection))
    }

    /// The server, in its connection of this number.
    pub(super) fn server(&self, connection: u16) -> TracedServer {
        Server::new(self.server.clone(), self.honest(connection))
    }

    /// The attacker as a client.
    ///
    /// # Errors
    /// The behaviour cannot be.
    pub(super) fn attacking_client(&self, behaviour: &ClientBehaviour) -> Result<TracedClient, BehaviourError> {
        let config = ClientConfig::new(behaviour)?;
        Ok(Client::new(Arc::new(config), self.attacking()))
    }

    /// The attacker as a server.
    ///
    /// # Errors
    /// The behaviour cannot be.
    pub(super) fn attacking_server(&self, behaviour: &ServerBehaviour) -> Result<TracedServer, BehaviourError> {
        let config = ServerConfig::with_identities(behaviour, vec![identity().clone()])?;
        Ok(Server::new(Arc::new(config), self.attacking()))
    }

    fn honest(&self, connection: u16) -> Environment {
        self.environment(connection, Arc::new(Honest::default()), self.sessions.clone())
    }

    fn attacking(&self) -> Environment {
        self.environment(ATTACKERS, Arc::new(ExponentOne::default()), SessionStores::default())
    }

    fn environment(
        &self,
        connection: u16,
        diffie_hellman: Arc<dyn DiffieHellman>,
        sessions: SessionStores,
    ) -> Environment {
        Environment {
            draws: self.draws,
            connection,
            diffie_hellman,
            signatures: Signatures::Real,
            edits: Arc::from([]),
            sessions,
            now: 0,
        }
    }
}

/// Steps an endpoint until it is blocked, and gives what it sends. Before each step `prepared` may look at what it is
/// about to send, and change it.
pub(super) fn settle_with<R: Role>(
    endpoint: &mut Endpoint<R, Vec<Event>>,
    recorder: &mut Recorder,
    mut prepared: impl FnMut(&mut Endpoint<R, Vec<Event>>),
) -> Vec<u8> {
    for _ in 0..MAX_STEPS {
        if endpoint.prepare() {
            prepared(endpoint);
        }
        if endpoint.step() == Step::Blocked {
            break;
        }
        recorder.stepped(endpoint.side(), endpoint.trace());
    }
    endpoint.take_output()
}

/// Steps an endpoint until it is blocked, and gives what it sends.
pub(super) fn settle<R: Role>(endpoint: &mut Endpoint<R, Vec<Event>>, recorder: &mut Recorder) -> Vec<u8> {
    settle_with(endpoint, recorder, |_| {})
}

/// Hands bytes that `endpoint`'s peer has sent to it.
pub(super) fn hand_over<R: Role>(bytes: &[u8], endpoint: &mut Endpoint<R, Vec<Event>>, recorder: &mut Recorder) {
    if !bytes.is_empty() {
        recorder.crossed(endpoint.side().peer(), bytes);
        endpoint.receive(bytes);
    }
}

/// How an endpoint sees its connection.
pub(super) fn view<R: Role>(endpoint: &Endpoint<R, Vec<Event>>) -> View<'_> {
    View { side: endpoint.side(), status: endpoint.status(), expects: endpoint.expects() }
}

/// The connection that `recorder` has kept, of which `views` are the ends that the lab has.
pub(super) fn finish<R: Role>(
    recorder: Recorder,
    end: &Endpoint<R, Vec<Event>>,
    views: &[View<'_>],
    satisfied: bool,
) -> Connection {
    recorder.finish(Outcome::of(views, end.established(), satisfied))
}
