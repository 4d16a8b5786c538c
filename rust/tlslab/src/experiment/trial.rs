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
use crate::scenario::verdict::Cause;

/// What a trial came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trial {
    /// How its last connection ended.
    pub(super) outcome: Outcome,
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

/// Runs a trial; a failed one is run once more with its trace, to attribute it.
pub(super) fn run(setup: &Setup, scenario: &Scenario, draws: Draws, digest: bool) -> Result<Trial, EditError> {
    let mut digester = digest.then(|| Digester(Sha256::new()));
    let mut last = None;
    for (number, plan) in (0..).zip(&scenario.connections) {
        let outcome = match &mut digester {
            Some(digester) => setup.run(draws, number, plan, digester)?,
            None => setup.run(draws, number, plan, &mut ())?,
        };
        let failed = outcome.failed();
        let cause = if failed { setup.record(draws, number, plan)?.outcome.cause } else { None };
        last = Some((outcome, cause));
        if failed {
            break;
        }
    }
    let (outcome, cause) = last.expect("a scenario that was validated has a connection");
    Ok(Trial { outcome, cause, digest: digester.map(|digester| digester.0.finalize().into()) })
}

/// Runs a trial with its trace.
pub(super) fn replay(setup: &Setup, scenario: &Scenario, draws: Draws) -> Result<Replay, EditError> {
    let mut connections = Vec::new();
    for (number, plan) in (0..).zip(&scenario.connections) {
        let connection = setup.record(draws, number, plan)?;
        let failed = connection.outcome.failed();
        connections.push(connection);
        if failed {
            break;
        }
    }
    Ok(Replay { connections })
}
