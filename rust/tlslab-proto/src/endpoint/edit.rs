//! Edits: positional changes to what one side sends, as data.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::crypto::Side;
use crate::wire::registry::ContentType;
use crate::wire::{Bytes, Message};

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

/// Which of a side's messages, or of its records, an edit is about.
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
    /// A record, by position among all that the side writes, from 0. At the stages of records.
    Record {
        /// The position.
        record: usize,
        /// Only records of this type are counted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        content_type: Option<ContentType>,
    },
}

/// When an edit is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// When the flight is planned: a dropped message is never built, nor are its keys; a duplicated one is built
    /// twice. Only drop, duplicate, swap and plan_after can be planned.
    Plan,
    /// When the message is built and not yet sent: the sender's state is that of one who sent it.
    #[default]
    Message,
    /// When a record is about to be protected: the sender's record layer means what it seals.
    Record,
    /// When a record is sealed, header and all: somebody on the way made the change.
    Ciphertext,
}

impl Stage {
    fn name(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Message => "message",
            Self::Record => "record",
            Self::Ciphertext => "ciphertext",
        }
    }

    fn is_of_records(self) -> bool {
        matches!(self, Self::Record | Self::Ciphertext)
    }
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
    /// Another message is planned after it, by its name: one that the side builds itself, with what it knows by then.
    PlanAfter {
        /// The name, such as `Finished` or `ChangeCipherSpec`.
        message: String,
    },
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
    /// Its bytes, from one on, are combined with others by exclusive or. Those that would lie beyond its end do nothing.
    Xor {
        /// Where the first of them is; in a message 0 is the first of its header.
        at: usize,
        /// The others.
        bytes: Bytes,
    },
    /// Only its first bytes are sent. What the length in a header says stays.
    Truncate {
        /// How many.
        length: usize,
    },
    /// Bytes are sent with it, after its last. What the length in a header says stays.
    Append {
        /// The bytes.
        bytes: Bytes,
    },
    /// A record is cut into several: each but the last has as many bytes as the list says, the last has what is left.
    Refragment {
        /// The lengths. A zero makes an empty record.
        lengths: Vec<usize>,
    },
}

impl Change {
    fn name(&self) -> &'static str {
        match self {
            Self::Drop => "drop",
            Self::Duplicate => "duplicate",
            Self::Swap => "swap",
            Self::PlanAfter { .. } => "plan_after",
            Self::SetField { .. } => "set_field",
            Self::Replace { .. } => "replace",
            Self::InsertBefore { .. } => "insert_before",
            Self::InsertAfter { .. } => "insert_after",
            Self::Xor { .. } => "xor",
            Self::Truncate { .. } => "truncate",
            Self::Append { .. } => "append",
            Self::Refragment { .. } => "refragment",
        }
    }

    /// The stages at which the change can be made.
    fn stages(&self) -> &'static [Stage] {
        match self {
            Self::Drop | Self::Duplicate | Self::Swap => {
                &[Stage::Plan, Stage::Message, Stage::Record, Stage::Ciphertext]
            }
            Self::PlanAfter { .. } => &[Stage::Plan],
            Self::SetField { .. } | Self::Replace { .. } | Self::InsertBefore { .. } | Self::InsertAfter { .. } => {
                &[Stage::Message]
            }
            Self::Xor { .. } | Self::Truncate { .. } | Self::Append { .. } => {
                &[Stage::Message, Stage::Record, Stage::Ciphertext]
            }
            Self::Refragment { .. } => &[Stage::Record],
        }
    }

    /// Makes the change to bytes that are sent in several pieces, if it is one of bytes.
    pub(super) fn apply_to_bytes(&self, pieces: &mut Vec<Vec<u8>>) {
        match self {
            Self::Drop => pieces.clear(),
            Self::Duplicate => pieces.extend(pieces.clone()),
            Self::Xor { at, bytes } => pieces.iter_mut().for_each(|piece| xor(piece, *at, bytes)),
            Self::Truncate { length } => pieces.iter_mut().for_each(|piece| piece.truncate(*length)),
            Self::Append { bytes } => pieces.iter_mut().for_each(|piece| piece.extend_from_slice(bytes)),
            Self::Refragment { lengths } => *pieces = pieces.iter().flat_map(|piece| cut(piece, lengths)).collect(),
            Self::Swap
            | Self::PlanAfter { .. }
            | Self::SetField { .. }
            | Self::Replace { .. }
            | Self::InsertBefore { .. }
            | Self::InsertAfter { .. } => {}
        }
    }
}

/// The names of the messages that a side can be told to build.
pub const fn plannable(side: Side) -> &'static [&'static str] {
    match side {
        Side::Client => {
            &["ClientHello", "Certificate", "ClientKeyExchange", "CertificateVerify", "ChangeCipherSpec", "Finished"]
        }
        Side::Server => &[
            "HelloRequest",
            "ServerHello",
            "Certificate",
            "ServerKeyExchange",
            "CertificateRequest",
            "ServerHelloDone",
            "NewSessionTicket",
            "ChangeCipherSpec",
            "Finished",
        ],
    }
}

fn xor(piece: &mut [u8], at: usize, bytes: &[u8]) {
    piece.iter_mut().skip(at).zip(bytes).for_each(|(byte, with)| *byte ^= with);
}

fn cut(piece: &[u8], lengths: &[usize]) -> Vec<Vec<u8>> {
    let mut rest = piece;
    let mut pieces = Vec::with_capacity(lengths.len() + 1);
    for length in lengths {
        let (first, after) = rest.split_at(rest.len().min(*length));
        pieces.push(first.to_vec());
        rest = after;
    }
    pieces.push(rest.to_vec());
    pieces
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
    #[error("{change} cannot be made at stage {stage}, only at {}", .stages.join(" or "))]
    WrongStage {
        /// The change's name.
        change: &'static str,
        /// The stage's name.
        stage: &'static str,
        /// Those at which it can be made.
        stages: Vec<&'static str>,
    },
    /// Messages are selected where records are changed, or the other way round.
    #[error("at stage {stage} an edit selects by {}", if *.records { "record" } else { "message or index" })]
    WrongSelector {
        /// The stage's name.
        stage: &'static str,
        /// Whether that is one of records.
        records: bool,
    },
    /// A message that the side does not build.
    #[error("a {side} builds no {message}, but {}", .plannable.join(", "))]
    NotPlannable {
        /// The side.
        side: Side,
        /// The name that was given.
        message: String,
        /// Those of what it builds.
        plannable: &'static [&'static str],
    },
    /// A message that an earlier edit made too long for its own length fields has no bytes to change.
    #[error("{message} has no bytes that could be changed: {reason}")]
    Unencodable {
        /// The message's name.
        message: String,
        /// The encoder's words.
        reason: String,
    },
}

impl Edit {
    /// Whether the edit can be made at its stage at all.
    ///
    /// # Errors
    /// [`EditError::WrongStage`], [`EditError::WrongSelector`], [`EditError::NotPlannable`].
    pub fn validate(&self) -> Result<(), EditError> {
        let (stage, stages) = (self.stage.name(), self.change.stages());
        if !stages.contains(&self.stage) {
            let stages = stages.iter().map(|stage| stage.name()).collect();
            return Err(EditError::WrongStage { change: self.change.name(), stage, stages });
        }
        let records = self.stage.is_of_records();
        if records != matches!(self.select, Select::Record { .. }) {
            return Err(EditError::WrongSelector { stage, records });
        }
        match &self.change {
            Change::PlanAfter { message } if !plannable(self.side).contains(&message.as_str()) => {
                let (side, message) = (self.side, message.clone());
                Err(EditError::NotPlannable { side, message, plannable: plannable(side) })
            }
            _ => Ok(()),
        }
    }

    /// Whether the edit is about the message called `name` that stands at `index` of the plan, `occurrence` of its
    /// name being before it.
    pub(super) fn selects(&self, index: usize, name: &str, occurrence: usize) -> bool {
        match &self.select {
            Select::Index { index: wanted } => *wanted == index,
            Select::Message { message, occurrence: wanted } => message == name && *wanted == occurrence,
            Select::Record { .. } => false,
        }
    }

    /// Whether the edit is about a record of this type, so many being before it in all and of its type.
    pub(super) fn selects_record(&self, before: usize, content_type: ContentType, before_of_type: usize) -> bool {
        match &self.select {
            Select::Record { record, content_type: None } => *record == before,
            Select::Record { record, content_type: Some(wanted) } => {
                *wanted == content_type && *record == before_of_type
            }
            Select::Index { .. } | Select::Message { .. } => false,
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
