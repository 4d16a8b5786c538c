//! The edits of what a record layer writes: at stage record before protection, at stage ciphertext after it.

use std::collections::BTreeMap;

use super::edit::{Change, Edit, Stage};
use crate::crypto::Side;
use crate::wire::Bytes;
use crate::wire::registry::ContentType;

/// A record's place among those that a side writes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    content_type: ContentType,
    /// How many are before it.
    before: usize,
    /// How many of its type are.
    before_of_type: usize,
}

/// The edits of one side's records.
pub(super) struct RecordEdits {
    edits: Vec<Edit>,
    written: usize,
    written_of_type: BTreeMap<ContentType, usize>,
    /// What swaps hold back until the next record, before protection and after it.
    held: [Vec<(ContentType, Vec<u8>)>; 2],
    /// What was edited since this was last asked.
    edited: Vec<EditedRecord>,
}

/// What edits made of a record at one stage.
pub(super) struct EditedRecord {
    /// How many were written before it.
    pub(super) record: usize,
    pub(super) stage: Stage,
    pub(super) original: Bytes,
    /// What goes on in its place now: nothing, where it is dropped or held back.
    pub(super) sent: Vec<Bytes>,
}

impl RecordEdits {
    /// Those of `edits` that are of `side`'s records.
    pub(super) fn new(side: Side, edits: &[Edit]) -> Self {
        let of_records = |edit: &&Edit| edit.side == side && matches!(edit.stage, Stage::Record | Stage::Ciphertext);
        Self {
            edits: edits.iter().filter(of_records).cloned().collect(),
            written: 0,
            written_of_type: BTreeMap::new(),
            held: Default::default(),
            edited: Vec::new(),
        }
    }

    /// Whether there are none, and records need no place.
    pub(super) fn is_empty(&self) -> bool {
        self.edits.is_empty()
    }

    /// The place of the next record.
    pub(super) fn next_place(&mut self, content_type: ContentType) -> Place {
        let of_type = self.written_of_type.entry(content_type).or_default();
        let place = Place { content_type, before: self.written, before_of_type: *of_type };
        self.written += 1;
        *of_type += 1;
        place
    }

    /// What becomes at `stage` of `bytes`, the record at `place` or a piece of it: what is to go on now, in order.
    pub(super) fn pass(
        &mut self,
        stage: Stage,
        place: Place,
        content_type: ContentType,
        bytes: Vec<u8>,
    ) -> Vec<(ContentType, Vec<u8>)> {
        let mut pieces = vec![bytes.clone()];
        let mut swapped = false;
        let selected = |edit: &&Edit| {
            edit.stage == stage && edit.selects_record(place.before, place.content_type, place.before_of_type)
        };
        for edit in self.edits.iter().filter(selected) {
            swapped |= edit.change == Change::Swap;
            edit.change.apply_to_bytes(&mut pieces);
        }
        let held_back = swapped && self.held[of(stage)].is_empty();
        if swapped || pieces != [&bytes[..]] {
            let sent = if held_back { Vec::new() } else { pieces.iter().map(|piece| piece[..].into()).collect() };
            self.edited.push(EditedRecord { record: place.before, stage, original: bytes.into(), sent });
        }
        let held = &mut self.held[of(stage)];
        let due = pieces.into_iter().map(|piece| (content_type, piece));
        if held_back {
            held.extend(due);
            return Vec::new();
        }
        due.chain(std::mem::take(held)).collect()
    }

    /// What was edited since the last call.
    pub(super) fn take_edited(&mut self) -> Vec<EditedRecord> {
        std::mem::take(&mut self.edited)
    }
}

/// Where the stage's records are held back.
fn of(stage: Stage) -> usize {
    usize::from(stage == Stage::Ciphertext)
}
