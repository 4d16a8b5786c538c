//! Scenarios: serialisable lists of connections, with what the application does in each and the edits made on the way.

pub mod connection;
pub mod live;
pub mod outcome;
pub mod verdict;

use serde::{Deserialize, Serialize};
use tlslab_proto::endpoint::edit::{Edit, EditError};
use tlslab_proto::wire::Text;

/// A list of connections that belong together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What the scenario is called.
    pub name: String,
    /// The connections, in order. A connection that fails ends the scenario.
    pub connections: Vec<Plan>,
}

/// One connection of a scenario: what the application does once the handshake is done, and the edits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Plan {
    /// What the client sends.
    pub client_sends: Text,
    /// What the server answers.
    pub server_sends: Text,
    /// Changes to what either side sends.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub edits: Vec<Edit>,
}

impl Default for Plan {
    fn default() -> Self {
        Self { client_sends: "ping".into(), server_sends: "pong".into(), edits: Vec::new() }
    }
}

/// A scenario that cannot be run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScenarioError {
    /// No scenario has this name.
    #[error("there is no scenario {name:?}; there is {:?}, and any scenario given as JSON", Scenario::NAMES)]
    UnknownName {
        /// What was given.
        name: String,
    },
    /// The text is no scenario.
    #[error("not a scenario: {reason}")]
    Malformed {
        /// The reader's words.
        reason: String,
    },
    /// A scenario without connections has no outcome.
    #[error("a scenario has at least one connection, and at most {}; this one has {got}", Scenario::MAX_CONNECTIONS)]
    Connections {
        /// How many it has.
        got: usize,
    },
    /// An edit that cannot be made.
    #[error("connection {connection}: {source}")]
    Edit {
        /// The connection's number, from 0.
        connection: usize,
        /// Why.
        source: EditError,
    },
}

impl Scenario {
    /// The scenarios that have a name.
    pub const NAMES: [&'static str; 1] = ["full"];

    /// The draws of a trial are addressed by a connection's number of 16 bits.
    pub const MAX_CONNECTIONS: usize = 1 << 16;

    /// One full handshake, one message each way, and close_notify.
    pub fn full() -> Self {
        Self { name: "full".to_owned(), connections: vec![Plan::default()] }
    }

    /// The scenario of a name, or of a JSON text.
    ///
    /// # Errors
    /// The text is neither.
    pub fn parse(text: &str) -> Result<Self, ScenarioError> {
        match text {
            "full" => Ok(Self::full()),
            json if json.trim_start().starts_with('{') => {
                let scenario: Self = serde_json::from_str(json)
                    .map_err(|error| ScenarioError::Malformed { reason: error.to_string() })?;
                scenario.validate()?;
                Ok(scenario)
            }
            name => Err(ScenarioError::UnknownName { name: name.to_owned() }),
        }
    }

    /// Whether the scenario can be run.
    ///
    /// # Errors
    /// It has no connections, or an edit cannot be made at its stage.
    pub fn validate(&self) -> Result<(), ScenarioError> {
        if !(1..=Self::MAX_CONNECTIONS).contains(&self.connections.len()) {
            return Err(ScenarioError::Connections { got: self.connections.len() });
        }
        for (connection, plan) in self.connections.iter().enumerate() {
            for edit in &plan.edits {
                edit.validate().map_err(|source| ScenarioError::Edit { connection, source })?;
            }
        }
        Ok(())
    }
}
