//! TDS, the protocol of SQL Server ([MS-TDS]): PRELOGIN, and then TLS, whose handshake travels in packets of PRELOGIN's
//! type and whose application data does not.

use super::{Answer, Protocol, StartTlsError};
use crate::link::Framing;

/// A packet's header ([MS-TDS] 2.2.3.1): type, status, length with the header, process id (two bytes), number, window.
const HEADER: usize = 8;

/// The types of a packet: PRELOGIN, and the reply to it.
const PRELOGIN: u8 = 0x12;
const TABULAR_RESULT: u8 = 0x04;

/// The status of a message's last packet.
const END_OF_MESSAGE: u8 = 0x01;

/// The longest packet before a login has agreed on another length ([MS-TDS] 2.2.6.4).
const MAX_PACKET: usize = 4096;

/// Tokens of PRELOGIN's options ([MS-TDS] 2.2.6.5).
const VERSION: u8 = 0x00;
const ENCRYPTION: u8 = 0x01;
const TERMINATOR: u8 = 0xff;

/// Values of the option ENCRYPTION: for the login alone, for all, there is none, for all and nothing else.
const ENCRYPT_OFF: u8 = 0;
const ENCRYPT_ON: u8 = 1;
const ENCRYPT_NOT_SUP: u8 = 2;
const ENCRYPT_REQ: u8 = 3;

/// `contents` as one message of as many packets as it takes.
fn packets(packet_type: u8, contents: &[u8]) -> Vec<u8> {
    let mut chunks = contents.chunks(MAX_PACKET - HEADER).peekable();
    let mut bytes = Vec::new();
    let mut number = 1u8;
    while let Some(chunk) = chunks.next() {
        let status = if chunks.peek().is_none() { END_OF_MESSAGE } else { 0 };
        let [high, low] = ((chunk.len() + HEADER) as u16).to_be_bytes();
        bytes.extend([packet_type, status, high, low, 0, 0, number, 0]);
        bytes.extend_from_slice(chunk);
        number = number.wrapping_add(1);
    }
    bytes
}

/// The length of the packet that has this header, if it has one that can be.
fn packet_length(header: &[u8]) -> Option<usize> {
    let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
    (matches!(header[0], PRELOGIN | TABULAR_RESULT) && length >= HEADER).then_some(length)
}

/// A PRELOGIN message with a version and a wish for encryption: of each option the token, the offset and the length, and
/// behind the terminator the values.
fn prelogin(packet_type: u8, encryption: u8) -> Vec<u8> {
    const VALUES: u8 = 11;
    let options = [VERSION, 0, VALUES, 0, 6, ENCRYPTION, 0, VALUES + 6, 0, 1, TERMINATOR];
    packets(packet_type, &[&options[..], &[15, 0, 0, 0, 0, 0], &[encryption]].concat())
}

/// The value of the option ENCRYPTION.
fn encryption(prelogin: &[u8]) -> Option<u8> {
    let mut options = prelogin;
    while let [token, offset_high, offset_low, _, length, rest @ ..] = options {
        match *token {
            TERMINATOR => return None,
            ENCRYPTION if *length >= 1 => {
                return prelogin.get(usize::from(u16::from_be_bytes([*offset_high, *offset_low]))).copied();
            }
            _ => options = rest,
        }
    }
    None
}

fn message_length(bytes: &[u8]) -> Result<Option<usize>, StartTlsError> {
    match bytes.first_chunk::<HEADER>() {
        Some(header) => match packet_length(header) {
            Some(length) => Ok(Some(length)),
            None => Err(StartTlsError::unexpected(bytes, "a packet of TDS")),
        },
        None => Ok(None),
    }
}

/// A client: it says PRELOGIN, with a wish for encryption.
pub(super) struct Client;

impl Protocol for Client {
    fn greeting(&self) -> Vec<u8> {
        prelogin(PRELOGIN, ENCRYPT_ON)
    }

    fn length(&self, bytes: &[u8]) -> Result<Option<usize>, StartTlsError> {
        message_length(bytes)
    }

    fn answer(&mut self, response: &[u8]) -> Result<Answer, StartTlsError> {
        match encryption(&response[HEADER..]) {
            Some(ENCRYPT_OFF | ENCRYPT_ON | ENCRYPT_REQ) => Ok(Answer::NOW),
            Some(ENCRYPT_NOT_SUP) => Err(StartTlsError::Refused { said: "its ENCRYPTION is NOT_SUP".to_owned() }),
            _ => Err(StartTlsError::unexpected(response, "PRELOGIN with the option ENCRYPTION")),
        }
    }
}

/// A server.
pub(super) struct Server;

impl Protocol for Server {
    fn length(&self, bytes: &[u8]) -> Result<Option<usize>, StartTlsError> {
        message_length(bytes)
    }

    fn answer(&mut self, request: &[u8]) -> Result<Answer, StartTlsError> {
        match encryption(&request[HEADER..]) {
            Some(ENCRYPT_OFF | ENCRYPT_ON | ENCRYPT_REQ) => Answer::secure(prelogin(TABULAR_RESULT, ENCRYPT_ON)),
            _ => Err(StartTlsError::unexpected(request, "PRELOGIN with a wish for encryption")),
        }
    }
}

/// The packets in which a handshake travels. Each side says by what it sends when they end: a record of TLS begins with
/// none of the bytes that a packet begins with.
#[derive(Default)]
pub(super) struct Packets {
    /// A header of which only this has arrived.
    header: Vec<u8>,
    /// How many bytes of a packet's contents are still to come.
    left: usize,
    /// Whether packets have ended in what arrives.
    read_plain: bool,
    /// Whether they have in what is sent.
    wrote_plain: bool,
}

impl Framing for Packets {
    fn wrap(&mut self, records: Vec<u8>, handshaking: bool) -> Vec<u8> {
        self.wrote_plain |= !handshaking;
        if self.wrote_plain { records } else { packets(PRELOGIN, &records) }
    }

    fn unwrap(&mut self, mut bytes: &[u8]) -> Vec<u8> {
        let mut records = Vec::new();
        while let Some(first) = bytes.first() {
            self.read_plain |= self.left == 0 && self.header.is_empty() && !matches!(*first, PRELOGIN | TABULAR_RESULT);
            if self.read_plain {
                records.extend_from_slice(bytes);
                return records;
            }
            if self.left > 0 {
                let (contents, rest) = bytes.split_at(self.left.min(bytes.len()));
                records.extend_from_slice(contents);
                self.left -= contents.len();
                bytes = rest;
                continue;
            }
            let (part, rest) = bytes.split_at((HEADER - self.header.len()).min(bytes.len()));
            self.header.extend_from_slice(part);
            bytes = rest;
            if self.header.len() == HEADER {
                let header = std::mem::take(&mut self.header);
                match packet_length(&header) {
                    Some(length) => self.left = length - HEADER,
                    // No packet, and no record either: TLS is shown it, and refuses it.
                    None => {
                        self.read_plain = true;
                        records.extend(header);
                    }
                }
            }
        }
        records
    }
}
