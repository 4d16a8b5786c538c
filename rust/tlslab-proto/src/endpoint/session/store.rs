//! Where sessions are kept between connections.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{ClientSession, Session, TicketKey};

/// As many sessions as a store in memory keeps; the oldest goes first.
const CAPACITY: usize = 1_000;

/// The sessions of clients, by the name of the server: a session is offered to the server that it was made with, and to
/// no other. The nameless server is a name too.
pub trait ClientSessions: Send + Sync {
    /// The session to offer.
    fn get(&self, server_name: Option<&str>) -> Option<ClientSession>;
    /// Keeps a session in place of the one before.
    fn put(&self, server_name: Option<&str>, session: ClientSession);
    /// Forgets the session.
    fn remove(&self, server_name: Option<&str>);
}

/// The sessions of servers, by id, and the key of their tickets.
pub trait ServerSessions: Send + Sync {
    /// The session of an id.
    fn get(&self, id: &[u8]) -> Option<Session>;
    /// Keeps a session.
    fn put(&self, id: &[u8], session: Session);
    /// Forgets a session.
    fn remove(&self, id: &[u8]);
    /// The key of tickets; where there is none yet, `fresh` becomes it.
    fn ticket_key(&self, fresh: TicketKey) -> TicketKey;
}

/// The stores of both sides; an endpoint uses that of its own.
#[derive(Clone)]
pub struct SessionStores {
    /// The client's.
    pub client: Arc<dyn ClientSessions>,
    /// The server's.
    pub server: Arc<dyn ServerSessions>,
}

impl Default for SessionStores {
    /// Empty stores in memory.
    fn default() -> Self {
        Self { client: Arc::<MemoryClientSessions>::default(), server: Arc::<MemoryServerSessions>::default() }
    }
}

/// A map of bounded size, the oldest entry first. It is short, or its owner a server that has time.
struct Bounded<K, V>(VecDeque<(K, V)>);

impl<K: PartialEq, V> Bounded<K, V> {
    fn get(&self, key: &K) -> Option<&V> {
        self.0.iter().find(|(known, _)| known == key).map(|(_, value)| value)
    }

    fn put(&mut self, key: K, value: V) {
        self.remove(&key);
        if self.0.len() == CAPACITY {
            self.0.pop_front();
        }
        self.0.push_back((key, value));
    }

    fn remove(&mut self, key: &K) {
        self.0.retain(|(known, _)| known != key);
    }
}

impl<K, V> Default for Bounded<K, V> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

/// What a mutex guards, whatever happened to those who held it before: no operation leaves a store half changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Clients' sessions in memory, of the last 1,000 servers.
#[derive(Default)]
pub struct MemoryClientSessions(Mutex<Bounded<Option<String>, ClientSession>>);

impl MemoryClientSessions {
    /// Forgets all sessions.
    pub fn clear(&self) {
        lock(&self.0).0.clear();
    }
}

impl ClientSessions for MemoryClientSessions {
    fn get(&self, server_name: Option<&str>) -> Option<ClientSession> {
        lock(&self.0).get(&server_name.map(str::to_owned)).cloned()
    }

    fn put(&self, server_name: Option<&str>, session: ClientSession) {
        lock(&self.0).put(server_name.map(str::to_owned), session);
    }

    fn remove(&self, server_name: Option<&str>) {
        lock(&self.0).remove(&server_name.map(str::to_owned));
    }
}

/// A server's last 1,000 sessions in memory, and its ticket key.
#[derive(Default)]
pub struct MemoryServerSessions {
    sessions: Mutex<Bounded<Vec<u8>, Session>>,
    ticket_key: Mutex<Option<TicketKey>>,
}

impl MemoryServerSessions {
    /// Forgets all sessions. Tickets are not among them.
    pub fn clear(&self) {
        lock(&self.sessions).0.clear();
    }

    /// Forgets the ticket key: tickets under it are refused from now on.
    pub fn forget_ticket_key(&self) {
        *lock(&self.ticket_key) = None;
    }
}

impl ServerSessions for MemoryServerSessions {
    fn get(&self, id: &[u8]) -> Option<Session> {
        lock(&self.sessions).get(&id.to_vec()).cloned()
    }

    fn put(&self, id: &[u8], session: Session) {
        lock(&self.sessions).put(id.to_vec(), session);
    }

    fn remove(&self, id: &[u8]) {
        lock(&self.sessions).remove(&id.to_vec());
    }

    fn ticket_key(&self, fresh: TicketKey) -> TicketKey {
        lock(&self.ticket_key).get_or_insert(fresh).clone()
    }
}
