//! The runner: it asks the plan what comes next, and waits for the client.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tlslab_proto::crypto::Side;

use super::findings::of_a_client;
use super::heard::Heard;
use super::meet::{Meet, Meeting};
use super::plan;
use super::sequential::ErrorRates;
use crate::peer::PeerError;
use crate::probe::record::Record;
use crate::probe::report::{Ended, Report};
use crate::probe::run::Watch;

/// Whoever comes and says no ClientHello is passed over, so often at most.
const MOST_STRANGERS: usize = 100;

/// How a client is probed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ListenOptions {
    /// The seed of the first connection; each has its own, the next number.
    pub seed: u64,
    /// No more connections than this are waited for.
    pub max_connections: u16,
    /// The error rates of the test for a client that takes only groups that it knows; `None` leaves it out.
    pub sequential: Option<ErrorRates>,
    /// No connection is waited for once this much time has passed; `None` for as much as it takes.
    pub max_time: Option<Duration>,
}

/// Judges the client that `meet` leads to.
///
/// # Errors
/// There can be no connections.
pub fn probe_client(meet: &mut dyn Meet, options: &ListenOptions, watch: &Watch) -> Result<Report<Heard>, PeerError> {
    let mut record = Record::new();
    let began = Instant::now();
    let mut strangers = 0;
    let ended = loop {
        let by_chance = || options.sequential.and_then(|rates| rates.next(record.counted()));
        let Some(turn) = plan::next(record.counted()).or_else(by_chance) else { break Ended::Complete };
        let made = record.made().len();
        if made >= usize::from(options.max_connections) {
            break Ended::MaxConnections;
        }
        if options.max_time.is_some_and(|most| began.elapsed() >= most) {
            break Ended::MaxTime;
        }
        watch.wanted.fetch_add(1, Ordering::Relaxed);
        let number = u16::try_from(made).unwrap_or(u16::MAX);
        let seed = options.seed.wrapping_add(u64::from(number));
        let met = meet.meet(Meeting { turn: &turn, number, seed, cancelled: &watch.cancelled, came: &watch.came })?;
        if watch.cancelled.load(Ordering::Relaxed) {
            break Ended::Interrupted;
        }
        let Some(met) = met else {
            break Ended::Unreachable("the client did not come again".to_owned());
        };
        match Heard::of(number, seed, &turn, &met) {
            Some(heard) => {
                let tells_nothing = met.late || heard.failed_by_chance();
                record.add(turn, heard, tells_nothing);
            }
            None if strangers < MOST_STRANGERS => strangers += 1,
            None => break Ended::Unreachable("whoever comes says no ClientHello".to_owned()),
        }
        watch.connections.store(record.made().len(), Ordering::Relaxed);
    };
    let findings = of_a_client(record.counted());
    Ok(Report::new(Side::Client, options.seed, ended, findings, record.into_made()))
}
