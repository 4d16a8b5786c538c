//! An input: all that a run depends on.

use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::{Deserialize, Serialize};
use tlslab_proto::behaviour::{ClientBehaviour, ServerBehaviour};
use tlslab_proto::crypto::draws::Draws;
use tlslab_proto::endpoint::Signatures;
use tlslab_proto::endpoint::edit::EditError;

use super::configs::Configs;
use crate::experiment::{Experiment, ExperimentError, SignatureChoice, simulated_unless_needed};
use crate::scenario::Scenario;
use crate::scenario::connection::{Connection, Setup};
use crate::scenario::stores::Stores;

/// The version of the form in which inputs are written. It changes when an old input would no longer mean the same.
const SCHEMA: u32 = 1;

/// All that a run depends on: behaviours, scenario, seed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    pub(super) schema: u32,
    /// How the client acts.
    pub client: ClientBehaviour,
    /// How the server acts.
    pub server: ServerBehaviour,
    /// The connections, with their edits and faults.
    pub scenario: Scenario,
    /// The seed of both sides' draws. In JSON it is text, since many readers of JSON lose digits of such numbers.
    #[serde(with = "as_text")]
    pub seed: u64,
}

/// What happened in a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Execution {
    /// The connections, up to the first that failed.
    pub connections: Vec<Connection>,
    /// The words of a panic, which ended it.
    pub panic: Option<String>,
}

/// A text that is no input.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// It is not JSON, or not of this form.
    #[error("not an input of a fuzzing run: {0}")]
    Malformed(#[from] serde_json::Error),
    /// It is of another version.
    #[error("the input is of schema {got}, and this version reads schema {SCHEMA}")]
    Schema {
        /// The version that it says.
        got: u32,
    },
    /// Its scenario or its behaviours cannot be run.
    #[error("the input cannot be run: {0}")]
    Unrunnable(#[from] ExperimentError),
}

impl Input {
    /// An input of these parts.
    pub fn new(client: ClientBehaviour, server: ServerBehaviour, scenario: Scenario, seed: u64) -> Self {
        Self { schema: SCHEMA, client, server, scenario, seed }
    }

    /// Reads an input.
    ///
    /// # Errors
    /// [`InputError`]: the text is no input, or of another version, or says what cannot be run.
    pub fn from_json(text: &str) -> Result<Self, InputError> {
        #[derive(Deserialize)]
        struct Version {
            schema: u32,
        }
        let Version { schema } = serde_json::from_str(text)?;
        if schema != SCHEMA {
            return Err(InputError::Schema { got: schema });
        }
        let input: Self = serde_json::from_str(text)?;
        input.scenario.validate().map_err(ExperimentError::from)?;
        Ok(input)
    }

    /// The input as JSON, indented: it is to be read.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("an input is plain data")
    }

    /// As an experiment, of which this is trial 0.
    pub fn experiment(&self) -> Experiment {
        Experiment {
            client: self.client.clone(),
            server: self.server.clone(),
            scenario: self.scenario.clone(),
            signatures: SignatureChoice::Simulated,
        }
    }

    /// Runs it. A panic of an endpoint is caught, and is what happened.
    ///
    /// # Errors
    /// The behaviours contradict themselves, or an edit does not fit the message that it selects: nothing was learned.
    pub fn run(&self) -> Result<Execution, ExperimentError> {
        self.run_with(&Configs::default())
    }

    /// As [`run`](Self::run), with endpoints that may be ready already.
    pub(super) fn run_with(&self, configs: &Configs) -> Result<Execution, ExperimentError> {
        let setup = configs.setup(self)?;
        // Nothing of what panicked is looked at again.
        match catch_unwind(AssertUnwindSafe(|| self.connections(&setup))) {
            Ok(connections) => Ok(Execution { connections: connections?, panic: None }),
            Err(payload) => Ok(Execution { connections: Vec::new(), panic: Some(words(&*payload)) }),
        }
    }

    /// The connections up to the first that fails, as trial 0 of the experiment has them.
    fn connections(&self, setup: &Setup) -> Result<Vec<Connection>, EditError> {
        let draws = Draws::new(self.seed, 0);
        let mut stores = Stores::default();
        let mut connections = Vec::with_capacity(self.scenario.connections.len());
        for (number, plan) in (0..).zip(&self.scenario.connections) {
            let connection = setup.record(draws, number, plan, &mut stores)?;
            let failed = connection.outcome.failed();
            connections.push(connection);
            if failed {
                break;
            }
        }
        Ok(connections)
    }

    /// How its endpoints sign.
    pub(super) fn signatures(&self) -> Signatures {
        simulated_unless_needed(&self.client, &self.server, &self.scenario)
    }
}

fn words(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a panic without words".to_owned())
}

mod as_text {
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(seed: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(seed)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|_| D::Error::custom(format!("a seed is a number of 64 bits as text, not {text:?}")))
    }
}
