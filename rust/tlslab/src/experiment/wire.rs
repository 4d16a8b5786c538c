//! Wire fidelity: every trial runs byte for byte through the endpoints. Exchanges are computed in batches where a source
//! is there, and handed to the endpoints; that changes the speed and no byte.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;
use tlslab_proto::crypto::draws::Draws;

use super::precomputed::Precomputed;
use super::source::Source;
use super::trial::{self, Trial};
use super::{Experiment, ExperimentError};
use crate::scenario::connection::Setup;

/// Trials whose exchanges are computed together, on one thread.
pub(super) const CHUNK: u64 = 32;

/// Runs trials at wire fidelity.
pub(super) struct Wire<'a> {
    pub(super) experiment: &'a Experiment,
    pub(super) setup: &'a Setup,
    pub(super) source: Option<&'a dyn Source>,
    pub(super) seed: u64,
    pub(super) digest: bool,
    /// How they have ended so far.
    pub(super) outcomes: Outcomes,
}

/// The outcomes of trials, in the order in which they first occurred.
#[derive(Debug, Default)]
pub(super) struct Outcomes(Vec<String>);

impl Outcomes {
    /// An outcome's position among them; a new one comes last.
    pub(super) fn position(&mut self, outcome: &str) -> usize {
        self.0.iter().position(|known| known == outcome).unwrap_or_else(|| {
            self.0.push(outcome.to_owned());
            self.0.len() - 1
        })
    }

    pub(super) fn names(&self) -> &[String] {
        &self.0
    }
}

impl Wire<'_> {
    /// Runs the trials of `range` in parallel, and gives them in order; fewer, from the first on, if it is cancelled.
    pub(super) fn trials(&self, range: Range<u64>, cancelled: &AtomicBool) -> Result<Vec<Trial>, ExperimentError> {
        let chunks = range.clone().step_by(CHUNK as usize).map(|start| start..range.end.min(start + CHUNK));
        // Threads take the chunks in their order, so that next to nothing is lost when they are cut short.
        let mut chunks: Vec<(u64, Vec<Trial>)> = chunks
            .par_bridge()
            .map(|chunk| Ok((chunk.start, self.chunk(chunk, cancelled)?)))
            .collect::<Result<_, ExperimentError>>()?;
        chunks.sort_unstable_by_key(|(start, _)| *start);
        // What comes after the first chunk that was cut short is dropped, so that a prefix remains.
        let mut trials = Vec::new();
        for (start, chunk) in chunks {
            if range.start + (trials.len() as u64) < start {
                break;
            }
            trials.extend(chunk);
        }
        Ok(trials)
    }

    fn chunk(&self, range: Range<u64>, cancelled: &AtomicBool) -> Result<Vec<Trial>, ExperimentError> {
        let indices: Vec<u64> = range.collect();
        let mut setups = vec![Vec::new(); indices.len()];
        for connection in 0..self.experiment.scenario.connections.len() {
            self.add_setups(connection as u16, &indices, &mut setups)?;
        }
        let mut trials = Vec::with_capacity(indices.len());
        for (index, setups) in indices.into_iter().zip(&setups) {
            if cancelled.load(Ordering::Relaxed) {
                break;
            }
            trials.push(trial::run(setups, &self.experiment.scenario, Draws::new(self.seed, index), self.digest)?);
        }
        Ok(trials)
    }

    /// Adds each trial's setup for a connection, with its exchange computed where a source is there.
    fn add_setups(&self, connection: u16, indices: &[u64], setups: &mut [Vec<Setup>]) -> Result<(), ExperimentError> {
        let Some(source) = self.source else {
            setups.iter_mut().for_each(|setups| setups.push(self.setup.clone()));
            return Ok(());
        };
        for (setups, exchanged) in setups.iter_mut().zip(source.exchanges(connection, indices)?) {
            let otherwise = self.setup.diffie_hellman.clone();
            let precomputed = Precomputed::new(otherwise, source.group().clone(), exchanged, source.dictates());
            setups.push(Setup { diffie_hellman: Arc::new(precomputed), ..self.setup.clone() });
        }
        Ok(())
    }
}
