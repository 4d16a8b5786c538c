//! Class fidelity: Diffie-Hellman is computed for every trial, and the endpoints run once for each class of trial.
//!
//! A trial's class is the path of zero counts of its connections, as far as they happen. For each path the endpoints run
//! the connection of the first trial that takes it, and what it comes to counts for all that do. The audit replays a
//! sample of every class.

use std::collections::{BinaryHeap, HashMap};
use std::ops::Range;

use tlslab_dh::batch::ExchangeZeros;
use tlslab_proto::crypto::draws::Draws;

use super::engine::{Engine, Exchange};
use super::trial::Trial;
use super::{Experiment, ExperimentError};
use crate::scenario::connection::Setup;
use crate::scenario::stores::Stores;

/// Trials of the largest class that are audited, and of each other class.
const AUDITED_LARGEST: usize = 8_192;
const AUDITED_OTHERS: usize = 1_024;

/// The zero counts of a trial's connections, up to the last that happens.
pub(super) type Path = Vec<ExchangeZeros>;

/// A class that has occurred.
pub(super) struct Class {
    pub(super) path: Path,
    /// What its first trial came to.
    pub(super) trial: Trial,
    pub(super) count: u64,
    /// The trials of lowest hash.
    sample: BinaryHeap<(u64, u64)>,
}

/// Runs trials at class fidelity.
pub(super) struct Classes<'a> {
    experiment: &'a Experiment,
    setup: &'a Setup,
    /// None where no finite-field Diffie-Hellman happens: then all trials are of one class.
    engine: Option<&'a Engine>,
    seed: u64,
    /// What is known of a path: that the scenario goes on after it, or which class it is.
    known: HashMap<Path, Option<usize>>,
    classes: Vec<Class>,
}

impl<'a> Classes<'a> {
    pub(super) fn new(experiment: &'a Experiment, setup: &'a Setup, engine: Option<&'a Engine>, seed: u64) -> Self {
        Self { experiment, setup, engine, seed, known: HashMap::new(), classes: Vec::new() }
    }

    /// The class of each trial of `range`, as a position among [`classes`](Self::classes).
    pub(super) fn of(&mut self, range: Range<u64>) -> Result<Vec<usize>, ExperimentError> {
        let start = range.start;
        let mut found = vec![usize::MAX; (range.end - range.start) as usize];
        let mut paths: Vec<(u64, Path)> = range.map(|index| (index, Path::new())).collect();
        for connection in 0..self.experiment.scenario.connections.len() {
            let indices: Vec<u64> = paths.iter().map(|(index, _)| *index).collect();
            let zeros = match self.engine {
                Some(engine) => engine.zeros(Exchange { seed: self.seed, connection: connection as u16 }, &indices)?,
                None => vec![ExchangeZeros::default(); indices.len()],
            };
            let mut going_on = Vec::new();
            for ((index, mut path), zeros) in paths.into_iter().zip(zeros) {
                path.push(zeros);
                let known = match self.known.get(&path) {
                    Some(known) => *known,
                    None => self.learn(&path, index)?,
                };
                match known {
                    Some(class) => found[(index - start) as usize] = class,
                    None => going_on.push((index, path)),
                }
            }
            paths = going_on;
        }
        Ok(found)
    }

    /// Counts a trial to its class, and gives what the class comes to.
    pub(super) fn count(&mut self, class: usize, index: u64) -> &Trial {
        let class = &mut self.classes[class];
        class.add(self.seed, index);
        &class.trial
    }

    /// Runs the last connection of a path that no trial has taken before.
    fn learn(&mut self, path: &Path, index: u64) -> Result<Option<usize>, ExperimentError> {
        let last = path.len() - 1;
        let plan = &self.experiment.scenario.connections[last];
        let outcome =
            self.setup.record(Draws::new(self.seed, index), last as u16, plan, &mut Stores::default())?.outcome;
        let ends = outcome.failed() || path.len() == self.experiment.scenario.connections.len();
        let known = ends.then(|| {
            let trial = Trial::of(&outcome);
            self.classes.push(Class { path: path.clone(), trial, count: 0, sample: BinaryHeap::new() });
            self.classes.len() - 1
        });
        self.known.insert(path.clone(), known);
        Ok(known)
    }

    /// As [`classes`](Self::classes), for good.
    #[cfg(test)]
    pub(super) fn into_classes(self) -> Vec<Class> {
        self.classes
    }

    /// The classes that have occurred, in the order in which they first did.
    pub(super) fn classes(&self) -> &[Class] {
        &self.classes
    }
}

impl Class {
    fn add(&mut self, seed: u64, index: u64) {
        self.count += 1;
        let entry = (hash(seed, index), index);
        if self.sample.len() < AUDITED_LARGEST {
            self.sample.push(entry);
        } else if self.sample.peek().is_some_and(|highest| entry < *highest) {
            self.sample.pop();
            self.sample.push(entry);
        }
    }

    /// The trials that the audit replays, in the order of their indices.
    pub(super) fn audited(&self, is_largest: bool) -> Vec<u64> {
        let mut lowest = self.sample.clone().into_sorted_vec();
        lowest.truncate(if is_largest { AUDITED_LARGEST } else { AUDITED_OTHERS });
        let mut indices: Vec<u64> = lowest.into_iter().map(|(_, index)| index).collect();
        indices.sort_unstable();
        indices
    }
}

/// A hash that picks the audit's sample: the finaliser of SplitMix64 (Steele and others, OOPSLA 2014).
fn hash(seed: u64, index: u64) -> u64 {
    let mut mixed = seed.rotate_left(32) ^ index.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ mixed >> 31
}
