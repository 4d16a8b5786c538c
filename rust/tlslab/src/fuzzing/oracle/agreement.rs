//! Two sides that have finished a handshake have the same.

use tlslab_proto::crypto::Side;
use tlslab_proto::crypto::exporter::ChannelBinding;
use tlslab_proto::endpoint::Established;
use tlslab_proto::endpoint::trace::Event;

use super::{Evidence, at};
use crate::scenario::connection::Connection;

pub(super) fn judge(evidence: Evidence<'_>) -> Option<String> {
    evidence.connections().find_map(|(_, connection)| {
        let [client, server] = [Side::Client, Side::Server].map(|side| established(connection, side));
        client.iter().zip(&server).find_map(|(client, server)| match () {
            () if client.0 != server.0 => {
                Some(format!("the client has agreed on {:?}, the server on {:?}", client.0, server.0))
            }
            () if client.1 != server.1 => Some("both sides are established, with other keys or transcripts".to_owned()),
            () => None,
        })
    })
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

pub(super) fn premaster_zeros(evidence: Evidence<'_>) -> Option<String> {
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
