//! The audit of class fidelity: a sample of each class is run again, byte for byte, through a Diffie-Hellman that shares
//! nothing with the batch engine, and compared in full.

use rayon::prelude::*;
use tlslab_dh::{Group, GroupError, leading_zero_bytes};
use tlslab_proto::crypto::Side;
use tlslab_proto::crypto::draws::Draws;
use tlslab_proto::endpoint::diffie_hellman::{DiffieHellman, Honest};
use tlslab_proto::endpoint::trace::Event;

use super::class::Class;
use super::engine::{Engine, Exchange};
use super::trial;
use super::{Experiment, ExperimentError};
use crate::scenario::connection::{Connection, Setup};

/// Trials whose exchanges the engine computes again at once.
const CHUNK: usize = 64;

/// Variable-base powers of single numbers, for public values too: no table, no batch, no product of exponents.
struct Independent(Honest);

impl DiffieHellman for Independent {
    fn group(&self, p: &[u8], g: &[u8]) -> Result<Group, GroupError> {
        self.0.group(p, g)
    }

    fn public(&self, group: &Group, exponent: &[u8]) -> Vec<u8> {
        group.pow(group.generator(), exponent)
    }

    fn shared(&self, group: &Group, exponent: &[u8], peer: &[u8]) -> Vec<u8> {
        group.pow(peer, exponent)
    }
}

/// Audits every class. Gives how many trials of each were replayed.
///
/// # Errors
/// [`ExperimentError::Audit`], which names the first trial that disagrees.
pub(super) fn audit(
    experiment: &Experiment,
    setup: &Setup,
    engine: Option<&Engine>,
    seed: u64,
    classes: &[Class],
) -> Result<Vec<u64>, ExperimentError> {
    let setup = Setup {
        diffie_hellman: std::sync::Arc::new(Independent(Honest::with_groups(setup.server.groups().to_vec()))),
        ..setup.clone()
    };
    let largest = classes.iter().map(|class| class.count).max();
    let mut audited = Vec::new();
    for class in classes {
        let indices = class.audited(Some(class.count) == largest);
        indices.par_chunks(CHUNK).try_for_each(|chunk| compare(experiment, &setup, engine, seed, class, chunk))?;
        audited.push(indices.len() as u64);
    }
    Ok(audited)
}

fn compare(
    experiment: &Experiment,
    setup: &Setup,
    engine: Option<&Engine>,
    seed: u64,
    class: &Class,
    indices: &[u64],
) -> Result<(), ExperimentError> {
    let mut replays = Vec::new();
    for index in indices {
        let replay = trial::replay(setup, &experiment.scenario, Draws::new(seed, *index))?;
        let disagreement = |what: String| ExperimentError::Audit { seed, trial: *index, what };
        let label = replay.connections.last().map(|connection| connection.outcome.label());
        if replay.connections.len() != class.path.len() || label.as_ref() != Some(&class.trial.label) {
            let expected = &class.trial.label;
            return Err(disagreement(format!("its class came to {expected}, and the trial to {label:?}")));
        }
        replays.push(replay);
    }
    let Some(engine) = engine else { return Ok(()) };
    for connection in 0..class.path.len() {
        let exchange = Exchange { seed, connection: connection as u16 };
        let (x, y, exchanges) = engine.exchanges(exchange, indices)?;
        let zeros = engine.zeros(exchange, indices)?;
        for (position, values) in exchanges.iter().enumerate() {
            let independent = independently(engine.group(), x.get(position), y.get(position));
            let traced = exchange_of(&replays[position].connections[connection]);
            let what = if zeros[position] != class.path[connection] {
                Some("the engine now gives it another class".to_owned())
            } else {
                difference(values, independent.each_ref().map(Vec::as_slice), "its own powers")
                    .or_else(|| traced.and_then(|traced| difference(values, traced, "the endpoints")))
            };
            if let Some(what) = what {
                let what = format!("connection {connection}: {what}");
                return Err(ExperimentError::Audit { seed, trial: indices[position], what });
            }
        }
    }
    Ok(())
}

/// X, Y and Z of two exponents by variable-base powers alone.
fn independently(group: &Group, x: &[u8], y: &[u8]) -> [Vec<u8>; 3] {
    let (client, server) = (group.pow(group.generator(), x), group.pow(group.generator(), y));
    let z = group.pow(&server, x);
    [client, server, z]
}

/// Which of the engine's X, Y and Z is another number than `whose`.
fn difference(engine: [&[u8]; 3], other: [&[u8]; 3], whose: &str) -> Option<String> {
    let significant = |value: &[u8]| value[leading_zero_bytes(value)..].to_vec();
    let names = ["X", "Y", "Z"].into_iter().zip(engine.into_iter().zip(other));
    let mut differing = names.filter(|(_, (engine, other))| significant(engine) != significant(other));
    differing.next().map(|(name, _)| format!("the engine's {name} is not that of {whose}"))
}

/// X, Y and Z as the client of a connection has them; `None` where it refused before it computed any.
fn exchange_of(connection: &Connection) -> Option<[&[u8]; 3]> {
    connection.trace.iter().filter(|traced| traced.side == Side::Client).find_map(|traced| match &traced.event {
        Event::DiffieHellman { own_public, peer_public, z, .. } => Some([&own_public[..], &peer_public[..], &z[..]]),
        _ => None,
    })
}
