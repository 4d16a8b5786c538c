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
    data_connections: u16,
}

impl Stores {
    /// Lets happen what comes before a connection by its plan.
    pub(super) fn prepare(&mut self, plan: &Plan) {
        self.now = self.now.saturating_add(plan.seconds_before);
        self.forget(&plan.forgets);
    }

    /// Forgets what is to be forgotten.
    pub(super) fn forget(&self, forgets: &[Forget]) {
        for forget in forgets {
            match forget {
                Forget::ClientSessions => self.client.clear(),
                Forget::ServerSessions => self.server.clear(),
                Forget::TicketKey => self.server.forget_ticket_key(),
            }
        }
    }

    /// The number of the trial's next data connection. They count from the highest number down, so that those of the
    /// scenario's connections stay what they are.
    pub(super) fn next_data_connection(&mut self) -> u16 {
        let number = u16::MAX - self.data_connections;
        self.data_connections += 1;
        number
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
