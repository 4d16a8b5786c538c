//! Why a behaviour was refused.

use crate::crypto::Side;

/// A description of a behaviour that does not describe one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BehaviourError {
    /// The description is not JSON.
    #[error("a behaviour is a JSON object of knobs: {reason}")]
    NotJson {
        /// The parser's words.
        reason: String,
    },
    /// The description is JSON, but no object.
    #[error("a behaviour is a JSON object of knobs, such as {{\"ems\": \"off\"}}; got {got}")]
    NotAnObject {
        /// What was given.
        got: String,
    },
    /// A piece of `k=v,k=v` without its `=`.
    #[error("{got:?} is not of the form knob=value")]
    NotAnAssignment {
        /// The piece.
        got: String,
    },
    /// No knob has this name.
    #[error("a {side} has no knob {name:?}{}; its knobs are: {}", did_you_mean(.nearest), .valid.join(", "))]
    UnknownKnob {
        /// Whose behaviour.
        side: Side,
        /// What was given.
        name: String,
        /// The nearest name, if one is near.
        nearest: Option<String>,
        /// All names.
        valid: Vec<String>,
    },
    /// The knob does not take this value.
    #[error("{knob} does not take {got}{}; it takes {expected}", did_you_mean(.nearest))]
    BadValue {
        /// The knob.
        knob: String,
        /// What was given, in JSON.
        got: String,
        /// The nearest valid value, if one is near.
        nearest: Option<String>,
        /// What it takes.
        expected: String,
    },
    /// A value that fits the knob's kind and yet cannot be read.
    #[error("{reason}")]
    Value {
        /// The reader's words.
        reason: String,
    },
    /// A group that cannot be used.
    #[error("groups: {source}")]
    Group {
        /// Why.
        #[from]
        source: tlslab_dh::GroupError,
    },
    /// Knobs that contradict each other.
    #[error("{knobs}: {reason}")]
    Contradiction {
        /// The knobs.
        knobs: String,
        /// Why they cannot go together, and what to do.
        reason: String,
    },
}

fn did_you_mean(nearest: &Option<String>) -> String {
    nearest.as_ref().map(|name| format!(" (did you mean {name:?}?)")).unwrap_or_default()
}
