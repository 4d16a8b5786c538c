//! Capture files made of the packets of lab connections.

use tlslab::capture::{Capture, Recording};
use tlslab::experiment::{Experiment, Fidelity, SignatureChoice};
use tlslab::scenario::Scenario;
use tlslab::scenario::connection::Connection;
use tlslab_proto::behaviour::{ClientBehaviour, ServerBehaviour};

pub fn connections(client: &str, server: &str, scenario: &str) -> Vec<Connection> {
    experiment(client, server, scenario).replay(7, 0, Fidelity::Wire).unwrap().connections
}

pub fn experiment(client: &str, server: &str, scenario: &str) -> Experiment {
    Experiment {
        client: ClientBehaviour::from_assignments(client).unwrap(),
        server: ServerBehaviour::from_assignments(server).unwrap(),
        scenario: Scenario::parse(scenario).unwrap(),
        signatures: SignatureChoice::Simulated,
    }
}

/// The pcapng file of connections.
pub fn pcapng(connections: &[Connection]) -> Vec<u8> {
    capture(connections, false)
}

/// The pcapng file of connections, with their key log or without.
pub fn capture(connections: &[Connection], secrets: bool) -> Vec<u8> {
    let mut capture = Capture::new(secrets);
    connections.iter().for_each(|connection| capture.add(&Recording::from(connection)));
    capture.take()
}

/// The IP packets of a pcapng file that the lab has written, each with its time in microseconds.
pub fn packets(pcapng: &[u8]) -> Vec<(u64, Vec<u8>)> {
    let word = |at: usize| u32::from_le_bytes(pcapng[at..at + 4].try_into().unwrap());
    let (mut at, mut found) = (0, Vec::new());
    while at < pcapng.len() {
        if word(at) == 6 {
            let time = u64::from(word(at + 12)) << 32 | u64::from(word(at + 16));
            found.push((time, pcapng[at + 28..at + 28 + word(at + 20) as usize].to_vec()));
        }
        at += word(at + 4) as usize;
    }
    found
}

/// A pcap file, in which a packet may be cut off.
pub fn pcap(linktype: u32, big_endian: bool, nanoseconds: bool, packets: &[(u64, Vec<u8>)]) -> Vec<u8> {
    let word = |value: u32| if big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
    let half = |value: u16| if big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
    let mut file = Vec::new();
    file.extend(word(if nanoseconds { 0xa1b2_3c4d } else { 0xa1b2_c3d4 }));
    file.extend([half(2), half(4)].concat());
    file.extend([word(0), word(0), word(1 << 18), word(linktype)].concat());
    for (micros, packet) in packets {
        let fraction = (micros % 1_000_000) as u32 * if nanoseconds { 1000 } else { 1 };
        let length = packet.len() as u32;
        file.extend([word((micros / 1_000_000) as u32), word(fraction), word(length), word(length)].concat());
        file.extend(packet);
    }
    file
}
