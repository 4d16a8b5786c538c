//! Trials at one product each: every secret of a block is a product of two powers.
//!
//! A block has one exponent y and two lists a and b. The trial (i, j) has the client exponent `a_i + b_j` modulo the
//! order of g, so its secret is `Z_ij = (g^(y a_i)) (g^(y b_j))`. The left powers are kept as numbers, in batches, and
//! the right ones as forms, singly: the product of a number and a form is a number, of which the length can be read at
//! once. A tile is one left batch times all right powers; the batch stays in the first cache, and the right powers
//! stream through it.

use std::ops::Range;

use super::words::Words;
use super::{BatchError, Engine, Exponents, PowerTable};

/// A block of trials that share an exponent y.
pub struct Census {
    engine: Engine,
    rows: usize,
    columns: usize,
    /// Batches of numbers `g^(y a_i)`; the last is filled up with copies of what went before.
    left: Words,
    /// Forms of `g^(y b_j)`.
    right: Words,
}

/// How many values have no leading zero byte, one, two, and so on; the last count has all those with seven or more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct ZeroCounts(pub [u64; 8]);

impl Census {
    /// The block of server exponent y (big-endian) and the lists a and b. The table is that of g, for exponents as long
    /// as the order.
    ///
    /// With y = 1 the block's values are the public values of the trials' clients.
    ///
    /// # Errors
    /// [`BatchError::UnknownOrder`], [`BatchError::ZeroExponent`] (y), [`BatchError::ExponentTooLong`].
    pub fn new(table: &PowerTable, y: &[u8], a: &Exponents<'_>, b: &Exponents<'_>) -> Result<Self, BatchError> {
        let engine = table.engine().clone();
        if engine.order().is_none() {
            return Err(BatchError::UnknownOrder);
        }
        let exponents = |list: &Exponents<'_>| {
            let same_y = y.repeat(list.count());
            table.secret_exponents(list, &Exponents::new(&same_y, y.len())?)
        };
        let (a_exponents, b_exponents) = (exponents(a)?, exponents(b)?);
        Ok(Self {
            left: left(table, &a_exponents),
            right: right(table, &b_exponents),
            rows: a.count(),
            columns: b.count(),
            engine,
        })
    }

    /// How many a there are.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// How many b there are.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// How many tiles the block has: the units of work for threads.
    pub fn tiles(&self) -> usize {
        self.rows.div_ceil(self.engine.multiplier().lanes())
    }

    /// The rows of a tile.
    pub fn rows_of_tile(&self, tile: usize) -> Range<usize> {
        let lanes = self.engine.multiplier().lanes();
        (tile * lanes).min(self.rows)..((tile + 1) * lanes).min(self.rows)
    }

    /// Gives the leading zero bytes of each trial of a tile, as (i, j, zeros): column by column, and down its rows.
    pub fn for_each(&self, tile: usize, mut with: impl FnMut(usize, usize, u16)) {
        let rows = self.rows_of_tile(tile);
        let multiplier = self.engine.multiplier();
        let mut product = Words::zeros(multiplier.batch_words());
        for (column, right) in self.right.chunks_exact(multiplier.digits()).enumerate() {
            multiplier.multiply_by_one(self.left_batch(tile), right, &mut product);
            for (lane, row) in rows.clone().enumerate() {
                with(row, column, self.engine.zeros(&product, lane));
            }
        }
    }

    /// Counts the trials of some tiles by their leading zero bytes.
    pub fn count(&self, tiles: Range<usize>) -> ZeroCounts {
        let mut counts = ZeroCounts::default();
        for tile in tiles {
            self.for_each(tile, |_, _, zeros| counts.0[usize::from(zeros).min(7)] += 1);
        }
        counts
    }

    /// The secret of trial (i, j), big-endian and padded to the group's length; `None` outside the block.
    pub fn value(&self, row: usize, column: usize) -> Option<Vec<u8>> {
        if row >= self.rows || column >= self.columns {
            return None;
        }
        let multiplier = self.engine.multiplier();
        let (lanes, digits) = (multiplier.lanes(), multiplier.digits());
        let mut product = Words::zeros(multiplier.batch_words());
        let right = &self.right[column * digits..(column + 1) * digits];
        multiplier.multiply_by_one(self.left_batch(row / lanes), right, &mut product);
        let mut value = vec![0; self.engine.group().len()];
        self.engine.write_be(&product, row % lanes, &mut value);
        Some(value)
    }

    fn left_batch(&self, tile: usize) -> &[u64] {
        let words = self.engine.multiplier().batch_words();
        &self.left[tile * words..(tile + 1) * words]
    }
}

/// The powers as batches of numbers.
fn left(table: &PowerTable, exponents: &Exponents<'_>) -> Words {
    let multiplier = table.engine().multiplier();
    let mut scratch = table.scratch();
    let mut left = Words::zeros(exponents.count().div_ceil(multiplier.lanes()) * multiplier.batch_words());
    let batches = left.chunks_exact_mut(multiplier.batch_words());
    for (chunk, batch) in exponents.chunks(multiplier.lanes()).zip(batches) {
        batch.copy_from_slice(table.power(chunk, &mut scratch));
    }
    left
}

/// The powers as single forms.
fn right(table: &PowerTable, exponents: &Exponents<'_>) -> Words {
    let multiplier = table.engine().multiplier();
    let (lanes, digits) = (multiplier.lanes(), multiplier.digits());
    let mut scratch = table.scratch();
    let mut forms = Words::zeros(multiplier.batch_words());
    let mut right = Words::zeros(exponents.count() * digits);
    for (chunk, singles) in exponents.chunks(lanes).zip(right.chunks_mut(digits * lanes)) {
        multiplier.multiply_by_one(table.power(chunk, &mut scratch), table.engine().r_squared(), &mut forms);
        for (lane, single) in singles.chunks_exact_mut(digits).enumerate() {
            multiplier.extract(&forms, lane, single);
        }
    }
    right
}
