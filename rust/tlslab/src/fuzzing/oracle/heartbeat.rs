//! What a heartbeat's response gives back is what its request had.

use tlslab_proto::crypto::Side;
use tlslab_proto::endpoint::trace::Event;
use tlslab_proto::wire::registry::HeartbeatMessageType;
use tlslab_proto::wire::{Heartbeat, Message};

use super::{Evidence, at};
use crate::scenario::connection::Connection;

pub(super) fn judge(evidence: &Evidence<'_>) -> Option<String> {
    evidence.connections().find_map(|(_, connection)| {
        [Side::Client, Side::Server].into_iter().find_map(|side| overread(connection, side))
    })
}

/// What a side sends back that it was not sent.
fn overread(connection: &Connection, side: Side) -> Option<String> {
    let mut requests: Vec<&Heartbeat> = Vec::new();
    at(connection, side).find_map(|event| match event {
        Event::Received { message: Message::Heartbeat(heartbeat) } => {
            requests.push(heartbeat);
            None
        }
        Event::Sent { message: Message::Heartbeat(response), edited: false, .. }
            if response.heartbeat_type == HeartbeatMessageType::RESPONSE =>
        {
            let asked_for = requests.iter().any(|request| request.payload() == response.payload());
            (!asked_for).then(|| {
                format!("the {side} answers a heartbeat with {} bytes that no request had", response.payload_length)
            })
        }
        _ => None,
    })
}
