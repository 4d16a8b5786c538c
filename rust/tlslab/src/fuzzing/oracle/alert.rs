//! The alert for what is refused: cases in which the RFCs leave no choice.

use tlslab_proto::crypto::Side;
use tlslab_proto::endpoint::edit::{Edit, Select, Stage};
use tlslab_proto::endpoint::trace::Event;
use tlslab_proto::wire::registry::{AlertDescription as A, AlertLevel, CompressionMethod};
use tlslab_proto::wire::{ClientHello, Extension, Handshake, Message, ServerHello};

use super::{Evidence, at};
use crate::scenario::Plan;
use crate::scenario::connection::Connection;

pub(super) fn judge(evidence: &Evidence<'_>) -> Option<String> {
    evidence.connections().find_map(|(plan, connection)| {
        [Side::Client, Side::Server].into_iter().find_map(|side| other_alert(plan, connection, side))
    })
}

/// What the side has refused with another alert than it had to.
fn other_alert(plan: &Plan, connection: &Connection, side: Side) -> Option<String> {
    let events: Vec<&Event> = at(connection, side).collect();
    let refused = events.iter().position(|event| matches!(event, Event::Refused { .. }))?;
    let Demand { what, alerts, rule } = demanded(side, &events[..refused])?;
    let alert = events[refused..].iter().find_map(|event| match event {
        Event::Sent { message: Message::Alert(alert), edited: false, .. } => Some(*alert),
        _ => None,
    });
    // What becomes of an alert that edits get at is not its sender's choice.
    if plan.edits.iter().any(|edit| edit.side == side && (alert.is_none() || is_about_alerts(edit))) {
        return None;
    }
    let fits = alert.is_some_and(|alert| alert.level == AlertLevel::FATAL && alerts.contains(&alert.description));
    let got = alert.map_or_else(|| "no alert".to_owned(), |alert| alert.description.to_string());
    (!fits).then(|| format!("the {side} answers {what} with {got}; {rule} has {}", alerts[0]))
}

/// Whether an edit may have something else sent around an alert, or put in its place.
fn is_about_alerts(edit: &Edit) -> bool {
    matches!(&edit.select, Select::Message { message, .. } if message == "Alert") || edit.stage == Stage::Plan
}

/// What must be answered, and with what; of several, the first is the one to name.
struct Demand {
    what: &'static str,
    alerts: &'static [A],
    rule: &'static str,
}

/// What the last thing that happened before a refusal demands.
fn demanded(side: Side, before: &[&Event]) -> Option<Demand> {
    let last = before.iter().rposition(|event| matches!(event, Event::Received { .. }))?;
    let Event::Received { message } = before[last] else { return None };
    let since = &before[last..];
    if since.iter().any(|event| matches!(event, Event::PublicValueRefused { .. })) {
        let what = "a public value out of range";
        return Some(Demand { what, alerts: &[A::ILLEGAL_PARAMETER], rule: "RFC 7919 5.1" });
    }
    match message {
        Message::UnknownContent { .. } => {
            Some(Demand { what: "an unknown content type", alerts: &[A::UNEXPECTED_MESSAGE], rule: "RFC 5246 6" })
        }
        Message::Handshake(Handshake::Finished(finished)) => {
            let expected = since.iter().find_map(|event| match event {
                Event::VerifyData { sender, verify_data, .. } if *sender == side.peer() => Some(verify_data),
                _ => None,
            })?;
            let is_wrong = finished.verify_data != *expected;
            let what = "a Finished with other verify_data";
            is_wrong.then_some(Demand { what, alerts: &[A::DECRYPT_ERROR], rule: "RFC 5246 7.2.2" })
        }
        Message::Handshake(Handshake::ServerKeyExchange(_) | Handshake::CertificateVerify(_)) => {
            let is_bad = since.iter().any(|event| matches!(event, Event::Verified { good: false, .. }));
            let what = "a bad signature";
            // Illegal is an algorithm that is none of the key's.
            let alerts = &[A::DECRYPT_ERROR, A::ILLEGAL_PARAMETER];
            is_bad.then_some(Demand { what, alerts, rule: "RFC 5246 7.2.2" })
        }
        Message::Handshake(Handshake::ServerHello(hello)) if side == Side::Client => {
            let (offer, answers) = offer(before)?;
            if answers == 1 { of_server_hello(offer, hello) } else { None }
        }
        Message::Alert(_) | Message::Heartbeat(_) | Message::Handshake(Handshake::ClientHello(_)) => None,
        _ if side == Side::Server && is_first(before) => {
            let what = "a first message that is no ClientHello";
            Some(Demand { what, alerts: &[A::UNEXPECTED_MESSAGE], rule: "RFC 5246 7.2.2" })
        }
        _ => None,
    }
}

/// Whether the last message is the first but for alerts.
fn is_first(events: &[&Event]) -> bool {
    let is_message = |event: &&&Event| match event {
        Event::Received { message } => !matches!(message, Message::Alert(_)),
        _ => false,
    };
    events.iter().filter(is_message).count() == 1
}

/// The client's last offer, unless the server has declined it (RFC 5246 7.2.2), and how many ServerHellos came since.
fn offer<'a>(events: &[&'a Event]) -> Option<(&'a ClientHello, usize)> {
    let (at, hello) = events.iter().enumerate().rev().find_map(|(at, event)| match event {
        Event::Sent { message: Message::Handshake(Handshake::ClientHello(hello)), edited: false, .. }
        | Event::Dropped { message: Message::Handshake(Handshake::ClientHello(hello)) } => Some((at, hello)),
        _ => None,
    })?;
    let received = events[at..].iter().filter_map(|event| match event {
        Event::Received { message } => Some(message),
        _ => None,
    });
    let is_declined =
        |message: &&Message| matches!(message, Message::Alert(alert) if alert.description == A::NO_RENEGOTIATION);
    if received.clone().any(|message| is_declined(&message)) {
        return None;
    }
    Some((hello, received.filter(|message| message.name() == "ServerHello").count()))
}

/// What is wrong with the answer to an offer, where that is one thing alone: the RFCs do not say what comes first. What
/// else may be wrong with any hello has its alerts too (RFC 5246 E.1, RFC 5746 3.4, RFC 7627 5.3).
fn of_server_hello(offer: &ClientHello, hello: &ServerHello) -> Option<Demand> {
    let offers = |extension: &Extension| {
        let renegotiation = matches!(extension, Extension::RenegotiationInfo { .. });
        renegotiation || offer.extensions().has(extension.extension_type())
    };
    let wrong = [
        (hello.server_version > offer.client_version).then_some(Demand {
            what: "a ServerHello of a later version than offered",
            alerts: &[A::PROTOCOL_VERSION, A::ILLEGAL_PARAMETER, A::HANDSHAKE_FAILURE],
            rule: "RFC 5246 E.1",
        }),
        (hello.compression_method != CompressionMethod::NULL).then_some(Demand {
            what: "a ServerHello with compression that was not offered",
            alerts: &[A::ILLEGAL_PARAMETER, A::PROTOCOL_VERSION, A::HANDSHAKE_FAILURE],
            rule: "RFC 5246 7.2.2",
        }),
        (!offer.cipher_suites.contains(&hello.cipher_suite)).then_some(Demand {
            what: "a ServerHello with a suite that was not offered",
            alerts: &[A::ILLEGAL_PARAMETER, A::PROTOCOL_VERSION, A::HANDSHAKE_FAILURE],
            rule: "RFC 5246 7.2.2",
        }),
        (!hello.extensions().iter().all(offers)).then_some(Demand {
            what: "a ServerHello with an extension that was not offered",
            alerts: &[
                A::UNSUPPORTED_EXTENSION,
                A::ILLEGAL_PARAMETER,
                A::DECODE_ERROR,
                A::PROTOCOL_VERSION,
                A::HANDSHAKE_FAILURE,
            ],
            rule: "RFC 5246 7.4.1.4",
        }),
    ];
    let mut wrong = wrong.into_iter().flatten();
    let only = wrong.next()?;
    wrong.next().is_none().then_some(only)
}
