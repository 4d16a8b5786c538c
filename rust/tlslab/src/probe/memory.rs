//! A simulated server to judge: whether a probe tells the truth can be tried over thousands of them.

use std::sync::Arc;

use tlslab_proto::behaviour::{BehaviourError, ServerBehaviour};
use tlslab_proto::crypto::Side;
use tlslab_proto::crypto::draws::Draws;
use tlslab_proto::endpoint::diffie_hellman::Honest;
use tlslab_proto::endpoint::session::SessionStores;
use tlslab_proto::endpoint::trace::Event;
use tlslab_proto::endpoint::{Environment, Server, ServerConfig, Signatures};

use super::dial::{Call, Caller, Dial, Dialled};
use crate::link::fault::Wire;
use crate::link::{Observer, memory};
use crate::peer::PeerError;
use crate::scenario::connection::Recorder;

/// A server in memory. All connections to it are of one trial, and share its sessions.
pub struct MemoryServer {
    config: Arc<ServerConfig>,
    draws: Draws,
    sessions: SessionStores,
}

impl MemoryServer {
    /// A server that acts like this, with this seed of its own.
    ///
    /// # Errors
    /// The behaviour contradicts itself.
    pub fn new(behaviour: &ServerBehaviour, seed: u64) -> Result<Self, BehaviourError> {
        let config = Arc::new(ServerConfig::new(behaviour)?);
        Ok(Self { config, draws: Draws::new(seed, 0), sessions: SessionStores::default() })
    }
}

impl Dial for MemoryServer {
    fn dial(&mut self, call: Call<'_>) -> Result<Dialled, PeerError> {
        let mut caller = Caller::new(call, Signatures::Simulated, None, 0)?;
        let environment = Environment {
            draws: self.draws,
            connection: call.number,
            diffie_hellman: Arc::new(Honest::with_groups(self.config.groups().to_vec())),
            signatures: Signatures::Simulated,
            edits: Arc::new([]),
            sessions: self.sessions.clone(),
            now: 0,
        };
        let mut server: Server<Vec<Event>> = Server::new(self.config.clone(), environment);
        let mut settle = |caller: &mut Caller| {
            let observer = &mut OwnSide(&mut caller.recorder);
            memory::run(&mut caller.client, &mut server, &mut Wire::new(None), observer);
        };
        settle(&mut caller);
        if call.step.renegotiates && caller.client.renegotiate().is_ok() {
            settle(&mut caller);
        }
        let outcome = caller.outcome();
        caller.client.close();
        settle(&mut caller);
        Ok(caller.finish(outcome))
    }
}

/// Sees what a client sees of a server, and no more.
struct OwnSide<'a>(&'a mut Recorder);

impl Observer<Vec<Event>> for OwnSide<'_> {
    fn stepped(&mut self, side: Side, sink: &mut Vec<Event>) {
        if side == Side::Client {
            self.0.stepped(side, sink);
        } else {
            sink.clear();
        }
    }

    fn crossed(&mut self, sender: Side, bytes: &[u8]) {
        self.0.crossed(sender, bytes);
    }
}
