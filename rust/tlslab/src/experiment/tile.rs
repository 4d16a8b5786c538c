//! What becomes of a tile of a census on the thread that multiplies it: its trials by their zeros, and which of them may
//! be in the audit. What the tiles add up to is left to whoever goes through them in order.

use std::ops::Range;

use tlslab_dh::batch::ExchangeZeros;

use super::classes::{Candidate, Classes};

/// Of the trials without a zero byte, one in so many, picked by a hash, is a candidate for the audit: hashing all of them
/// would take longer than counting them. A tile has as many candidates as the audit takes at most.
const STRIDE: u64 = 32;

/// The trials of a tile.
pub(super) struct Tile {
    trials: Range<u64>,
    /// Those of them that have leading zero bytes, in order.
    with_zeros: Vec<(u64, ExchangeZeros)>,
}

/// Trials of a tile with the same zeros.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Alike {
    pub(super) zeros: ExchangeZeros,
    pub(super) first: u64,
    pub(super) count: u64,
    /// Those that may be in the audit, as far as was known of their class.
    pub(super) candidates: Vec<Candidate>,
}

impl Tile {
    pub(super) fn new(trials: Range<u64>, mut with_zeros: Vec<(u64, ExchangeZeros)>) -> Self {
        with_zeros.retain(|(index, _)| trials.contains(index));
        Self { trials, with_zeros }
    }

    /// Its trials by their zeros, in the order of the first of each. `classes` are those of trials that come before.
    pub(super) fn alike(&self, classes: &Classes<'_>) -> Vec<Alike> {
        let mut all: Vec<Alike> = Vec::new();
        for (index, zeros) in &self.with_zeros {
            let position = all.iter().position(|alike| alike.zeros == *zeros).unwrap_or_else(|| {
                all.push(Alike { zeros: *zeros, first: *index, count: 0, candidates: Vec::new() });
                all.len() - 1
            });
            all[position].count += 1;
            all[position].candidates.push(classes.candidate(*index));
        }
        for alike in &mut all {
            alike.candidates.retain(classes.admits(alike.zeros));
        }
        all.extend(self.ordinary(classes));
        all.sort_unstable_by_key(|alike| alike.first);
        all
    }

    /// Those without zero bytes.
    fn ordinary(&self, classes: &Classes<'_>) -> Option<Alike> {
        let zeros = ExchangeZeros::default();
        let (first, _) = self.stretches().find(|(_, of_stretch)| *of_stretch == zeros)?;
        let candidates = (self.trials.start / STRIDE..self.trials.end.div_ceil(STRIDE))
            .map(|of_stride| of_stride * STRIDE + classes.hash(of_stride) % STRIDE)
            .filter(|index| self.trials.contains(index))
            .map(|index| classes.candidate(index))
            .filter(classes.admits(zeros))
            .filter(|one| self.with_zeros.binary_search_by_key(&one.index, |(index, _)| *index).is_err())
            .collect();
        let count = self.trials.end - self.trials.start - self.with_zeros.len() as u64;
        Some(Alike { zeros, first: first.start, count, candidates })
    }

    /// Trials next to each other with the same zeros, in order.
    pub(super) fn stretches(&self) -> impl Iterator<Item = (Range<u64>, ExchangeZeros)> {
        let ordinary = |trials: Range<u64>| (trials, ExchangeZeros::default());
        let up_to_each = self.with_zeros.iter().scan(self.trials.start, move |next, (index, zeros)| {
            let before = std::mem::replace(next, index + 1)..*index;
            Some([ordinary(before), (*index..index + 1, *zeros)])
        });
        let after = self.with_zeros.last().map_or(self.trials.start, |(index, _)| index + 1)..self.trials.end;
        up_to_each.flatten().chain([ordinary(after)]).filter(|(trials, _)| !trials.is_empty())
    }
}
