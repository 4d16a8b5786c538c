//! Evidence: what files hold, read and counted.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use serde::{Deserialize, Serialize};
use tlslab_proto::behaviour::values::Version;

use super::events::{self, Event, EventsError};
use super::key_log::KeyLog;
use super::observation::Observation;
use super::text;
use super::traffic::{self, Remainder};
use crate::windows::{self, MAX_REG_BYTES, Registry, RegistryError};

/// As many different observations as are told apart; connections of further ones are counted alone.
const MAX_KINDS: usize = 10_000;

/// As much as is read to see what a file is, in bytes; a capture's first block is within it.
const START: u64 = 1 << 16;

/// The longest event export that is read.
const MAX_EVENT_BYTES: u64 = 256 << 20;

/// What one file holds.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Evidence {
    /// The traffic of a capture.
    Capture(Box<Capture>),
    /// Events of Schannel in an export of the Event Viewer.
    Events {
        /// The events, and how often each was seen.
        events: Vec<Counted<Event>>,
        /// Where the file breaks off or is damaged, if it does.
        #[serde(skip_serializing_if = "Option::is_none")]
        broken: Option<String>,
    },
    /// The SCHANNEL values of a registry file.
    Registry {
        /// The values by their names.
        values: Registry,
    },
}

/// What a capture holds.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Capture {
    /// The observations, and how often each was made.
    pub connections: Vec<Counted<Observation>>,
    /// Packets read.
    pub packets: u64,
    /// Packets without a TCP segment.
    pub passed_over: u64,
    /// TCP connections in which no TLS was found.
    pub not_tls: u64,
    /// TLS connections of which too little was captured.
    pub incomplete: u64,
    /// Connections of versions that the lab does not run, such as TLS 1.3: nothing is said of them.
    pub other_versions: u64,
    /// Connections that are counted, and not told apart any more.
    pub uncounted: u64,
    /// Where the file breaks off or is damaged, if it does: what comes before is good.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broken: Option<String>,
}

/// Something that was seen so many times.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Counted<T> {
    /// What.
    pub seen: T,
    /// How often.
    pub count: u64,
    /// Where it was seen first.
    pub first: Option<Example>,
}

/// Where something was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Example {
    /// The client's address.
    pub client: SocketAddr,
    /// The server's address.
    pub server: SocketAddr,
    /// When the connection began, in microseconds since 1970.
    pub began: u64,
}

/// A file that is no evidence.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// It cannot be read.
    #[error("cannot read {path}: {source}")]
    Unreadable {
        /// The file.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// It is compressed.
    #[error("{path} is compressed by gzip; unpack it first, as by gunzip")]
    Compressed {
        /// The file.
        path: String,
    },
    /// Its first bytes are those of nothing that is read here.
    #[error(
        "{path} is no evidence that is known: give a capture (pcap, pcapng), an export of the Event Viewer (XML, CSV), or \
         a .reg file; its first bytes are {start:?}"
    )]
    Unknown {
        /// The file.
        path: String,
        /// How it begins.
        start: String,
    },
    /// An event export that is none.
    #[error("{path}: {source}")]
    Events {
        /// The file.
        path: String,
        /// Why.
        source: EventsError,
    },
    /// A registry file that is none.
    #[error("{path}: {source}")]
    Registry {
        /// The file.
        path: String,
        /// Why.
        source: RegistryError,
    },
}

/// What the first bytes of a file say that it is.
enum Format {
    Capture,
    Compressed,
    Text,
    Unknown,
}

impl Format {
    fn of(start: &[u8]) -> Self {
        match start {
            [0x0a, 0x0d, 0x0d, 0x0a, ..] => Self::Capture,
            [0xa1, 0xb2, 0xc3 | 0xcd, 0xd4 | 0x34 | 0x4d, ..]
            | [0xd4 | 0x34 | 0x4d, 0xc3 | 0x3c | 0xcd, 0xb2, 0xa1, ..] => Self::Capture,
            [0x1f, 0x8b, ..] => Self::Compressed,
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0xef, 0xbb, 0xbf, ..] => Self::Text,
            [0, 1..=0x7f, ..] => Self::Text,
            [first, ..] if first.is_ascii_graphic() || first.is_ascii_whitespace() || *first >= 0x80 => Self::Text,
            _ => Self::Unknown,
        }
    }
}

/// Reads a file, whatever evidence it is, with what a key log says of its connections. A capture is read as a stream, and what comes before a damaged place is kept.
///
/// # Errors
/// The file cannot be read, or is no evidence.
pub fn read(path: &Path, key_log: &KeyLog, cancelled: &AtomicBool) -> Result<Evidence, EvidenceError> {
    let name = || path.display().to_string();
    let unreadable = |source| EvidenceError::Unreadable { path: name(), source };
    let mut file = File::open(path).map_err(unreadable)?;
    let mut start = Vec::new();
    (&mut file).take(START).read_to_end(&mut start).map_err(unreadable)?;
    let whole = io::Cursor::new(start.clone()).chain(file);
    match Format::of(&start) {
        Format::Capture => Ok(Evidence::Capture(Box::new(read_capture(whole, key_log, cancelled)))),
        Format::Compressed => Err(EvidenceError::Compressed { path: name() }),
        Format::Unknown => Err(EvidenceError::Unknown {
            path: name(),
            start: String::from_utf8_lossy(&start[..start.len().min(8)]).into_owned(),
        }),
        Format::Text => {
            let mut bytes = Vec::new();
            whole.take(MAX_EVENT_BYTES).read_to_end(&mut bytes).map_err(unreadable)?;
            read_text(&bytes, &name)
        }
    }
}

fn read_text(bytes: &[u8], name: &impl Fn() -> String) -> Result<Evidence, EvidenceError> {
    let text = text::decode(bytes);
    let beginning = text.trim_start();
    if beginning.starts_with("Windows Registry Editor") || beginning.starts_with("REGEDIT4") {
        let kept = &bytes[..bytes.len().min(MAX_REG_BYTES + 1)];
        let values = windows::read_reg(kept).map_err(|source| EvidenceError::Registry { path: name(), source })?;
        return Ok(Evidence::Registry { values });
    }
    match events::read(&text) {
        Ok(events::Export { events, broken }) => Ok(Evidence::Events { events: counted(events), broken }),
        Err(EventsError::NoExport) => {
            Err(EvidenceError::Unknown { path: name(), start: beginning.chars().take(40).collect() })
        }
        Err(source) => Err(EvidenceError::Events { path: name(), source }),
    }
}

fn counted(events: Vec<Event>) -> Vec<Counted<Event>> {
    let mut counted: Vec<Counted<Event>> = Vec::new();
    for event in events {
        match counted.iter_mut().find(|one| one.seen == event) {
            Some(one) => one.count += 1,
            None => counted.push(Counted { seen: event, count: 1, first: None }),
        }
    }
    counted
}

/// Reads a capture as a stream.
pub fn read_capture(source: impl Read + Send, key_log: &KeyLog, cancelled: &AtomicBool) -> Capture {
    let mut tally = Tally::default();
    let Remainder { packets, passed_over, unseen, broken, .. } =
        traffic::read(source, key_log, cancelled, |seen| tally.add(seen));
    Capture {
        connections: tally.kinds,
        packets,
        passed_over: passed_over.values().sum(),
        not_tls: unseen.not_tls,
        incomplete: unseen.incomplete,
        other_versions: tally.other_versions,
        uncounted: tally.uncounted,
        broken: broken.map(|broken| broken.to_string()),
    }
}

/// Observations by their kinds.
#[derive(Default)]
struct Tally {
    kinds: Vec<Counted<Observation>>,
    places: HashMap<Observation, usize>,
    other_versions: u64,
    uncounted: u64,
}

impl Tally {
    fn add(&mut self, seen: traffic::Seen) {
        let traffic::Seen { observation, addresses: [client, server], began } = seen;
        if observation.version.is_some_and(|version| Version::from_wire(version).is_none()) {
            self.other_versions += 1;
        } else if let Some(place) = self.places.get(&observation) {
            self.kinds[*place].count += 1;
        } else if self.kinds.len() < MAX_KINDS {
            self.places.insert(observation.clone(), self.kinds.len());
            let first = Some(Example { client, server, began });
            self.kinds.push(Counted { seen: observation, count: 1, first });
        } else {
            self.uncounted += 1;
        }
    }
}
