//! The fidelities behind one door: a window of trials goes in, the tally takes them in order.

use std::ops::Range;
use std::sync::atomic::AtomicBool;

use super::ExperimentError;
use super::class::Classes;
use super::stop::{StopRules, Stopped};
use super::tally::Tally;
use super::wire::Wire;

/// How a run's trials are done.
pub(super) enum Tier<'a> {
    /// Byte for byte.
    Wire(Wire<'a>),
    /// By classes.
    Class(Classes<'a>),
}

impl Tier<'_> {
    /// The name in reports.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Wire(_) => "wire",
            Self::Class(_) => "class",
        }
    }

    /// Runs the trials of a window and has `tally` take them in; gives the rule that stopped it on the way. The rules are
    /// looked at after each trial, in the order of indices, so that neither threads nor windows change anything.
    pub(super) fn run(
        &mut self,
        window: Range<u64>,
        cancelled: &AtomicBool,
        rules: &StopRules,
        tally: &mut Tally,
    ) -> Result<Option<Stopped>, ExperimentError> {
        match self {
            Self::Wire(wire) => {
                for trial in wire.trials(window, cancelled)? {
                    tally.add(&trial);
                    if let Some(stopped) = rules.reached(tally)? {
                        return Ok(Some(stopped));
                    }
                }
            }
            Self::Class(classes) => {
                for class in classes.of(window)? {
                    tally.add(classes.count(class, tally.trials()));
                    if let Some(stopped) = rules.reached(tally)? {
                        return Ok(Some(stopped));
                    }
                }
            }
        }
        Ok(None)
    }
}
