//! An endpoint's two record layers: what it sends becomes records, what arrives becomes whole messages.

use std::sync::Arc;

use super::edit::{Edit, Stage};
use super::fatal::Fatal;
use super::record_edits::{EditedRecord, RecordEdits};
use crate::behaviour::SharedKnobs;
use crate::behaviour::values::{FlightRecords, Switch};
use crate::crypto::Side;
use crate::crypto::draws::{EndpointDraws, Purpose};
use crate::record::deframer::{Deframer, FramingError};
use crate::record::fragment::FragmentLimit;
use crate::record::joiner::{HandshakeJoiner, JoinError};
use crate::record::protection::{Protection, ProtectionError};
use crate::wire::registry::{AlertDescription, ContentType, HandshakeType, ProtocolVersion};
use crate::wire::{Record, RecordHeader};

/// More empty records than this in a row are no conversation: unexpected_message.
const MAX_EMPTY_RECORDS: u32 = 32;

/// The types of which an empty record is no message, nor a part of one.
const NEVER_EMPTY: [ContentType; 3] = [ContentType::HANDSHAKE, ContentType::ALERT, ContentType::CHANGE_CIPHER_SPEC];

/// As much as protection adds to a fragment: IV, MAC and padding, or nonce and tag. Memory for a record is asked for once.
const USUAL_EXPANSION: usize = 64;

/// A whole message, or a piece of application data, that arrived.
pub(super) struct Received {
    pub(super) content_type: ContentType,
    pub(super) payload: Vec<u8>,
}

pub(super) struct Records {
    knobs: Arc<SharedKnobs>,
    draws: EndpointDraws,
    /// The version that headers carry; before ServerHello a client writes TLS 1.0 (RFC 5246 E.1).
    version: ProtocolVersion,

    write: Protection,
    /// Handshake messages that wait for more of their flight.
    coalescing: Vec<u8>,
    records_written: u32,
    edits: RecordEdits,
    output: Vec<u8>,

    read: Protection,
    deframer: Deframer,
    joiner: HandshakeJoiner,
    empty_records: u32,
}

impl Records {
    pub(super) fn new(side: Side, knobs: Arc<SharedKnobs>, draws: EndpointDraws, edits: &[Edit]) -> Self {
        Self {
            knobs,
            draws,
            edits: RecordEdits::new(side, edits),
            version: ProtocolVersion::TLSV1_0,
            write: Protection::Null,
            coalescing: Vec::new(),
            records_written: 0,
            output: Vec::new(),
            read: Protection::Null,
            deframer: Deframer::new(),
            joiner: HandshakeJoiner::default(),
            empty_records: 0,
        }
    }

    /// The connection's version, once it is known.
    pub(super) fn set_version(&mut self, version: ProtocolVersion) {
        self.version = version;
    }

    // Sending.

    /// Sends `payload` in as many records as it takes.
    pub(super) fn send(&mut self, content_type: ContentType, payload: &[u8]) -> Result<(), Fatal> {
        if content_type == ContentType::HANDSHAKE && self.knobs.flight_records == FlightRecords::Coalesced {
            self.coalescing.extend_from_slice(payload);
            return Ok(());
        }
        self.flush()?;
        self.write_records(content_type, payload)
    }

    /// Sends what was waiting for more of its flight.
    pub(super) fn flush(&mut self) -> Result<(), Fatal> {
        let mut waiting = std::mem::take(&mut self.coalescing);
        let written = self.write_records(ContentType::HANDSHAKE, &waiting);
        // Its memory is used again by the next flight.
        waiting.clear();
        self.coalescing = waiting;
        written
    }

    /// Whether what is sent now leaves under protection.
    pub(super) fn writes_protected(&self) -> bool {
        !matches!(self.write, Protection::Null)
    }

    /// From here on records leave under `protection`. What was waiting leaves under the old one.
    pub(super) fn change_write(&mut self, protection: Protection) -> Result<(), Fatal> {
        self.flush()?;
        self.write = protection;
        Ok(())
    }

    /// The bytes for the peer.
    pub(super) fn take_output(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.output)
    }

    fn write_records(&mut self, content_type: ContentType, payload: &[u8]) -> Result<(), Fatal> {
        let limit = self.fragment_limit(content_type);
        let (first, rest) =
            if self.splits(content_type) { payload.split_at(payload.len().min(1)) } else { (&[][..], payload) };
        if payload.is_empty() && content_type == ContentType::APPLICATION_DATA {
            return self.write_record(content_type, payload);
        }
        limit
            .fragments(first)
            .chain(limit.fragments(rest))
            .try_for_each(|fragment| self.write_record(content_type, fragment))
    }

    /// An alert or a ChangeCipherSpec is sent whole: RFC 5246 6.2.1 would let it be cut, and peers take no pieces.
    fn fragment_limit(&self, content_type: ContentType) -> FragmentLimit {
        match content_type {
            ContentType::HANDSHAKE | ContentType::APPLICATION_DATA => {
                FragmentLimit::new(usize::from(self.knobs.record_size)).unwrap_or(FragmentLimit::MAX)
            }
            _ => FragmentLimit::MAX,
        }
    }

    /// The 1/n-1 split against chosen plaintexts, which only the chained IVs of TLS 1.0 need.
    fn splits(&self, content_type: ContentType) -> bool {
        self.knobs.record_splitting == Switch::On
            && content_type == ContentType::APPLICATION_DATA
            && self.version == ProtocolVersion::TLSV1_0
            && matches!(self.write, Protection::Cbc(_))
    }

    /// What was edited since the last call.
    pub(super) fn take_edited(&mut self) -> Vec<EditedRecord> {
        self.edits.take_edited()
    }

    fn write_record(&mut self, content_type: ContentType, fragment: &[u8]) -> Result<(), Fatal> {
        if self.edits.is_empty() {
            return self.seal_record(content_type, fragment);
        }
        let place = self.edits.next_place(content_type);
        for (content_type, fragment) in self.edits.pass(Stage::Record, place, content_type, fragment.to_vec()) {
            let start = self.output.len();
            self.seal_record(content_type, &fragment)?;
            let sealed = self.output.split_off(start);
            let passed = self.edits.pass(Stage::Ciphertext, place, content_type, sealed);
            self.output.extend(passed.into_iter().flat_map(|(_, bytes)| bytes));
        }
        Ok(())
    }

    fn seal_record(&mut self, content_type: ContentType, fragment: &[u8]) -> Result<(), Fatal> {
        let (draws, occurrence) = (self.draws, self.records_written);
        self.records_written += 1;
        let start = self.output.len();
        self.output.reserve(RecordHeader::LEN + fragment.len() + USUAL_EXPANSION);
        let header = RecordHeader { content_type, version: self.version, length: 0 };
        self.output.extend_from_slice(&header.to_array());
        self.write
            .seal(content_type, self.version, fragment, |iv| draws.fill(Purpose::Iv, occurrence, iv), &mut self.output)
            .map_err(|error| Fatal::alert(AlertDescription::INTERNAL_ERROR, error.to_string()))?;
        let length = u16::try_from(self.output.len() - start - RecordHeader::LEN).map_err(|_| {
            Fatal::alert(AlertDescription::INTERNAL_ERROR, "a sealed record is longer than 65535 bytes")
        })?;
        self.output[start..][..RecordHeader::LEN].copy_from_slice(&RecordHeader { length, ..header }.to_array());
        Ok(())
    }

    // Receiving.

    /// Takes in bytes from the peer.
    pub(super) fn receive(&mut self, bytes: &[u8]) {
        self.deframer.push(bytes);
    }

    /// From here on records are read under `protection`. No message is left half read under the old one, since a
    /// ChangeCipherSpec in the middle of a message is refused.
    pub(super) fn change_read(&mut self, protection: Protection) {
        self.read = protection;
    }

    /// The type of the message that begins in what is left of the last record, if anything is.
    pub(super) fn next_of_record(&self) -> Option<HandshakeType> {
        self.joiner.next_type()
    }

    /// The next whole message, or piece of application data.
    pub(super) fn next(&mut self) -> Result<Option<Received>, Fatal> {
        loop {
            if let Some(payload) = self.joiner.next_message().map_err(join_error)? {
                return Ok(Some(Received { content_type: ContentType::HANDSHAKE, payload }));
            }
            self.check_version()?;
            let Some(record) = self.deframer.next_record().map_err(framing_error)? else { return Ok(None) };
            let (content_type, payload) = self.open(record)?;
            self.check_empty(content_type, &payload)?;
            if content_type == ContentType::HANDSHAKE {
                self.joiner.push(&payload).map_err(join_error)?;
                continue;
            }
            // Other types may come between the pieces of a message (RFC 5246 6.2.1); but its end cannot be under
            // other keys than its start.
            if content_type == ContentType::CHANGE_CIPHER_SPEC && self.joiner.is_partial() {
                return Err(Fatal::alert(
                    AlertDescription::UNEXPECTED_MESSAGE,
                    "a ChangeCipherSpec in the middle of a handshake message",
                ));
            }
            return Ok(Some(Received { content_type, payload }));
        }
    }

    fn open(&mut self, record: Record) -> Result<(ContentType, Vec<u8>), Fatal> {
        let Record { content_type, version, fragment } = record;
        let payload = self.read.open(content_type, version, fragment.0).map_err(|error| match error {
            ProtectionError::Overflow { .. } => Fatal::alert(AlertDescription::RECORD_OVERFLOW, error.to_string()),
            _ => Fatal::reaction(self.knobs.on_bad_record, error.to_string()),
        })?;
        Ok((content_type, payload))
    }

    /// Refuses a record by the version in its header, before the rest is there: bytes that are no TLS, such as an HTTP
    /// request or a hello of SSL 2.0, announce a record that never ends.
    fn check_version(&self) -> Result<(), Fatal> {
        let Some(header) = self.deframer.next_header().filter(|header| !self.is_plausible(header.version)) else {
            return Ok(());
        };
        let reason = format!("a record of version {} in a connection of {}", header.version, self.version);
        Err(Fatal::alert(AlertDescription::PROTOCOL_VERSION, reason))
    }

    /// Whether a record may carry `version`. What is not protected may come before its sender knows the connection's:
    /// a second ClientHello (RFC 5246 E.1), or the alert of a client that refuses the ServerHello. Its major number must
    /// be TLS's.
    fn is_plausible(&self, version: ProtocolVersion) -> bool {
        match self.read {
            Protection::Null => version.0 >> 8 == 3,
            _ => version == self.version,
        }
    }

    /// Refuses empty records where there must be none (RFC 5246 6.2.1: no handshake message, alert or ChangeCipherSpec
    /// is sent in one), and too many in a row elsewhere. RFC 5246 names no alert; RFC 8446 5.1 does.
    fn check_empty(&mut self, content_type: ContentType, payload: &[u8]) -> Result<(), Fatal> {
        self.empty_records = if payload.is_empty() { self.empty_records + 1 } else { 0 };
        let reason = match content_type {
            _ if payload.is_empty() && NEVER_EMPTY.contains(&content_type) => {
                "a record without content, which only application data may have"
            }
            _ if self.empty_records > MAX_EMPTY_RECORDS => "too many empty records in a row",
            _ => return Ok(()),
        };
        Err(Fatal::alert(AlertDescription::UNEXPECTED_MESSAGE, reason))
    }
}

fn framing_error(error: FramingError) -> Fatal {
    Fatal::alert(AlertDescription::RECORD_OVERFLOW, error.to_string())
}

fn join_error(error: JoinError) -> Fatal {
    Fatal::alert(AlertDescription::DECODE_ERROR, error.to_string())
}
