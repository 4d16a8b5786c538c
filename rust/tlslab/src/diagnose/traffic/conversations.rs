//! The connections of a capture: segments find theirs, and each ends in an observation.
//!
//! Memory is bounded whatever the capture holds: when too much waits, or too many connections are open, those of which
//! nothing was heard for longest are ended as if the capture ended there.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr};

use super::segment::Segment;
use super::stream::{Piece, Stream};
use super::wiretap::Wiretap;
use crate::diagnose::key_log::KeyLog;
use crate::diagnose::observation::{Observation, Over};
use crate::link::socket::Closing;

/// As many connections as are followed at the same time, and as many bytes as wait in them.
const MAX_OPEN: usize = 50_000;
const MAX_HELD: usize = 64 << 20;

/// As many sessions of FTP as are remembered, so that their data connections are known.
const MAX_FTP: usize = 10_000;

/// A handshake that has not moved for so long has fallen silent, in microseconds.
const SILENT: u64 = 20_000_000;

/// A connection that was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::diagnose) struct Seen {
    /// What was seen.
    pub(in crate::diagnose) observation: Observation,
    /// The client's address and the server's.
    pub(in crate::diagnose) addresses: [SocketAddr; 2],
    /// When it began, in microseconds since 1970.
    pub(in crate::diagnose) began: u64,
}

/// Connections of which nothing can be said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::diagnose) struct Unseen {
    /// No TLS was found in them.
    pub(in crate::diagnose) not_tls: u64,
    /// Too little of their handshake was captured.
    pub(in crate::diagnose) incomplete: u64,
}

/// Both addresses, the lower first.
type Ends = [SocketAddr; 2];

/// All connections of a capture.
pub(super) struct Conversations<T> {
    open: HashMap<Ends, Conversation>,
    /// The open ones by when something was last heard of them.
    by_age: BTreeMap<u64, Ends>,
    heard: u64,
    held: usize,
    now: u64,
    ftp: VecDeque<[IpAddr; 2]>,
    unseen: Unseen,
    key_log: KeyLog,
    take: T,
}

struct Conversation {
    streams: [Stream; 2],
    wiretap: Wiretap,
    has_closed: [bool; 2],
    is_reset: bool,
    /// Whether it is remembered as a control connection of FTP.
    is_remembered: bool,
    began: u64,
    last: u64,
    heard: u64,
    held: usize,
}

impl<T: FnMut(Seen)> Conversations<T> {
    /// No connection so far; those that end go to `take`.
    pub(super) fn new(key_log: KeyLog, take: T) -> Self {
        Self {
            open: HashMap::new(),
            by_age: BTreeMap::new(),
            heard: 0,
            held: 0,
            now: 0,
            ftp: VecDeque::new(),
            unseen: Unseen::default(),
            key_log,
            take,
        }
    }

    /// A key log that the capture embeds.
    pub(super) fn key_log(&mut self, text: &str) {
        self.key_log.add(text);
    }

    /// A segment, and when it was seen.
    pub(super) fn segment(&mut self, segment: &Segment<'_>, micros: u64) {
        self.now = self.now.max(micros);
        let (ends, end) = if segment.source <= segment.destination {
            ([segment.source, segment.destination], 0)
        } else {
            ([segment.destination, segment.source], 1)
        };
        let begins_anew = segment.syn && !segment.ack && self.open.get(&ends).is_some_and(Conversation::has_data);
        if begins_anew {
            self.finish(ends);
        }
        let conversation = match self.open.entry(ends) {
            Entry::Occupied(open) => open.into_mut(),
            // What comes after the end of a connection begins none.
            Entry::Vacant(_) if segment.payload.is_empty() && !segment.syn => return,
            Entry::Vacant(place) => place.insert(Conversation::new(micros)),
        };
        self.heard += 1;
        self.by_age.remove(&conversation.heard);
        conversation.heard = self.heard;
        conversation.last = micros;
        self.by_age.insert(self.heard, ends);
        conversation.segment(segment, end);
        let held = conversation.held_bytes();
        self.held = self.held + held - std::mem::replace(&mut conversation.held, held);
        let is_over = conversation.is_over();
        if conversation.wiretap.is_ftp() && !std::mem::replace(&mut conversation.is_remembered, true) {
            let client = conversation.wiretap.client().unwrap_or_default();
            self.ftp.push_back([ends[client].ip(), ends[1 - client].ip()]);
            if self.ftp.len() > MAX_FTP {
                self.ftp.pop_front();
            }
        }
        if is_over {
            self.finish(ends);
        }
        while self.open.len() > MAX_OPEN || self.held > MAX_HELD {
            let Some((_, oldest)) = self.by_age.first_key_value() else { break };
            self.finish(*oldest);
        }
    }

    /// The capture has ended.
    pub(super) fn end(mut self) -> Unseen {
        while let Some((_, oldest)) = self.by_age.first_key_value() {
            self.finish(*oldest);
        }
        self.unseen
    }

    fn finish(&mut self, ends: Ends) {
        let Some(mut conversation) = self.open.remove(&ends) else { return };
        self.by_age.remove(&conversation.heard);
        self.held -= conversation.held;
        conversation.flush();
        if self.now.saturating_sub(conversation.last) > SILENT {
            conversation.wiretap.fell_silent();
        }
        let wiretap = &conversation.wiretap;
        let Some(client) = wiretap.client() else {
            self.unseen.not_tls += 1;
            return;
        };
        let addresses = [ends[client], ends[1 - client]];
        let hosts = addresses.map(|address| address.ip());
        match wiretap.observation(&self.key_log) {
            Some(mut observation) => {
                if observation.over == Over::Tls && self.ftp.contains(&hosts) {
                    observation.over = Over::FtpData;
                }
                (self.take)(Seen { observation, addresses, began: conversation.began });
            }
            None => self.unseen.incomplete += 1,
        }
    }
}

impl Conversation {
    fn new(began: u64) -> Self {
        Self {
            streams: Default::default(),
            wiretap: Wiretap::default(),
            has_closed: [false; 2],
            is_reset: false,
            is_remembered: false,
            began,
            last: began,
            heard: 0,
            held: 0,
        }
    }

    fn segment(&mut self, segment: &Segment<'_>, end: usize) {
        let Self { streams, wiretap, .. } = self;
        let mut deliver = |piece: Piece<'_>| match piece {
            Piece::Bytes(bytes) => wiretap.bytes(end, bytes),
            Piece::Lost => wiretap.lost(end),
        };
        let stream = &mut streams[end];
        if segment.syn {
            stream.begin(segment.sequence);
        }
        let first = segment.sequence.wrapping_add(u32::from(segment.syn));
        stream.push(first, segment.payload, segment.missing, &mut deliver);
        if segment.fin {
            let length = segment.payload.len() as u32;
            stream.finish(first.wrapping_add(length).wrapping_add(segment.missing));
        }
        if segment.rst {
            streams.iter_mut().enumerate().for_each(|(end, stream)| flush(stream, wiretap, end));
            wiretap.closed(end, Closing::Reset);
            self.is_reset = true;
        }
        // A FIN that comes before the data that it ends waits for them.
        if self.streams[end].has_ended() && !std::mem::replace(&mut self.has_closed[end], true) {
            self.wiretap.closed(end, Closing::Finished);
        }
    }

    fn flush(&mut self) {
        let Self { streams, wiretap, .. } = self;
        streams.iter_mut().enumerate().for_each(|(end, stream)| flush(stream, wiretap, end));
    }

    fn has_data(&self) -> bool {
        self.streams.iter().any(Stream::has_begun) || self.is_reset
    }

    fn is_over(&self) -> bool {
        self.is_reset || self.has_closed == [true; 2]
    }

    fn held_bytes(&self) -> usize {
        self.streams.iter().map(Stream::held_bytes).sum::<usize>() + self.wiretap.held_bytes()
    }
}

fn flush(stream: &mut Stream, wiretap: &mut Wiretap, end: usize) {
    stream.flush(&mut |piece| match piece {
        Piece::Bytes(bytes) => wiretap.bytes(end, bytes),
        Piece::Lost => wiretap.lost(end),
    });
}
