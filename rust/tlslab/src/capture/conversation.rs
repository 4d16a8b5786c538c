//! A plausible TCP connection (RFC 9293) around the bytes that two sides have exchanged.

use std::net::{IpAddr, SocketAddr};

use etherparse::{IpHeaders, Ipv4Header, Ipv6Header, PacketBuilder, TcpHeader, TcpOptionElement, ip_number};
use tlslab_proto::crypto::Side;

use crate::link::socket::Closing;

/// The longest payload of a segment over Ethernet, in bytes: 1500 less the headers of TCP, and of IPv4 or IPv6.
const MSS_IPV4: u16 = 1460;
const MSS_IPV6: u16 = 1440;

const WINDOW: u16 = u16::MAX;

const HOP_LIMIT: u8 = 64;

/// The first sequence numbers, of the client and of the server.
const INITIAL: [u32; 2] = [1_000_000, 2_000_000];

/// A receiver acknowledges every second segment at the latest (RFC 9293 3.8.6.3).
const SEGMENTS_PER_ACK: usize = 2;

/// A TCP connection, whose packets go where `emit` puts them.
pub(super) struct Conversation<E> {
    ends: [End; 2],
    emit: E,
}

/// One end.
struct End {
    address: SocketAddr,
    /// The next sequence number.
    next: u32,
    /// As much of the other end's as this one has acknowledged.
    acknowledged: u32,
    /// Packets sent so far.
    packets: u16,
}

/// What a segment says besides its data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flag {
    None,
    Syn,
    Push,
    Fin,
    Reset,
}

impl<E: FnMut(&[u8])> Conversation<E> {
    /// A connection between a client's address and a server's, of one family.
    pub(super) fn new(client: SocketAddr, server: SocketAddr, emit: E) -> Self {
        let end = |address, next| End { address, next, acknowledged: 0, packets: 0 };
        Self { ends: [end(client, INITIAL[0]), end(server, INITIAL[1])], emit }
    }

    /// The three-way handshake.
    pub(super) fn open(&mut self) {
        self.segment(Side::Client, Flag::Syn, &[]);
        self.segment(Side::Server, Flag::Syn, &[]);
        self.segment(Side::Client, Flag::None, &[]);
    }

    /// Data, in as many segments as it takes, and what the receiver acknowledges meanwhile.
    pub(super) fn send(&mut self, sender: Side, data: &[u8]) {
        let chunks = data.chunks(self.mss().into());
        let last = chunks.len().saturating_sub(1);
        for (number, chunk) in chunks.enumerate() {
            self.segment(sender, if number == last { Flag::Push } else { Flag::None }, chunk);
            if (number + 1) % SEGMENTS_PER_ACK == 0 && number != last {
                self.segment(sender.peer(), Flag::None, &[]);
            }
        }
    }

    /// Acknowledges what has come to a side and is not acknowledged yet.
    pub(super) fn acknowledge(&mut self, receiver: Side) {
        if self.end(receiver).acknowledged != self.end(receiver.peer()).next {
            self.segment(receiver, Flag::None, &[]);
        }
    }

    /// The end of what a side sends, or of everything.
    pub(super) fn close(&mut self, side: Side, how: Closing) {
        match how {
            Closing::Finished => {
                self.segment(side, Flag::Fin, &[]);
                self.acknowledge(side.peer());
            }
            Closing::Reset => self.segment(side, Flag::Reset, &[]),
        }
    }

    fn end(&mut self, side: Side) -> &mut End {
        &mut self.ends[side as usize]
    }

    fn mss(&self) -> u16 {
        if self.ends[0].address.is_ipv4() { MSS_IPV4 } else { MSS_IPV6 }
    }

    fn segment(&mut self, sender: Side, flag: Flag, data: &[u8]) {
        let theirs = self.end(sender.peer()).next;
        let [source, destination] = [self.end(sender).address, self.end(sender.peer()).address];
        let options = [TcpOptionElement::MaximumSegmentSize(self.mss())];
        let end = self.end(sender);
        let mut tcp = TcpHeader::new(source.port(), destination.port(), end.next, WINDOW);
        // The first segment of all has nothing to acknowledge.
        tcp.ack = end.packets > 0 || sender == Side::Server;
        if tcp.ack {
            tcp.acknowledgment_number = theirs;
            end.acknowledged = theirs;
        }
        match flag {
            Flag::None => {}
            Flag::Syn => {
                tcp.syn = true;
                tcp.set_options(&options).expect("one option has room");
            }
            Flag::Push => tcp.psh = true,
            Flag::Fin => tcp.fin = true,
            Flag::Reset => tcp.rst = true,
        }
        let identification = end.packets;
        end.packets = end.packets.wrapping_add(1);
        let takes_a_number = u32::from(matches!(flag, Flag::Syn | Flag::Fin));
        end.next = end.next.wrapping_add(data.len() as u32).wrapping_add(takes_a_number);

        let ip = ip_header(source.ip(), destination.ip(), identification);
        let mut packet = Vec::new();
        PacketBuilder::ip(ip)
            .tcp_header(tcp)
            .write_to_vec(&mut packet, data)
            .expect("a segment is no longer than the MSS");
        (self.emit)(&packet);
    }
}

/// The header of a packet; lengths and checksums are filled in when it is written.
fn ip_header(source: IpAddr, destination: IpAddr, identification: u16) -> IpHeaders {
    match (source, destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            let header = Ipv4Header::new(0, HOP_LIMIT, ip_number::TCP, source.octets(), destination.octets());
            let header = Ipv4Header { identification, ..header.expect("it carries nothing yet") };
            IpHeaders::Ipv4(header, Default::default())
        }
        (source, destination) => IpHeaders::Ipv6(
            Ipv6Header {
                hop_limit: HOP_LIMIT,
                source: ipv6(source),
                destination: ipv6(destination),
                ..Default::default()
            },
            Default::default(),
        ),
    }
}

fn ipv6(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
        IpAddr::V6(address) => address.octets(),
    }
}
