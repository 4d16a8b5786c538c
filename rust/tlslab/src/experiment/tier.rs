//! The fidelities behind one door: a window of trials goes in, the tally takes them in order.

use std::ops::Range;
use std::sync::atomic::AtomicBool;

use super::census::{self, Census};
use super::class::ByClass;
use super::classes::{Class, Classes};
use super::engines::Engines;
use super::options::{Fidelity, RunOptions};
use super::stop::{StopRules, Stopped};
use super::tally::Tally;
use super::wire::{self, Outcomes, Wire};
use super::{Experiment, ExperimentError};
use crate::scenario::connection::Setup;

/// How a run's trials are done.
pub(super) enum Tier<'a> {
    /// Byte for byte.
    Wire(Wire<'a>),
    /// By classes.
    Class(ByClass<'a>),
    /// By classes, in blocks.
    Census(Census<'a>),
}

impl<'a> Tier<'a> {
    /// The tier of a fidelity, at no trials yet.
    pub(super) fn new(
        experiment: &'a Experiment,
        setup: &'a Setup,
        engines: &'a Engines,
        fidelity: Fidelity,
        options: &RunOptions,
    ) -> Self {
        let (seed, digest, source) = (options.seed, options.digest, engines.source());
        let classes = Classes::new(experiment, setup, source, seed);
        match (engines, fidelity) {
            (Engines::Blocks(engine), _) => Self::Census(Census::new(engine, classes)),
            (_, Fidelity::Wire) => {
                Self::Wire(Wire { experiment, setup, source, seed, digest, outcomes: Outcomes::default() })
            }
            _ => Self::Class(ByClass { classes }),
        }
    }

    /// Whether the failures so far may be told while the run goes on.
    pub(super) fn tells_failures(&self) -> bool {
        !matches!(self, Self::Census(_))
    }

    /// The classes that have occurred.
    pub(super) fn classes(&self) -> &[Class] {
        match self {
            Self::Wire(_) => &[],
            Self::Class(tier) => tier.classes.classes(),
            Self::Census(tier) => tier.classes().classes(),
        }
    }

    /// How trials have ended at wire fidelity, in the order in which they first did.
    pub(super) fn outcomes(&self) -> &[String] {
        match self {
            Self::Wire(wire) => wire.outcomes.names(),
            Self::Class(_) | Self::Census(_) => &[],
        }
    }

    /// How many trials a thread does in one go: windows are made of so many.
    pub(super) fn grain(&self) -> u64 {
        match self {
            Self::Wire(_) => wire::CHUNK,
            Self::Class(_) => 64,
            Self::Census(_) => census::TILE,
        }
    }

    /// The most trials for a window: what is known of them is in memory until they are counted.
    pub(super) fn longest_window(&self) -> u64 {
        match self {
            Self::Wire(_) | Self::Class(_) => 1 << 20,
            Self::Census(_) => census::LONGEST_WINDOW * rayon::current_num_threads() as u64,
        }
    }

    /// Runs the trials of a window and has `tally` take them in; gives the rule that stopped it on the way. The rules are
    /// looked at after each trial, in the order of indices, so that neither threads nor windows change anything. A census
    /// has none that look at trials.
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
                    tally.code(wire.outcomes.position(&trial.label), 1)?;
                    if let Some(stopped) = rules.reached(tally.failures_so_far(), tally.next())? {
                        return Ok(Some(stopped));
                    }
                }
            }
            Self::Class(tier) => {
                for class in tier.classes_of(window)? {
                    tier.classes.sample(class, tier.classes.candidate(tally.next()));
                    tally.add(tier.classes.count(class, 1));
                    tally.code(class, 1)?;
                    if let Some(stopped) = rules.reached(tally.failures_so_far(), tally.next())? {
                        return Ok(Some(stopped));
                    }
                }
            }
            Self::Census(census) => census.run(window, cancelled, tally)?,
        }
        Ok(None)
    }
}
