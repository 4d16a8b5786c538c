//! What the connections of a capture file show.

mod conversations;
mod packets;
mod preamble;
mod segment;
mod stream;
mod wiretap;

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::atomic::AtomicBool;

pub(super) use conversations::{Seen, Unseen};
pub use packets::Broken;
pub(super) use wiretap::Wiretap;

use conversations::Conversations;
use packets::Item;
use segment::Segment;

use super::key_log::KeyLog;

/// What a capture holds besides the connections that were seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Remainder {
    pub(super) packets: u64,
    /// Packets without a TCP segment, by link type.
    pub(super) passed_over: BTreeMap<i32, u64>,
    pub(super) unseen: Unseen,
    /// Where it breaks off or is damaged, if it does.
    pub(super) broken: Option<Broken>,
}

/// As much of embedded key logs as is taken, in bytes.
const MAX_KEY_LOG: usize = 64 << 20;

/// Reads a capture as a stream, and hands over each connection once it has ended.
pub(super) fn read(
    source: impl Read + Send,
    key_log: &KeyLog,
    cancelled: &AtomicBool,
    take: impl FnMut(Seen),
) -> Remainder {
    let mut remainder = Remainder::default();
    let mut embedded = 0;
    let mut conversations = Conversations::new(key_log.clone(), take);
    let ended = packets::read(source, cancelled, |item| match item {
        Item::Packet { linktype, micros, data } => {
            remainder.packets += 1;
            match Segment::of(linktype, data) {
                Some(segment) => conversations.segment(&segment, micros),
                None => *remainder.passed_over.entry(linktype.0).or_default() += 1,
            }
        }
        Item::KeyLog(log) if embedded + log.len() <= MAX_KEY_LOG => {
            embedded += log.len();
            conversations.key_log(&String::from_utf8_lossy(log));
        }
        Item::KeyLog(_) => {}
    });
    remainder.broken = ended.err();
    remainder.unseen = conversations.end();
    remainder
}
