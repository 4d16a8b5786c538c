//! Trials at less than a product each: every secret is a product of two powers.
//!
//! A block of trials has one exponent y and two lists a and b. The trial (i, j) has the client exponent `a_i + b_j`
//! modulo the order of g, so its secret is `Z_ij = (g^(y a_i)) (g^(y b_j))`. How many leading bytes of it are zero nearly
//! always follows from its place between 0 and p, which costs far less than the product: see [`crate::kernel::fraction`].
//! Where it does not, the product is computed; so the result is exact.

use std::ops::{AddAssign, Range};

use super::fractions::Fractions;
use super::words::Words;
use super::{BatchError, Engine, Exponents, PowerTable};
use crate::kernel::fraction::COLUMNS;

/// The powers `g^(y a_i)`: the rows of a block, or some of them. They take a modulus each, and a power of full length
/// to make, as long as some 10,000 trials.
pub struct Rows {
    engine: Engine,
    count: usize,
    /// Batches of numbers, the last filled up.
    powers: Words,
}

/// The powers `g^(y b_j)`: the columns of a block, or some of them. They take two moduli each.
pub struct Columns {
    engine: Engine,
    count: usize,
    /// Forms: a number times a form is a number.
    powers: Words,
    /// The powers divided by p, filled up to whole groups of columns by zeros.
    places: Words,
    fractions: Fractions,
}

/// Each of some rows with each of some columns.
#[derive(Clone, Copy)]
pub struct Tile<'t> {
    rows: &'t Rows,
    columns: &'t Columns,
}

/// How many values have no leading zero byte, one, two, and so on; the last count has all those with seven or more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct ZeroCounts(pub [u64; 8]);

impl Rows {
    /// As many rows as fit in the first cache, whichever the kernel (20 KiB at 2048 bits, with IFMA), and a multiple of
    /// all numbers of lanes. A tile goes through its rows so many at a time.
    pub const FITTING: usize = 64;

    /// The rows of an exponent y (big-endian) and a list a. The table is that of g, for exponents as long as its order.
    ///
    /// With y = 1, for the columns too, the values are the public values of the trials' clients.
    ///
    /// # Errors
    /// [`BatchError::UnknownOrder`], [`BatchError::RaggedExponents`] or [`BatchError::ZeroExponent`] (y),
    /// [`BatchError::OtherBase`], [`BatchError::ExponentTooLong`].
    pub fn new(table: &PowerTable, y: &[u8], a: &Exponents<'_>) -> Result<Self, BatchError> {
        let engine = table.engine().clone();
        let exponents = times(table, y, a)?;
        let multiplier = engine.multiplier();
        let mut scratch = table.scratch();
        let mut powers = Words::zeros(a.count().div_ceil(multiplier.lanes()) * multiplier.batch_words());
        let batches = powers.chunks_exact_mut(multiplier.batch_words());
        for (chunk, batch) in exponents.chunks(multiplier.lanes()).zip(batches) {
            batch.copy_from_slice(table.power(chunk, &mut scratch));
        }
        Ok(Self { count: a.count(), powers, engine })
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The memory that they take, in bytes.
    pub fn bytes(&self) -> usize {
        size_of_val(&*self.powers)
    }

    /// The batch that a row is in.
    fn batch_of(&self, row: usize) -> &[u64] {
        let words = self.engine.multiplier().batch_words();
        let batch = row / self.engine.multiplier().lanes();
        &self.powers[batch * words..(batch + 1) * words]
    }
}

impl Columns {
    /// The columns of an exponent y (big-endian) and a list b, by the table of g.
    ///
    /// # Errors
    /// Those of [`Rows::new`].
    pub fn new(table: &PowerTable, y: &[u8], b: &Exponents<'_>) -> Result<Self, BatchError> {
        let engine = table.engine().clone();
        let exponents = times(table, y, b)?;
        let fractions = Fractions::new(&engine);
        let count = b.count();
        let mut this = Self {
            powers: Words::zeros(count * engine.multiplier().digits()),
            places: Words::zeros(count.next_multiple_of(COLUMNS) * fractions.len()),
            count,
            fractions,
            engine,
        };
        this.fill(table, &exponents);
        Ok(this)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The memory that they take, in bytes.
    pub fn bytes(&self) -> usize {
        size_of_val(&*self.powers) + size_of_val(&*self.places)
    }

    /// Computes the forms and the places.
    fn fill(&mut self, table: &PowerTable, exponents: &Exponents<'_>) {
        let multiplier = self.engine.multiplier();
        let (lanes, digits) = (multiplier.lanes(), multiplier.digits());
        let mut scratch = table.scratch();
        let mut forms = Words::zeros(multiplier.batch_words());
        let mut powers = self.powers.chunks_exact_mut(digits);
        let mut places = self.places.chunks_exact_mut(self.fractions.len());
        for chunk in exponents.chunks(lanes) {
            let count = chunk.len();
            let numbers = table.power(chunk, &mut scratch);
            multiplier.multiply_by_one(numbers, self.engine.r_squared(), &mut forms);
            for (lane, (power, place)) in (0..count).zip(powers.by_ref().zip(places.by_ref())) {
                multiplier.extract(&forms, lane, power);
                place.copy_from_slice(&self.fractions.of(&self.engine.reduced(numbers, lane)));
            }
        }
    }

    fn power(&self, column: usize) -> &[u64] {
        let digits = self.engine.multiplier().digits();
        &self.powers[column * digits..(column + 1) * digits]
    }
}

impl<'t> Tile<'t> {
    /// The trials of some rows and some columns, which are of one block.
    ///
    /// # Errors
    /// [`BatchError::OtherEngine`].
    pub fn new(rows: &'t Rows, columns: &'t Columns) -> Result<Self, BatchError> {
        if rows.engine.is_same(&columns.engine) { Ok(Self { rows, columns }) } else { Err(BatchError::OtherEngine) }
    }

    /// Gives those trials that have leading zero bytes, as (i, j, zeros), in an order of its own.
    pub fn for_each_with_zeros(&self, mut with: impl FnMut(usize, usize, u16)) {
        for first_row in (0..self.rows.count).step_by(Rows::FITTING) {
            self.scan(first_row..self.rows.count.min(first_row + Rows::FITTING), &mut with);
        }
    }

    /// Counts the trials by their leading zero bytes.
    pub fn count(&self) -> ZeroCounts {
        let mut counts = ZeroCounts::default();
        self.for_each_with_zeros(|_, _, zeros| counts.0[usize::from(zeros).min(7)] += 1);
        let trials = self.rows.count * self.columns.count;
        counts.0[0] = trials as u64 - counts.0.iter().sum::<u64>();
        counts
    }

    /// The secret of trial (i, j), big-endian and padded to the group's length; `None` outside the tile.
    pub fn value(&self, row: usize, column: usize) -> Option<Vec<u8>> {
        if row >= self.rows.count || column >= self.columns.count {
            return None;
        }
        let engine = &self.rows.engine;
        let mut value = vec![0; engine.group().len()];
        engine.write_be(&self.product(row, column), row % engine.multiplier().lanes(), &mut value);
        Some(value)
    }

    /// The columns from farther away come once for all of the rows, whose batches stay in the first cache.
    fn scan(&self, rows: Range<usize>, with: &mut impl FnMut(usize, usize, u16)) {
        let multiplier = self.rows.engine.multiplier();
        let fractions = &self.columns.fractions;
        let ordinary = fractions.ordinary();
        let mut estimates = Words::zeros(COLUMNS * multiplier.lanes());
        for (group, places) in self.columns.places.chunks_exact(COLUMNS * fractions.len()).enumerate() {
            for first_row in rows.clone().step_by(multiplier.lanes()) {
                if multiplier.scan(self.rows.batch_of(first_row), places, &ordinary, &mut estimates) {
                    self.read(&estimates, first_row..rows.end, group * COLUMNS, with);
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
        let batches = estimates.chunks_exact(self.rows.engine.multiplier().lanes());
        for (column, estimates) in (first_column..self.columns.count).zip(batches) {
            for (row, &estimate) in rows.clone().zip(estimates) {
                let zeros = self.columns.fractions.zeros(estimate).unwrap_or_else(|| self.zeros(row, column));
                if zeros > 0 {
                    with(row, column, zeros);
                }
            }
        }
    }

    /// The leading zero bytes of a secret, by its product.
    fn zeros(&self, row: usize, column: usize) -> u16 {
        let engine = &self.rows.engine;
        engine.zeros(&self.product(row, column), row % engine.multiplier().lanes())
    }

    /// The secrets of a column and the batch that a row is in.
    fn product(&self, row: usize, column: usize) -> Words {
        let multiplier = self.rows.engine.multiplier();
        let mut product = Words::zeros(multiplier.batch_words());
        multiplier.multiply_by_one(self.rows.batch_of(row), self.columns.power(column), &mut product);
        product
    }
}

impl AddAssign for ZeroCounts {
    fn add_assign(&mut self, other: Self) {
        self.0.iter_mut().zip(other.0).for_each(|(count, more)| *count += more);
    }
}

/// The exponents `y e` of a list, modulo the order.
fn times(table: &PowerTable, y: &[u8], list: &Exponents<'_>) -> Result<Exponents<'static>, BatchError> {
    if table.engine().order().is_none() {
        return Err(BatchError::UnknownOrder);
    }
    let same_y = y.repeat(list.count());
    table.secret_exponents(list, &Exponents::new(&same_y, y.len())?)
}
