//! Edits made of nothing but bytes.

use std::sync::LazyLock;

use arbitrary::{Result, Unstructured};
use serde_json::{Value, json};
use tlslab_proto::behaviour::{ClientBehaviour, ServerBehaviour};
use tlslab_proto::crypto::Side;
use tlslab_proto::endpoint::edit::{self, Change, Edit, Hashed, Select, Stage, plannable};
use tlslab_proto::wire::registry::{ExtensionType, HeartbeatMessageType};
use tlslab_proto::wire::{Bytes, Encode, Extension, Handshake, Heartbeat, Message};

use super::generate::side;
use super::input::Input;
use crate::scenario::Scenario;
use crate::scenario::connection::Connection;

/// As many edits as one connection has.
const MOST_EDITS: usize = 3;

/// The last place of an extension in a hello that is changed.
const MOST_EXTENSIONS: usize = 8;

/// Some edits of a connection. All of them are a sender's own doing, or all are somebody's on the way.
pub(super) fn some(u: &mut Unstructured<'_>) -> Result<Vec<Edit>> {
    let on_the_way = u.arbitrary()?;
    (0..u.int_in_range(1..=MOST_EDITS)?).map(|_| edit(u, on_the_way)).collect()
}

/// An edit; one that is made on the way changes what the peers of honest endpoints get.
pub(super) fn edit(u: &mut Unstructured<'_>, on_the_way: bool) -> Result<Edit> {
    let side = side(u)?;
    let stage = match (on_the_way, u.int_in_range(0..=5)?) {
        (true, 0..=3) | (false, 0..=2) => Stage::Message,
        (true, _) => Stage::Ciphertext,
        (false, 3 | 4) => Stage::Plan,
        (false, _) => Stage::Record,
    };
    let transcript = if on_the_way && stage == Stage::Message { Hashed::Original } else { Hashed::Edited };
    let records = matches!(stage, Stage::Record | Stage::Ciphertext);
    let message = *u.choose(messages_of(side))?;
    let select = if records {
        Select::Record { record: u.int_in_range(0..=8)?, content_type: None }
    } else {
        Select::Message { message: message.name().to_owned(), occurrence: usize::from(u.ratio(1, 8)?) }
    };
    let change = match stage {
        Stage::Plan if u.arbitrary()? => Change::PlanAfter { message: (*u.choose(plannable(side))?).to_owned() },
        Stage::Plan => order(u)?,
        Stage::Message => change_of_message(u, message)?,
        Stage::Record | Stage::Ciphertext => change_of_bytes(u, stage)?,
    };
    Ok(Edit { side, select, stage, change, transcript })
}

fn order(u: &mut Unstructured<'_>) -> Result<Change> {
    Ok(u.choose(&[Change::Drop, Change::Duplicate, Change::Swap])?.clone())
}

fn change_of_message(u: &mut Unstructured<'_>, message: &Message) -> Result<Change> {
    Ok(match u.int_in_range(0..=9)? {
        0..=2 => order(u)?,
        3 if is_hello(message) => set_extension(u)?,
        3..=5 => set_field(u, message)?,
        6 => Change::InsertBefore { message: another(u)? },
        7 => Change::InsertAfter { message: another(u)? },
        _ => change_of_bytes(u, Stage::Message)?,
    })
}

fn change_of_bytes(u: &mut Unstructured<'_>, stage: Stage) -> Result<Change> {
    Ok(match u.int_in_range(0..=7)? {
        0..=3 => Change::Xor { at: position(u)?, bytes: vec![u.int_in_range(1..=255)?].into() },
        4 => Change::Truncate { length: u.int_in_range(0..=80)? },
        5 => Change::Append { bytes: u.bytes(3)?.to_vec().into() },
        6 if stage == Stage::Record => Change::Refragment {
            lengths: (0..u.int_in_range(1..=3)?).map(|_| u.int_in_range(0..=20)).collect::<Result<_>>()?,
        },
        _ if stage == Stage::Message => Change::Append { bytes: u.bytes(4)?.to_vec().into() },
        _ => order(u)?,
    })
}

/// Where a byte is changed: in a header or a short message, as a rule.
fn position(u: &mut Unstructured<'_>) -> Result<usize> {
    if u.arbitrary()? { u.int_in_range(0..=80) } else { u.int_in_range(0..=300) }
}

/// A message to insert: one that there might be, or such a one with a field set.
fn another(u: &mut Unstructured<'_>) -> Result<Message> {
    let message = u.choose(messages())?;
    match if u.arbitrary()? { set_field(u, message)? } else { Change::Drop } {
        Change::SetField { path, value } => {
            Ok(edit::set_field(message, &path, &value).unwrap_or_else(|_| message.clone()))
        }
        _ => Ok(message.clone()),
    }
}

fn is_hello(message: &Message) -> bool {
    matches!(message, Message::Handshake(Handshake::ClientHello(_) | Handshake::ServerHello(_)))
}

/// An extension of a hello becomes another: of any registered type, with the body of one that was sent once.
fn set_extension(u: &mut Unstructured<'_>) -> Result<Change> {
    let place = u.int_in_range(0..=MOST_EXTENSIONS)?;
    let extension_type = *u.choose(ExtensionType::REGISTERED)?;
    let extension_data = u.choose(extension_bodies())?.clone();
    let extension = Extension::Unknown { extension_type, extension_data };
    Ok(Change::SetField { path: format!("extensions.{place}"), value: json!(extension) })
}

/// The edit by which a side's hello, so many having been before it, has another extension.
pub(super) fn of_extension(u: &mut Unstructured<'_>, side: Side, occurrence: usize) -> Result<Edit> {
    let message = match side {
        Side::Client => "ClientHello",
        Side::Server => "ServerHello",
    };
    Ok(Edit {
        side,
        select: Select::Message { message: message.to_owned(), occurrence },
        stage: Stage::Message,
        change: set_extension(u)?,
        transcript: Hashed::Edited,
    })
}

/// The bodies of the extensions of all hellos that there are.
fn extension_bodies() -> &'static [Bytes] {
    static BODIES: LazyLock<Vec<Bytes>> = LazyLock::new(|| {
        let extensions = messages().iter().flat_map(|message| match message {
            Message::Handshake(Handshake::ClientHello(hello)) => hello.extensions.iter(),
            Message::Handshake(Handshake::ServerHello(hello)) => hello.extensions.iter(),
            _ => None.iter(),
        });
        // Type and length stand before it.
        let body = |extension: &Extension| Some(Bytes::from(extension.to_bytes().ok()?.get(4..)?.to_vec()));
        extensions.flat_map(|extensions| extensions.iter()).filter_map(body).collect()
    });
    &BODIES
}

/// Some field of a message with another value of its kind.
fn set_field(u: &mut Unstructured<'_>, message: &Message) -> Result<Change> {
    let fields = fields_of(message);
    if fields.is_empty() {
        return Ok(Change::Drop);
    }
    let (path, value) = u.choose(fields)?.clone();
    let value = match value {
        Value::String(text) if is_hex(&text) => json!(changed_hex(u, &text)?),
        Value::Number(_) => json!(u.arbitrary::<u8>()?),
        // A number that has a name, or a text.
        _ => json!(*u.choose(&NUMBERS)?),
    };
    Ok(Change::SetField { path, value })
}

/// Numbers that have names somewhere, and some that have none.
const NUMBERS: [&str; 12] =
    ["0x00", "0x01", "0x02", "0x17", "0x33", "0x64", "0xff", "0x0300", "0x0301", "0x0303", "0x0304", "0x5600"];

fn is_hex(text: &str) -> bool {
    text.len().is_multiple_of(2) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn changed_hex(u: &mut Unstructured<'_>, text: &str) -> Result<String> {
    let mut bytes = hex::decode(text).unwrap_or_default();
    match u.int_in_range(0..=3)? {
        0 => bytes.clear(),
        1 => bytes.push(u.arbitrary()?),
        2 => bytes.truncate(bytes.len() / 2),
        _ if bytes.is_empty() => bytes.push(0),
        _ => {
            let at = u.choose_index(bytes.len())?;
            bytes[at] ^= u.int_in_range(1..=255)?;
        }
    }
    Ok(hex::encode(bytes))
}

/// The fields of one of the [`messages`] that hold no others, with their paths.
fn fields_of(message: &Message) -> &'static [(String, Value)] {
    static FIELDS: LazyLock<Vec<Vec<(String, Value)>>> = LazyLock::new(|| {
        let fields = |message: &Message| {
            let mut fields = Vec::new();
            leaves(&serde_json::to_value(message).unwrap_or(Value::Null), String::new(), &mut fields);
            fields.retain(|(path, _)| path != "type");
            fields
        };
        messages().iter().map(fields).collect()
    });
    let position = messages().iter().position(|known| known.name() == message.name());
    position.map_or(&[][..], |position| &FIELDS[position])
}

fn leaves(value: &Value, path: String, found: &mut Vec<(String, Value)>) {
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| leaves(value, below(name), found)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(number, value)| leaves(value, below(&number.to_string()), found));
        }
        leaf => found.push((path, leaf.clone())),
    }
}

/// Messages of each kind, from connections that have them: to name, to insert, and to take fields from.
fn messages() -> &'static [Message] {
    static MESSAGES: LazyLock<Vec<Message>> = LazyLock::new(|| {
        let client = ClientBehaviour::from_assignments("resumption=both,certificates=rsa,renegotiation=secure");
        let server = ServerBehaviour::from_assignments("resumption=both,request_certificate=full,renegotiation=secure");
        let scenario = r#"{"name": "samples", "connections": [{"renegotiates": {"by": "server"}}]}"#;
        let (Ok(client), Ok(server), Ok(scenario)) = (client, server, Scenario::parse(scenario)) else {
            unreachable!("they are written above")
        };
        let execution = Input::new(client, server, scenario, 0).run();
        let connections = execution.map(|execution| execution.connections).unwrap_or_default();
        let mut messages: Vec<Message> = Vec::new();
        for sent in connections.iter().flat_map(Connection::messages) {
            if messages.iter().all(|message| message.name() != sent.message.name()) {
                messages.push(sent.message.clone());
            }
        }
        // No endpoint asks of its own accord.
        messages.push(Message::Heartbeat(Heartbeat {
            heartbeat_type: HeartbeatMessageType::REQUEST,
            payload_length: 4,
            payload_and_padding: [&b"beat"[..], &[0; Heartbeat::MIN_PADDING]].concat().into(),
        }));
        messages
    });
    &MESSAGES
}

/// Those of them that a side sends.
fn messages_of(side: Side) -> &'static [&'static Message] {
    static OF_EACH: LazyLock<[Vec<&Message>; 2]> = LazyLock::new(|| {
        [Side::Client, Side::Server].map(|side| {
            let sends = |message: &&Message| {
                plannable(side).contains(&message.name()) || matches!(message.name(), "ApplicationData" | "Alert")
            };
            messages().iter().filter(sends).collect()
        })
    });
    &OF_EACH[side as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_message_of_each_kind() {
        let names: Vec<&str> = messages().iter().map(Message::name).collect();
        for name in [
            "HelloRequest",
            "ClientHello",
            "ServerHello",
            "Certificate",
            "ServerKeyExchange",
            "CertificateRequest",
            "ServerHelloDone",
            "ClientKeyExchange",
            "CertificateVerify",
            "Finished",
            "NewSessionTicket",
            "ChangeCipherSpec",
            "Alert",
            "ApplicationData",
        ] {
            assert!(names.contains(&name), "{name} is not among {names:?}");
        }
    }
}
