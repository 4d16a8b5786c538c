//! Captures: connections as pcapng files with TCP around them, and key logs, by which other tools dissect and decrypt
//! what crossed.

mod conversation;
mod key_log;
mod pcapng;
mod recording;

use std::cell::Cell;

pub use key_log::key_log;
pub use recording::{Ended, Recording, Transfer, Transfers};

use conversation::Conversation;
use pcapng::File;
use recording::Purpose;

/// When the first simulated connection begins, in microseconds since 1970: 2019-10-08, 00:00 UTC. Each further one
/// begins a second later.
const FIRST_BEGINS: u64 = 1_570_492_800_000_000;
const SECOND: u64 = 1_000_000;

/// In a simulated connection: the time from a packet to the next one of the same side, and how long one is on its way,
/// in microseconds.
const BETWEEN_PACKETS: u64 = 20;
const ON_THE_WAY: u64 = 5_000;

/// A pcapng file that connections are added to.
#[derive(Debug)]
pub struct Capture {
    file: File,
    /// Whether what decrypts the packets is embedded.
    secrets: bool,
    /// Connections so far.
    connections: u64,
}

impl Capture {
    /// A file without packets. With `secrets`, whoever reads it can decrypt them: each connection's key log stands
    /// before its packets, in a Decryption Secrets Block.
    pub fn new(secrets: bool) -> Self {
        let mut file = File::default();
        file.begin();
        Self { file, secrets, connections: 0 }
    }

    /// Adds a connection, and its data connections where it is a control connection of FTP.
    pub fn add(&mut self, recording: &Recording) {
        let keys = key_log([recording], false);
        if self.secrets && !keys.is_empty() {
            self.file.secrets(&keys);
        }
        self.converse(recording, recording.purpose());
        for data in recording.data_connections() {
            self.converse(data, Purpose::FtpData);
        }
    }

    /// What has been written since it was last taken.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.file).into_bytes()
    }

    fn converse(&mut self, recording: &Recording, purpose: Purpose) {
        let [client, server] = recording.addresses(purpose, self.connections);
        let begins = match &recording.socket {
            Some(socket) => socket.began,
            None => FIRST_BEGINS + self.connections * SECOND,
        };
        self.connections += 1;
        let clock = Cell::new(begins);
        let pass = |micros| clock.set(clock.get() + micros);
        let file = &mut self.file;
        let mut conversation = Conversation::new(client, server, |packet: &[u8]| {
            file.packet(clock.get(), packet);
            pass(if recording.socket.is_some() { 0 } else { BETWEEN_PACKETS });
        });
        conversation.open();
        let mut last_sender = None;
        for flight in &recording.flights {
            match flight.micros {
                Some(micros) => clock.set(clock.get().max(begins + micros)),
                None if last_sender != Some(flight.sender) => pass(ON_THE_WAY),
                None => {}
            }
            conversation.send(flight.sender, &flight.bytes);
            last_sender = Some(flight.sender);
        }
        if let Some(sender) = last_sender {
            conversation.acknowledge(sender.peer());
        }
        for (side, how) in recording.closings() {
            conversation.close(side, how);
        }
    }
}
