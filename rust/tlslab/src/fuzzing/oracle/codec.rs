//! The codec, by the messages that arrive.

use tlslab_proto::endpoint::trace::Event;
use tlslab_proto::wire::registry::ProtocolVersion;
use tlslab_proto::wire::{Context, Encode, KeyExchangeKind, Message};

use crate::fuzzing::input::{Execution, Input};

/// Each message that was decoded must come out of its own bytes again, and they of it.
pub(super) fn judge(_: &Input, execution: &Execution) -> Option<String> {
    let events = execution.connections.iter().flat_map(|connection| &connection.trace);
    events.map(|traced| &traced.event).find_map(|event| match event {
        Event::Received { message } => changed(message).map(|how| format!("a {} {how}", message.name())),
        _ => None,
    })
}

fn changed(message: &Message) -> Option<&'static str> {
    let Ok(bytes) = message.to_bytes() else { return Some("was decoded, and cannot be encoded") };
    let decode = |context: Context| Message::decode(message.content_type(), &bytes, &context).ok();
    let Some(again) = contexts().filter_map(decode).find(|again| again == message) else {
        return Some("is not what its bytes are decoded to");
    };
    (again.to_bytes().ok()? != bytes).then_some("has other bytes when it was decoded from its own")
}

/// All that the meaning of bytes may depend on.
fn contexts() -> impl Iterator<Item = Context> {
    use KeyExchangeKind::{DhAnon, Dhe, Ecdhe, Rsa};
    let versions = [ProtocolVersion::TLSV1_2, ProtocolVersion::TLSV1_1];
    let kinds = [Some(Dhe), Some(DhAnon), Some(Rsa), Some(Ecdhe), None];
    versions
        .into_iter()
        .flat_map(move |version| kinds.into_iter().map(move |key_exchange| Context { version, key_exchange }))
}
