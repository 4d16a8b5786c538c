//! TCP segments in the packets of a capture, whatever is around them.

use std::net::{IpAddr, SocketAddr};

use etherparse::{EtherType, LaxNetSlice, LaxSlicedPacket, TransportSlice};
use pcap_parser::Linktype;

/// A TCP segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Segment<'a> {
    pub(super) source: SocketAddr,
    pub(super) destination: SocketAddr,
    pub(super) sequence: u32,
    pub(super) syn: bool,
    pub(super) ack: bool,
    pub(super) fin: bool,
    pub(super) rst: bool,
    pub(super) payload: &'a [u8],
    /// As many bytes of its payload as were cut off when it was captured.
    pub(super) missing: u32,
}

/// Link types by which BSDs know raw IP, beside the one that is registered.
const RAW_BSD: [Linktype; 2] = [Linktype(12), Linktype(14)];

/// Bytes of a loopback header, and of the two kinds of Linux' "cooked" ones.
const LOOPBACK: usize = 4;
const COOKED: usize = 16;
const COOKED_2: usize = 20;

impl<'a> Segment<'a> {
    /// The segment in a packet; `None` where there is none: another protocol, a fragment, an unknown link type.
    pub(super) fn of(linktype: Linktype, packet: &'a [u8]) -> Option<Self> {
        let sliced = match linktype {
            Linktype::ETHERNET => LaxSlicedPacket::from_ethernet(packet).ok()?,
            Linktype::NULL | Linktype::LOOP => LaxSlicedPacket::from_ip(packet.get(LOOPBACK..)?).ok()?,
            Linktype::LINUX_SLL => cooked(packet, COOKED - 2, COOKED)?,
            Linktype::LINUX_SLL2 => cooked(packet, 0, COOKED_2)?,
            Linktype::RAW | Linktype::IPV4 | Linktype::IPV6 => LaxSlicedPacket::from_ip(packet).ok()?,
            other if RAW_BSD.contains(&other) => LaxSlicedPacket::from_ip(packet).ok()?,
            _ => return None,
        };
        let (source, destination, declared): (IpAddr, IpAddr, usize) = match sliced.net? {
            LaxNetSlice::Ipv4(ip) => {
                let header = ip.header();
                let length = usize::from(header.total_len()).saturating_sub(header.slice().len());
                (header.source_addr().into(), header.destination_addr().into(), length)
            }
            LaxNetSlice::Ipv6(ip) => {
                let extensions = ip.extensions().slice().len();
                let length = usize::from(ip.header().payload_length()).saturating_sub(extensions);
                (ip.header().source_addr().into(), ip.header().destination_addr().into(), length)
            }
            LaxNetSlice::Arp(_) => return None,
        };
        let Some(TransportSlice::Tcp(tcp)) = sliced.transport else { return None };
        let there = tcp.header_slice().len() + tcp.payload().len();
        Some(Self {
            source: SocketAddr::new(source, tcp.source_port()),
            destination: SocketAddr::new(destination, tcp.destination_port()),
            sequence: tcp.sequence_number(),
            syn: tcp.syn(),
            ack: tcp.ack(),
            fin: tcp.fin(),
            rst: tcp.rst(),
            payload: tcp.payload(),
            missing: u32::try_from(declared.saturating_sub(there)).ok()?,
        })
    }
}

/// What follows a cooked header, in which the protocol stands at a place of its own.
fn cooked(packet: &[u8], protocol: usize, header: usize) -> Option<LaxSlicedPacket<'_>> {
    let protocol: [u8; 2] = packet.get(protocol..protocol + 2)?.try_into().ok()?;
    Some(LaxSlicedPacket::from_ether_type(EtherType(u16::from_be_bytes(protocol)), packet.get(header..)?))
}
