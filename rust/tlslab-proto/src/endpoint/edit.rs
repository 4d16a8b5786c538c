//! Edits: positional changes to what one side sends, as data.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::crypto::Side;
use crate::wire::Message;

/// A change to what one side sends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// Whose sending is changed.
    pub side: Side,
    /// Which message.
    pub select: Select,
    /// When the change is made.
    #[serde(default)]
    pub stage: Stage,
    /// The change.
    pub change: Change,
    /// What the sender's own transcript hashes.
    #[serde(default)]
    pub transcript: Hashed,
}

/// Which of a side's messages an edit is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Select {
    /// By position among all that the side plans to send, from 0.
    Index {
        /// The position.
        index: usize,
    },
    /// By name, such as `ClientKeyExchange` or `ChangeCipherSpec`, and how many of that name come before.
    Message {
        /// The name.
        message: String,
        /// How many of that name come before it.
        #[serde(default)]
        occurrence: usize,
    },
}

/// When an edit is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// When the flight is planned: a dropped message is never built, nor are its keys; a duplicated one is built
    /// twice. Only drop, duplicate and swap can be planned.
    Plan,
    /// When the message is built and not yet sent: the sender's state is that of one who sent it.
    #[default]
    Message,
}

/// What an edit does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Change {
    /// The message is not sent.
    Drop,
    /// The message is sent twice.
    Duplicate,
    /// The message is sent after the one that follows it.
    Swap,
    /// One field is set.
    SetField {
        /// Where the field is in the message's JSON: names and positions joined by dots, `extensions.0.data`.
        path: String,
        /// Its new value.
        value: Value,
    },
    /// Another message is sent in its place.
    Replace {
        /// The other message.
        message: Message,
    },
    /// A message is sent before it.
    InsertBefore {
        /// The message to insert.
        message: Message,
    },
    /// A message is sent after it.
    InsertAfter {
        /// The message to insert.
        message: Message,
    },
}

/// What the sender's transcript hashes where an edit changed a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hashed {
    /// What was sent: the sender means it.
    #[default]
    Edited,
    /// What it had built: somebody on the way made the change.
    Original,
}

/// An edit that cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The message has no such field.
    #[error("{message} has no field {path:?}; it has {}", .fields.join(", "))]
    NoSuchField {
        /// The message's name.
        message: String,
        /// The path that was given.
        path: String,
        /// What there is where the path ends being right.
        fields: Vec<String>,
    },
    /// The field does not take the value.
    #[error("{message}.{path} does not take {value}: {reason}")]
    BadValue {
        /// The message's name.
        message: String,
        /// The field.
        path: String,
        /// The value that was given.
        value: String,
        /// The reader's words.
        reason: String,
    },
    /// There is no message to change.
    #[error("no message is waiting to be sent; step the connection until one is")]
    NothingPrepared,
    /// Such a change cannot be made at this stage.
    #[error("{change} cannot be made at stage plan, where no message is built yet; use stage message")]
    NotPlannable {
        /// The change's name.
        change: &'static str,
    },
}

impl Edit {
    /// Whether the edit can be made at its stage at all.
    ///
    /// # Errors
    /// [`EditError::NotPlannable`].
    pub fn validate(&self) -> Result<(), EditError> {
        let change = match (&self.stage, &self.change) {
            (Stage::Message, _) | (_, Change::Drop | Change::Duplicate | Change::Swap) => return Ok(()),
            (_, Change::SetField { .. }) => "set_field",
            (_, Change::Replace { .. }) => "replace",
            (_, Change::InsertBefore { .. }) => "insert_before",
            (_, Change::InsertAfter { .. }) => "insert_after",
        };
        Err(EditError::NotPlannable { change })
    }

    /// Whether the edit is about the message called `name` that stands at `index` of the plan, `occurrence` of its
    /// name being before it.
    pub(super) fn selects(&self, index: usize, name: &str, occurrence: usize) -> bool {
        match &self.select {
            Select::Index { index: wanted } => *wanted == index,
            Select::Message { message, occurrence: wanted } => message == name && *wanted == occurrence,
        }
    }
}

/// `message` with the field at `path` set to `value`.
///
/// # Errors
/// The path leads nowhere, or the message cannot hold the value there.
pub fn set_field(message: &Message, path: &str, value: &Value) -> Result<Message, EditError> {
    let mut json = serde_json::to_value(message).unwrap_or(Value::Null);
    let mut place = &mut json;
    for step in path.split('.') {
        let fields = match place {
            Value::Object(fields) => fields.keys().cloned().collect(),
            Value::Array(items) => (0..items.len()).map(|position| position.to_string()).collect(),
            _ => Vec::new(),
        };
        let next = match place {
            Value::Object(fields) => fields.get_mut(step),
            Value::Array(items) => step.parse::<usize>().ok().and_then(|position| items.get_mut(position)),
            _ => None,
        };
        place = next.ok_or_else(|| EditError::NoSuchField {
            message: message.name().to_owned(),
            path: path.to_owned(),
            fields,
        })?;
    }
    *place = value.clone();
    serde_json::from_value(json).map_err(|error| EditError::BadValue {
        message: message.name().to_owned(),
        path: path.to_owned(),
        value: value.to_string(),
        reason: error.to_string(),
    })
}
