//! Who gets a thread: the accepting of connections, and the slots that they take.

use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::{Shared, conversation};

/// How long the accepting thread sleeps where nobody comes: at first, so that who comes next is not kept waiting, and at
/// most.
const FIRST_POLL: Duration = Duration::from_micros(500);
const LAST_POLL: Duration = Duration::from_millis(10);

/// How long a handshake is safe from having to make room. An honest one takes far less.
const GRACE: Duration = Duration::from_secs(1);

/// A connection's place among those that go on at the same time.
pub(super) struct Slot {
    since: Instant,
    /// Set when its handshake is done: from then on it does not have to make room.
    established: AtomicBool,
    /// Set to end it.
    cancelled: AtomicBool,
}

impl Slot {
    pub(super) fn set_established(&self) {
        self.established.store(true, Ordering::Relaxed);
    }

    pub(super) fn cancelled(&self) -> &AtomicBool {
        &self.cancelled
    }

    fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }
}

/// The slots that are taken, the oldest first, and their threads.
#[derive(Default)]
struct Slots(Vec<(Arc<Slot>, JoinHandle<()>)>);

impl Slots {
    fn sweep(&mut self) {
        self.0.retain(|(_, worker)| !worker.is_finished());
    }

    /// Gives a connection a slot and a thread. Where there is no thread to be had, the connection is closed.
    fn take(&mut self, stream: TcpStream, shared: &Arc<Shared>, number: u64) {
        let slot = Arc::new(Slot {
            since: Instant::now(),
            established: AtomicBool::new(false),
            cancelled: AtomicBool::new(false),
        });
        let worker = thread::Builder::new().spawn({
            let (shared, slot) = (shared.clone(), slot.clone());
            move || {
                if let Some(connection) = conversation::converse(&stream, &shared, &slot, number) {
                    shared.finished().add(connection);
                }
            }
        });
        self.0.extend(worker.ok().map(|worker| (slot, worker)));
    }

    /// Ends the oldest connection that should have finished its handshake by now.
    fn make_room(&self) {
        let stuck = |slot: &&Arc<Slot>| !slot.established.load(Ordering::Relaxed) && slot.since.elapsed() >= GRACE;
        if let Some(slot) = self.0.iter().map(|(slot, _)| slot).find(stuck) {
            slot.cancel();
        }
    }
}

/// Accepts connections until the server is stopped or has had as many as it was to have, and waits for their end.
pub(super) fn accept(listener: TcpListener, shared: &Arc<Shared>) {
    let mut slots = Slots::default();
    let mut waiting: Option<TcpStream> = None;
    let (mut number, mut poll) = (0, FIRST_POLL);
    while !shared.is_stopped() && shared.options.connections.is_none_or(|most| number < most) {
        slots.sweep();
        waiting = waiting.or_else(|| listener.accept().ok().map(|(stream, _)| stream));
        if slots.0.len() < shared.options.max_connections
            && let Some(stream) = waiting.take()
        {
            slots.take(stream, shared, number);
            (number, poll) = (number + 1, FIRST_POLL);
            continue;
        }
        if waiting.is_some() {
            slots.make_room();
        }
        thread::sleep(poll);
        poll = LAST_POLL.min(2 * poll);
    }
    // Whoever comes now is to be told so.
    drop(listener);
    while !slots.0.is_empty() {
        if shared.is_stopped() {
            slots.0.iter().for_each(|(slot, _)| slot.cancel());
        }
        slots.sweep();
        thread::sleep(LAST_POLL);
    }
}
