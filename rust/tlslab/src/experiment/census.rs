//! Census fidelity: as class fidelity, with trials whose secrets cost a product each: see [`super::blocks`].

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;
use tlslab_dh::batch::{ExchangeZeros, Rows};

use super::ExperimentError;
use super::blocks::{BLOCK, Base, BlockColumns, BlockEngine, COLUMNS, Place};
use super::classes::Classes;
use super::tally::Tally;
use super::tile::{Alike, Tile};

/// Rows that a thread goes through at once.
const TILE_ROWS: u32 = Rows::FITTING as u32;

/// Trials of a tile: what a thread does at once.
pub(super) const TILE: u64 = TILE_ROWS as u64 * COLUMNS as u64;

/// Trials of a window for each thread, at most. At a window's end threads wait for the last tile; and where nearly all
/// trials are listed as failed, a tile takes some megabytes.
pub(super) const LONGEST_WINDOW: u64 = 16 * TILE;

/// Columns that a thread computes at once.
const PART: u32 = 64;

/// Runs trials at census fidelity.
pub(super) struct Census<'a> {
    engine: &'a BlockEngine,
    classes: Classes<'a>,
    /// The columns of the last block.
    columns: Option<(u64, Vec<BlockColumns>)>,
}

/// A tile that a thread is done with.
struct Done {
    alike: Vec<Alike>,
    /// The tile, where it matters which of its trials come to what.
    tile: Option<Tile>,
}

impl<'a> Census<'a> {
    pub(super) fn new(engine: &'a BlockEngine, classes: Classes<'a>) -> Self {
        Self { engine, classes, columns: None }
    }

    pub(super) fn classes(&self) -> &Classes<'a> {
        &self.classes
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
            let done = self.tiles(block, &columns, start..end, tally.wants_each())?;
            self.columns = Some((block, columns));
            for done in done {
                self.count(done, tally)?;
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

    /// What some trials of a block come to, tile by tile. Threads work on the tiles, each with the classes as they are
    /// before all of them.
    fn tiles(
        &self,
        block: u64,
        columns: &[BlockColumns],
        range: Range<u64>,
        wants_each: bool,
    ) -> Result<Vec<Done>, ExperimentError> {
        let starts: Vec<u64> = (range.start / TILE * TILE..range.end).step_by(TILE as usize).collect();
        let tile = |start: u64| {
            let trials = start.max(range.start)..range.end.min(start.saturating_add(TILE));
            let rows = Place::of(trials.start).row..Place::of(trials.end - 1).row + 1;
            let tile = Tile::new(trials, self.engine.with_zeros(block, rows, columns)?);
            Ok(Done { alike: tile.alike(&self.classes), tile: wants_each.then_some(tile) })
        };
        starts.into_par_iter().map(tile).collect()
    }

    /// Adds a tile to the counts. Tiles come in order.
    fn count(&mut self, done: Done, tally: &mut Tally) -> Result<(), ExperimentError> {
        for Alike { zeros, first, count, candidates } in done.alike {
            let class = self.class_of(zeros, first)?;
            candidates.into_iter().for_each(|candidate| self.classes.sample(class, candidate));
            tally.count(self.classes.count(class, count), count);
        }
        for (trials, zeros) in done.tile.iter().flat_map(Tile::stretches) {
            let class = self.class_of(zeros, trials.start)?;
            tally.code(class, trials.end - trials.start)?;
            if self.classes.classes()[class].trial.failed {
                tally.list(trials);
            }
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use tlslab_dh::{Group, Kernel};
    use tlslab_proto::behaviour::{ClientBehaviour, ServerBehaviour};

    use super::super::blocks::Blocks;
    use super::super::classes::{Class, Path};
    use super::super::{Experiment, SignatureChoice};
    use super::*;
    use crate::scenario::Scenario;

    const SEED: u64 = 6;

    /// All that a report is made of, and the audit.
    #[derive(Debug, PartialEq)]
    struct Counted {
        classes: Vec<(Path, u64, Vec<u64>)>,
        failures: u64,
        outcomes: BTreeMap<String, u64>,
        failed_trials: Vec<u64>,
    }

    /// Runs trials on so many threads, window by window.
    fn counted(experiment: &Experiment, trials: Range<u64>, window: u64, threads: usize, listed: usize) -> Counted {
        let setup = experiment.setup().unwrap();
        let group: Group = experiment.group_in_use(&setup).unwrap().unwrap();
        let engine = BlockEngine::new(Blocks { seed: SEED, group }, Kernel::detect(), 4 << 20, true).unwrap();
        let mut census = Census::new(&engine, Classes::new(experiment, &setup, Some(&engine), SEED));
        let mut tally = Tally::new(trials.start, listed, false);
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(|| {
            while tally.next() < trials.end {
                let next = tally.next()..trials.end.min(tally.next().saturating_add(window));
                census.run(next, &AtomicBool::new(false), &mut tally).unwrap();
            }
        });
        let class = |class: &Class| (class.path.clone(), class.count, class.sampled());
        Counted {
            classes: census.classes().classes().iter().map(class).collect(),
            failures: tally.failures(),
            outcomes: tally.outcomes.clone(),
            failed_trials: tally.failed_trials.clone(),
        }
    }

    /// In the second group nearly all Z have a zero byte: there are more failed trials than are listed, and more of a
    /// class than are audited.
    #[test]
    fn neither_windows_nor_threads_change_what_is_counted() {
        let boundary = format!(r#"{{"p": "01{}194c0b", "g": "4"}}"#, "0".repeat(250));
        for (group, listed) in [(r#""modp768""#, usize::MAX), (boundary.as_str(), 10_000)] {
            let server = format!(r#"{{"ems": "off", "premaster_zeros": "keep", "groups": [{group}]}}"#);
            let experiment = Experiment {
                client: ClientBehaviour::from_assignments("ems=off,short_public_value=reject").unwrap(),
                server: ServerBehaviour::from_json(&server).unwrap(),
                scenario: Scenario::full(),
                signatures: SignatureChoice::Simulated,
            };
            // From within a row, over the border of two tiles and that of two blocks.
            let trials = BLOCK - TILE - 5_000..BLOCK + 20_000;
            let reference = counted(&experiment, trials.clone(), u64::MAX, 1, listed);
            let all: u64 = reference.classes.iter().map(|(_, count, _)| count).sum();
            assert_eq!(all, trials.end - trials.start);
            assert_eq!(reference.failed_trials.len() as u64, reference.failures.min(listed as u64));
            assert!(reference.classes.iter().any(|(_, _, audited)| audited.len() == 8_192));
            for (window, threads) in [(u64::MAX, 3), (77_777, 2)] {
                let other = counted(&experiment, trials.clone(), window, threads, listed);
                assert!(other == reference, "{group}, windows of {window}, {threads} threads");
            }
        }
    }
}
