//! A wire in memory, which may fail at a chosen byte.

use serde::{Deserialize, Serialize};
use tlslab_proto::crypto::Side;

/// How and when a connection fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Whose bytes are counted.
    pub sender: Side,
    /// How many of them arrive.
    pub after_bytes: u64,
    /// What happens then.
    pub kind: FaultKind,
}

/// What happens to a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// It is dropped: both sides see its end.
    Drop,
    /// It falls silent: nothing arrives any more, and nobody is told.
    Silence,
}

/// What carries the bytes of one connection.
#[derive(Debug, Default)]
pub struct Wire {
    fault: Option<Fault>,
    counted: u64,
    failed: Option<FaultKind>,
    end_seen: bool,
}

impl Wire {
    /// A wire that fails so, or never.
    pub fn new(fault: Option<Fault>) -> Self {
        Self { fault, ..Self::default() }
    }

    /// Takes what `sender` sends, and gives what of it arrives.
    pub fn carry<'a>(&mut self, sender: Side, bytes: &'a [u8]) -> &'a [u8] {
        if self.failed.is_some() {
            return &[];
        }
        let Some(fault) = self.fault.filter(|fault| fault.sender == sender) else { return bytes };
        let left = usize::try_from(fault.after_bytes - self.counted).unwrap_or(usize::MAX);
        let arriving = &bytes[..bytes.len().min(left)];
        self.counted += arriving.len() as u64;
        if bytes.len() > left {
            self.failed = Some(fault.kind);
        }
        arriving
    }

    /// Whether both sides come to see its end: once after it was dropped, all that arrived having been dealt with.
    pub fn shows_its_end(&mut self) -> bool {
        self.failed == Some(FaultKind::Drop) && !std::mem::replace(&mut self.end_seen, true)
    }

    /// How it has failed.
    pub fn failed(&self) -> Option<FaultKind> {
        self.failed
    }
}
