//! Two sides that have finished a handshake have the same.

use tlslab_proto::crypto::Side;
use tlslab_proto::crypto::exporter::ChannelBinding;
use tlslab_proto::endpoint::Established;
use tlslab_proto::endpoint::trace::Event;
use tlslab_proto::wire::Message;

use super::{Evidence, at};
use crate::scenario::connection::Connection;

pub(super) fn judge(evidence: &Evidence<'_>) -> Option<String> {
    let sends_another_certificate = evidence.connections().any(|(_, connection)| edits_own_certificate(connection));
    evidence.connections().find_map(|(_, connection)| {
        let [client, server] = [Side::Client, Side::Server].map(|side| established(connection, side));
        client.iter().zip(&server).find_map(|(client, server)| match () {
            () if !agree(client.0, server.0, sends_another_certificate) => {
                Some(format!("the client has agreed on {:?}, the server on {:?}", client.0, server.0))
            }
            () if client.1 != server.1 => Some("both sides are established, with other keys or transcripts".to_owned()),
            () => None,
        })
    })
}

/// Whether the server got another certificate than the client has built. Where that has the same key and is the client's own
/// doing, it is what the server takes for the client's, in this connection and in those that resume its session.
fn edits_own_certificate(connection: &Connection) -> bool {
    let is_built = |certificate: &Message| {
        at(connection, Side::Client)
            .any(|event| matches!(event, Event::Sent { message, edited: false, .. } if message == certificate))
    };
    at(connection, Side::Server).any(
        |event| matches!(event, Event::Received { message } if message.name() == "Certificate" && !is_built(message)),
    )
}

fn agree(client: &Established, server: &Established, but_for_certificate: bool) -> bool {
    if !but_for_certificate {
        return client == server;
    }
    Established { client_certificate: server.client_certificate, ..client.clone() } == *server
}

/// What a side has agreed on in each handshake that it finished, and what that gives.
fn established(connection: &Connection, side: Side) -> Vec<(&Established, Option<&ChannelBinding>)> {
    let events = at(connection, side);
    events
        .filter_map(|event| match event {
            Event::Established { agreed, binding } => Some((agreed, binding.as_ref())),
            _ => None,
        })
        .collect()
}

pub(super) fn premaster_zeros(evidence: &Evidence<'_>) -> Option<String> {
    evidence.connections().flat_map(|(_, connection)| &connection.trace).find_map(|traced| {
        let Event::DiffieHellman { z, premaster, .. } = &traced.event else { return None };
        let zeros = z.iter().take_while(|byte| **byte == 0).count();
        (premaster[..] != z[zeros..]).then(|| {
            format!(
                "the {} made a premaster secret of {} bytes out of a Z of {} that starts with {zeros} zero bytes",
                traced.side,
                premaster.len(),
                z.len()
            )
        })
    })
}
