//! Outlooks: what an explanation can come to, watched as the evidence was.

use tlslab_proto::crypto::Side;
use tlslab_proto::endpoint::trace::Event;

use super::key_log::KeyLog;
use super::observation::{Observation, Over, Premaster};
use super::traffic::Wiretap;
use crate::capture::Recording;
use crate::scenario::connection::Connection;

/// Something that an explanation can come to: how likely it is, and what is seen of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Outlook {
    pub(super) chance: f64,
    pub(super) seen: Observation,
    /// Whether the two sides have different master secrets.
    pub(super) masters_differ: bool,
    /// What each side makes of Z, where there is one.
    pub(super) premasters: [Option<Premaster>; 2],
}

impl Outlook {
    /// What a wiretap sees of a connection of the lab. `None` where it sees no TLS.
    pub(super) fn of(connection: &Connection, chance: f64) -> Option<Self> {
        let recording = Recording::from(connection);
        let mut wiretap = Wiretap::default();
        for flight in &recording.flights {
            wiretap.bytes(flight.sender as usize, &flight.bytes);
        }
        for (side, how) in recording.closings() {
            wiretap.closed(side as usize, how);
        }
        wiretap.fell_silent();
        let master = |side| {
            last(connection, side, |event| match event {
                Event::MasterSecret { master, .. } | Event::SessionResumed { master, .. } => Some(master.clone()),
                _ => None,
            })
        };
        let premaster = |side| {
            last(connection, side, |event| match event {
                Event::DiffieHellman { z, premaster, .. } => Some(Premaster::of(z, premaster)),
                _ => None,
            })
        };
        let masters = [master(Side::Client), master(Side::Server)];
        Some(Self {
            chance,
            seen: wiretap.observation(&KeyLog::default())?,
            masters_differ: matches!(&masters, [Some(client), Some(server)] if client != server),
            premasters: [premaster(Side::Client), premaster(Side::Server)],
        })
    }

    pub(super) fn over(mut self, over: Over) -> Self {
        self.seen.over = over;
        self
    }
}

/// The last event of a side that has what is looked for.
pub(super) fn last<T>(connection: &Connection, side: Side, pick: impl Fn(&Event) -> Option<T>) -> Option<T> {
    connection.trace.iter().rev().filter(|traced| traced.side == side).find_map(|traced| pick(&traced.event))
}

impl Premaster {
    /// How a logged premaster secret stands to the Z below a prime that it was made of.
    pub(super) fn of_logged(p: &[u8], premaster: &[u8]) -> Self {
        match premaster.first() {
            _ if premaster.len() < p.len() => Self::Stripped,
            Some(0) => Self::Kept,
            _ => Self::Full,
        }
    }

    /// How a premaster secret stands to its Z, in the length of the prime.
    pub(super) fn of(z: &[u8], premaster: &[u8]) -> Self {
        match (z.first(), premaster.first()) {
            (Some(0), Some(0)) => Self::Kept,
            (Some(0), _) => Self::Stripped,
            _ => Self::Full,
        }
    }
}
