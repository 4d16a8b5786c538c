//! What the page says of a connection, read from its trace.

use std::fmt::Display;

use tlslab_proto::endpoint::Established;
use tlslab_proto::endpoint::session::SessionKind;
use tlslab_proto::endpoint::trace::Event;
use tlslab_proto::wire::{Bytes, ClientHello, Extension, Handshake, Message, ServerHello};

use super::request::{Method, Wanted};
use crate::scenario::verdict::Traced;

/// As many items of a list, and characters of a text, as are shown: the page is to fit into one record, whatever the
/// client says.
const SHOWN_ITEMS: usize = 64;
const SHOWN_CHARACTERS: usize = 256;

/// A name and a value.
pub(super) type Fact = (&'static str, String);

/// What is known of the connection. After a renegotiation it is the last handshake's.
pub(super) fn facts(trace: &[Traced], agreed: Option<&Established>, wanted: &Wanted) -> Vec<Fact> {
    let method = if wanted.method == Method::Get { "GET" } else { "HEAD" };
    let mut facts = vec![("request", format!("{method} {}", cut(&wanted.target)))];
    facts.extend(agreed.into_iter().flat_map(of_the_agreement));
    facts.extend(last(trace, server_hello).map(|hello| ("session_id", or_none(&hello.session_id))));
    facts.extend(last(trace, key_exchange).into_iter().flatten());
    facts.extend(last(trace, client_hello).into_iter().flat_map(of_the_offer));
    let handshakes = trace.iter().filter(|traced| matches!(traced.event, Event::Established { .. })).count();
    facts.push(("handshakes", handshakes.to_string()));
    facts
}

fn last<'a, T>(trace: &'a [Traced], find: impl Fn(&'a Event) -> Option<T>) -> Option<T> {
    trace.iter().rev().find_map(|traced| find(&traced.event))
}

fn client_hello(event: &Event) -> Option<&ClientHello> {
    match event {
        Event::Received { message: Message::Handshake(Handshake::ClientHello(hello)) } => Some(hello),
        _ => None,
    }
}

fn server_hello(event: &Event) -> Option<&ServerHello> {
    match event {
        Event::Sent { message: Message::Handshake(Handshake::ServerHello(hello)), .. } => Some(hello),
        _ => None,
    }
}

/// The key exchange, or the session that took its place.
fn key_exchange(event: &Event) -> Option<Vec<Fact>> {
    match event {
        Event::DiffieHellman { z, premaster, peer_public, .. } => Some(vec![
            ("key_exchange", "DHE".to_owned()),
            ("z_length", z.len().to_string()),
            ("z_leading_zero_bytes", leading_zeros(z).to_string()),
            ("peer_public_length", peer_public.len().to_string()),
            ("premaster_length", premaster.len().to_string()),
        ]),
        Event::Ecdh { z, premaster } => Some(vec![
            ("key_exchange", "ECDHE".to_owned()),
            ("z_length", z.len().to_string()),
            ("z_leading_zero_bytes", leading_zeros(z).to_string()),
            ("premaster_length", premaster.len().to_string()),
        ]),
        Event::RsaTransport { premaster, .. } => {
            Some(vec![("key_exchange", "RSA".to_owned()), ("premaster_length", premaster.len().to_string())])
        }
        Event::SessionResumed { .. } => Some(vec![("key_exchange", "none: the session is resumed".to_owned())]),
        _ => None,
    }
}

fn leading_zeros(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| **byte == 0).count()
}

fn way(kind: SessionKind) -> &'static str {
    match kind {
        SessionKind::SessionId => "by session id",
        SessionKind::Ticket => "by ticket",
    }
}

fn of_the_agreement(agreed: &Established) -> Vec<Fact> {
    let yes_or_no = |flag: bool| if flag { "yes" } else { "no" }.to_owned();
    vec![
        ("version", agreed.version.wire().to_string()),
        ("cipher_suite", agreed.suite.to_string()),
        ("extended_master_secret", yes_or_no(agreed.ems)),
        ("resumed", agreed.resumed.map_or("no", way).to_owned()),
        ("encrypt_then_mac", yes_or_no(agreed.encrypt_then_mac)),
        ("alpn", agreed.alpn.clone().unwrap_or_else(none)),
        (
            "client_certificate",
            agreed.client_certificate.map_or_else(none, |certificate| Bytes::from(certificate).to_string()),
        ),
    ]
}

fn of_the_offer(hello: &ClientHello) -> Vec<Fact> {
    let extensions = hello.extensions();
    vec![
        ("offered_version", hello.client_version.to_string()),
        ("offered_session_id", or_none(&hello.session_id)),
        ("offered_suites", joined(&hello.cipher_suites)),
        ("offered_extensions", joined(extensions.iter().map(Extension::extension_type))),
        ("offered_groups", joined(extensions.supported_groups().unwrap_or_default())),
        ("server_name", cut(&joined(extensions.server_names().unwrap_or_default().iter().map(|name| &name.name)))),
    ]
}

fn joined<T: Display>(items: impl IntoIterator<Item = T>) -> String {
    let mut items = items.into_iter();
    let shown: Vec<_> = items.by_ref().take(SHOWN_ITEMS).map(|item| item.to_string()).collect();
    match items.count() {
        0 if shown.is_empty() => none(),
        0 => shown.join(" "),
        more => format!("{} and {more} more", shown.join(" ")),
    }
}

/// The beginning of a text in ASCII.
fn cut(text: &str) -> String {
    match text.get(..SHOWN_CHARACTERS) {
        Some(shown) if shown.len() < text.len() => format!("{shown}..."),
        _ => text.to_owned(),
    }
}

fn or_none(bytes: &Bytes) -> String {
    if bytes.is_empty() { none() } else { bytes.to_string() }
}

fn none() -> String {
    "none".to_owned()
}
