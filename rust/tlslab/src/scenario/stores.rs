//! What the connections of a trial leave each other: the sessions of both sides, and the time.

use std::sync::Arc;

use tlslab_proto::endpoint::session::{MemoryClientSessions, MemoryServerSessions, SessionStores};

use super::{Forget, Plan};

/// The sessions of both sides of one trial, and its time. A trial starts with none, at 0 seconds.
#[derive(Default)]
pub struct Stores {
    client: Arc<MemoryClientSessions>,
    server: Arc<MemoryServerSessions>,
    now: u64,
}

impl Stores {
    /// Lets happen what comes before a connection by its plan.
    pub(super) fn prepare(&mut self, plan: &Plan) {
        self.now = self.now.saturating_add(plan.seconds_before);
        for forget in &plan.forgets {
            match forget {
                Forget::ClientSessions => self.client.clear(),
                Forget::ServerSessions => self.server.clear(),
                Forget::TicketKey => self.server.forget_ticket_key(),
            }
        }
    }

    /// The stores, for both endpoints.
    pub(super) fn sessions(&self) -> SessionStores {
        SessionStores { client: self.client.clone(), server: self.server.clone() }
    }

    /// The time, in seconds.
    pub(super) fn now(&self) -> u64 {
        self.now
    }
}
