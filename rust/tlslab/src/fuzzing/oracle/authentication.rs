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

/// What of `side`'s was changed, and should not have been without being noticed. The last message of its own counts, and
/// nothing after it: no outcome waits for that.
fn tampering(connection: &Connection, side: Side) -> Option<String> {
    let is_about_sending =
        |event: &&Event| matches!(event, Event::Sent { .. } | Event::Dropped { .. } | Event::RecordEdited { .. });
    let events: Vec<&Event> = at(connection, side).filter(is_about_sending).collect();
    let last = events.iter().rposition(|event| is_own(event))?;
    let is_of_another = |event: &&Event| !matches!(event, Event::RecordEdited { .. });
    let end = events.iter().skip(last + 1).position(is_of_another).map_or(events.len(), |after| last + 1 + after);
    let mut protected = false;
    let mut events = events[..end].iter().enumerate().peekable();
    while let Some((position, event)) = events.next() {
        match event {
            Event::Sent { message: Message::ChangeCipherSpec, edited: false, .. } => protected = true,
            Event::Sent { message, edited: true, protected: false } if !is_harmless(message) => {
                // One that was made up and taken away again has not been there.
                let is_taken_away =
                    |(_, next): &(usize, &&Event)| matches!(next, Event::RecordEdited { sent, .. } if sent.is_empty());
                if events.next_if(is_taken_away).is_none() {
                    return Some(format!("somebody changed the {side}'s {} or sent one", message.name()));
                }
            }
            // Nobody on the way can change a message under protection: that is the sender's doing after all.
            Event::Dropped { message } if !protected && !is_harmless(message) => {
                return Some(format!("the {side}'s {} never arrived", message.name()));
            }
            Event::RecordEdited { stage: Stage::Ciphertext, original, sent, .. } => match change_of(original, sent) {
                ChangeOfRecord::Noticeable => return Some(format!("a record of the {side}'s was changed")),
                // Who reads the next record notices.
                ChangeOfRecord::Trailing if position < last => {
                    return Some(format!("something came after a record of the {side}'s"));
                }
                ChangeOfRecord::Trailing | ChangeOfRecord::Harmless => {}
            },
            _ => {}
        }
    }
    None
}

/// Whether a side sends what it means to send, and not the end of the connection.
fn is_own(event: &Event) -> bool {
    matches!(event, Event::Sent { message, edited: false, .. } if !matches!(message, Message::Alert(_)))
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
