//! The rate that theory expects: the sum over classes of P(class) x fails(class).
//!
//! What a class comes to is never written down here: the endpoints run once for each, on exponents that are made up
//! to meet it. The probabilities follow from the prime, for a Z and public values that are close to uniform.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;
use tlslab_dh::Group;
use tlslab_dh::batch::ExchangeZeros;
use tlslab_proto::crypto::draws::Draws;
use tlslab_proto::endpoint::diffie_hellman::Honest;
use tlslab_proto::endpoint::edit::EditError;

use super::forced::{Class, Forced};
use super::{Experiment, ExperimentError};
use crate::scenario::Plan;
use crate::scenario::connection::Setup;
use crate::scenario::stores::Stores;

/// Classes rarer than this are left out where public values matter: their exponents take too long to find, and all of
/// them together weigh less than a ten-thousandth of 1/256.
const NEGLIGIBLE: f64 = 1e-7;

/// The seed of made-up exponents.
const SEED: u64 = 0;

impl Experiment {
    /// The expected failure rate of a trial, or `None` where theory does not tell: outcomes that depend on more than
    /// leading zeros (edits, the sign byte, zeros of RSA or elliptic-curve values), or values that are not uniform
    /// (very short exponents, a generator whose order is unknown or even).
    ///
    /// # Errors
    /// The experiment cannot be run.
    pub fn expected_rate(&self) -> Result<Option<f64>, ExperimentError> {
        self.expected_rate_unless(&self.setup()?, &AtomicBool::new(false))
    }

    /// The expected failure rate of a trial, or `None` once `cancelled` is set: rare classes take seconds to meet.
    pub(super) fn expected_rate_unless(
        &self,
        setup: &Setup,
        cancelled: &AtomicBool,
    ) -> Result<Option<f64>, ExperimentError> {
        if self.beyond_classes().or_else(|| self.beyond_theory()).is_some() {
            return Ok(None);
        }
        let mut survives = 1.0;
        for (number, plan) in (0..).zip(&self.scenario.connections) {
            match self.connection_rate(setup, number, plan, cancelled)? {
                Some(rate) => survives *= 1.0 - rate,
                None => return Ok(None),
            }
        }
        Ok(Some(1.0 - survives))
    }

    /// The share of trials that theory expects in a class whose connections have the zero counts of `path`, as far as
    /// they are counted: those of Z, and, as `publics` says, of X and of Y. `None` where theory does not tell.
    pub(super) fn expected_share(&self, group: &Group, publics: [bool; 2], path: &[ExchangeZeros]) -> Option<f64> {
        if self.beyond_theory().is_some() || !has_uniform_values(group) {
            return None;
        }
        let chance = |zeros: u16| chance_of(group, usize::from(zeros));
        let of_exchange = |zeros: &ExchangeZeros| {
            let counted = [(true, zeros.z), (publics[0], zeros.x), (publics[1], zeros.y)];
            counted.iter().filter(|(counted, _)| *counted).map(|(_, zeros)| chance(*zeros)).product::<f64>()
        };
        Some(path.iter().map(of_exchange).product())
    }

    /// The finite-field group that the endpoints use, if they use one.
    pub(super) fn group_in_use(&self, setup: &Setup) -> Result<Option<Group>, ExperimentError> {
        Ok(attempt(setup, 0, &self.scenario.connections[0], None)?.1)
    }

    fn connection_rate(
        &self,
        setup: &Setup,
        number: u16,
        plan: &Plan,
        cancelled: &AtomicBool,
    ) -> Result<Option<f64>, ExperimentError> {
        let (failed, group) = attempt(setup, number, plan, None)?;
        let Some(group) = group else { return Ok(Some(if failed { 1.0 } else { 0.0 })) };
        if !has_uniform_values(&group) {
            return Ok(None);
        }
        let weight = |(class, chance): &(Class, f64)| -> Result<Option<f64>, EditError> {
            if cancelled.load(Ordering::Relaxed) {
                return Ok(None);
            }
            let (failed, _) = attempt(setup, number, plan, Some(*class))?;
            Ok(Some(if failed { *chance } else { 0.0 }))
        };
        let classes = self.classes(&chances(&group));
        let weights: Vec<Option<f64>> = classes.par_iter().map(weight).collect::<Result<_, _>>()?;
        // Added up in the order of the classes, so that rounding does not depend on threads.
        Ok(weights.into_iter().sum())
    }

    /// The classes that matter, each with its probability.
    fn classes(&self, chances: &[f64; Class::MOST + 1]) -> Vec<(Class, f64)> {
        let counts = || 0..=Class::MOST;
        let z = counts().map(|z| (Class { z, publics: None }, chances[z]));
        if !self.looks_at_public_values() {
            return z.filter(|(_, chance)| *chance > f64::MIN_POSITIVE).collect();
        }
        let with_publics = z.flat_map(|(class, chance)| {
            counts().flat_map(move |server| {
                counts().map(move |client| {
                    let class = Class { publics: Some([server, client]), ..class };
                    (class, chance * chances[server] * chances[client])
                })
            })
        });
        with_publics.filter(|(_, chance)| *chance > NEGLIGIBLE).collect()
    }
}

/// Whether powers are uniform in a subgroup of odd order: then it is known, and leading zeros follow from the prime.
fn has_uniform_values(group: &Group) -> bool {
    group.order().and_then(<[u8]>::last).is_some_and(|last| last % 2 == 1)
}

/// The chance of each number of leading zero bytes, the last of that many and more.
fn chances(group: &Group) -> [f64; Class::MOST + 1] {
    let mut chances = std::array::from_fn(|zeros| chance_of(group, zeros));
    chances[Class::MOST] = group.probability_of_leading_zeros(Class::MOST as u32);
    chances
}

/// The chance of just so many leading zero bytes.
fn chance_of(group: &Group, zeros: usize) -> f64 {
    let at_least = |zeros: usize| group.probability_of_leading_zeros(zeros as u32);
    at_least(zeros) - at_least(zeros + 1)
}

/// Runs one connection on exponents of a class: whether it failed, and the group that it used.
fn attempt(setup: &Setup, number: u16, plan: &Plan, class: Option<Class>) -> Result<(bool, Option<Group>), EditError> {
    let forced = Arc::new(Forced::new(Honest::with_groups(setup.server.groups().to_vec()), class));
    let setup = Setup { diffie_hellman: forced.clone(), ..setup.clone() };
    let outcome = setup.run(Draws::new(SEED, 0), number, plan, &mut Stores::default(), &mut ())?;
    Ok((outcome.failed(), forced.group_used()))
}
