//! Trials at less than a product each: every secret of a block is a product of two powers.
//!
//! A block has one exponent y and two lists a and b. The trial (i, j) has the client exponent `a_i + b_j` modulo the
//! order of g, so its secret is `Z_ij = (g^(y a_i)) (g^(y b_j))`. How many leading bytes of it are zero nearly always
//! follows from its place between 0 and p, which costs far less than the product: see [`crate::kernel::fraction`]. Where
//! it does not, the product is computed; so the result is exact.
//!
//! A tile is some left batches times all right powers: the batches stay in the first cache, and each right power comes
//! from farther away once a tile.

use std::ops::{AddAssign, Range};

use super::fractions::Fractions;
use super::words::Words;
use super::{BatchError, Engine, Exponents, PowerTable};
use crate::kernel::fraction::COLUMNS;

/// Rows of a tile, whichever the kernel: a multiple of all numbers of lanes, and no more than fits in the first cache
/// (20 KiB at 2048 bits, with IFMA).
const TILE_ROWS: usize = 64;

/// A block of trials that share an exponent y. Made to be shared by threads, which take its tiles.
///
/// With `r` rows and `c` columns it has `r c` trials, and making it takes `r + c` powers of full length: each of these
/// as long as some 10,000 trials, so that a block pays from a few thousand rows and columns on. It takes
/// [`Census::bytes`], a bit more than one and two times the modulus for a row and a column.
pub struct Census {
    engine: Engine,
    rows: usize,
    columns: usize,
    /// Batches of numbers `g^(y a_i)`, the last filled up.
    left: Words,
    /// Forms of `g^(y b_j)`: a number times a form is a number.
    right: Words,
    /// `g^(y b_j) / p`, filled up to whole groups of columns by zeros.
    right_fractions: Words,
    fractions: Fractions,
}

/// How many values have no leading zero byte, one, two, and so on; the last count has all those with seven or more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct ZeroCounts(pub [u64; 8]);

impl Census {
    /// The block of server exponent y (big-endian) and the lists a and b. The table is that of g, for exponents as long
    /// as its order.
    ///
    /// With y = 1 the block's values are the public values of the trials' clients.
    ///
    /// # Errors
    /// [`BatchError::UnknownOrder`], [`BatchError::RaggedExponents`] or [`BatchError::ZeroExponent`] (y),
    /// [`BatchError::OtherBase`], [`BatchError::ExponentTooLong`].
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
        let fractions = Fractions::new(&engine);
        let columns = b.count();
        let mut this = Self {
            left: left(table, &a_exponents),
            right: Words::zeros(columns * engine.multiplier().digits()),
            right_fractions: Words::zeros(columns.next_multiple_of(COLUMNS) * fractions.len()),
            rows: a.count(),
            columns,
            fractions,
            engine,
        };
        this.fill_right(table, &b_exponents);
        Ok(this)
    }

    /// How many a there are.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// How many b there are.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The memory that the block takes, in bytes.
    pub fn bytes(&self) -> usize {
        size_of_val(&*self.left) + size_of_val(&*self.right) + size_of_val(&*self.right_fractions)
    }

    /// How many tiles the block has: the units of work for threads, which do not depend on the kernel.
    pub fn tiles(&self) -> usize {
        self.rows.div_ceil(TILE_ROWS)
    }

    /// The rows of a tile, 64 in all but the last; none of one that the block does not have.
    pub fn rows_of_tile(&self, tile: usize) -> Range<usize> {
        let start = tile.saturating_mul(TILE_ROWS).min(self.rows);
        start..(start + TILE_ROWS).min(self.rows)
    }

    /// Gives those trials of a tile that have leading zero bytes, as (i, j, zeros), in an order of its own.
    pub fn for_each_with_zeros(&self, tile: usize, mut with: impl FnMut(usize, usize, u16)) {
        let multiplier = self.engine.multiplier();
        let ordinary = self.fractions.ordinary();
        let mut estimates = Words::zeros(COLUMNS * multiplier.lanes());
        let rows = self.rows_of_tile(tile);
        for (group, fractions) in self.right_fractions.chunks_exact(COLUMNS * self.fractions.len()).enumerate() {
            for first_row in rows.clone().step_by(multiplier.lanes()) {
                if multiplier.scan(self.batch_of(first_row), fractions, &ordinary, &mut estimates) {
                    self.read(&estimates, first_row..rows.end, group * COLUMNS, &mut with);
                }
            }
        }
    }

    /// Gives the trials with leading zero bytes among those of some estimates: of up to so many rows, and of columns
    /// from the first one on.
    fn read(
        &self,
        estimates: &[u64],
        rows: Range<usize>,
        first_column: usize,
        with: &mut impl FnMut(usize, usize, u16),
    ) {
        let batches = estimates.chunks_exact(self.engine.multiplier().lanes());
        for (column, estimates) in (first_column..self.columns).zip(batches) {
            for (row, &estimate) in rows.clone().zip(estimates) {
                let zeros = self.fractions.zeros(estimate).unwrap_or_else(|| self.zeros(row, column));
                if zeros > 0 {
                    with(row, column, zeros);
                }
            }
        }
    }

    /// Counts the trials of a tile by their leading zero bytes.
    pub fn count(&self, tile: usize) -> ZeroCounts {
        let mut counts = ZeroCounts::default();
        self.for_each_with_zeros(tile, |_, _, zeros| counts.0[usize::from(zeros).min(7)] += 1);
        let trials = self.rows_of_tile(tile).len() * self.columns;
        counts.0[0] = trials as u64 - counts.0.iter().sum::<u64>();
        counts
    }

    /// The secret of trial (i, j), big-endian and padded to the group's length; `None` outside the block.
    pub fn value(&self, row: usize, column: usize) -> Option<Vec<u8>> {
        if row >= self.rows || column >= self.columns {
            return None;
        }
        let mut value = vec![0; self.engine.group().len()];
        self.engine.write_be(&self.product(row, column), row % self.engine.multiplier().lanes(), &mut value);
        Some(value)
    }

    /// The leading zero bytes of a secret, by its product.
    fn zeros(&self, row: usize, column: usize) -> u16 {
        self.engine.zeros(&self.product(row, column), row % self.engine.multiplier().lanes())
    }

    /// The secrets of a column and the batch that a row is in.
    fn product(&self, row: usize, column: usize) -> Words {
        let multiplier = self.engine.multiplier();
        let right = &self.right[column * multiplier.digits()..(column + 1) * multiplier.digits()];
        let mut product = Words::zeros(multiplier.batch_words());
        multiplier.multiply_by_one(self.batch_of(row), right, &mut product);
        product
    }

    /// The left batch that a row is in.
    fn batch_of(&self, row: usize) -> &[u64] {
        let words = self.engine.multiplier().batch_words();
        let batch = row / self.engine.multiplier().lanes();
        &self.left[batch * words..(batch + 1) * words]
    }

    /// Computes the forms and the fractions of the right powers.
    fn fill_right(&mut self, table: &PowerTable, exponents: &Exponents<'_>) {
        let multiplier = self.engine.multiplier();
        let (lanes, digits) = (multiplier.lanes(), multiplier.digits());
        let mut scratch = table.scratch();
        let mut forms = Words::zeros(multiplier.batch_words());
        let mut singles = self.right.chunks_exact_mut(digits);
        let mut fractions = self.right_fractions.chunks_exact_mut(self.fractions.len());
        for chunk in exponents.chunks(lanes) {
            let count = chunk.len();
            let numbers = table.power(chunk, &mut scratch);
            multiplier.multiply_by_one(numbers, self.engine.r_squared(), &mut forms);
            for (lane, (single, fraction)) in (0..count).zip(singles.by_ref().zip(fractions.by_ref())) {
                multiplier.extract(&forms, lane, single);
                fraction.copy_from_slice(&self.fractions.of(&self.engine.reduced(numbers, lane)));
            }
        }
    }
}

impl AddAssign for ZeroCounts {
    fn add_assign(&mut self, other: Self) {
        self.0.iter_mut().zip(other.0).for_each(|(count, more)| *count += more);
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
