//! Class fidelity: Diffie-Hellman is computed for every trial, and the endpoints run once for each class of trial.

use std::ops::Range;

use tlslab_dh::batch::ExchangeZeros;

use super::ExperimentError;
use super::classes::Classes;

/// Runs trials at class fidelity.
pub(super) struct ByClass<'a> {
    pub(super) classes: Classes<'a>,
}

impl ByClass<'_> {
    /// The class of each trial of `range`, as a position among the classes.
    pub(super) fn classes_of(&mut self, range: Range<u64>) -> Result<Vec<usize>, ExperimentError> {
        let start = range.start;
        let mut found = vec![usize::MAX; (range.end - range.start) as usize];
        let mut going_on: Vec<(u64, usize)> = range.map(|index| (index, Classes::START)).collect();
        for connection in 0..self.classes.experiment.scenario.connections.len() {
            let indices: Vec<u64> = going_on.iter().map(|(index, _)| *index).collect();
            let zeros = match self.classes.source {
                Some(source) => source.zeros(connection as u16, &indices)?,
                None => vec![ExchangeZeros::default(); indices.len()],
            };
            let mut next = Vec::new();
            for ((index, stage), zeros) in going_on.into_iter().zip(zeros) {
                let stage = self.classes.next(stage, zeros, index)?;
                match self.classes.ended(stage) {
                    Some(class) => found[(index - start) as usize] = class,
                    None => next.push((index, stage)),
                }
            }
            going_on = next;
        }
        Ok(found)
    }
}
