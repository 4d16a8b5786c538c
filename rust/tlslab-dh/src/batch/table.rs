//! Powers of one base by fixed windows.
//!
//! An exponent is cut into windows of `w` bits. For each window `i` and each of its values `d` the table has
//! `base^(d 2^(w i))`, so that a power is one entry of each window, multiplied: no squarings. The entries of the lowest
//! window are numbers and all others forms, so that the product is a number. A batch of powers goes through the windows
//! together; the entries of the next window are fetched into the cache during a product.

use super::words::Words;
use super::{BatchError, Engine, Exponents};
use crate::kernel::prefetch;
use crate::limbs;
use crate::montgomery::Accumulator;
use crate::zeros::trimmed;

/// The memory that a table takes by default at most: 64 MiB.
pub const DEFAULT_BUDGET: usize = 64 << 20;

/// The widest window, whatever the budget: from here on, twice the table saves less than a product in 16.
const MAX_WINDOW_BITS: usize = 16;

/// The table of one base, for exponents up to some length. Made to be shared by threads.
pub struct PowerTable {
    engine: Engine,
    capacity: usize,
    is_of_generator: bool,
    window_bits: usize,
    /// Window by window, entry by entry, the digits of each.
    entries: Words,
}

/// What a batch of powers needs while it is computed.
pub(super) struct Scratch {
    product: Words,
    factor: Words,
    spare: Words,
    /// The exponents' limbs, lowest first, lane by lane.
    exponents: Vec<u64>,
}

impl PowerTable {
    /// The table of the group's generator for exponents of up to `exponent_bits` bits, in at most `budget` bytes. Of the
    /// windows that fit, the widest are taken: a power takes a product for each, and building the table one for each
    /// entry. For secrets, the table is for the lengths of x and y together, or for that of the order.
    ///
    /// # Errors
    /// [`BatchError::NoExponentBits`], [`BatchError::BudgetTooSmall`].
    pub fn new(engine: &Engine, exponent_bits: usize, budget: usize) -> Result<Self, BatchError> {
        Self::for_base(engine, engine.group().generator(), exponent_bits, budget)
    }

    /// As [`PowerTable::new`], of any base (big-endian; it is reduced first).
    ///
    /// # Errors
    /// [`BatchError::NoExponentBits`], [`BatchError::BudgetTooSmall`].
    pub fn for_base(engine: &Engine, base_be: &[u8], exponent_bits: usize, budget: usize) -> Result<Self, BatchError> {
        let window_bits = window_bits(engine, exponent_bits, budget)?;
        let entries = Words::zeros(table_words(engine, exponent_bits, window_bits));
        let is_of_generator = trimmed(base_be) == engine.group().generator();
        let mut this = Self { engine: engine.clone(), capacity: exponent_bits, is_of_generator, window_bits, entries };
        this.fill(base_be);
        Ok(this)
    }

    /// The engine that the table was made by.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The length of the longest exponent, in bits.
    pub fn exponent_bits(&self) -> usize {
        self.capacity
    }

    /// The width of a window, in bits.
    pub fn window_bits(&self) -> usize {
        self.window_bits
    }

    /// How many windows there are: one more than the products that a power takes.
    pub fn windows(&self) -> usize {
        self.capacity.div_ceil(self.window_bits)
    }

    /// The memory that the table takes, in bytes.
    pub fn bytes(&self) -> usize {
        size_of_val(&*self.entries)
    }

    /// The base to the power of each exponent, big-endian and padded to [`Group::len`](crate::Group::len), one after
    /// the other.
    ///
    /// # Errors
    /// [`BatchError::ExponentTooLong`], [`BatchError::WrongOutputLength`].
    pub fn powers(&self, exponents: &Exponents<'_>, out: &mut [u8]) -> Result<(), BatchError> {
        let len = self.engine.group().len();
        self.check(exponents)?;
        check_output(exponents.count() * len, out.len())?;
        let mut outs = out.chunks_exact_mut(len);
        self.for_each(exponents, |batch, lane| {
            if let Some(out) = outs.next() {
                self.engine.write_be(batch, lane, out);
            }
        });
        Ok(())
    }

    /// How many leading bytes of each power are zero.
    ///
    /// # Errors
    /// [`BatchError::ExponentTooLong`], [`BatchError::WrongOutputLength`].
    pub fn zeros(&self, exponents: &Exponents<'_>, out: &mut [u16]) -> Result<(), BatchError> {
        self.check(exponents)?;
        check_output(exponents.count(), out.len())?;
        let mut outs = out.iter_mut();
        self.for_each(exponents, |batch, lane| {
            if let Some(out) = outs.next() {
                *out = self.engine.zeros(batch, lane);
            }
        });
        Ok(())
    }

    /// Gives each power in turn, as its batch and its lane there.
    fn for_each(&self, exponents: &Exponents<'_>, mut with: impl FnMut(&[u64], usize)) {
        let mut scratch = self.scratch();
        for chunk in exponents.chunks(self.engine.multiplier().lanes()) {
            let count = chunk.len();
            let batch = self.power(chunk, &mut scratch);
            (0..count).for_each(|lane| with(batch, lane));
        }
    }

    pub(super) fn scratch(&self) -> Scratch {
        let multiplier = self.engine.multiplier();
        let batch = || Words::zeros(multiplier.batch_words());
        Scratch {
            product: batch(),
            factor: batch(),
            spare: batch(),
            exponents: vec![0; multiplier.lanes() * self.exponent_limbs()],
        }
    }

    pub(super) fn is_of_generator(&self) -> bool {
        self.is_of_generator
    }

    /// Refuses exponents that are too long.
    pub(super) fn check(&self, exponents: &Exponents<'_>) -> Result<(), BatchError> {
        let (bits, capacity) = (exponents.bits(), self.capacity);
        if bits > capacity { Err(BatchError::ExponentTooLong { bits, capacity }) } else { Ok(()) }
    }

    /// The powers of up to as many exponents as there are lanes, as a batch of numbers.
    pub(super) fn power<'s, 'e>(
        &self,
        exponents: impl Iterator<Item = &'e [u8]>,
        scratch: &'s mut Scratch,
    ) -> &'s [u64] {
        let Scratch { product, factor, spare, exponents: limbs } = scratch;
        limbs.fill(0);
        for (limbs, exponent) in limbs.chunks_mut(self.exponent_limbs()).zip(exponents) {
            limbs::copy_from_be(exponent, limbs);
        }
        self.gather(0, limbs, product);
        for window in 1..self.windows() {
            let lanes = self.engine.multiplier().lanes();
            if (0..lanes).all(|lane| self.window_value(window, limbs, lane) == 0) {
                continue;
            }
            self.gather(window, limbs, factor);
            self.prefetch(window + 1, limbs);
            self.engine.multiplier().multiply(product, factor, spare);
            std::mem::swap(product, spare);
        }
        product
    }

    /// Limbs for an exponent's windows, and one that they may reach into.
    fn exponent_limbs(&self) -> usize {
        self.capacity.div_ceil(64) + 1
    }

    /// Makes a batch of each lane's entry in a window.
    fn gather(&self, window: usize, exponents: &[u64], batch: &mut [u64]) {
        let entry = |lane| self.entry(window, self.window_value(window, exponents, lane));
        self.engine.multiplier().interleave(entry, batch);
    }

    fn prefetch(&self, window: usize, exponents: &[u64]) {
        if window < self.windows() {
            for lane in 0..self.engine.multiplier().lanes() {
                prefetch(self.entry(window, self.window_value(window, exponents, lane)));
            }
        }
    }

    /// The bits of a lane's exponent that are in a window.
    fn window_value(&self, window: usize, exponents: &[u64], lane: usize) -> usize {
        let start = window * self.window_bits;
        let limb = lane * self.exponent_limbs() + start / 64;
        let pair = u128::from(exponents[limb]) | u128::from(exponents[limb + 1]) << 64;
        (pair >> (start % 64)) as usize & ((1 << self.window_bits) - 1)
    }

    fn entry(&self, window: usize, value: usize) -> &[u64] {
        let digits = self.engine.multiplier().digits();
        let start = ((window << self.window_bits) + value) * digits;
        &self.entries[start..start + digits]
    }

    /// Computes the entries: window by window, as many at once as there are lanes.
    fn fill(&mut self, base_be: &[u8]) {
        let engine = self.engine.clone();
        let (arithmetic, multiplier) = (engine.group().arithmetic(), engine.multiplier());
        let (lanes, digits) = (multiplier.lanes(), multiplier.digits());
        let mut base = Accumulator::new(arithmetic, &arithmetic.form(base_be));
        let mut batch = Words::zeros(multiplier.batch_words());
        let mut next = Words::zeros(multiplier.batch_words());
        for (window, entries) in self.entries.chunks_mut(digits << self.window_bits).enumerate() {
            // The first powers of this window's base, one by one; then a stride of as many.
            let mut power = Accumulator::new(arithmetic, arithmetic.one());
            let mut first = Vec::with_capacity(lanes);
            for _ in 0..lanes {
                let number = arithmetic.number(power.value());
                first.push(if window == 0 { engine.digits_of_number(&number) } else { engine.digits_of_form(&number) });
                power.multiply(base.value());
            }
            multiplier.interleave(|lane| &first[lane], &mut batch);
            let stride = engine.digits_of_form(&arithmetic.number(power.value()));
            for entries in entries.chunks_mut(digits * lanes) {
                for (lane, entry) in entries.chunks_mut(digits).enumerate() {
                    multiplier.extract(&batch, lane, entry);
                }
                multiplier.multiply_by_one(&batch, &stride, &mut next);
                std::mem::swap(&mut batch, &mut next);
            }
            (0..self.window_bits).for_each(|_| base.square());
        }
    }
}

pub(super) fn check_output(needed: usize, given: usize) -> Result<(), BatchError> {
    if needed == given { Ok(()) } else { Err(BatchError::WrongOutputLength { needed, given }) }
}

/// The widest windows within the budget.
fn window_bits(engine: &Engine, exponent_bits: usize, budget: usize) -> Result<usize, BatchError> {
    if exponent_bits == 0 {
        return Err(BatchError::NoExponentBits);
    }
    let bytes = |window_bits| table_words(engine, exponent_bits, window_bits).saturating_mul(size_of::<u64>());
    let widest = MAX_WINDOW_BITS.min(exponent_bits);
    let fitting = (1..=widest).rev().find(|&window_bits| bytes(window_bits) <= budget);
    fitting.ok_or_else(|| BatchError::BudgetTooSmall {
        budget,
        minimum: bytes(1),
        exponent_bits,
        modulus_bits: engine.group().bits(),
    })
}

/// The words of all entries.
fn table_words(engine: &Engine, exponent_bits: usize, window_bits: usize) -> usize {
    let entries = exponent_bits.div_ceil(window_bits).saturating_mul(1 << window_bits);
    entries.saturating_mul(engine.multiplier().digits())
}
