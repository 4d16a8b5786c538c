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
            let what = if zeros[position] != class.path[connection] {
                Some("its zero counts are not those of its class".to_owned())
            } else if let Some(traced) = exchange_of(&replays[position].connections[connection]) {
                difference(values, traced, "the endpoints")
            } else {
                // A client that refused before it computed anything leaves no exchange in the trace.
                let powers = independently(engine.group(), x.get(position), y.get(position));
                difference(values, powers.each_ref().map(Vec::as_slice), "single powers")
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

#[cfg(test)]
mod tests {
    use tlslab_dh::Kernel;
    use tlslab_dh::batch::DEFAULT_BUDGET;
    use tlslab_proto::behaviour::{ClientBehaviour, ServerBehaviour};

    use super::super::class::Classes;
    use super::*;
    use crate::experiment::SignatureChoice;
    use crate::scenario::Scenario;

    /// What the audit says of the classes of 2,000 trials, once `damage` has been done to them.
    fn audited(damage: impl FnOnce(&mut Class)) -> Result<Vec<u64>, ExperimentError> {
        let experiment = Experiment {
            client: ClientBehaviour::from_assignments("ems=off").unwrap(),
            server: ServerBehaviour::from_assignments("ems=off,premaster_zeros=keep,groups=modp768").unwrap(),
            scenario: Scenario::full(),
            signatures: SignatureChoice::Simulated,
        };
        let setup = experiment.setup().unwrap();
        let group = experiment.group_in_use(&setup).unwrap().unwrap();
        let engine = Engine::new(&experiment, &group, Kernel::Portable, DEFAULT_BUDGET).unwrap();
        let mut classes = Classes::new(&experiment, &setup, engine.as_ref(), 4);
        for (index, class) in (0..).zip(classes.of(0..2_000).unwrap()) {
            classes.count(class, index);
        }
        let mut classes = classes.into_classes();
        let rare = classes.iter().position(|class| class.path[0].z == 1).expect("some Z has a zero byte");
        damage(&mut classes[rare]);
        audit(&experiment, &setup, engine.as_ref(), 4, &classes)
    }

    #[test]
    fn sound_classes_pass() {
        assert!(audited(|_| {}).unwrap().into_iter().sum::<u64>() > 1_024);
    }

    #[test]
    fn a_class_that_speaks_for_others_is_caught() {
        let error = audited(|class| class.trial.label = "established:full".to_owned()).unwrap_err();
        assert!(error.to_string().contains("its class came to established:full"), "{error}");
    }

    #[test]
    fn a_trial_in_the_wrong_class_is_caught() {
        let error = audited(|class| class.path[0].z = 2).unwrap_err();
        assert!(matches!(error, ExperimentError::Audit { seed: 4, .. }), "{error}");
        assert!(error.to_string().contains("its zero counts are not those of its class"), "{error}");
    }
}
