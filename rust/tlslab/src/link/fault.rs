//! A wire in memory, which may fail at a chosen byte.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use tlslab_proto::crypto::Side;

/// How and when a connection fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Whose bytes are counted.
    pub sender: Side,
    /// How many of them arrive before.
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
    /// The next byte arrives with other bits, and all else as it was sent.
    Corrupt {
        /// The bits that change.
        mask: u8,
    },
    /// What the sender sends next arrives only once nothing else moves. Later bytes are on time again.
    Delay,
}

/// What carries the bytes of one connection.
#[derive(Debug, Default)]
pub struct Wire {
    fault: Option<Fault>,
    counted: u64,
    happened: bool,
    end_seen: bool,
    /// What is on its way longer than it should be.
    delayed: Vec<u8>,
}

impl Wire {
    /// A wire that fails so, or never.
    pub fn new(fault: Option<Fault>) -> Self {
        Self { fault, ..Self::default() }
    }

    /// Takes what `sender` sends, and gives what of it arrives.
    pub fn carry<'a>(&mut self, sender: Side, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        if self.failed().is_some() {
            return Cow::Borrowed(&[]);
        }
        let Some(fault) = self.fault.filter(|fault| fault.sender == sender && !bytes.is_empty()) else {
            return Cow::Borrowed(bytes);
        };
        if self.happened {
            return self.behind_delayed(bytes);
        }
        let left = usize::try_from(fault.after_bytes - self.counted).unwrap_or(usize::MAX);
        let (before, after) = bytes.split_at(bytes.len().min(left));
        self.counted += before.len() as u64;
        if after.is_empty() {
            return Cow::Borrowed(before);
        }
        self.happened = true;
        match fault.kind {
            FaultKind::Drop | FaultKind::Silence => Cow::Borrowed(before),
            FaultKind::Corrupt { mask } => {
                let mut corrupted = bytes.to_vec();
                corrupted[before.len()] ^= mask;
                Cow::Owned(corrupted)
            }
            FaultKind::Delay => {
                self.delayed.extend_from_slice(after);
                Cow::Borrowed(before)
            }
        }
    }

    /// A stream keeps its order: what follows delayed bytes waits with them.
    fn behind_delayed<'a>(&mut self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        if self.delayed.is_empty() {
            return Cow::Borrowed(bytes);
        }
        self.delayed.extend_from_slice(bytes);
        Cow::Borrowed(&[])
    }

    /// What arrives late, nothing else moving any more, and who sent it.
    pub fn release(&mut self) -> Option<(Side, Vec<u8>)> {
        let delayed = std::mem::take(&mut self.delayed);
        self.fault.map(|fault| (fault.sender, delayed)).filter(|(_, delayed)| !delayed.is_empty())
    }

    /// Whether something of `sender`'s is on its way.
    pub fn delays(&self, sender: Side) -> bool {
        !self.delayed.is_empty() && self.fault.is_some_and(|fault| fault.sender == sender)
    }

    /// Whether both sides come to see its end: once after it was dropped, all that arrived having been dealt with.
    pub fn shows_its_end(&mut self) -> bool {
        self.failed() == Some(FaultKind::Drop) && !std::mem::replace(&mut self.end_seen, true)
    }

    /// How it has failed for good, where it has.
    pub fn failed(&self) -> Option<FaultKind> {
        let kind = self.fault.filter(|_| self.happened)?.kind;
        matches!(kind, FaultKind::Drop | FaultKind::Silence).then_some(kind)
    }
}
