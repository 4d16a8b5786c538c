//! What decrypts a connection, taken from its trace.

use serde::{Deserialize, Serialize};
use tlslab_proto::crypto::Side;
use tlslab_proto::endpoint::trace::Event;
use tlslab_proto::wire::{Bytes, Handshake, Message, Random};

use super::verdict::Traced;

/// The keys of one handshake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionKeys {
    /// The random of its ClientHello, which names it.
    pub client_random: Random,
    /// Its master secret, 48 bytes.
    pub master: Bytes,
    /// The premaster secrets of both sides, as far as they were made in it and differ.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub premasters: Vec<Bytes>,
}

/// The keys of each handshake of a trace in which one was made or taken up.
///
/// Where both sides have one and they differ, it is that of the side which protects its Finished first: the client's in
/// a full handshake, the server's in an abbreviated one. Only what that side sends can be read anyway.
pub fn of(trace: &[Traced]) -> Vec<SessionKeys> {
    let mut found: Vec<SessionKeys> = Vec::new();
    let mut random = None;
    for Traced { side, event } in trace {
        let (master, first, premaster) = match event {
            Event::Sent { message: Message::Handshake(Handshake::ClientHello(hello)), .. }
            | Event::Received { message: Message::Handshake(Handshake::ClientHello(hello)) } => {
                random = Some(hello.random);
                continue;
            }
            Event::MasterSecret { master, premaster, .. } => (master, Side::Client, Some(premaster)),
            Event::SessionResumed { master, .. } => (master, Side::Server, None),
            _ => continue,
        };
        let Some(client_random) = random else { continue };
        let place = found.iter().position(|keys| keys.client_random == client_random).unwrap_or_else(|| {
            found.push(SessionKeys { client_random, master: master.clone(), premasters: Vec::new() });
            found.len() - 1
        });
        let keys = &mut found[place];
        if *side == first {
            keys.master = master.clone();
        }
        if let Some(premaster) = premaster.filter(|premaster| !keys.premasters.contains(premaster)) {
            keys.premasters.push(premaster.clone());
        }
    }
    found
}
