//! One trial: a random draw of the scenario, named by (seed, index).

use serde::Serialize;
use sha2::{Digest, Sha256};
use tlslab_proto::crypto::Side;
use tlslab_proto::crypto::draws::Draws;
use tlslab_proto::endpoint::edit::EditError;

use crate::link::Observer;
use crate::scenario::Scenario;
use crate::scenario::connection::{Connection, Setup};
use crate::scenario::outcome::Outcome;
use crate::scenario::stores::Stores;
use crate::scenario::verdict::Cause;

/// What a trial came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trial {
    /// How its last connection ended, by its label.
    pub(super) label: String,
    /// Whether that failed, or its client was refused.
    pub(super) failed: bool,
    /// What caused its failure.
    pub(super) cause: Option<Cause>,
    /// The SHA-256 of all bytes that crossed, if it was asked for.
    pub(super) digest: Option<[u8; 32]>,
}

/// A trial run again, with everything that happened in it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Replay {
    /// The connections, in order, up to the first that failed.
    pub connections: Vec<Connection>,
}

/// Hashes the bytes that cross, with who sent them.
struct Digester(Sha256);

impl<S> Observer<S> for Digester {
    fn stepped(&mut self, _side: Side, _sink: &mut S) {}

    fn crossed(&mut self, sender: Side, bytes: &[u8]) {
        self.0.update([sender as u8]);
        self.0.update((bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
    }
}

impl Trial {
    /// A trial whose last connection ended with `outcome`, attributed to its cause.
    pub(super) fn of(outcome: &Outcome) -> Self {
        Self { label: outcome.label(), failed: !outcome.succeeded(), cause: outcome.cause, digest: None }
    }
}

/// Runs a trial, each connection with a setup of its own; one that failed is run once more with its trace, to attribute
/// it.
pub(super) fn run(setups: &[Setup], scenario: &Scenario, draws: Draws, digest: bool) -> Result<Trial, EditError> {
    let mut digester = digest.then(|| Digester(Sha256::new()));
    let mut stores = Stores::default();
    let mut last = None;
    for (number, (plan, setup)) in (0..).zip(scenario.connections.iter().zip(setups)) {
        let outcome = match &mut digester {
            Some(digester) => setup.run(draws, number, plan, &mut stores, digester)?,
            None => setup.run(draws, number, plan, &mut stores, &mut ())?,
        };
        let failed = outcome.failed();
        last = Some(outcome);
        if failed {
            last = record(setups, scenario, draws)?.pop().map(|connection| connection.outcome);
            break;
        }
    }
    let last = last.expect("a scenario that was validated has a connection");
    Ok(Trial { digest: digester.map(|digester| digester.0.finalize().into()), ..Trial::of(&last) })
}

/// Runs a trial with its trace, each connection with a setup of its own.
pub(super) fn replay(setups: &[Setup], scenario: &Scenario, draws: Draws) -> Result<Replay, EditError> {
    Ok(Replay { connections: record(setups, scenario, draws)? })
}

/// The connections of a trial up to the first that fails. What one leaves the next may change all of it, so they start
/// from the beginning.
fn record(setups: &[Setup], scenario: &Scenario, draws: Draws) -> Result<Vec<Connection>, EditError> {
    let mut stores = Stores::default();
    let mut connections = Vec::new();
    for (number, (plan, setup)) in (0..).zip(scenario.connections.iter().zip(setups)) {
        let connection = setup.record(draws, number, plan, &mut stores)?;
        let failed = connection.outcome.failed();
        connections.push(connection);
        if failed {
            break;
        }
    }
    Ok(connections)
}
