//! Simulated connections: whole ones, and ones to step through.

use std::sync::Mutex;

use pyo3::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tlslab::experiment::{Experiment, Fidelity, SignatureChoice};
use tlslab::scenario::live::Live as Stepper;
use tlslab::scenario::stores::Stores;
use tlslab::scenario::{Plan, Scenario};
use tlslab_proto::crypto::draws::Draws;
use tlslab_proto::endpoint::edit::{Change, Edit};

use crate::behaviour;
use crate::errors::{IntoPython, RunError, malformed};

pub(crate) fn from_json<T: DeserializeOwned>(what: &str, json: &str) -> PyResult<T> {
    serde_json::from_str(json).map_err(|error| malformed(what, &error))
}

pub(crate) fn to_json<T: Serialize>(value: &T) -> PyResult<String> {
    serde_json::to_string(value).map_err(|error| RunError::new_err(error.to_string()))
}

/// The experiment of one connection with `edits`, signed for real.
fn single(client: &str, server: &str, edits: &str) -> PyResult<Experiment> {
    let edits: Vec<Edit> = from_json("edits", edits)?;
    let plan = Plan { edits, ..Plan::default() };
    Ok(Experiment {
        client: behaviour::parse(client)?,
        server: behaviour::parse(server)?,
        scenario: Scenario { connections: vec![plan], ..Scenario::full() },
        signatures: SignatureChoice::Real,
    })
}

/// Runs one connection, and gives it as JSON.
#[pyfunction]
pub(crate) fn handshake(py: Python<'_>, client: &str, server: &str, seed: u64, edits: &str) -> PyResult<String> {
    let experiment = single(client, server, edits)?;
    let replay = py.detach(|| experiment.replay(seed, 0, Fidelity::Wire)).map_err(IntoPython::into_python)?;
    to_json(&replay.connections[0])
}

/// A connection to step through.
#[pyclass(frozen, module = "tlslab._tlslab")]
pub(crate) struct Live {
    stepper: Mutex<Stepper>,
}

impl Live {
    fn with<T>(&self, act: impl FnOnce(&mut Stepper) -> T) -> PyResult<T> {
        let mut stepper =
            self.stepper.lock().map_err(|_| RunError::new_err("the connection is broken: a step of it panicked"))?;
        Ok(act(&mut stepper))
    }
}

#[pymethods]
impl Live {
    #[new]
    fn new(client: &str, server: &str, seed: u64, edits: &str) -> PyResult<Self> {
        let experiment = single(client, server, edits)?;
        let setup = experiment.setup().map_err(IntoPython::into_python)?;
        let plan = experiment.scenario.connections.into_iter().next().unwrap_or_default();
        Ok(Self { stepper: Mutex::new(Stepper::new(&setup, Draws::new(seed, 0), 0, plan, &mut Stores::default())) })
    }

    /// Sends the message that was shown, and shows the next one as JSON; None once the connection is over.
    fn step(&self, py: Python<'_>) -> PyResult<Option<String>> {
        let pending = py.detach(|| self.with(Stepper::step))?;
        pending.as_ref().map(to_json).transpose()
    }

    /// The message that the next step sends, as JSON.
    fn pending(&self) -> PyResult<Option<String>> {
        self.with(|stepper| stepper.pending())?.as_ref().map(to_json).transpose()
    }

    /// Makes a change, given as JSON, to the message that was shown.
    fn edit(&self, change: &str) -> PyResult<()> {
        let change: Change = from_json("change", change)?;
        self.with(|stepper| stepper.edit(change))?.map_err(IntoPython::into_python)
    }

    /// The changes so far, as JSON.
    fn edits(&self) -> PyResult<String> {
        to_json(&self.with(|stepper| stepper.edits())?)
    }

    /// What happened so far, as JSON.
    fn connection(&self) -> PyResult<String> {
        to_json(&self.with(|stepper| stepper.connection())?)
    }
}
