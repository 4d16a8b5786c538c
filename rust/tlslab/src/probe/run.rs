//! The runner: it asks the plan what comes next, dials, and looks, at no more than a polite rate.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tlslab_proto::crypto::Side;

use super::dial::{Call, Dial};
use super::findings;
use super::observation::Observation;
use super::plan::Plan;
use super::record::Record;
use super::report::{Ended, Report};
use super::step::Step;
use crate::peer::PeerError;

/// How long is slept at most before it is looked whether to stop.
const POLL: Duration = Duration::from_millis(20);

/// How a probe is made.
#[derive(Debug, Clone, PartialEq)]
pub struct ProbeOptions {
    /// What is asked.
    pub plan: Plan,
    /// The seed of the first connection; each has its own, the next number.
    pub seed: u64,
    /// No more connections than this are made.
    pub max_connections: u16,
    /// The time from the beginning of one connection to that of the next, at least.
    pub interval: Duration,
    /// No connection is begun once this much time has passed; `None` for as much as it takes.
    pub max_time: Option<Duration>,
}

impl ProbeOptions {
    /// Everything is asked, as fast as the peer answers.
    pub fn new(seed: u64) -> Self {
        Self { plan: Plan::default(), seed, max_connections: u16::MAX, interval: Duration::ZERO, max_time: None }
    }
}

/// How far a probe is, and whether it is to stop.
#[derive(Debug, Default)]
pub struct Watch {
    /// Set from outside to stop.
    pub cancelled: AtomicBool,
    /// Connections made.
    pub connections: AtomicUsize,
    /// Clients waited for, one after the other.
    pub wanted: AtomicUsize,
    /// Clients that have come.
    pub came: AtomicUsize,
}

impl Watch {
    fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// Waits until `when`, or until told to stop.
    fn wait_until(&self, when: Instant) {
        loop {
            let left = when.saturating_duration_since(Instant::now());
            if left.is_zero() || self.is_cancelled() {
                return;
            }
            thread::sleep(left.min(POLL));
        }
    }
}

/// Judges the server to which `dial` leads.
///
/// # Errors
/// Not even the first connection could be made. Where a later one cannot, the report says so, and what was found until
/// then.
pub fn probe_server(dial: &mut dyn Dial, options: &ProbeOptions, watch: &Watch) -> Result<Report, PeerError> {
    let mut record = Record::new();
    let began = Instant::now();
    let mut due = began;
    let ended = loop {
        let Some(step) = options.plan.next(record.counted()) else { break Ended::Complete };
        let made = record.made().len();
        if made >= usize::from(options.max_connections) {
            break Ended::MaxConnections;
        }
        if options.max_time.is_some_and(|most| began.elapsed() >= most) {
            break Ended::MaxTime;
        }
        watch.wait_until(due);
        due = Instant::now() + options.interval;
        let number = u16::try_from(made).unwrap_or(u16::MAX);
        let seed = options.seed.wrapping_add(u64::from(number));
        let dialled = dial.dial(Call { step: &step, number, seed, cancelled: &watch.cancelled });
        // A connection that was cut off tells nothing.
        if watch.is_cancelled() {
            break Ended::Interrupted;
        }
        match dialled {
            Ok(dialled) => {
                let seen = Observation::of(number, seed, &step, dialled);
                let late = seen.late;
                // Its repetition may have another session to offer, and is the same question.
                record.add(Step { session: None, ..step }, seen, late);
            }
            Err(error) if made == 0 => return Err(error),
            Err(error) => break Ended::Unreachable(error.to_string()),
        }
        watch.connections.store(record.made().len(), Ordering::Relaxed);
    };
    let findings = findings::of_a_server(record.counted());
    Ok(Report::new(Side::Server, options.seed, ended, findings, record.into_made()))
}
