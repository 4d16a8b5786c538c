//! How an endpoint ends a connection of its own accord.

use crate::behaviour::values::Reaction;
use crate::wire::registry::AlertDescription;

/// An endpoint's decision to end the connection, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fatal {
    pub(super) answer: Answer,
    pub(super) reason: String,
}

/// What the peer sees of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// A fatal alert.
    Alert(AlertDescription),
    /// The connection closes.
    Close,
    /// Nothing more, ever.
    Silence,
}

impl Fatal {
    /// A fatal alert.
    pub(super) fn alert(description: AlertDescription, reason: impl Into<String>) -> Self {
        Self { answer: Answer::Alert(description), reason: reason.into() }
    }

    /// What the behaviour's `reaction` comes to.
    pub(super) fn reaction(reaction: Reaction, reason: impl Into<String>) -> Self {
        let answer = match reaction {
            Reaction::BadRecordMac => Answer::Alert(AlertDescription::BAD_RECORD_MAC),
            Reaction::DecryptionFailed => Answer::Alert(AlertDescription::DECRYPTION_FAILED),
            Reaction::DecryptError => Answer::Alert(AlertDescription::DECRYPT_ERROR),
            Reaction::Close => Answer::Close,
            Reaction::Silence => Answer::Silence,
        };
        Self { answer, reason: reason.into() }
    }
}
