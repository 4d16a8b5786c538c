use std::io::{self, Read};
use std::sync::atomic::AtomicBool;

use proptest::prelude::*;
use tlslab::diagnose::{self, Capture, Exchange, How, KeyLog, Observation, Over, Stage, Verdict};
use tlslab_proto::crypto::Side;
use tlslab_proto::wire::registry::{CipherSuite, ProtocolVersion};

use crate::files::{capture, connections, packets, pcap, pcapng};

const RAW: u32 = 101;

fn read(file: &[u8]) -> Capture {
    diagnose::read_capture(file, &KeyLog::default(), &AtomicBool::new(false))
}

/// The observations of a file, each as often as it was made.
fn observations(file: &[u8]) -> Vec<Observation> {
    let capture = read(file);
    assert_eq!(capture.broken, None);
    let each = |one: &diagnose::Counted<Observation>| vec![one.seen.clone(); one.count as usize];
    capture.connections.iter().flat_map(each).collect()
}

#[test]
fn what_is_seen_is_what_happened() {
    let [seen] = &observations(&pcapng(&connections("", "groups=modp768", "full")))[..] else { panic!() };
    assert_eq!(seen.version, Some(ProtocolVersion::TLSV1_2));
    assert_eq!(seen.key_exchange, Some(Exchange::Dhe));
    assert_eq!((seen.offered_ems, seen.ems, seen.resumed, seen.offered_session), (true, true, false, false));
    assert_eq!(seen.dh_p.as_ref().map(|p| p.len()), Some(96));
    assert_eq!((seen.ending.stage, seen.ending.by, seen.ending.how), (Stage::Data, Some(Side::Client), How::Closed));
    assert_eq!(seen.ending.verdict(), Verdict::Fine);

    for (client, server, stage, by, how) in [
        ("ems=off", "ems=required,groups=modp768", Stage::ClientHello, Side::Server, How::Alert(40)),
        ("versions=TLSv1.2", "versions=TLSv1.0", Stage::ServerHello, Side::Client, How::Alert(70)),
        ("ems=off,public_value_check=range", "groups=modp768,ems=off", Stage::Data, Side::Client, How::Closed),
    ] {
        let [seen] = &observations(&pcapng(&connections(client, server, "full")))[..] else { panic!() };
        assert_eq!((seen.ending.stage, seen.ending.by, seen.ending.how), (stage, Some(by), how), "{client} {server}");
    }
}

#[test]
fn a_key_log_shows_whether_the_sides_have_the_same_keys() {
    for suite in ["TLS_DHE_RSA_WITH_AES_128_CBC_SHA", "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"] {
        let all = connections(&format!("suites={suite}"), &format!("suites={suite},groups=modp768"), "resume");
        // The file embeds its key log.
        for seen in observations(&capture(&all, true)) {
            assert_eq!((seen.keys.client_finished, seen.keys.server_finished), (Some(true), Some(true)), "{suite}");
            assert_eq!(seen.keys.differ(), Some(false));
        }
        let mut other = KeyLog::default();
        let random = hex::encode(all[0].keys[0].client_random.0);
        other.add(&format!("# of another connection\nCLIENT_RANDOM {random} {}\nnonsense\n", "17".repeat(48)));
        let sealed = pcapng(&all);
        let capture = diagnose::read_capture(&sealed[..], &other, &AtomicBool::new(false));
        assert_eq!(capture.connections[0].seen.keys.differ(), Some(true));
        assert_eq!(capture.connections[1].seen.keys.differ(), None);
    }
}

#[test]
fn resumption_and_other_exchanges_show() {
    let seen = observations(&pcapng(&connections("", "groups=modp768", "resume")));
    let [first, second] = &seen[..] else { panic!() };
    assert_eq!((first.offered_session, first.resumed), (false, false));
    assert_eq!((second.offered_session, second.resumed, second.key_exchange), (true, true, None));
    for (suite, exchange) in [
        (CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, Exchange::Ecdhe),
        (CipherSuite::TLS_RSA_WITH_AES_128_CBC_SHA, Exchange::Rsa),
        (CipherSuite::TLS_DH_ANON_WITH_AES_128_CBC_SHA, Exchange::Dhe),
    ] {
        let name = suite.name().unwrap();
        let [seen] = &observations(&pcapng(&connections(
            &format!("suites={name}"),
            &format!("suites={name},groups=modp768"),
            "full",
        )))[..] else {
            panic!()
        };
        assert_eq!((seen.suite, seen.key_exchange), (Some(suite), Some(exchange)));
    }
}

#[test]
fn ftp_and_its_data_connections_show() {
    let seen = observations(&pcapng(&connections("", "groups=modp768", "ftps")));
    let mut over: Vec<_> = seen.iter().map(|one| one.over).collect();
    over.sort_by_key(|over| *over as u8);
    assert_eq!(over, [Over::FtpControl, Over::FtpData, Over::FtpData, Over::FtpData]);
    assert!(seen.iter().all(|one| one.resumed == (one.over == Over::FtpData)));
}

#[test]
fn every_format_and_link_type_is_read_alike() {
    let file = pcapng(&connections("", "groups=modp768", "resume"));
    let expected = observations(&file);
    assert_eq!(expected.len(), 2);
    let packets = packets(&file);
    let around = |header: &[u8]| -> Vec<(u64, Vec<u8>)> {
        packets.iter().map(|(time, packet)| (*time, [header, packet].concat())).collect()
    };
    let ethernet = [&[2; 12][..], &[8, 0]].concat();
    let vlan = [&[2; 12][..], &[0x81, 0, 0, 7, 8, 0]].concat();
    let double_vlan = [&[2; 12][..], &[0x88, 0xa8, 0, 7, 0x81, 0, 0, 7, 8, 0]].concat();
    let cooked = [&[0; 14][..], &[8, 0]].concat();
    let cooked_2 = [&[8, 0][..], &[0; 18]].concat();
    for (linktype, header) in [
        (RAW, &[][..]),
        (12, &[]),
        (228, &[]),
        (1, &ethernet),
        (1, &vlan),
        (1, &double_vlan),
        (0, &[2, 0, 0, 0]),
        (108, &[0, 0, 0, 2]),
        (113, &cooked),
        (276, &cooked_2),
    ] {
        for (big_endian, nanoseconds) in [(false, false), (true, false), (false, true), (true, true)] {
            let file = pcap(linktype, big_endian, nanoseconds, &around(header));
            assert_eq!(observations(&file), expected, "link type {linktype}");
        }
    }
    let unknown = read(&pcap(147, false, false, &packets));
    assert_eq!((unknown.packets, unknown.passed_over), (packets.len() as u64, packets.len() as u64));
}

#[test]
fn a_damaged_file_gives_what_comes_before() {
    let file = pcapng(&connections("", "groups=modp768", "resume"));
    let second = file.len() - 300;
    let truncated = read(&file[..second]);
    assert_eq!(truncated.connections.iter().map(|one| one.count).sum::<u64>(), 2);
    let broken = truncated.broken.unwrap();
    assert!(broken.contains("breaks off") && broken.starts_with("after "), "{broken}");

    let mut damaged = file.clone();
    let half = file.len() / 2;
    damaged[half..].fill(0xff);
    let damaged = read(&damaged);
    assert_eq!(damaged.connections.len(), 1);
    assert!(damaged.broken.is_some());
    assert!(read(b"").broken.is_some());
}

/// One with information on a process (as macOS writes) overflowed in the parser.
#[test]
fn a_block_shorter_than_its_own_frame_is_damage() {
    let file = pcapng(&connections("", "groups=modp768", "full"));
    let block = |numbers: [u32; 3], to_bytes: fn(u32) -> [u8; 4]| numbers.map(to_bytes).concat();
    let short = [0x8000_0001, 4, 4];
    let damaged = read(&[&file[..], &block(short, u32::to_le_bytes)].concat());
    assert_eq!(damaged.connections.len(), 1);
    assert_eq!(damaged.broken.unwrap(), format!("after {} bytes: the file is damaged here", file.len()));

    let header = [[0x0a0d_0d0a, 28, 0x1a2b_3c4d], [0x0001_0000, u32::MAX, u32::MAX]];
    let header = [&header.map(|numbers| block(numbers, u32::to_be_bytes)).concat()[..], &28u32.to_be_bytes()].concat();
    let damaged = read(&[&header[..], &block(short, u32::to_be_bytes)].concat());
    assert_eq!(damaged.broken.unwrap(), "after 28 bytes: the file is damaged here");
}

/// One connection of `openssl s_client` to `openssl s_server` (3.0), as tshark has recorded it.
const TLS_1_3: &[u8] = include_bytes!("../data/openssl_tls13.pcap");

#[test]
fn versions_that_the_lab_does_not_run_are_counted_and_passed_over() {
    let capture = read(TLS_1_3);
    assert_eq!((capture.other_versions, capture.connections.len(), capture.broken), (1, 0, None));
}

#[test]
fn lost_handshakes_are_counted_and_not_guessed_at() {
    let file = pcapng(&connections("", "groups=modp768", "full"));
    let mut packets = packets(&file);
    // The server's first flight has the longest packet.
    let longest = (0..packets.len()).max_by_key(|at| packets[*at].1.len()).unwrap();
    packets.remove(longest);
    let capture = read(&pcap(RAW, false, false, &packets));
    assert_eq!((capture.connections.len(), capture.incomplete), (0, 1));
    // Cut off by a snap length, it is no different.
    let mut packets = self::packets(&file);
    packets[longest].1.truncate(200);
    let capture = read(&pcap(RAW, false, false, &packets));
    assert_eq!((capture.connections.len(), capture.incomplete), (0, 1));
}

#[test]
fn a_capture_that_ends_in_a_handshake_says_nothing_of_it() {
    let file = pcapng(&connections("", "groups=modp768", "full"));
    let packets = &packets(&file)[..7];
    let [seen] = &observations(&pcap(RAW, false, false, packets))[..] else { panic!() };
    assert_eq!((seen.ending.how, seen.ending.verdict()), (How::Cut, Verdict::Unknown));
    // Where the capture goes on without it, it has fallen silent.
    let mut longer = packets.to_vec();
    let (last, _) = longer[longer.len() - 1];
    longer.extend(self::packets(&pcapng(&connections("", "groups=modp768", "resume"))).iter().map(|(_, packet)| {
        let mut other = packet.clone();
        // Another host, whose checksum nobody looks at.
        (other[15], other[19]) = (9, 9);
        (last + 60_000_000, other)
    }));
    let seen = observations(&pcap(RAW, false, false, &longer));
    assert_eq!(seen.iter().filter(|one| one.ending.how == How::Silent).count(), 1);
}

/// A file of any length, made of one connection again and again, from other ports.
struct Endless {
    packets: Vec<(u64, Vec<u8>)>,
    round: u64,
    rounds: u64,
    left: Vec<u8>,
}

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left.is_empty() && self.round < self.rounds {
            let round = self.round;
            let packets: Vec<_> = self
                .packets
                .iter()
                .map(|(time, packet)| {
                    let mut packet = packet.clone();
                    let client_is_source = packet[12..16] == [192, 0, 2, 1];
                    let port = if client_is_source { 20 } else { 22 };
                    packet[port..port + 2].copy_from_slice(&((round % 60_000) as u16 + 1000).to_be_bytes());
                    (time + round * 1000, packet)
                })
                .collect();
            let file = pcap(RAW, false, false, &packets);
            self.left = if round == 0 { file } else { file[24..].to_vec() };
            self.round += 1;
        }
        let length = buffer.len().min(self.left.len());
        buffer[..length].copy_from_slice(&self.left[..length]);
        self.left.drain(..length);
        Ok(length)
    }
}

/// Handshakes that announce long messages and never end, each from another port: what waits in them is thrown away.
#[test]
fn what_waits_in_open_connections_is_bounded() {
    let file = pcapng(&connections("", "groups=modp768", "full"));
    let syn = packets(&file)[0].1.clone();
    // A record of 1,200 bytes whose ClientHello announces 200,000.
    let start = [&[22, 3, 1, 0x04, 0xb0, 1, 0x03, 0x0d, 0x40][..], &[7; 1196]].concat();
    let of_port = |port: u16| {
        let mut packet = syn[..20].to_vec();
        packet[2..4].copy_from_slice(&(40 + start.len() as u16).to_be_bytes());
        packet.extend(port.to_be_bytes());
        packet.extend([1, 187, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 0x18, 0xff, 0xff, 0, 0, 0, 0]);
        packet.extend(&start);
        (u64::from(port), packet)
    };
    let packets: Vec<_> = (1..=60_000).map(of_port).collect();
    let capture = read(&pcap(RAW, false, false, &packets));
    assert_eq!((capture.passed_over, capture.broken), (0, None));
    // Nothing of their ClientHellos is whole, so nothing can be said of them.
    assert_eq!((capture.connections.len(), capture.incomplete), (0, 60_000));
}

#[test]
fn a_long_file_is_read_as_a_stream() {
    let packets = packets(&pcapng(&connections("", "groups=modp768", "full")));
    let file = Endless { packets, round: 0, rounds: 20_000, left: Vec::new() };
    let capture = diagnose::read_capture(file, &KeyLog::default(), &AtomicBool::new(false));
    assert_eq!(capture.broken, None);
    assert_eq!(capture.connections.len(), 1);
    assert_eq!(capture.connections[0].count, 20_000);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// Out of order, and sent again, a capture shows the same.
    #[test]
    fn order_and_repetition_do_not_matter(seed in any::<u64>()) {
        let file = pcapng(&connections("", "groups=modp768", "full"));
        let mut packets = packets(&file);
        let (syns, mut rest) = (packets.drain(..3).collect::<Vec<_>>(), packets);
        let mut state = seed | 1;
        let mut draw = |below: usize| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 33) as usize % below
        };
        // Neighbours change places, but for the last packets, in which the connection ends.
        let most = rest.len() - 4;
        for _ in 0..4 {
            let at = draw(most - 1);
            let two = [rest[at].1.clone(), rest[at + 1].1.clone()];
            // Packets of both sides stay in order: a capture does not show an answer before what it answers.
            if two[0][12..16] == two[1][12..16] {
                rest.swap(at, at + 1);
            }
            let again = rest[draw(most)].clone();
            rest.insert(most, again);
        }
        let seen = observations(&pcap(RAW, false, false, &[syns, rest].concat()));
        prop_assert_eq!(seen, observations(&file));
    }

    /// No bytes make the reader panic, hang or fail but in words.
    #[test]
    fn damage_anywhere_is_survived(
        at in any::<prop::sample::Index>(),
        cut in any::<prop::sample::Index>(),
        with in prop::collection::vec(any::<u8>(), 1..40),
        kind in 0..3_u8,
    ) {
        let file = pcapng(&connections("", "groups=modp768", "ftps"));
        let mut file = match kind {
            0 => file,
            1 => pcap(RAW, true, false, &packets(&file)),
            _ => pcap(1, false, true, &packets(&file).into_iter().map(|(time, packet)| {
                (time, [&[2; 12][..], &[8, 0], &packet].concat())
            }).collect::<Vec<_>>()),
        };
        let at = at.index(file.len());
        for (place, byte) in file[at..].iter_mut().zip(with) {
            *place = byte;
        }
        file.truncate(cut.index(2 * file.len()));
        read(&file);
    }

    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..400), kind in 0..3_u8) {
        let start: &[u8] = match kind {
            0 => b"",
            1 => &pcapng(&[])[..48],
            _ => &pcap(RAW, false, false, &[]),
        };
        read(&[start, &bytes].concat());
    }
}
