//! The classes of trials: the endpoints run once for each, and a sample of each is kept for the audit.
//!
//! A trial's class is the path of zero counts of its connections, as far as they happen. For each path the endpoints run
//! the connection of the first trial that takes it, and what it comes to counts for all that do.

use std::collections::{BinaryHeap, HashMap};

use tlslab_dh::batch::ExchangeZeros;
use tlslab_proto::crypto::draws::Draws;

use super::source::{Source, setup_of};
use super::trial::Trial;
use super::{Experiment, ExperimentError};
use crate::scenario::connection::Setup;
use crate::scenario::stores::Stores;

/// Trials of the largest class that are audited, and of each other class.
pub(super) const AUDITED_LARGEST: usize = 8_192;
pub(super) const AUDITED_OTHERS: usize = 1_024;

/// The zero counts of a trial's connections, up to the last that happens.
pub(super) type Path = Vec<ExchangeZeros>;

/// A class that has occurred.
pub(super) struct Class {
    pub(super) path: Path,
    /// What its first trial came to.
    pub(super) trial: Trial,
    pub(super) count: u64,
    /// The trials of lowest hash.
    sample: BinaryHeap<Candidate>,
}

/// A trial that may be in the audit; those of lowest hash are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Candidate {
    hash: u64,
    pub(super) index: u64,
}

/// The classes of a run.
pub(super) struct Classes<'a> {
    pub(super) experiment: &'a Experiment,
    setup: &'a Setup,
    /// None where no finite-field Diffie-Hellman happens: then all trials are of one class.
    pub(super) source: Option<&'a dyn Source>,
    seed: u64,
    stages: Vec<Stage>,
    classes: Vec<Class>,
}

/// Where those trials are whose connections have had the same zero counts so far.
struct Stage {
    path: Path,
    /// The stage after one connection more, by its zero counts.
    next: HashMap<ExchangeZeros, usize>,
    /// The trials' class, where no connection follows.
    class: Option<usize>,
}

impl<'a> Classes<'a> {
    /// The stage of trials before their first connection.
    pub(super) const START: usize = 0;

    pub(super) fn new(experiment: &'a Experiment, setup: &'a Setup, source: Option<&'a dyn Source>, seed: u64) -> Self {
        let start = Stage { path: Path::new(), next: HashMap::new(), class: None };
        Self { experiment, setup, source, seed, stages: vec![start], classes: Vec::new() }
    }

    /// The stage of a trial after one more connection, whose exchange has these zero counts. Trials are asked for in the
    /// order of their indices, so that the first one speaks for its class.
    pub(super) fn next(&mut self, stage: usize, zeros: ExchangeZeros, index: u64) -> Result<usize, ExperimentError> {
        match self.stages[stage].next.get(&zeros) {
            Some(next) => Ok(*next),
            None => self.learn(stage, zeros, index),
        }
    }

    /// The class of the trials at a stage, as a position among [`classes`](Self::classes); `None` if they go on.
    pub(super) fn ended(&self, stage: usize) -> Option<usize> {
        self.stages[stage].class
    }

    /// Counts trials to a class, and gives what it comes to.
    pub(super) fn count(&mut self, class: usize, trials: u64) -> &Trial {
        let class = &mut self.classes[class];
        class.count += trials;
        &class.trial
    }

    /// Has a trial stand for its class in the audit, if its hash is among the lowest.
    pub(super) fn sample(&mut self, class: usize, candidate: Candidate) {
        self.classes[class].sample(candidate);
    }

    /// A trial with its hash.
    pub(super) fn candidate(&self, index: u64) -> Candidate {
        Candidate { hash: self.hash(index), index }
    }

    /// A hash by the seed.
    pub(super) fn hash(&self, number: u64) -> u64 {
        hash(self.seed, number)
    }

    /// Which trials may still get into the sample of a class: that of the trials with these zeros in their only
    /// connection. All may where it is not full.
    pub(super) fn admits(&self, zeros: ExchangeZeros) -> impl Fn(&Candidate) -> bool {
        let stage = self.stages[Self::START].next.get(&zeros);
        let class = stage.and_then(|stage| self.stages[*stage].class).map(|class| &self.classes[class]);
        let full = class.filter(|class| class.sample.len() == AUDITED_LARGEST);
        let highest = full.and_then(|class| class.sample.peek().copied());
        move |candidate| highest.is_none_or(|highest| *candidate < highest)
    }

    /// Runs a connection with zero counts that no trial has had before.
    fn learn(&mut self, stage: usize, zeros: ExchangeZeros, index: u64) -> Result<usize, ExperimentError> {
        let mut path = self.stages[stage].path.clone();
        let number = path.len();
        path.push(zeros);
        let connections = &self.experiment.scenario.connections;
        let setup = setup_of(self.setup, self.source, number as u16, index);
        let (draws, mut stores) = (Draws::new(self.seed, index), Stores::default());
        let outcome = setup.record(draws, number as u16, &connections[number], &mut stores)?.outcome;
        let ends = outcome.failed() || path.len() == connections.len();
        let class = ends.then(|| {
            let trial = Trial::of(&outcome);
            self.classes.push(Class { path: path.clone(), trial, count: 0, sample: BinaryHeap::new() });
            self.classes.len() - 1
        });
        let next = self.stages.len();
        self.stages.push(Stage { path, next: HashMap::new(), class });
        self.stages[stage].next.insert(zeros, next);
        Ok(next)
    }

    /// The classes that have occurred, in the order in which they first did.
    pub(super) fn classes(&self) -> &[Class] {
        &self.classes
    }
}

impl Class {
    fn sample(&mut self, candidate: Candidate) {
        if self.sample.len() < AUDITED_LARGEST {
            self.sample.push(candidate);
        } else if self.sample.peek().is_some_and(|highest| candidate < *highest) {
            self.sample.pop();
            self.sample.push(candidate);
        }
    }

    /// The trials that may be in the audit, in the order of their hashes.
    pub(super) fn sampled(&self) -> Vec<u64> {
        self.sample.clone().into_sorted_vec().into_iter().map(|candidate| candidate.index).collect()
    }
}

/// A hash that picks the audit's sample: the finaliser of SplitMix64 (Steele and others, OOPSLA 2014).
pub(super) fn hash(seed: u64, index: u64) -> u64 {
    let mut mixed = seed.rotate_left(32) ^ index.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ mixed >> 31
}
