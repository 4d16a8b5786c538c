//! Captures of connections: every packet is sound, and the packets of a side join to the bytes that it sent.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use etherparse::{NetSlice, SlicedPacket, TransportSlice};
use serde_json::json;
use tlslab::capture::{Capture, Recording};
use tlslab::experiment::{Experiment, Fidelity, SignatureChoice};
use tlslab::link::fault::{Fault, FaultKind};
use tlslab::link::socket::{Closing, PeerClosed, Socket};
use tlslab::scenario::connection::{Connection, Flight};
use tlslab::scenario::{Plan, Scenario};
use tlslab_proto::behaviour::{ClientBehaviour, ServerBehaviour};
use tlslab_proto::crypto::Side;

fn connection(client: &str, server: &str, plan: Plan) -> Connection {
    let experiment = Experiment {
        client: ClientBehaviour::from_assignments(client).unwrap(),
        server: ServerBehaviour::from_assignments(server).unwrap(),
        scenario: Scenario { connections: vec![plan], ..Scenario::full() },
        signatures: SignatureChoice::Simulated,
    };
    experiment.replay(7, 0, Fidelity::Wire).unwrap().connections.remove(0)
}

/// The bodies of the Enhanced Packet Blocks of a file, each with its time.
fn packets(file: &[u8]) -> Vec<(u64, Vec<u8>)> {
    let word = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap());
    let (mut at, mut found) = (0, Vec::new());
    while at < file.len() {
        let length = word(at + 4) as usize;
        assert_eq!(word(at + length - 4) as usize, length, "a block has its length before and after");
        if word(at) == 6 {
            let captured = word(at + 20) as usize;
            assert_eq!(captured, word(at + 24) as usize, "packets are whole");
            let time = u64::from(word(at + 12)) << 32 | u64::from(word(at + 16));
            found.push((time, file[at + 28..at + 28 + captured].to_vec()));
        }
        at += length;
    }
    found
}

#[derive(Default)]
struct Stream {
    bytes: Vec<u8>,
    next: Option<u32>,
    flags: Vec<&'static str>,
}

/// What each side sent, by its address; every packet is checked.
fn streams(recording: &Recording) -> BTreeMap<SocketAddr, Stream> {
    let mut capture = Capture::new(false);
    capture.add(recording);
    let mut streams: BTreeMap<SocketAddr, Stream> = BTreeMap::new();
    let mut last = 0;
    for (time, packet) in packets(&capture.take()) {
        assert!(time >= last, "time goes forward");
        last = time;
        let sliced = SlicedPacket::from_ip(&packet).unwrap();
        let Some(TransportSlice::Tcp(tcp)) = sliced.transport else { panic!("no TCP") };
        let (source, checksum) = match sliced.net.unwrap() {
            NetSlice::Ipv4(ip) => {
                let header = ip.header().to_header();
                assert_eq!(header.header_checksum, header.calc_header_checksum());
                let checksum = tcp.calc_checksum_ipv4(ip.header().source(), ip.header().destination()).unwrap();
                (ip.header().source_addr().into(), checksum)
            }
            NetSlice::Ipv6(ip) => {
                let checksum = tcp.calc_checksum_ipv6(ip.header().source(), ip.header().destination()).unwrap();
                (ip.header().source_addr().into(), checksum)
            }
            NetSlice::Arp(_) => panic!("no IP"),
        };
        assert_eq!(tcp.checksum(), checksum);
        assert!(packet.len() <= 1500, "{} bytes are no Ethernet packet", packet.len());
        let stream = streams.entry(SocketAddr::new(source, tcp.source_port())).or_default();
        assert_eq!(*stream.next.get_or_insert(tcp.sequence_number()), tcp.sequence_number());
        stream.bytes.extend(tcp.payload());
        let numbers = tcp.payload().len() as u32 + u32::from(tcp.syn()) + u32::from(tcp.fin());
        stream.next = Some(tcp.sequence_number().wrapping_add(numbers));
        let flags = [(tcp.syn(), "SYN"), (tcp.fin(), "FIN"), (tcp.rst(), "RST")];
        stream.flags.extend(flags.iter().filter(|(set, _)| *set).map(|(_, name)| *name));
    }
    streams
}

fn sent(connection: &Connection, side: Side) -> Vec<u8> {
    let of_side = connection.flights.iter().filter(|flight| flight.sender == side);
    of_side.flat_map(|flight| flight.bytes.iter().copied()).collect()
}

#[test]
fn packets_join_to_what_was_sent() {
    let plan = Plan { client_sends: vec![7; 100_000].into(), ..Plan::default() };
    let connection = connection("", "groups=modp768", plan);
    let streams = streams(&Recording::from(&connection));
    let [server, client] = [443, 49_152].map(|port| streams.iter().find(|(end, _)| end.port() == port).unwrap().1);
    assert!(client.bytes == sent(&connection, Side::Client));
    assert!(server.bytes == sent(&connection, Side::Server));
    assert_eq!([&client.flags, &server.flags], [&["SYN", "FIN"], &["SYN", "FIN"]]);
}

#[test]
fn the_end_of_tcp_is_that_of_the_connection() {
    let fault = |kind| Plan { fault: Some(Fault { sender: Side::Client, after_bytes: 200, kind }), ..Plan::default() };
    for (server, plan, flags) in [
        ("groups=modp768", Plan::default(), ["SYN", "FIN"]),
        ("groups=modp768,ems=required,versions=TLSv1.0", Plan::default(), ["SYN", "FIN"]),
        ("groups=modp768", fault(FaultKind::Drop), ["SYN", "RST"]),
    ] {
        let streams = streams(&Recording::from(&connection("ems=off", server, plan)));
        assert!(streams.values().all(|stream| stream.flags == flags), "{server}");
    }
    let silent = streams(&Recording::from(&connection("", "groups=modp768", fault(FaultKind::Silence))));
    assert!(silent.values().all(|stream| stream.flags == ["SYN"]), "nobody ends what fell silent");
}

#[test]
fn a_real_connection_has_its_addresses_and_its_end() {
    let flight = |sender, micros| Flight { sender, bytes: vec![22; 4000].into(), micros: Some(micros) };
    let mut recording = Recording::from(&connection("", "groups=modp768", Plan::default()));
    recording.flights = vec![flight(Side::Client, 10), flight(Side::Server, 20)];
    recording.socket = Some(Socket {
        lab: Side::Client,
        client: "[2001:db8::1]:5000".parse().unwrap(),
        server: "[2001:db8::2]:443".parse().unwrap(),
        began: 1_600_000_000_000_000,
        peer_closed: Some(PeerClosed { how: Closing::Reset, micros: 30 }),
    });
    let streams = streams(&recording);
    let [client, server] = ["[2001:db8::1]:5000", "[2001:db8::2]:443"].map(|end| &streams[&end.parse().unwrap()]);
    assert_eq!([client.bytes.len(), server.bytes.len()], [4000, 4000]);
    assert_eq!([&client.flags[..], &server.flags[..]], [&["SYN"][..], &["SYN", "RST"]]);
}

#[test]
fn a_recording_is_read_from_a_connection_s_json() {
    for scenario in ["full", "ftps"] {
        let experiment = Experiment {
            client: ClientBehaviour::default(),
            server: ServerBehaviour::from_assignments("groups=modp768").unwrap(),
            scenario: Scenario::parse(scenario).unwrap(),
            signatures: SignatureChoice::Simulated,
        };
        let connection = experiment.replay(7, 0, Fidelity::Wire).unwrap().connections.remove(0);
        let read: Recording = serde_json::from_value(json!(connection)).unwrap();
        assert_eq!(read, Recording::from(&connection));
    }
}
