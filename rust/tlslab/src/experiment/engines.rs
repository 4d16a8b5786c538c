//! The batch engine that a run needs, if it needs one.

use tlslab_dh::{Group, Kernel};

use super::blocks::{BlockEngine, Blocks};
use super::engine::Engine;
use super::options::{Fidelity, RunOptions};
use super::source::Source;
use super::{Experiment, ExperimentError};

/// The batch engine that a run needs.
pub(super) enum Engines {
    /// None: no finite-field Diffie-Hellman happens, or none that batches can do.
    None,
    /// Of exponents that the endpoints draw.
    Drawn(Box<Engine>),
    /// Of those of a census.
    Blocks(BlockEngine),
}

impl Engines {
    /// The engine of a run whose endpoints use `group`.
    ///
    /// # Errors
    /// The kernel is not for this CPU, or the memory budget is too small.
    pub(super) fn new(
        experiment: &Experiment,
        group: Option<&Group>,
        fidelity: Fidelity,
        options: &RunOptions,
    ) -> Result<Self, ExperimentError> {
        let batched = |group: &&Group| experiment.beyond_batches(group).is_none();
        let Some(group) = group.filter(batched) else { return Ok(Self::None) };
        let (kernel, budget) = (options.kernel.unwrap_or_else(Kernel::detect), options.memory_budget);
        Ok(match fidelity {
            Fidelity::Wire | Fidelity::Class => {
                Self::Drawn(Box::new(Engine::new(experiment, options.seed, group, kernel, budget)?))
            }
            Fidelity::Census => {
                let blocks = Blocks { seed: options.seed, group: group.clone() };
                let publics = experiment.looks_at_client_public_value();
                Self::Blocks(BlockEngine::new(blocks, kernel, budget, publics)?)
            }
        })
    }

    /// The engine as a source of exchanges.
    pub(super) fn source(&self) -> Option<&dyn Source> {
        match self {
            Self::None => None,
            Self::Drawn(engine) => Some(engine.as_ref()),
            Self::Blocks(engine) => Some(engine),
        }
    }
}
