//! How a probe reaches the server that it judges. Whether that is a real one or a simulated one, it sees the same: its
//! own side of the connection.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use tlslab_proto::behaviour::BehaviourError;
use tlslab_proto::crypto::certificate::Identity;
use tlslab_proto::crypto::draws::Draws;
use tlslab_proto::endpoint::session::{ClientSession, ClientSessions, MemoryClientSessions, SessionStores};
use tlslab_proto::endpoint::trace::Event;
use tlslab_proto::endpoint::{Client, ClientConfig, Environment, Signatures, Status};

use super::step::Step;
use crate::peer::PeerError;
use crate::scenario::connection::{Connection, Recorder};
use crate::scenario::outcome::{Outcome, View};

/// One connection to make.
#[derive(Clone, Copy)]
pub struct Call<'a> {
    /// What is to be done in it.
    pub step: &'a Step,
    /// Its number within the probe, from 0.
    pub number: u16,
    /// The seed of the client's randomness.
    pub seed: u64,
    /// Set from outside to stop.
    pub cancelled: &'a AtomicBool,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Dialled {
    /// What the client saw.
    pub connection: Connection,
    /// The session that it could resume.
    pub session: Option<ClientSession>,
    /// Whether the lab's own deadline cut it off.
    pub late: bool,
}

/// A way to the server.
pub trait Dial {
    /// Makes a connection, whatever becomes of it.
    ///
    /// # Errors
    /// There is none.
    fn dial(&mut self, call: Call<'_>) -> Result<Dialled, PeerError>;
}

/// The client's side of a connection.
pub(super) struct Caller {
    pub(super) client: Client<Vec<Event>>,
    pub(super) recorder: Recorder,
    sessions: Arc<MemoryClientSessions>,
    server_name: Option<String>,
}

impl Caller {
    /// A client that is about to do what the call wants.
    pub(super) fn new(
        call: Call<'_>,
        signatures: Signatures,
        identity: Option<&Identity>,
        now: u64,
    ) -> Result<Self, BehaviourError> {
        let step = call.step;
        let config = match identity {
            Some(identity) => ClientConfig::with_identities(&step.client, vec![identity.clone()])?,
            None => ClientConfig::new(&step.client)?,
        };
        let server_name = step.client.own.server_name.clone();
        let sessions = Arc::new(MemoryClientSessions::default());
        if let Some(session) = &step.session {
            sessions.put(server_name.as_deref(), session.clone());
        }
        let environment = Environment {
            draws: Draws::new(call.seed, 0),
            connection: 0,
            diffie_hellman: step.share.provider(),
            signatures,
            edits: Arc::new([]),
            sessions: SessionStores { client: sessions.clone(), ..SessionStores::default() },
            now,
        };
        let client = Client::new(Arc::new(config), environment);
        Ok(Self { client, recorder: Recorder::default(), sessions, server_name })
    }

    /// Whether the handshake is done.
    pub(super) fn established(&self) -> bool {
        *self.client.status() == Status::Established
    }

    /// What came of it, the client being where it wanted to be or not.
    pub(super) fn finish(self, outcome: Outcome) -> Dialled {
        let session = self.sessions.get(self.server_name.as_deref());
        Dialled { connection: self.recorder.finish(outcome), session, late: false }
    }

    /// How the connection stands.
    pub(super) fn outcome(&self) -> Outcome {
        let client = &self.client;
        let view = View { side: client.side(), status: client.status(), expects: client.expects() };
        Outcome::of(&[view], client.established(), self.established())
    }
}
