//! One direction of a TCP connection, put in order: retransmissions, overlaps, and segments that come too early.

use std::collections::BTreeMap;

/// As many bytes as wait for those before them. Once there are more, what is missing was not captured.
pub(super) const MAX_HELD: usize = 256 << 10;

/// A piece of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// The next bytes.
    Bytes(&'a [u8]),
    /// Bytes that were not captured.
    Lost,
}

/// One direction.
#[derive(Debug, Default)]
pub(super) struct Stream {
    /// The sequence number of the next byte, and its position in the stream; `None` before the first segment.
    next: Option<(u32, u64)>,
    /// Segments that came too early, by position, with what is missing at their end.
    held: BTreeMap<u64, (Vec<u8>, u32)>,
    held_bytes: usize,
    /// The position after the last byte, once it is known.
    end: Option<u64>,
}

impl Stream {
    /// The stream begins with the byte after this sequence number.
    pub(super) fn begin(&mut self, syn: u32) {
        self.next.get_or_insert((syn.wrapping_add(1), 0));
    }

    /// A segment, whose last `missing` bytes were not captured.
    pub(super) fn push(&mut self, sequence: u32, bytes: &[u8], missing: u32, deliver: &mut impl FnMut(Piece<'_>)) {
        if bytes.is_empty() && missing == 0 {
            return;
        }
        let Some(position) = self.position(sequence) else { return };
        let (_, next) = self.next.unwrap_or_default();
        if position > next {
            self.hold(position, bytes, missing);
            while self.held_bytes > MAX_HELD {
                self.skip(deliver);
            }
        } else {
            self.advance(position, bytes, missing, deliver);
            self.release(deliver);
        }
    }

    /// The stream ends before this sequence number.
    pub(super) fn finish(&mut self, sequence: u32) {
        if self.end.is_none() {
            self.end = self.position(sequence);
        }
    }

    /// Whether all of it has been delivered, and it has ended.
    pub(super) fn has_ended(&self) -> bool {
        self.end.is_some_and(|end| self.next.is_none_or(|(_, next)| next >= end))
    }

    /// Delivers what is there: nothing more will come.
    pub(super) fn flush(&mut self, deliver: &mut impl FnMut(Piece<'_>)) {
        while !self.held.is_empty() {
            self.skip(deliver);
        }
    }

    /// Whether any of it has been delivered.
    pub(super) fn has_begun(&self) -> bool {
        self.next.is_some_and(|(_, next)| next > 0)
    }

    /// As many bytes as wait.
    pub(super) fn held_bytes(&self) -> usize {
        self.held_bytes
    }

    /// The position of a sequence number, which is the first one if there was none before. `None` for one from before the
    /// beginning.
    fn position(&mut self, sequence: u32) -> Option<u64> {
        let (number, position) = *self.next.get_or_insert((sequence, 0));
        position.checked_add_signed(i64::from(sequence.wrapping_sub(number) as i32))
    }

    fn hold(&mut self, position: u64, bytes: &[u8], missing: u32) {
        // Of two segments at one position the longer one is kept.
        if self.held.get(&position).is_none_or(|(held, _)| held.len() < bytes.len()) {
            if let Some((replaced, _)) = self.held.insert(position, (bytes.to_vec(), missing)) {
                self.held_bytes -= replaced.len();
            }
            self.held_bytes += bytes.len();
        }
    }

    /// Delivers what of a segment, which begins at the next byte or before, is new.
    fn advance(&mut self, position: u64, bytes: &[u8], missing: u32, deliver: &mut impl FnMut(Piece<'_>)) {
        let Some((_, next)) = self.next else { return };
        let known = usize::try_from(next - position).unwrap_or(usize::MAX);
        let new = bytes.get(known..).unwrap_or_default();
        if !new.is_empty() {
            self.move_by(new.len() as u64);
            deliver(Piece::Bytes(new));
        }
        let end = position + bytes.len() as u64 + u64::from(missing);
        if let Some((_, next)) = self.next
            && missing > 0
            && end > next
        {
            self.move_by(end - next);
            deliver(Piece::Lost);
        }
    }

    /// Delivers held segments as far as they follow.
    fn release(&mut self, deliver: &mut impl FnMut(Piece<'_>)) {
        while let Some((_, next)) = self.next
            && let Some(entry) = self.held.first_entry()
            && *entry.key() <= next
        {
            let (position, (bytes, missing)) = entry.remove_entry();
            self.held_bytes -= bytes.len();
            self.advance(position, &bytes, missing, deliver);
        }
    }

    /// Gives up on what is missing before the first held segment.
    fn skip(&mut self, deliver: &mut impl FnMut(Piece<'_>)) {
        if let (Some((_, next)), Some((first, _))) = (self.next, self.held.first_key_value()) {
            self.move_by(first.saturating_sub(next));
            deliver(Piece::Lost);
            self.release(deliver);
        }
    }

    fn move_by(&mut self, bytes: u64) {
        if let Some((sequence, position)) = &mut self.next {
            *sequence = sequence.wrapping_add(bytes as u32);
            *position += bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes of segments, given as sequence number, bytes and missing bytes.
    fn joined(begin: u32, segments: &[(u32, &[u8], u32)]) -> String {
        let mut stream = Stream::default();
        stream.begin(begin);
        let mut joined = String::new();
        let mut deliver = |piece: Piece<'_>| match piece {
            Piece::Bytes(bytes) => joined.push_str(std::str::from_utf8(bytes).unwrap()),
            Piece::Lost => joined.push('_'),
        };
        for (sequence, bytes, missing) in segments {
            stream.push(*sequence, bytes, *missing, &mut deliver);
        }
        stream.flush(&mut deliver);
        assert_eq!(stream.held_bytes(), 0);
        joined
    }

    #[test]
    fn segments_are_put_in_order() {
        for (begin, segments, expected) in [
            (9, &[(10, &b"abc"[..], 0), (13, b"def", 0)][..], "abcdef"),
            (9, &[(13, b"def", 0), (16, b"g", 0), (10, b"abc", 0)], "abcdefg"),
            (9, &[(10, b"abc", 0), (10, b"abc", 0), (11, b"bcd", 0), (10, b"a", 0)], "abcd"),
            (9, &[(12, b"cdef", 0), (10, b"abcd", 0), (12, b"cd", 0)], "abcdef"),
            (u32::MAX - 2, &[(1, b"cd", 0), (u32::MAX - 1, b"ab", 0)], "ab_cd"),
            (u32::MAX - 1, &[(1, b"cd", 0), (u32::MAX, b"ab", 0)], "abcd"),
            (9, &[(10, b"ab", 2), (14, b"ef", 0)], "ab_ef"),
            (9, &[(14, b"ef", 0), (10, b"ab", 0)], "ab_ef"),
            (9, &[(5, b"xyz", 0), (10, b"ab", 0)], "ab"),
        ] {
            assert_eq!(joined(begin, segments), expected, "{segments:?}");
        }
    }

    #[test]
    fn no_more_than_the_limit_waits() {
        let mut stream = Stream::default();
        stream.begin(0);
        let chunk = [7; 1000];
        for number in 0..10_000_u32 {
            stream.push(1000 + 2000 * number, &chunk, 0, &mut |_| {});
            assert!(stream.held_bytes() <= MAX_HELD);
        }
    }

    #[test]
    fn a_stream_ends_once_all_of_it_is_there() {
        let mut stream = Stream::default();
        stream.begin(9);
        stream.finish(13);
        assert!(!stream.has_ended());
        stream.push(10, b"abc", 0, &mut |_| {});
        assert!(stream.has_ended());
    }
}
