//! The connections that have finished, kept for whoever asks.

use std::collections::VecDeque;

use crate::scenario::connection::Connection;

/// As many finished connections as are kept; older ones are dropped.
const KEPT_CONNECTIONS: usize = 1_000;

/// As many bytes as all of them take together; the last connection is kept in any case.
const KEPT_SIZE: usize = 64 << 20;

/// About as many bytes as an event takes beside those that crossed for it, with the message that is made of it.
const EVENT_SIZE: usize = 1024;

/// So often is kept what crossed: as it did, in the trace, and as a message and its fields.
const COPIES: usize = 4;

/// The connections that have finished.
#[derive(Default)]
pub(super) struct Finished {
    /// How many there have been.
    total: u64,
    /// The last of them.
    kept: VecDeque<Connection>,
    /// What they take.
    size: usize,
}

impl Finished {
    pub(super) fn add(&mut self, connection: Connection) {
        self.size += size_of(&connection);
        self.kept.push_back(connection);
        self.total += 1;
        while self.kept.len() > KEPT_CONNECTIONS || (self.size > KEPT_SIZE && self.kept.len() > 1) {
            self.size -= self.kept.pop_front().as_ref().map_or(0, size_of);
        }
    }

    /// What is kept but for the first `seen` of all.
    pub(super) fn after(&self, seen: u64) -> impl Iterator<Item = &Connection> {
        let dropped = self.total - self.kept.len() as u64;
        let skipped = usize::try_from(seen.saturating_sub(dropped)).unwrap_or(usize::MAX);
        self.kept.iter().skip(skipped)
    }

    /// How many there have been.
    pub(super) fn total(&self) -> u64 {
        self.total
    }
}

fn size_of(connection: &Connection) -> usize {
    let crossed: usize = connection.flights.iter().map(|flight| flight.bytes.len()).sum();
    COPIES * crossed + connection.trace.len() * EVENT_SIZE
}
