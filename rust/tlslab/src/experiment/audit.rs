//! The audit of classes: a sample of each is run again, byte for byte, through a Diffie-Hellman that shares nothing with
//! the batch engine, and compared in full.

use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;
use tlslab_dh::trimmed;
use tlslab_proto::behaviour::values::ShortPublicValue;
use tlslab_proto::crypto::Side;
use tlslab_proto::crypto::draws::Draws;
use tlslab_proto::endpoint::trace::Event;

use super::part::{PartClass, Zeros};
use super::source::{Exchanged, Source, setup_of};
use super::trial::{self, Replay};
use super::{Experiment, ExperimentError};
use crate::scenario::connection::{Connection, Setup};
use crate::scenario::verdict::Traced;

/// Trials whose exchanges the engine computes again at once.
const CHUNK: usize = 64;

/// What is needed to audit a run.
pub(super) struct Audit<'a> {
    pub(super) experiment: &'a Experiment,
    pub(super) setup: &'a Setup,
    pub(super) source: Option<&'a dyn Source>,
    pub(super) seed: u64,
    pub(super) cancelled: &'a AtomicBool,
}

impl Audit<'_> {
    /// Audits every class. Gives how many trials of each were replayed, or `None` if it was cancelled.
    ///
    /// # Errors
    /// [`ExperimentError::Audit`], which names the first trial that disagrees.
    pub(super) fn run(&self, classes: &[PartClass]) -> Result<Option<Vec<u64>>, ExperimentError> {
        let largest = classes.iter().map(|class| class.trials).max();
        let mut audited = Vec::new();
        for class in classes {
            let indices = class.audited(Some(class.trials) == largest);
            indices.par_chunks(CHUNK).try_for_each(|chunk| self.compare(class, chunk))?;
            audited.push(indices.len() as u64);
        }
        Ok((!self.cancelled.load(Ordering::Relaxed)).then_some(audited))
    }

    /// Compares trials with their class, unless the audit was cancelled.
    fn compare(&self, class: &PartClass, indices: &[u64]) -> Result<(), ExperimentError> {
        let mut replays = Vec::new();
        for index in indices {
            if self.cancelled.load(Ordering::Relaxed) {
                return Ok(());
            }
            replays.push(self.replay(class, *index)?);
        }
        let Some(source) = self.source else { return Ok(()) };
        for connection in 0..class.zeros.len() {
            let zeros = source.zeros(connection as u16, indices)?;
            let exchanges = source.exchanges(connection as u16, indices)?;
            for (position, exchanged) in exchanges.iter().enumerate() {
                let what = if Zeros::from(&zeros[position]) != class.zeros[connection] {
                    Some("its zero counts are not those of its class".to_owned())
                } else if let Some(traced) = self.exchange_of(&replays[position].connections[connection]) {
                    difference(&exchanged.values, traced, "the endpoints")
                } else {
                    // An endpoint that refused before it computed anything leaves no exchange in the trace.
                    let singly = Exchanged::singly(source.group(), exchanged.exponents.clone());
                    difference(&exchanged.values, singly.values.each_ref().map(Vec::as_slice), "single powers")
                };
                if let Some(what) = what {
                    return Err(self.disagreement(indices[position], format!("connection {connection}: {what}")));
                }
            }
        }
        Ok(())
    }

    /// Runs a trial again, which has to come to what its class did.
    fn replay(&self, class: &PartClass, index: u64) -> Result<Replay, ExperimentError> {
        let connections = 0..self.experiment.scenario.connections.len() as u16;
        let setups: Vec<Setup> =
            connections.map(|connection| setup_of(self.setup, self.source, connection, index)).collect();
        let replay = trial::replay(&setups, &self.experiment.scenario, Draws::new(self.seed, index))?;
        let label = replay.connections.last().map(|connection| connection.outcome.label());
        if replay.connections.len() == class.zeros.len() && label.as_ref() == Some(&class.outcome) {
            return Ok(replay);
        }
        let expected = &class.outcome;
        let label = label.unwrap_or_default();
        Err(self.disagreement(index, format!("its class came to {expected}, and the trial to {label}")))
    }

    /// X, Y and Z as an endpoint of a connection has them that computes what it should; `None` where it refused before it
    /// computed any, or both miscompute.
    fn exchange_of<'c>(&self, connection: &'c Connection) -> Option<[&'c [u8]; 3]> {
        let Experiment { client, server, .. } = self.experiment;
        let sound = [(Side::Client, &client.shared), (Side::Server, &server.shared)]
            .into_iter()
            .find(|(_, knobs)| knobs.short_public_value != ShortPublicValue::Miscompute);
        let (side, _) = sound?;
        let exchange = |traced: &'c Traced| match &traced.event {
            Event::DiffieHellman { own_public, peer_public, z, .. } if side == Side::Client => {
                Some([&own_public[..], &peer_public[..], &z[..]])
            }
            Event::DiffieHellman { own_public, peer_public, z, .. } => {
                Some([&peer_public[..], &own_public[..], &z[..]])
            }
            _ => None,
        };
        connection.trace.iter().filter(|traced| traced.side == side).find_map(exchange)
    }

    fn disagreement(&self, trial: u64, what: String) -> ExperimentError {
        ExperimentError::Audit { seed: self.seed, trial, what }
    }
}

/// Which of the engine's X, Y and Z is another number than `whose`.
fn difference(engine: &[Vec<u8>; 3], other: [&[u8]; 3], whose: &str) -> Option<String> {
    let names = ["X", "Y", "Z"].into_iter().zip(engine.iter().zip(other));
    let mut differing = names.filter(|(_, (engine, other))| trimmed(engine) != trimmed(other));
    differing.next().map(|(name, _)| format!("the engine's {name} is not that of {whose}"))
}

#[cfg(test)]
mod tests {
    use tlslab_dh::batch::{DEFAULT_BUDGET, ExchangeZeros};
    use tlslab_dh::{Group, Kernel};
    use tlslab_proto::behaviour::{ClientBehaviour, ServerBehaviour};

    use super::super::blocks::{BlockEngine, Blocks};
    use super::super::census::Census;
    use super::super::class::ByClass;
    use super::super::classes::Classes;
    use super::super::engine::Engine;
    use super::super::tally::Tally;
    use super::*;
    use crate::experiment::SignatureChoice;
    use crate::scenario::Scenario;

    const SEED: u64 = 4;

    fn experiment() -> Experiment {
        Experiment {
            client: ClientBehaviour::from_assignments("ems=off").unwrap(),
            server: ServerBehaviour::from_assignments("ems=off,premaster_zeros=keep,groups=modp768").unwrap(),
            scenario: Scenario::full(),
            signatures: SignatureChoice::Simulated,
        }
    }

    /// What the audit says of classes, once `damage` has been done to that of one zero byte of Z.
    fn audited(
        (experiment, setup): (&Experiment, &Setup),
        source: &dyn Source,
        classes: &Classes<'_>,
        damage: impl FnOnce(&mut PartClass),
    ) -> Result<Option<Vec<u64>>, ExperimentError> {
        let mut classes: Vec<PartClass> = classes.classes().iter().map(PartClass::from).collect();
        let rare = classes.iter().position(|class| class.zeros[0].z == 1).expect("some Z has a zero byte");
        damage(&mut classes[rare]);
        let cancelled = AtomicBool::new(false);
        Audit { experiment, setup, source: Some(source), seed: SEED, cancelled: &cancelled }.run(&classes)
    }

    /// [`audited`], of 2,000 trials at class fidelity.
    fn audited_classes(damage: impl FnOnce(&mut PartClass)) -> Result<Option<Vec<u64>>, ExperimentError> {
        let experiment = experiment();
        let setup = experiment.setup().unwrap();
        let group = experiment.group_in_use(&setup).unwrap().unwrap();
        let engine = Engine::new(&experiment, SEED, &group, Kernel::Portable, DEFAULT_BUDGET).unwrap();
        audited_with(&experiment, &setup, &engine, damage)
    }

    fn audited_with(
        experiment: &Experiment,
        setup: &Setup,
        source: &dyn Source,
        damage: impl FnOnce(&mut PartClass),
    ) -> Result<Option<Vec<u64>>, ExperimentError> {
        let mut tier = ByClass { classes: Classes::new(experiment, setup, Some(source), SEED) };
        for (index, class) in (0..).zip(tier.classes_of(0..2_000).unwrap()) {
            tier.classes.sample(class, tier.classes.candidate(index));
            tier.classes.count(class, 1);
        }
        audited((experiment, setup), source, &tier.classes, damage)
    }

    /// [`audited`], of 2,000 trials of a census, at the end of its first block and the start of the second.
    fn audited_census(damage: impl FnOnce(&mut PartClass)) -> Result<Option<Vec<u64>>, ExperimentError> {
        let experiment = experiment();
        let setup = experiment.setup().unwrap();
        let group = experiment.group_in_use(&setup).unwrap().unwrap();
        let blocks = Blocks { seed: SEED, group };
        let engine = BlockEngine::new(blocks, Kernel::Portable, DEFAULT_BUDGET, false).unwrap();
        let mut census = Census::new(&engine, Classes::new(&experiment, &setup, Some(&engine), SEED));
        let start = (1 << 24) - 1_000;
        let mut tally = Tally::new(start, 0, false);
        census.run(start..start + 2_000, &AtomicBool::new(false), &mut tally).unwrap();
        assert_eq!(tally.trials(), 2_000);
        audited((&experiment, &setup), &engine, census.classes(), damage)
    }

    /// An engine with a defect: it finds a zero byte in the secret of one trial, which has none.
    struct Defective<'a>(&'a Engine);

    impl Source for Defective<'_> {
        fn group(&self) -> &Group {
            self.0.group()
        }

        fn kernel(&self) -> Kernel {
            self.0.kernel()
        }

        fn table_bytes(&self) -> usize {
            self.0.table_bytes()
        }

        fn publics(&self) -> [bool; 2] {
            self.0.publics()
        }

        fn dictates(&self) -> bool {
            self.0.dictates()
        }

        fn exponents(&self, connection: u16, index: u64) -> [Vec<u8>; 2] {
            self.0.exponents(connection, index)
        }

        fn zeros(&self, connection: u16, indices: &[u64]) -> Result<Vec<ExchangeZeros>, ExperimentError> {
            let mut zeros = self.0.zeros(connection, indices)?;
            for (zeros, _) in zeros.iter_mut().zip(indices).filter(|(_, index)| **index == 1_999) {
                zeros.z = 1;
            }
            Ok(zeros)
        }

        fn exchanges(&self, connection: u16, indices: &[u64]) -> Result<Vec<Exchanged>, ExperimentError> {
            self.0.exchanges(connection, indices)
        }
    }

    #[test]
    fn a_defect_of_the_engine_is_caught() {
        let experiment = experiment();
        let setup = experiment.setup().unwrap();
        let group = experiment.group_in_use(&setup).unwrap().unwrap();
        let engine = Engine::new(&experiment, SEED, &group, Kernel::Portable, DEFAULT_BUDGET).unwrap();
        let error = audited_with(&experiment, &setup, &Defective(&engine), |_| {}).unwrap_err().to_string();
        assert!(error.contains("trial 1999") && error.contains("and the trial to established:full"), "{error}");
    }

    #[test]
    fn sound_classes_pass() {
        for audited in [audited_classes(|_| {}), audited_census(|_| {})] {
            assert!(audited.unwrap().unwrap().into_iter().sum::<u64>() > 60);
        }
    }

    #[test]
    fn a_class_that_speaks_for_others_is_caught() {
        let damage = |class: &mut PartClass| class.outcome = "established:full".to_owned();
        for audited in [audited_classes(damage), audited_census(damage)] {
            let error = audited.unwrap_err().to_string();
            assert!(error.contains("its class came to established:full, and the trial to alert"), "{error}");
        }
    }

    #[test]
    fn a_trial_in_the_wrong_class_is_caught() {
        let damage = |class: &mut PartClass| class.zeros[0].z = 2;
        for audited in [audited_classes(damage), audited_census(damage)] {
            let error = audited.unwrap_err();
            assert!(matches!(error, ExperimentError::Audit { seed: SEED, .. }), "{error}");
            assert!(error.to_string().contains("its zero counts are not those of its class"), "{error}");
        }
    }
}
