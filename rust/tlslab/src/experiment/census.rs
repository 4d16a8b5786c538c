//! Census fidelity: as class fidelity, with trials whose secrets cost a product each: see [`super::blocks`].

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;
use tlslab_dh::batch::{ExchangeZeros, Rows};

use super::ExperimentError;
use super::blocks::{BLOCK, Base, BlockColumns, BlockEngine, COLUMNS, Place};
use super::classes::{Classes, hash};
use super::tally::Tally;

/// Rows that a thread goes through at once.
const TILE_ROWS: u32 = Rows::FITTING as u32;

/// Trials of a tile: what a thread does at once.
pub(super) const TILE: u64 = TILE_ROWS as u64 * COLUMNS as u64;

/// Columns that a thread computes at once.
const PART: u32 = 64;

/// Of the trials without a zero byte, one in so many, picked by a hash, is a candidate for the audit: hashing all of them
/// would take longer than counting them. A tile has as many candidates as the audit takes at most.
const STRIDE: u64 = 32;

/// Runs trials at census fidelity.
pub(super) struct Census<'a> {
    engine: &'a BlockEngine,
    classes: Classes<'a>,
    seed: u64,
    /// The columns of the last block.
    columns: Option<(u64, Vec<BlockColumns>)>,
}

/// What a tile's trials are.
struct Tile {
    trials: Range<u64>,
    /// Those of them that have leading zero bytes, in order.
    with_zeros: Vec<(u64, ExchangeZeros)>,
}

impl<'a> Census<'a> {
    pub(super) fn new(engine: &'a BlockEngine, classes: Classes<'a>, seed: u64) -> Self {
        Self { engine, classes, seed, columns: None }
    }

    pub(super) fn classes(&self) -> &Classes<'a> {
        &self.classes
    }

    #[cfg(test)]
    pub(super) fn into_classes(self) -> Classes<'a> {
        self.classes
    }

    /// Runs the trials of `range`; fewer, from the first on, if it is cancelled.
    pub(super) fn run(
        &mut self,
        range: Range<u64>,
        cancelled: &AtomicBool,
        tally: &mut Tally,
    ) -> Result<(), ExperimentError> {
        let mut start = range.start;
        while start < range.end {
            let block = start / BLOCK;
            let end = range.end.min((block + 1).saturating_mul(BLOCK));
            let Some(columns) = self.columns_of(block, cancelled)? else { return Ok(()) };
            let tiles = tiles(self.engine, block, &columns, start..end)?;
            self.columns = Some((block, columns));
            for tile in tiles {
                self.count(&tile, tally)?;
            }
            start = end;
        }
        Ok(())
    }

    /// The columns of a block, the last one's again or made now; `None` if that was cancelled on the way.
    fn columns_of(&mut self, block: u64, cancelled: &AtomicBool) -> Result<Option<Vec<BlockColumns>>, ExperimentError> {
        match self.columns.take() {
            Some((of, columns)) if of == block => Ok(Some(columns)),
            _ => self.engine.bases().iter().map(|base| columns(self.engine, block, *base, cancelled)).collect(),
        }
    }

    /// Counts the trials of a tile, in order.
    fn count(&mut self, tile: &Tile, tally: &mut Tally) -> Result<(), ExperimentError> {
        for (index, zeros) in &tile.with_zeros {
            self.count_ordinary(tally.next()..*index, tally)?;
            let class = self.class_of(*zeros, *index)?;
            self.classes.sample(class, *index);
            tally.add(self.classes.count(class, 1));
        }
        self.count_ordinary(tally.next()..tile.trials.end, tally)?;
        self.sample_ordinary(tile)
    }

    /// Counts trials without zero bytes.
    fn count_ordinary(&mut self, trials: Range<u64>, tally: &mut Tally) -> Result<(), ExperimentError> {
        if !trials.is_empty() {
            let class = self.class_of(ExchangeZeros::default(), trials.start)?;
            let count = trials.end - trials.start;
            tally.add_many(self.classes.count(class, count), count);
        }
        Ok(())
    }

    fn sample_ordinary(&mut self, tile: &Tile) -> Result<(), ExperimentError> {
        let is_ordinary = |index: &u64| tile.with_zeros.binary_search_by_key(index, |(index, _)| *index).is_err();
        let stretches = tile.trials.start / STRIDE..tile.trials.end.div_ceil(STRIDE);
        let seed = self.seed;
        let candidates = stretches.map(|stretch| stretch * STRIDE + hash(seed, stretch) % STRIDE);
        for index in candidates.filter(|index| tile.trials.contains(index)).filter(is_ordinary) {
            let class = self.class_of(ExchangeZeros::default(), index)?;
            self.classes.sample(class, index);
        }
        Ok(())
    }

    /// A census is of one connection only, so its zeros are a class.
    fn class_of(&mut self, zeros: ExchangeZeros, index: u64) -> Result<usize, ExperimentError> {
        let stage = self.classes.next(Classes::START, zeros, index)?;
        Ok(self.classes.ended(stage).expect("no connection follows the only one"))
    }
}

/// All columns of a block, of one base; `None` if it was cancelled on the way.
fn columns(
    engine: &BlockEngine,
    block: u64,
    base: Base,
    cancelled: &AtomicBool,
) -> Result<Option<BlockColumns>, ExperimentError> {
    let starts: Vec<u32> = (0..COLUMNS).step_by(PART as usize).collect();
    let part = |start| match cancelled.load(Ordering::Relaxed) {
        true => Ok(None),
        false => engine.columns(block, base, start..start + PART).map(Some),
    };
    let parts: Option<Vec<_>> = starts.into_par_iter().map(part).collect::<Result<_, ExperimentError>>()?;
    Ok(parts.map(|parts| BlockColumns { base, parts }))
}

/// The tiles of some trials of a block.
fn tiles(
    engine: &BlockEngine,
    block: u64,
    columns: &[BlockColumns],
    range: Range<u64>,
) -> Result<Vec<Tile>, ExperimentError> {
    let starts: Vec<u64> = (range.start / TILE * TILE..range.end).step_by(TILE as usize).collect();
    let tile = |start: u64| {
        let trials = start.max(range.start)..range.end.min(start.saturating_add(TILE));
        let rows = Place::of(trials.start).row..Place::of(trials.end - 1).row + 1;
        let mut with_zeros = engine.with_zeros(block, rows, columns)?;
        with_zeros.retain(|(index, _)| trials.contains(index));
        Ok(Tile { trials, with_zeros })
    };
    starts.into_par_iter().map(tile).collect()
}
