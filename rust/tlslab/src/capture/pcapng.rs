//! The blocks of a pcapng file (draft-ietf-opsawg-pcapng), little-endian, as far as the lab writes them.
//!
//! Of the crates that write pcapng, the stable one knows no Decryption Secrets Block, and that is the point here.

/// Packets start with their IP header: `LINKTYPE_RAW`.
const LINKTYPE_RAW: u16 = 101;

const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE_DESCRIPTION: u32 = 1;
const ENHANCED_PACKET: u32 = 6;
const DECRYPTION_SECRETS: u32 = 10;

/// The secrets are a key log of TLS: "TLSK".
const TLS_KEY_LOG: u32 = 0x544c_534b;

/// A file's bytes as they grow.
#[derive(Debug, Default)]
pub(super) struct File(Vec<u8>);

impl File {
    /// The beginning of a file: its section, and the one interface on which its packets were seen. Times are in
    /// microseconds, which is the default.
    pub(super) fn begin(&mut self) {
        let application = concat!("tlslab ", env!("CARGO_PKG_VERSION")).as_bytes();
        self.block(SECTION_HEADER, |body| {
            body.extend(0x1a2b_3c4d_u32.to_le_bytes());
            body.extend(1_u16.to_le_bytes());
            body.extend(0_u16.to_le_bytes());
            // The section's length is not said.
            body.extend((-1_i64).to_le_bytes());
            option(body, 4, application);
            option(body, 0, &[]);
        });
        self.block(INTERFACE_DESCRIPTION, |body| {
            body.extend(LINKTYPE_RAW.to_le_bytes());
            body.extend(0_u16.to_le_bytes());
            // Packets are whole, whatever their length.
            body.extend(0_u32.to_le_bytes());
        });
    }

    /// A key log, by which readers decrypt the packets that follow.
    pub(super) fn secrets(&mut self, key_log: &str) {
        self.block(DECRYPTION_SECRETS, |body| {
            body.extend(TLS_KEY_LOG.to_le_bytes());
            body.extend(length(key_log.len()).to_le_bytes());
            body.extend(key_log.as_bytes());
        });
    }

    /// A packet, and when it was seen, in microseconds since 1970.
    pub(super) fn packet(&mut self, micros: u64, packet: &[u8]) {
        let length = length(packet.len());
        self.block(ENHANCED_PACKET, |body| {
            body.extend(0_u32.to_le_bytes());
            body.extend(((micros >> 32) as u32).to_le_bytes());
            body.extend((micros as u32).to_le_bytes());
            body.extend(length.to_le_bytes());
            body.extend(length.to_le_bytes());
            body.extend(packet);
        });
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// A block: its type, its length before and after, and its body, which is padded.
    fn block(&mut self, kind: u32, write: impl FnOnce(&mut Vec<u8>)) {
        let start = self.0.len();
        self.0.extend(kind.to_le_bytes());
        self.0.extend([0; 4]);
        write(&mut self.0);
        pad(&mut self.0);
        let total = length(self.0.len() - start + 4).to_le_bytes();
        self.0[start + 4..start + 8].copy_from_slice(&total);
        self.0.extend(total);
    }
}

fn option(body: &mut Vec<u8>, code: u16, value: &[u8]) {
    let length = u16::try_from(value.len()).expect("the lab writes short options");
    body.extend(code.to_le_bytes());
    body.extend(length.to_le_bytes());
    body.extend(value);
    pad(body);
}

/// Blocks begin at multiples of four, and so do the options in them.
fn pad(bytes: &mut Vec<u8>) {
    bytes.resize(bytes.len().next_multiple_of(4), 0);
}

fn length(bytes: usize) -> u32 {
    u32::try_from(bytes).expect("what is kept of a connection has some MiB at most")
}
