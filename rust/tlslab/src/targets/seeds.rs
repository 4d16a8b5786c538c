//! Seeds: what fuzzers begin with, made of connections of the lab.

use std::collections::BTreeMap;

use tlslab_proto::crypto::Side;
use tlslab_proto::wire::{Encode, Extensions, Handshake, Message};

use super::bytes::{protections, selector};
use super::setting::{self, Setting};
use crate::capture::{Capture, Recording, key_log};
use crate::scenario::connection::{Connection, SentMessage};

/// Seeds by target and name. Of two with one name the first stays.
type Seeds = BTreeMap<(&'static str, String), Vec<u8>>;

/// The seeds of all targets that connections give some: what each file of `fuzz/seeds`, by target and name, has.
pub fn make() -> BTreeMap<(&'static str, String), Vec<u8>> {
    let mut seeds = Seeds::new();
    for (number, setting) in (0..).zip(setting::all()) {
        let connections = setting.connections();
        of_connections(setting, &connections, &mut seeds);
        if let Some(last) = connections.last() {
            of_bytes(setting.name, number, last, &mut seeds);
        }
        for message in connections.iter().flat_map(Connection::messages) {
            of_message(message, &mut seeds);
        }
    }
    for (number, protection) in (0..).zip(protections()) {
        seeds.insert(("protection", format!("{number:02}")), [&[number][..], &protection.seal(b"ping")].concat());
    }
    seeds
}

fn of_connections(setting: &Setting, connections: &[Connection], seeds: &mut Seeds) {
    let mut keep = |target, bytes: Vec<u8>| seeds.insert((target, setting.name.to_owned()), bytes);
    let input = setting.input.to_json().into_bytes();
    if connections.len() > 1 {
        keep("resumption", input.clone());
    }
    keep("scenario", input.clone());
    keep("knobs", input);
    let json = |behaviour: serde_json::Result<Vec<u8>>| behaviour.expect("a behaviour is plain data");
    keep("behaviour", json(serde_json::to_vec(&setting.input.client)));
    let recordings: Vec<Recording> = connections.iter().map(Recording::from).collect();
    keep("key_log", key_log(&recordings, true).into_bytes());
    let mut capture = Capture::new(true);
    recordings.iter().for_each(|recording| capture.add(recording));
    keep("capture", capture.take());
}

/// What crossed in one connection.
fn of_bytes(name: &str, selector: u8, connection: &Connection, seeds: &mut Seeds) {
    let sent = |sender| {
        let flights = connection.flights.iter().filter(move |flight| flight.sender == sender);
        flights.flat_map(|flight| flight.bytes.iter().copied()).collect::<Vec<u8>>()
    };
    let [client, server] = [Side::Client, Side::Server].map(sent);
    seeds.insert(("record", name.to_owned()), [&client[..], &server].concat());
    seeds.insert(("client", name.to_owned()), [&[selector][..], &server].concat());
    seeds.insert(("server", name.to_owned()), [&[selector][..], &client].concat());
}

fn of_message(sent: SentMessage<'_>, seeds: &mut Seeds) {
    let json = serde_json::to_vec(sent.message).expect("a message is plain data");
    seeds.entry(("message", sent.message.name().to_owned())).or_insert(json);
    let Message::Handshake(handshake) = sent.message else { return };
    let bytes = sent.bytes();
    if let Some(selector) = selector(handshake, &bytes) {
        let bytes = || [&[selector][..], &bytes].concat();
        seeds.entry(("handshake", format!("{}-{selector}", sent.message.name()))).or_insert_with(bytes);
    }
    let extensions = match handshake {
        Handshake::ClientHello(hello) => hello.extensions.as_ref(),
        Handshake::ServerHello(hello) => hello.extensions.as_ref(),
        _ => None,
    };
    for extension in extensions.map_or(Extensions::EMPTY, |extensions| extensions).iter() {
        let bytes = extension.to_bytes().expect("it was sent");
        let name = format!("{}-{}", extension.extension_type(), sent.sender);
        seeds.entry(("extension", name)).or_insert(bytes);
    }
}
