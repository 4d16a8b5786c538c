//! The queue of what an endpoint means to send, and the edits made to it: plan, build, edit, emit.

use std::collections::{BTreeMap, VecDeque};
use std::slice;
use std::sync::Arc;

use super::edit::{Change, Edit, EditError, Hashed, Select, Stage, set_field};
use crate::crypto::Side;
use crate::wire::registry::HandshakeType;
use crate::wire::{Alert, Encode, Heartbeat, Message};

/// What an endpoint means to send; the message itself is built when its turn comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    Handshake(HandshakeType),
    ChangeCipherSpec,
    ApplicationData(Vec<u8>),
    Alert(Alert),
    Heartbeat(Heartbeat),
}

impl Item {
    fn name(&self) -> &'static str {
        match self {
            Self::Handshake(msg_type) => msg_type.name().unwrap_or("Handshake"),
            Self::ChangeCipherSpec => "ChangeCipherSpec",
            Self::ApplicationData(_) => "ApplicationData",
            Self::Alert(_) => "Alert",
            Self::Heartbeat(_) => "Heartbeat",
        }
    }
}

/// An item with its place in all that the side plans to send.
#[derive(Debug, Clone)]
pub(super) struct Planned {
    pub(super) item: Item,
    index: usize,
    occurrence: usize,
}

impl Planned {
    /// What only an edit has planned: no other edit selects it, and it shifts none.
    fn besides(name: &str) -> Option<Self> {
        let item = match name {
            "ChangeCipherSpec" => Item::ChangeCipherSpec,
            _ => Item::Handshake(HandshakeType::from_name(name)?),
        };
        Some(Self { item, index: usize::MAX, occurrence: usize::MAX })
    }

    /// Those of `edits` that select it, as an item of `side`'s.
    fn edits<'a>(&self, edits: &'a [Edit], side: Side, stage: Stage) -> impl Iterator<Item = &'a Edit> {
        edits.iter().filter(move |edit| {
            edit.side == side && edit.stage == stage && edit.selects(self.index, self.item.name(), self.occurrence)
        })
    }
}

/// A message that is built and not yet sent.
#[derive(Debug, Clone)]
pub(super) struct Prepared {
    pub(super) item: Item,
    pub(super) index: usize,
    /// The message as it was built.
    pub(super) original: Message,
    /// What is sent instead of it alone, where an edit had a say.
    changed: Option<Changed>,
    /// What the transcript takes.
    pub(super) hashed: Hashed,
    after_next: bool,
}

/// What edits made of a message.
#[derive(Debug, Clone)]
struct Changed {
    /// What is sent in its place: nothing, itself, another, or copies.
    in_place: Vec<Message>,
    /// What is sent before and after it.
    before: Vec<Message>,
    after: Vec<Message>,
}

impl Prepared {
    /// All that is sent, in order.
    pub(super) fn sends(&self) -> impl Iterator<Item = &Message> {
        let [before, in_place, after] = match &self.changed {
            Some(Changed { in_place, before, after }) => [&before[..], in_place, after],
            None => [&[], slice::from_ref(&self.original), &[]],
        };
        before.iter().chain(in_place).chain(after)
    }

    /// Whether an edit changed what is sent.
    pub(super) fn edited(&self) -> bool {
        self.changed.is_some() && !self.sends().eq([&self.original])
    }

    fn apply(&mut self, change: &Change) -> Result<(), EditError> {
        let changed = self.changed.get_or_insert_with(|| Changed {
            in_place: vec![self.original.clone()],
            before: Vec::new(),
            after: Vec::new(),
        });
        match change {
            Change::Drop => changed.in_place.clear(),
            Change::Duplicate => changed.in_place.extend(changed.in_place.clone()),
            Change::Swap => self.after_next = true,
            Change::SetField { path, value } => {
                for message in &mut changed.in_place {
                    *message = unless_same(message, set_field(message, path, value)?);
                }
            }
            Change::Replace { message } => changed.in_place = vec![message.clone()],
            Change::InsertBefore { message } => changed.before.push(message.clone()),
            Change::InsertAfter { message } => changed.after.push(message.clone()),
            Change::Xor { .. } | Change::Truncate { .. } | Change::Append { .. } => {
                for message in &mut changed.in_place {
                    *message = change_bytes(message, change)?;
                }
            }
            // Of plans and of records alone.
            Change::PlanAfter { .. } | Change::Refragment { .. } => {}
        }
        Ok(())
    }
}

/// `changed`, or `message` where that has the same bytes: an extension may be the one that was there, in other words.
fn unless_same(message: &Message, changed: Message) -> Message {
    match (message.to_bytes(), changed.to_bytes()) {
        (Ok(bytes), Ok(others)) if bytes == others => message.clone(),
        _ => changed,
    }
}

/// `message` with its bytes changed; they need not be a message any more.
fn change_bytes(message: &Message, change: &Change) -> Result<Message, EditError> {
    let bytes = message
        .to_bytes()
        .map_err(|error| EditError::Unencodable { message: message.name().to_owned(), reason: error.to_string() })?;
    let mut pieces = vec![bytes.clone()];
    change.apply_to_bytes(&mut pieces);
    let changed = pieces.concat();
    if changed == bytes {
        return Ok(message.clone());
    }
    Ok(Message::UnknownContent { content_type: message.content_type(), fragment: changed.into() })
}

/// What one side sends.
pub(super) struct Outbox {
    side: Side,
    edits: Arc<[Edit]>,
    queue: VecDeque<Planned>,
    /// How many items were ever planned, in all and of each name: an edit selects by position here.
    planned: usize,
    occurrences: BTreeMap<&'static str, usize>,
    prepared: Option<Prepared>,
    /// A message that a swap holds back until the next one is sent.
    held: Option<Prepared>,
    edit_error: Option<EditError>,
    /// Edits made by hand on prepared messages.
    by_hand: Vec<Edit>,
}

impl Outbox {
    pub(super) fn new(side: Side, edits: Arc<[Edit]>) -> Self {
        Self {
            side,
            edits,
            queue: VecDeque::new(),
            planned: 0,
            occurrences: BTreeMap::new(),
            prepared: None,
            held: None,
            edit_error: None,
            by_hand: Vec::new(),
        }
    }

    /// Appends a flight, with the edits of stage plan.
    pub(super) fn plan(&mut self, flight: impl IntoIterator<Item = Item>) {
        let mut swaps = Vec::new();
        for item in flight {
            let occurrences = self.occurrences.entry(item.name()).or_default();
            let planned = Planned { item, index: self.planned, occurrence: *occurrences };
            *occurrences += 1;
            self.planned += 1;
            let mut copies = 1;
            let mut more = Vec::new();
            for edit in planned.edits(&self.edits, self.side, Stage::Plan) {
                match &edit.change {
                    Change::Drop => copies = 0,
                    Change::Duplicate => copies = 2,
                    Change::Swap => swaps.push(self.queue.len()),
                    Change::PlanAfter { message } => more.extend(Planned::besides(message)),
                    _ => {}
                }
            }
            self.queue.extend(std::iter::repeat_n(planned, copies).chain(more));
        }
        for position in swaps {
            if position + 1 < self.queue.len() {
                self.queue.swap(position, position + 1);
            }
        }
    }

    /// Forgets what is planned or prepared: the connection ends.
    pub(super) fn clear(&mut self) {
        self.queue.clear();
        self.prepared = None;
        self.held = None;
    }

    /// Whether nothing is left to send.
    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty() && self.prepared.is_none() && self.held.is_none()
    }

    /// The next item to build.
    pub(super) fn next(&mut self) -> Option<Planned> {
        self.queue.pop_front()
    }

    /// Takes the message built for `planned`, with the edits of stage message. An edit that does not fit it is
    /// remembered as an error and not made.
    pub(super) fn prepare(&mut self, planned: Planned, original: Message) {
        let mut prepared = Prepared {
            index: planned.index,
            original,
            changed: None,
            hashed: Hashed::default(),
            after_next: false,
            item: planned.item.clone(),
        };
        for edit in planned.edits(&self.edits, self.side, Stage::Message) {
            // One edit that somebody on the way made is enough: the sender does not know what was sent.
            if edit.transcript == Hashed::Original {
                prepared.hashed = Hashed::Original;
            }
            if let Err(error) = prepared.apply(&edit.change) {
                self.edit_error.get_or_insert(error);
            }
        }
        self.prepared = Some(prepared);
    }

    /// The first edit that did not fit its message.
    pub(super) fn edit_error(&self) -> Option<&EditError> {
        self.edit_error.as_ref()
    }

    /// The message that is built and not yet sent.
    pub(super) fn prepared(&self) -> Option<&Prepared> {
        self.prepared.as_ref()
    }

    /// Changes the prepared message by hand, and remembers the change as an edit.
    ///
    /// # Errors
    /// The change does not fit the message. Nothing is changed then.
    pub(super) fn edit_prepared(&mut self, change: Change) -> Result<(), EditError> {
        let prepared = self.prepared.as_mut().ok_or(EditError::NothingPrepared)?;
        let edit = Edit {
            side: self.side,
            select: Select::Index { index: prepared.index },
            stage: Stage::Message,
            change,
            transcript: prepared.hashed,
        };
        edit.validate()?;
        let mut changed = prepared.clone();
        changed.apply(&edit.change)?;
        *prepared = changed;
        self.by_hand.push(edit);
        Ok(())
    }

    /// The edits made by hand, in order.
    pub(super) fn edits_by_hand(&self) -> &[Edit] {
        &self.by_hand
    }

    /// Whatever is to be sent now, the prepared message being due: none while a swap holds it back, two once the next
    /// one is due.
    pub(super) fn due(&mut self) -> [Option<Prepared>; 2] {
        let Some(mut prepared) = self.prepared.take() else { return [None, None] };
        let nothing_follows = self.queue.is_empty();
        if prepared.after_next && !nothing_follows && self.held.is_none() {
            prepared.after_next = false;
            self.held = Some(prepared);
            return [None, None];
        }
        [Some(prepared), self.held.take()]
    }
}
