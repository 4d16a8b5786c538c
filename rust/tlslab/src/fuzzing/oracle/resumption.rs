//! What one connection tells of another.

use tlslab_proto::crypto::Side;
use tlslab_proto::endpoint::session::SessionKind;
use tlslab_proto::endpoint::trace::Event;
use tlslab_proto::wire::registry::CipherSuite;
use tlslab_proto::wire::{Bytes, ClientHello, Extension, Handshake, Message};

use super::{Completed, Evidence, at};
use crate::scenario::Forget;
use crate::scenario::connection::Connection;

pub(super) fn ticket_key(evidence: &Evidence<'_>) -> Option<String> {
    let mut without_key: Vec<&Bytes> = Vec::new();
    let mut issued: Vec<&Bytes> = Vec::new();
    evidence.connections().find_map(|(plan, connection)| {
        if plan.forgets.contains(&Forget::TicketKey) {
            without_key.append(&mut issued);
        }
        let stale = accepted_tickets(connection).iter().any(|ticket| without_key.contains(ticket));
        issued.extend(at(connection, Side::Server).filter_map(|event| match event {
            Event::NewTicket { ticket, .. } => Some(ticket),
            _ => None,
        }));
        stale.then(|| "the server accepted a ticket made under a key that it has no more".to_owned())
    })
}

/// The tickets that the server resumed a session by, in a first handshake or in a renegotiation.
fn accepted_tickets(connection: &Connection) -> Vec<&Bytes> {
    let mut accepted = Vec::new();
    let mut offered = None;
    for event in at(connection, Side::Server) {
        match event {
            Event::Received { message: Message::Handshake(Handshake::ClientHello(hello)) } => offered = ticket(hello),
            Event::SessionResumed { kind: SessionKind::Ticket, .. } => accepted.extend(offered),
            _ => {}
        }
    }
    accepted
}

/// The ticket that a ClientHello offers.
fn ticket(hello: &ClientHello) -> Option<&Bytes> {
    hello.extensions().iter().find_map(|extension| match extension {
        Extension::SessionTicket { ticket } => Some(ticket),
        _ => None,
    })
}

pub(super) fn fallback(evidence: &Evidence<'_>) -> Option<String> {
    let mut latest = None;
    let speaks_all =
        |handshake: &&Completed<'_>| handshake.side == Side::Server && !handshake.plan.server.contains_key("versions");
    evidence.completed.iter().filter(speaks_all).find_map(|Completed { agreed, events, .. }| {
        let falls_back = events.iter().any(|event| match event {
            Event::Received { message: Message::Handshake(Handshake::ClientHello(hello)) } => {
                hello.cipher_suites.contains(&CipherSuite::TLS_FALLBACK_SCSV)
            }
            _ => false,
        });
        let spoken = latest;
        latest = latest.max(Some(agreed.version));
        (falls_back && spoken > Some(agreed.version)).then(|| {
            format!("the server took {:?} from a client that falls back, and has spoken a later one", agreed.version)
        })
    })
}
