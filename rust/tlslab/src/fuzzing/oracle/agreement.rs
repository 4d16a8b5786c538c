//! Two sides that have finished a handshake have the same.

use tlslab_proto::crypto::Side;
use tlslab_proto::crypto::exporter::ChannelBinding;
use tlslab_proto::endpoint::Established;
use tlslab_proto::endpoint::trace::Event;
use tlslab_proto::wire::Message;

use super::{Evidence, at};
use crate::scenario::connection::Connection;

pub(super) fn judge(evidence: &Evidence<'_>) -> Option<String> {
    evidence.connections().find_map(|(_, connection)| {
        let [client, server] = [Side::Client, Side::Server].map(|side| established(connection, side));
        client.iter().zip(&server).find_map(|(client, server)| match () {
            () if !agree(evidence, connection, client.0, server.0) => {
                Some(format!("the client has agreed on {:?}, the server on {:?}", client.0, server.0))
            }
            () if client.1 != server.1 => Some("both sides are established, with other keys or transcripts".to_owned()),
            () => None,
        })
    })
}

/// Whether both sides have agreed on the same, but for what no key depends on and one of them was told otherwise.
fn agree(evidence: &Evidence<'_>, connection: &Connection, client: &Established, server: &Established) -> bool {
    if client == server {
        return true;
    }
    let mut client = client.clone();
    // The certificate stays with the session.
    if evidence.connections().any(|(_, connection)| gets_another(connection, Side::Server, "Certificate")) {
        client.client_certificate = server.client_certificate;
    }
    if gets_another(connection, Side::Client, "ServerHello") {
        client.alpn.clone_from(&server.alpn);
    }
    client == *server
}

/// Whether a side got a message of this name that its peer has not built. Where the handshake is finished all the same, that
/// was the peer's own doing: it does not know what it said, and the side goes by what it got.
fn gets_another(connection: &Connection, side: Side, name: &str) -> bool {
    let is_built = |got: &Message| {
        at(connection, side.peer())
            .any(|event| matches!(event, Event::Sent { message, edited: false, .. } if message == got))
    };
    at(connection, side)
        .any(|event| matches!(event, Event::Received { message } if message.name() == name && !is_built(message)))
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
