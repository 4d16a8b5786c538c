//! What an explanation comes to, by classes of leading zeros: one connection for each.

use std::sync::Arc;

use tlslab_proto::crypto::draws::Draws;
use tlslab_proto::endpoint::diffie_hellman::Honest;

use super::chances::Chances;
use super::condition::Condition;
use super::explanation::SEED;
use super::observation::Exchange;
use super::outlook::Outlook;
use crate::experiment::{Class, Experiment, ExperimentError, Forced};
use crate::scenario::connection::{Connection, Setup};
use crate::scenario::stores::Stores;

/// A class or stratum rarer than that is left out, but for two zero bytes of Z, by which a defect differs from another.
pub(super) const RARE: f64 = 1e-3;

/// One connection for each class of leading zeros that matters, with the chance that the evidence's group gives it.
pub(super) fn outlooks_by_class(
    experiment: &Experiment,
    condition: &Condition,
    chances: &Chances,
) -> Result<Vec<Outlook>, ExperimentError> {
    let setup = experiment.setup()?;
    let connection = |class: Option<Class>| -> Result<Connection, ExperimentError> {
        let honest = Honest::with_groups(setup.server.groups().to_vec());
        let setup = match class {
            Some(class) => Setup { diffie_hellman: Arc::new(Forced::new(honest, Some(class))), ..setup.clone() },
            None => setup.clone(),
        };
        let mut stores = Stores::default();
        let mut last = None;
        for (number, plan) in (0..).zip(&experiment.scenario.connections) {
            last = Some(setup.record(Draws::new(SEED, 0), number, plan, &mut stores)?);
        }
        Ok(last.expect("a scenario has a connection"))
    };
    if condition.exchange != Some(Exchange::Dhe) {
        return Ok(Outlook::of(&connection(None)?, 1.0).into_iter().collect());
    }
    let mut found = Vec::new();
    for (class, chance) in classes(chances) {
        found.extend(Outlook::of(&connection(Some(class))?, chance));
    }
    Ok(found)
}

/// The classes that matter, with their chances.
fn classes(chances: &Chances) -> Vec<(Class, f64)> {
    let chances = chances.of;
    let counts = || 0..=Class::MOST;
    let all = counts().flat_map(|z| counts().flat_map(move |ys| counts().map(move |yc| (z, ys, yc))));
    all.map(|(z, ys, yc)| (Class { z, publics: Some([ys, yc]) }, chances[z] * chances[ys] * chances[yc]))
        .filter(|(class, chance)| *chance > RARE || (class.z == Class::MOST && class.publics == Some([0, 0])))
        .filter(|(_, chance)| *chance > 0.0)
        .collect()
}
