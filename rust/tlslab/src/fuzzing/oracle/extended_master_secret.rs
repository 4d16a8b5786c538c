//! RFC 7627: what the hellos say of EMS, and what came of it.

use tlslab_proto::crypto::Side;
use tlslab_proto::endpoint::trace::Event;
use tlslab_proto::wire::{ClientHello, Extension, Handshake, Message, ServerHello};

use super::{Evidence, handshakes};

/// The hellos of a handshake as one side knows them, its own and its peer's: whether they have the extension.
struct Hellos {
    client: bool,
    server: bool,
}

pub(super) fn full(evidence: Evidence<'_>) -> Option<String> {
    each(evidence, |side, hellos, events| {
        events.iter().find_map(|event| match event {
            Event::MasterSecret { extended, .. } if *extended != (hellos.client && hellos.server) => Some(format!(
                "the {side} computed {} master secret; ClientHello {}, ServerHello {} the extension",
                if *extended { "an extended" } else { "a plain" },
                has(hellos.client),
                has(hellos.server)
            )),
            _ => None,
        })
    })
}

pub(super) fn resumed(evidence: Evidence<'_>) -> Option<String> {
    each(evidence, |side, hellos, events| {
        events.iter().find_map(|event| match event {
            Event::SessionResumed { ems, .. } if *ems != hellos.client || *ems != hellos.server => Some(format!(
                "the {side} resumed a session {} EMS; ClientHello {}, ServerHello {} the extension",
                if *ems { "with" } else { "without" },
                has(hellos.client),
                has(hellos.server)
            )),
            _ => None,
        })
    })
}

fn has(extension: bool) -> &'static str {
    if extension { "has" } else { "lacks" }
}

/// Judges each handshake that a side has finished.
fn each(evidence: Evidence<'_>, judge: impl Fn(Side, &Hellos, &[&Event]) -> Option<String>) -> Option<String> {
    evidence.connections().find_map(|(_, connection)| {
        [Side::Client, Side::Server].into_iter().find_map(|side| {
            handshakes(connection, side).into_iter().find_map(|(_, events)| judge(side, &hellos(&events)?, &events))
        })
    })
}

/// What a side has sent is what it means, unless somebody else changed it: then it is the one side's word alone.
fn hellos(events: &[&Event]) -> Option<Hellos> {
    let message = |event: &&Event| match event {
        Event::Sent { message, edited: false, .. } | Event::Received { message } => Some(message.clone()),
        _ => None,
    };
    let messages: Vec<Message> = events.iter().filter_map(|event| message(event)).collect();
    let client = messages.iter().find_map(|message| match message {
        Message::Handshake(Handshake::ClientHello(hello)) => Some(client_has_ems(hello)),
        _ => None,
    })?;
    let server = messages.iter().find_map(|message| match message {
        Message::Handshake(Handshake::ServerHello(hello)) => Some(server_has_ems(hello)),
        _ => None,
    })?;
    Some(Hellos { client, server })
}

fn client_has_ems(hello: &ClientHello) -> bool {
    hello.extensions.iter().flat_map(|extensions| &extensions.0).any(is_ems)
}

fn server_has_ems(hello: &ServerHello) -> bool {
    hello.extensions.iter().flat_map(|extensions| &extensions.0).any(is_ems)
}

fn is_ems(extension: &Extension) -> bool {
    *extension == Extension::ExtendedMasterSecret
}
