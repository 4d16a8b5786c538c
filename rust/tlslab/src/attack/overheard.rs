//! What crosses in the clear, as one on the way reads it.

use tlslab_proto::crypto::suite::{self, Authentication, KeyExchange};
use tlslab_proto::record::deframer::Deframer;
use tlslab_proto::record::joiner::HandshakeJoiner;
use tlslab_proto::wire::registry::{CipherSuite, ContentType, ProtocolVersion};
use tlslab_proto::wire::{Context, Handshake, KeyExchangeKind, RecordHeader};

/// The handshake messages at the beginning of a flight, up to a record of another type. What does not decode is left out.
pub(super) fn handshakes(flight: &[u8]) -> Vec<Handshake> {
    let (mut deframer, mut joiner) = (Deframer::new(), HandshakeJoiner::default());
    deframer.push(flight);
    while let Ok(Some(record)) = deframer.next_record() {
        if record.content_type != ContentType::HANDSHAKE || joiner.push(&record.fragment).is_err() {
            break;
        }
    }
    let mut context = Context { version: ProtocolVersion::TLSV1_2, key_exchange: None };
    let mut messages = Vec::new();
    while let Ok(Some(message)) = joiner.next_message() {
        let Ok(message) = Handshake::decode(&message, &context) else { continue };
        if let Handshake::ServerHello(hello) = &message {
            context = Context { version: hello.server_version, key_exchange: key_exchange(hello.cipher_suite) };
        }
        messages.push(message);
    }
    messages
}

fn key_exchange(suite: CipherSuite) -> Option<KeyExchangeKind> {
    let params = suite::params(suite)?;
    Some(match (params.key_exchange, params.authentication) {
        (KeyExchange::Rsa, _) => KeyExchangeKind::Rsa,
        (KeyExchange::Dhe, Authentication::Anonymous) => KeyExchangeKind::DhAnon,
        (KeyExchange::Dhe, _) => KeyExchangeKind::Dhe,
        (KeyExchange::Ecdhe, _) => KeyExchangeKind::Ecdhe,
    })
}

/// A flight in two: the records before its ChangeCipherSpec, and the rest.
pub(super) fn split_at_change(flight: &[u8]) -> (&[u8], &[u8]) {
    let mut at = 0;
    while let Some(header) = flight.get(at..).and_then(<[u8]>::first_chunk) {
        let header = RecordHeader::from_array(*header);
        if header.content_type == ContentType::CHANGE_CIPHER_SPEC {
            return flight.split_at(at);
        }
        at += RecordHeader::LEN + usize::from(header.length);
    }
    (flight, &[])
}
