//! What was changed on the way does not go unnoticed.

use std::ops::Range;

use tlslab_proto::crypto::Side;
use tlslab_proto::endpoint::edit::{Edit, Hashed, Stage};
use tlslab_proto::endpoint::trace::Event;
use tlslab_proto::wire::registry::{AlertLevel, ContentType};
use tlslab_proto::wire::{Bytes, Handshake, Message};

use super::{Evidence, at};
use crate::link::fault::FaultKind;
use crate::scenario::connection::Connection;
use crate::scenario::outcome::Kind;

/// A record's header: type, version, length.
const HEADER_LEN: usize = 5;
const MINOR_VERSION: usize = 2;

pub(super) fn judge(evidence: Evidence<'_>) -> Option<String> {
    evidence.connections().find_map(|(plan, connection)| {
        let on_the_way = plan.fault.is_none_or(|fault| matches!(fault.kind, FaultKind::Delay))
            && plan.edits.iter().all(is_on_the_way);
        if !on_the_way || connection.outcome.kind != Kind::Established {
            return None;
        }
        let noticed = [Side::Client, Side::Server].iter().find_map(|side| tampering(connection, *side));
        noticed.map(|what| format!("both sides went on as if nothing had been, though {what}"))
    })
}

/// Whether it is somebody else's doing than the sender's.
fn is_on_the_way(edit: &Edit) -> bool {
    match edit.stage {
        Stage::Ciphertext => true,
        Stage::Message => edit.transcript == Hashed::Original,
        Stage::Plan | Stage::Record => false,
    }
}

/// What of `side`'s was changed, and should not have been without being noticed.
fn tampering(connection: &Connection, side: Side) -> Option<String> {
    let mut protected = false;
    // What comes after the last record is noticed by who reads the next one, if there is one.
    let mut trailing = None;
    let is_about_sending =
        |event: &&Event| matches!(event, Event::Sent { .. } | Event::Dropped { .. } | Event::RecordEdited { .. });
    let mut events = at(connection, side).filter(is_about_sending).peekable();
    while let Some(event) = events.next() {
        match event {
            Event::Sent { message, .. } if trailing.is_some() && !matches!(message, Message::Alert(_)) => {
                return trailing;
            }
            Event::Sent { message: Message::ChangeCipherSpec, edited: false, .. } => protected = true,
            Event::Sent { message, edited: true, protected: false } if !is_harmless(message) => {
                // One that was made up and taken away again has not been there.
                let gone = |next: &&Event| matches!(next, Event::RecordEdited { sent, .. } if sent.is_empty());
                if events.next_if(gone).is_none() {
                    return Some(format!("somebody changed the {side}'s {} or sent one", message.name()));
                }
            }
            // Nobody on the way can change a message under protection: that is the sender's doing after all.
            Event::Dropped { message } if !protected && !is_harmless(message) => {
                return Some(format!("the {side}'s {} never arrived", message.name()));
            }
            Event::RecordEdited { stage: Stage::Ciphertext, original, sent, .. } => {
                let what = format!("a record of the {side}'s was changed");
                match change_of(original, sent) {
                    ChangeOfRecord::Harmless => {}
                    ChangeOfRecord::Trailing => trailing = Some(what),
                    ChangeOfRecord::Noticeable => return Some(what),
                }
            }
            _ => {}
        }
    }
    None
}

/// What was made of a record.
enum ChangeOfRecord {
    /// Nothing covers what was changed.
    Harmless,
    /// It is whole, and something comes after it.
    Trailing,
    /// Anything else.
    Noticeable,
}

/// What no transcript covers: a HelloRequest (RFC 5246 7.4.1.1), and a warning or the end, before there are keys. A
/// connection's outcome does not wait for a close_notify.
fn is_harmless(message: &Message) -> bool {
    match message {
        Message::Handshake(Handshake::HelloRequest) => true,
        Message::Alert(alert) => alert.level == AlertLevel::WARNING,
        _ => false,
    }
}

/// The minor version in the header of a record that is not protected is covered by nothing, and any will do there (RFC 5246
/// E.1). An alert at the end is not waited for.
fn change_of(original: &[u8], sent: &[Bytes]) -> ChangeOfRecord {
    if original.first() == Some(&ContentType::ALERT.0) {
        return ChangeOfRecord::Harmless;
    }
    let [sent] = sent else { return ChangeOfRecord::Noticeable };
    if sent.starts_with(original) {
        return ChangeOfRecord::Trailing;
    }
    let same = |range: Range<usize>| original.get(range.clone()) == sent.get(range);
    let minor_version_only = sent.len() == original.len()
        && same(0..MINOR_VERSION)
        && same(MINOR_VERSION + 1..HEADER_LEN)
        && original[HEADER_LEN..] == sent[HEADER_LEN..];
    if minor_version_only { ChangeOfRecord::Harmless } else { ChangeOfRecord::Noticeable }
}
