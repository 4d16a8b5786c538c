//! What was changed on the way does not go unnoticed.

use tlslab_proto::crypto::Side;
use tlslab_proto::endpoint::edit::{Edit, Hashed, Stage};
use tlslab_proto::endpoint::trace::Event;
use tlslab_proto::wire::registry::ContentType;
use tlslab_proto::wire::{Bytes, Message};

use super::{Evidence, at};
use crate::link::fault::FaultKind;
use crate::scenario::connection::Connection;
use crate::scenario::outcome::Kind;

pub(super) fn judge(evidence: &Evidence<'_>) -> Option<String> {
    evidence.connections().find_map(|(plan, connection)| {
        let on_the_way = plan.fault.is_none_or(|fault| matches!(fault.kind, FaultKind::Delay))
            && plan.edits.iter().all(is_on_the_way)
            && !makes_protected(connection);
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

/// Whether an edit had a message sent under protection that its sender had not built: nobody on the way can.
fn makes_protected(connection: &Connection) -> bool {
    connection.trace.iter().any(|traced| matches!(traced.event, Event::Sent { edited: true, protected: true, .. }))
}

/// What of `side`'s was changed, and should not have been without being noticed.
fn tampering(connection: &Connection, side: Side) -> Option<String> {
    let (meant, arrived) = (meant(connection, side), arrived(connection, side));
    if meant != arrived {
        let position = meant.iter().zip(&arrived).take_while(|(meant, arrived)| meant == arrived).count();
        let name = |messages: &[&Message]| messages.get(position).map_or("nothing", |message| message.name());
        let (meant, arrived) = (name(&meant), name(&arrived));
        return Some(format!("the {side} meant to send {meant}, and its peer got another one, or {arrived}"));
    }
    changed_record(connection, side).then(|| format!("a protected record of the {side}'s was changed"))
}

/// The messages of the handshake that a side has built, whether or not they were sent so.
fn meant(connection: &Connection, side: Side) -> Vec<&Message> {
    let messages = at(connection, side).filter_map(|event| match event {
        Event::Sent { message, edited: false, .. } | Event::Dropped { message } => Some(message),
        _ => None,
    });
    in_clear(messages)
}

/// The messages of the handshake that its peer got.
fn arrived(connection: &Connection, side: Side) -> Vec<&Message> {
    let messages = at(connection, side.peer()).filter_map(|event| match event {
        Event::Received { message } => Some(message),
        _ => None,
    });
    in_clear(messages)
}

/// Those of them before there is protection: who is on the way can make none that is protected.
fn in_clear<'a>(messages: impl Iterator<Item = &'a Message>) -> Vec<&'a Message> {
    let mut in_clear: Vec<&Message> = Vec::new();
    for message in messages.filter(|message| is_covered(message)) {
        in_clear.push(message);
        if *message == Message::ChangeCipherSpec {
            break;
        }
    }
    in_clear
}

/// Whether a Finished covers the message. None covers a HelloRequest (RFC 5246 7.4.1.1), an alert or a heartbeat; data is
/// protected by its records, which cut it as they like.
fn is_covered(message: &Message) -> bool {
    !matches!(message.name(), "HelloRequest" | "Alert" | "ApplicationData" | "Heartbeat")
}

/// Whether a record under protection was changed that was not the last: no outcome waits for what comes after the last
/// message.
fn changed_record(connection: &Connection, side: Side) -> bool {
    let events: Vec<&Event> = at(connection, side).filter(|event| is_about_sending(event)).collect();
    let protection = events.iter().position(|event| matches!(event, Event::Sent { protected: true, .. }));
    let last = events.iter().rposition(|event| is_own(event, "ApplicationData"));
    let (Some(protection), Some(last)) = (protection, last) else { return false };
    let of_last = events[last + 1..].iter().take_while(|event| matches!(event, Event::RecordEdited { .. })).count();
    events[..=last + of_last].iter().enumerate().skip(protection).any(|(position, event)| match event {
        Event::RecordEdited { stage: Stage::Ciphertext, original, sent, .. } => match change_of(original, sent) {
            ChangeOfRecord::Noticeable => true,
            // Who reads the next record notices.
            ChangeOfRecord::Trailing => position < last,
            ChangeOfRecord::Harmless => false,
        },
        _ => false,
    })
}

fn is_about_sending(event: &Event) -> bool {
    matches!(event, Event::Sent { .. } | Event::Dropped { .. } | Event::RecordEdited { .. })
}

/// Whether a side sends what it has built, of this name.
fn is_own(event: &Event, name: &str) -> bool {
    matches!(event, Event::Sent { message, edited: false, .. } if message.name() == name)
}

/// What was made of a record.
enum ChangeOfRecord {
    /// It need not be noticed.
    Harmless,
    /// It is whole, and something comes after it.
    Trailing,
    /// Anything else.
    Noticeable,
}

/// A ChangeCipherSpec is not protected yet, and an alert at the end is not waited for.
fn change_of(original: &[u8], sent: &[Bytes]) -> ChangeOfRecord {
    let content_type = original.first().copied().map(ContentType);
    if matches!(content_type, Some(ContentType::ALERT | ContentType::CHANGE_CIPHER_SPEC)) {
        return ChangeOfRecord::Harmless;
    }
    match sent {
        [sent] if sent.starts_with(original) => ChangeOfRecord::Trailing,
        _ => ChangeOfRecord::Noticeable,
    }
}
