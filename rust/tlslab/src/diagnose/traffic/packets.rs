//! The packets of a capture file, pcap or pcapng, read as a stream: memory does not grow with the file.

use std::io::Read;
use std::sync::atomic::{AtomicBool, Ordering};

use pcap_parser::traits::PcapNGPacketBlock;
use pcap_parser::{Block, Linktype, PcapBlockOwned, PcapError, SecretsType, create_reader};

/// As much of a file as is read at once, in bytes; more than the longest packet.
const BUFFER: usize = 1 << 20;

/// The longest block that is read: a key log may be long.
const MAX_BLOCK: usize = 64 << 20;

/// As many interfaces as a section may have; no capture has more than some dozens.
const MAX_INTERFACES: usize = 65_536;

/// The type, the length and the length again that each block of a pcapng file has, in bytes.
const MIN_BLOCK: u32 = 12;

/// The type of a section's header, which reads the same in either byte order.
const SECTION_HEADER: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];

const DAMAGED: &str = "the file is damaged here";

/// Something that a capture file holds.
pub(super) enum Item<'a> {
    /// A packet, its link type, and when it was seen, in microseconds since 1970.
    Packet { linktype: Linktype, micros: u64, data: &'a [u8] },
    /// A key log that is embedded.
    KeyLog(&'a [u8]),
}

/// Where a file cannot be read any further; what came before is good.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("after {at} bytes: {reason}")]
pub struct Broken {
    /// The place, in bytes from the file's beginning.
    pub at: u64,
    /// What is wrong there.
    pub reason: String,
}

/// What is known of an interface.
#[derive(Debug, Clone, Copy)]
struct Interface {
    linktype: Linktype,
    /// Ticks of its clock in a second, and the second from which they count.
    resolution: u64,
    offset: u64,
}

/// What is known of a section: a pcap file is one, a pcapng file may have several.
#[derive(Debug, Default)]
struct Section {
    interfaces: Vec<Interface>,
    /// How numbers are written, in pcapng.
    byte_order: Option<fn([u8; 4]) -> u32>,
}

/// Reads a capture file to its end, or until `cancelled` is set.
///
/// # Errors
/// The file breaks off, or is damaged; everything before that place has been handed over.
pub(super) fn read(
    source: impl Read + Send,
    cancelled: &AtomicBool,
    mut take: impl FnMut(Item<'_>),
) -> Result<(), Broken> {
    let mut reader = create_reader(BUFFER, source).map_err(|error| broken(0, &error))?;
    let mut section = Section::default();
    let mut at = 0;
    let mut size = BUFFER;
    loop {
        if cancelled.load(Ordering::Relaxed) {
            return Ok(());
        }
        if section.has_impossible_block(reader.data()) {
            return Err(Broken { at, reason: DAMAGED.to_owned() });
        }
        match reader.next() {
            Ok((length, block)) => {
                section.hand_over(&block, &mut take).map_err(|reason| Broken { at, reason })?;
                reader.consume(length);
                at += length as u64;
            }
            Err(PcapError::Eof) => return Ok(()),
            Err(PcapError::Incomplete(_)) => reader.refill().map_err(|error| broken(at, &error))?,
            Err(PcapError::BufferTooSmall) if size < MAX_BLOCK => {
                size *= 2;
                reader.grow(size);
                reader.refill().map_err(|error| broken(at, &error))?;
            }
            Err(error) => return Err(broken(at, &error)),
        }
    }
}

impl Section {
    /// Whether a block follows that is said to be shorter than what each block has. The parser would take away more from
    /// its length than that is, in blocks with information on a process.
    fn has_impossible_block(&self, data: &[u8]) -> bool {
        let frame = data.split_first_chunk().zip(data.get(4..8).and_then(|length| length.try_into().ok()));
        let (Some(byte_order), Some(((block_type, _), length))) = (self.byte_order, frame) else { return false };
        // A section's header comes in the byte order of its own section.
        *block_type != SECTION_HEADER && byte_order(length) < MIN_BLOCK
    }

    fn hand_over(&mut self, block: &PcapBlockOwned<'_>, take: &mut impl FnMut(Item<'_>)) -> Result<(), String> {
        let interfaces = &mut self.interfaces;
        match block {
            PcapBlockOwned::LegacyHeader(header) => {
                let resolution = if header.is_nanosecond_precision() { 1_000_000_000 } else { 1_000_000 };
                interfaces.push(Interface { linktype: header.network, resolution, offset: 0 });
            }
            PcapBlockOwned::Legacy(packet) => {
                let interface = interfaces.first().ok_or("a packet comes before the file's header")?;
                let ticks = u64::from(packet.ts_usec);
                let micros = u64::from(packet.ts_sec) * 1_000_000 + ticks * 1_000_000 / interface.resolution;
                take(Item::Packet { linktype: interface.linktype, micros, data: packet.data });
            }
            // Each section has interfaces of its own.
            PcapBlockOwned::NG(Block::SectionHeader(header)) => {
                interfaces.clear();
                self.byte_order = Some(if header.big_endian() { u32::from_be_bytes } else { u32::from_le_bytes });
            }
            PcapBlockOwned::NG(Block::InterfaceDescription(description)) => {
                if interfaces.len() == MAX_INTERFACES {
                    return Err(format!("a section with more than {MAX_INTERFACES} interfaces"));
                }
                let resolution = description.ts_resolution().filter(|resolution| *resolution > 0);
                interfaces.push(Interface {
                    linktype: description.linktype,
                    resolution: resolution.ok_or("an interface whose clock has no resolution")?,
                    offset: u64::try_from(description.ts_offset()).unwrap_or(0),
                });
            }
            PcapBlockOwned::NG(Block::EnhancedPacket(packet)) => {
                let interface = usize::try_from(packet.if_id).ok().and_then(|id| interfaces.get(id));
                let interface =
                    interface.ok_or_else(|| format!("a packet of interface {}, which is none", packet.if_id))?;
                let ticks = u64::from(packet.ts_high) << 32 | u64::from(packet.ts_low);
                let micros = u128::from(ticks) * 1_000_000 / u128::from(interface.resolution);
                let micros = u64::try_from(micros)
                    .unwrap_or(u64::MAX)
                    .saturating_add(interface.offset.saturating_mul(1_000_000));
                take(Item::Packet { linktype: interface.linktype, micros, data: packet.packet_data() });
            }
            PcapBlockOwned::NG(Block::SimplePacket(packet)) => {
                let interface = interfaces.first().ok_or("a packet comes before any interface")?;
                take(Item::Packet { linktype: interface.linktype, micros: 0, data: packet.packet_data() });
            }
            PcapBlockOwned::NG(Block::DecryptionSecrets(secrets)) if secrets.secrets_type == SecretsType::TlsKeyLog => {
                let length = usize::try_from(secrets.secrets_len).unwrap_or(usize::MAX).min(secrets.data.len());
                take(Item::KeyLog(&secrets.data[..length]));
            }
            PcapBlockOwned::NG(_) => {}
        }
        Ok(())
    }
}

fn broken<I>(at: u64, error: &PcapError<I>) -> Broken {
    let reason = match error {
        PcapError::UnexpectedEof | PcapError::Incomplete(_) | PcapError::Eof => "the file breaks off here".to_owned(),
        PcapError::ReadError => "the file cannot be read".to_owned(),
        PcapError::BufferTooSmall => format!("a block of more than {} MiB", MAX_BLOCK >> 20),
        PcapError::HeaderNotRecognized => "this is no beginning of a pcap or pcapng file".to_owned(),
        PcapError::NomError(..) | PcapError::OwnedNomError(..) => DAMAGED.to_owned(),
    };
    Broken { at, reason }
}
