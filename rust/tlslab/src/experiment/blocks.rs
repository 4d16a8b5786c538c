//! The exchanges of a census: blocks of trials that share a server's exponent, and whose clients' exponents are the sums
//! of two lists.
//!
//! The trial with index t is in block t / 2^24. Of the rest, the upper 12 bits are its row i and the lower 12 its column
//! j. With the block's y, a and b, each drawn with 64 bits more than the prime has, the server's exponent is y and the
//! client's is `a_i + b_j`, both modulo the order of the group's generator. So a trial's exponents follow from (seed,
//! index) alone, as in the other fidelities, though they are not the same ones. This shape is part of every trial's
//! name: it is never changed.

use std::ops::Range;

use tlslab_dh::batch::{Columns, Engine, ExchangeZeros, Exponents, PowerTable, Rows, Tile};
use tlslab_dh::{Group, Kernel, sum};
use tlslab_proto::crypto::Side;
use tlslab_proto::crypto::draws::{Draws, Purpose};

use super::ExperimentError;
use super::source::{Exchanged, Source};

const COLUMN_BITS: u32 = 12;
const ROW_BITS: u32 = 12;

/// Columns of a block.
pub(super) const COLUMNS: u32 = 1 << COLUMN_BITS;

/// Trials of a block.
pub(super) const BLOCK: u64 = 1 << (ROW_BITS + COLUMN_BITS);

/// The blocks of a seed in a group.
#[derive(Debug, Clone)]
pub(super) struct Blocks {
    pub(super) seed: u64,
    pub(super) group: Group,
}

/// Where a trial is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) block: u64,
    pub(super) row: u32,
    pub(super) column: u32,
}

impl Place {
    pub(super) fn of(index: u64) -> Self {
        let within = (index % BLOCK) as u32;
        Self { block: index / BLOCK, row: within / COLUMNS, column: within % COLUMNS }
    }

    pub(super) fn index(self) -> u64 {
        self.block * BLOCK + u64::from(self.row * COLUMNS + self.column)
    }
}

impl Blocks {
    /// The server's exponent, big-endian.
    pub(super) fn y(&self, block: u64) -> Vec<u8> {
        self.draw(block, Side::Server, 0)
    }

    /// The a of some rows.
    pub(super) fn a(&self, block: u64, rows: impl IntoIterator<Item = u32>) -> Vec<u8> {
        rows.into_iter().flat_map(|row| self.draw(block, Side::Client, row)).collect()
    }

    /// The b of some columns.
    pub(super) fn b(&self, block: u64, columns: impl IntoIterator<Item = u32>) -> Vec<u8> {
        columns.into_iter().flat_map(|column| self.draw(block, Side::Client, (1 << ROW_BITS) + column)).collect()
    }

    /// The client's exponent and the server's, modulo the order of the group's generator.
    pub(super) fn exponents(&self, index: u64) -> [Vec<u8>; 2] {
        let Place { block, row, column } = Place::of(index);
        let client = sum(&self.a(block, [row]), &self.b(block, [column]));
        [client, self.y(block)].map(|exponent| self.group.exponent_modulo_order(&exponent).unwrap_or(exponent))
    }

    /// An exponent's length in bytes: 64 bits more than the prime, so that it is uniform modulo the order to 2^-64.
    pub(super) fn exponent_len(&self) -> usize {
        self.group.len() + 8
    }

    fn draw(&self, block: u64, side: Side, occurrence: u32) -> Vec<u8> {
        let mut exponent = vec![0; self.exponent_len()];
        Draws::of_block(self.seed, block).endpoint(0, side).fill(Purpose::DhExponent, occurrence, &mut exponent);
        exponent
    }
}

/// The powers of blocks, in batches.
pub(super) struct BlockEngine {
    blocks: Blocks,
    table: PowerTable,
    /// Whether the zeros of the clients' public values are counted too.
    publics: bool,
}

/// What the clients' exponents of a block are exponents of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Base {
    /// The server's public value: the powers are the secrets.
    Server,
    /// The generator: they are the clients' public values.
    Generator,
}

/// Powers of one base by the b of all columns of a block.
pub(super) struct BlockColumns {
    pub(super) base: Base,
    pub(super) parts: Vec<Columns>,
}

impl BlockEngine {
    /// # Errors
    /// The kernel is not for this CPU, or the budget is too small.
    pub(super) fn new(blocks: Blocks, kernel: Kernel, budget: usize, publics: bool) -> Result<Self, ExperimentError> {
        let table = PowerTable::new(&Engine::new(&blocks.group, kernel)?, blocks.group.bits(), budget)?;
        Ok(Self { blocks, table, publics })
    }

    /// Whose powers the zeros of a trial are told from.
    pub(super) fn bases(&self) -> &'static [Base] {
        if self.publics { &[Base::Server, Base::Generator] } else { &[Base::Server] }
    }

    /// Some columns of a block.
    pub(super) fn columns(&self, block: u64, base: Base, columns: Range<u32>) -> Result<Columns, ExperimentError> {
        let b = self.blocks.b(block, columns);
        Ok(Columns::new(&self.table, &self.y(block, base), &self.exponents_of(&b)?)?)
    }

    /// Of some rows and all columns, those trials that have leading zero bytes, in the order of their indices.
    pub(super) fn with_zeros(
        &self,
        block: u64,
        rows: Range<u32>,
        columns: &[BlockColumns],
    ) -> Result<Vec<(u64, ExchangeZeros)>, ExperimentError> {
        let a = self.blocks.a(block, rows.clone());
        let mut found: Vec<(u64, ExchangeZeros)> = Vec::new();
        for BlockColumns { base, parts } in columns {
            let powers = Rows::new(&self.table, &self.y(block, *base), &self.exponents_of(&a)?)?;
            let mut first_column = 0;
            for part in parts {
                Tile::new(&powers, part)?.for_each_with_zeros(|row, column, zeros| {
                    let (row, column) = (rows.start + row as u32, first_column + column as u32);
                    found.push((Place { block, row, column }.index(), base.counting(zeros)));
                });
                first_column += part.count() as u32;
            }
        }
        found.sort_unstable_by_key(|(index, _)| *index);
        found.dedup_by(|(index, more), (kept, zeros)| {
            let same = index == kept;
            if same {
                *zeros = both(*zeros, *more);
            }
            same
        });
        Ok(found)
    }

    /// The power of each trial, and its leading zero bytes, found as a run finds them.
    fn powers(&self, base: Base, indices: &[u64]) -> Result<Vec<(Vec<u8>, u16)>, ExperimentError> {
        let mut powers = Vec::with_capacity(indices.len());
        for of_block in indices.chunk_by(|one, next| Place::of(*one).block == Place::of(*next).block) {
            for indices in of_block.chunks(Rows::FITTING) {
                powers.extend(self.diagonal(base, indices)?);
            }
        }
        Ok(powers)
    }

    /// As [`powers`](Self::powers), of trials of one block: they are the diagonal of a tile.
    fn diagonal(&self, base: Base, indices: &[u64]) -> Result<Vec<(Vec<u8>, u16)>, ExperimentError> {
        let places: Vec<Place> = indices.iter().map(|index| Place::of(*index)).collect();
        let block = places[0].block;
        let y = self.y(block, base);
        let a = self.blocks.a(block, places.iter().map(|place| place.row));
        let b = self.blocks.b(block, places.iter().map(|place| place.column));
        let rows = Rows::new(&self.table, &y, &self.exponents_of(&a)?)?;
        let columns = Columns::new(&self.table, &y, &self.exponents_of(&b)?)?;
        let tile = Tile::new(&rows, &columns)?;
        let mut zeros = vec![0; indices.len()];
        tile.for_each_with_zeros(|row, column, count| {
            if row == column {
                zeros[row] = count;
            }
        });
        let value = |position| tile.value(position, position).expect("the tile has as many rows and columns");
        Ok(zeros.into_iter().enumerate().map(|(position, zeros)| (value(position), zeros)).collect())
    }

    fn y(&self, block: u64, base: Base) -> Vec<u8> {
        match base {
            Base::Server => self.blocks.y(block),
            Base::Generator => vec![1],
        }
    }

    fn exponents_of<'e>(&self, drawn: &'e [u8]) -> Result<Exponents<'e>, ExperimentError> {
        Ok(Exponents::new(drawn, self.blocks.exponent_len())?)
    }
}

impl Source for BlockEngine {
    fn group(&self) -> &Group {
        &self.blocks.group
    }

    fn kernel(&self) -> Kernel {
        self.table.engine().kernel()
    }

    fn table_bytes(&self) -> usize {
        self.table.bytes()
    }

    fn publics(&self) -> [bool; 2] {
        [self.publics, false]
    }

    fn dictates(&self) -> bool {
        true
    }

    fn exponents(&self, _connection: u16, index: u64) -> [Vec<u8>; 2] {
        self.blocks.exponents(index)
    }

    fn zeros(&self, _connection: u16, indices: &[u64]) -> Result<Vec<ExchangeZeros>, ExperimentError> {
        let mut all = vec![ExchangeZeros::default(); indices.len()];
        for base in self.bases() {
            for (all, (_, zeros)) in all.iter_mut().zip(self.powers(*base, indices)?) {
                *all = both(*all, base.counting(zeros));
            }
        }
        Ok(all)
    }

    fn exchanges(&self, _connection: u16, indices: &[u64]) -> Result<Vec<Exchanged>, ExperimentError> {
        let clients = self.powers(Base::Generator, indices)?;
        let secrets = self.powers(Base::Server, indices)?;
        let exchanged = |(index, ((x, _), (z, _))): (&u64, _)| {
            let exponents = self.blocks.exponents(*index);
            let y = self.blocks.group.pow_g(&exponents[1]);
            Exchanged { exponents, values: [x, y, z] }
        };
        Ok(indices.iter().zip(clients.into_iter().zip(secrets)).map(exchanged).collect())
    }
}

impl Base {
    /// The zero counts of an exchange, as far as its power of this base tells them.
    fn counting(self, zeros: u16) -> ExchangeZeros {
        match self {
            Self::Server => ExchangeZeros { z: zeros, ..ExchangeZeros::default() },
            Self::Generator => ExchangeZeros { x: zeros, ..ExchangeZeros::default() },
        }
    }
}

/// Counts of the same exchange, each of which has what the other lacks.
fn both(one: ExchangeZeros, other: ExchangeZeros) -> ExchangeZeros {
    ExchangeZeros { x: one.x.max(other.x), y: one.y.max(other.y), z: one.z.max(other.z) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_an_index() {
        for index in [0, 1, 4095, 4096, BLOCK - 1, BLOCK, 3 * BLOCK + 4097, u64::MAX] {
            assert_eq!(Place::of(index).index(), index);
        }
        assert_eq!(Place::of(BLOCK + 2 * 4096 + 3), Place { block: 1, row: 2, column: 3 });
    }

    /// The shape and the addresses of the draws are part of every trial's name.
    #[test]
    fn exponents_are_sums_of_the_lists() {
        let blocks = Blocks { seed: 5, group: Group::by_name("modp768").unwrap() };
        let index = 7 * BLOCK + 2 * 4096 + 3;
        let [x, y] = blocks.exponents(index);
        let mut drawn = [vec![0; 104], vec![0; 104], vec![0; 104]];
        let draws = Draws::of_block(5, 7);
        draws.endpoint(0, Side::Client).fill(Purpose::DhExponent, 2, &mut drawn[0]);
        draws.endpoint(0, Side::Client).fill(Purpose::DhExponent, 4096 + 3, &mut drawn[1]);
        draws.endpoint(0, Side::Server).fill(Purpose::DhExponent, 0, &mut drawn[2]);
        let modulo_order = |exponent: &[u8]| blocks.group.exponent_modulo_order(exponent).unwrap();
        assert_eq!(x, modulo_order(&sum(&drawn[0], &drawn[1])));
        assert_eq!(y, modulo_order(&drawn[2]));
    }
}
