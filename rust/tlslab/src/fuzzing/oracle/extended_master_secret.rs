//! RFC 7627: what the hellos say of EMS, and what came of it.

use tlslab_proto::crypto::Side;
use tlslab_proto::endpoint::trace::Event;
use tlslab_proto::wire::{Extension, Extensions, Handshake, Message};

use super::{Evidence, at};
use crate::scenario::connection::Connection;

/// The hellos of a handshake as one side knows them, its own and its peer's: whether they have the extension.
struct Hellos {
    client: bool,
    server: bool,
}

pub(super) fn full(evidence: &Evidence<'_>) -> Option<String> {
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

pub(super) fn resumed(evidence: &Evidence<'_>) -> Option<String> {
    let mut connections = evidence.connections();
    connections.find_map(|(_, connection)| resumed_by_server(connection)).or_else(|| finished_by(evidence))
}

/// A server is held to what it resumes by the ClientHello alone, whatever comes of it.
fn resumed_by_server(connection: &Connection) -> Option<String> {
    let mut hello_has_ems = false;
    at(connection, Side::Server).find_map(|event| match event {
        Event::Received { message: Message::Handshake(Handshake::ClientHello(hello)) } => {
            hello_has_ems = has_ems(hello.extensions.as_ref());
            None
        }
        Event::SessionResumed { ems, .. } if *ems != hello_has_ems => Some(format!(
            "the server resumes a session {} EMS; ClientHello {} the extension",
            if *ems { "with" } else { "without" },
            has(hello_has_ems)
        )),
        _ => None,
    })
}

fn finished_by(evidence: &Evidence<'_>) -> Option<String> {
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
fn each(evidence: &Evidence<'_>, judge: impl Fn(Side, &Hellos, &[&Event]) -> Option<String>) -> Option<String> {
    evidence
        .completed
        .iter()
        .find_map(|handshake| judge(handshake.side, &hellos(&handshake.events)?, &handshake.events))
}

/// What a side has sent is what it means, unless somebody else changed it: then it is the one side's word alone.
fn hellos(events: &[&Event]) -> Option<Hellos> {
    let handshakes = || events.iter().filter_map(|event| handshake(event));
    Some(Hellos {
        client: handshakes().find_map(|message| match message {
            Handshake::ClientHello(hello) => Some(has_ems(hello.extensions.as_ref())),
            _ => None,
        })?,
        server: handshakes().find_map(|message| match message {
            Handshake::ServerHello(hello) => Some(has_ems(hello.extensions.as_ref())),
            _ => None,
        })?,
    })
}

fn handshake(event: &Event) -> Option<&Handshake> {
    match event {
        Event::Sent { message: Message::Handshake(handshake), edited: false, .. }
        | Event::Received { message: Message::Handshake(handshake) } => Some(handshake),
        _ => None,
    }
}

fn has_ems(extensions: Option<&Extensions>) -> bool {
    extensions.is_some_and(|extensions| extensions.0.contains(&Extension::ExtendedMasterSecret))
}
