//! Powers of one base from precomputed tables: the fixed-base comb of Lim and Lee (CRYPTO '94).
//!
//! An exponent is cut into blocks, and a block into eight rows of `spacing` bits. The eight bits of a block's column
//! are a digit, for which the block's table has the power of the base. Column by column, the entries of all blocks are
//! multiplied; between columns the product is squared. So a power costs `spacing` squarings and a product for each
//! column of each block, and a short exponent reaches the lower blocks alone.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::group::{bit_length, short_exponent_bits};
use crate::montgomery::{Accumulator, Montgomery};

/// Rows of a comb: a digit is a byte.
const ROWS: usize = 8;
/// Entries in a block's table: one for each digit.
const ENTRIES: usize = 1 << ROWS;
/// The most memory that a comb's tables take, in bytes.
const TABLE_BYTES: usize = 2 << 20;
/// Powers that are computed without a table before one is built: a table costs as much as a few dozen.
const WARM_UP: u32 = 16;

/// The base g of a group, with a comb for short exponents and one for those up to the modulus' length.
///
/// Each comb takes at most 2 MiB, and is built once there is use for it.
pub(crate) struct FixedBase {
    base: Vec<u64>,
    short: LazyComb,
    full: LazyComb,
}

impl FixedBase {
    /// For the form `base`, and a modulus of that many bits. No table is built yet.
    pub(crate) fn new(base: Vec<u64>, modulus_bits: usize) -> Self {
        // Where both exponents of an exchange are known, Z is g to their product: twice as long as one of them. Many
        // implementations use 256 bits where RFC 7919 asks for fewer. In tiny groups no exponent needs to be as long.
        let short = 2 * short_exponent_bits(modulus_bits).max(256).min(modulus_bits);
        Self { base, short: LazyComb::new(short), full: LazyComb::new(modulus_bits) }
    }

    /// The base's form.
    pub(crate) fn base(&self) -> &[u64] {
        &self.base
    }

    /// The comb for an exponent (trimmed, big-endian); `None` if it is too long for any, or too few powers were asked
    /// for so far.
    pub(crate) fn comb(&self, modulus: &Montgomery, exponent_be: &[u8]) -> Option<&Comb> {
        let bits = bit_length(exponent_be);
        let comb = [&self.short, &self.full].into_iter().find(|comb| bits <= comb.capacity)?;
        comb.get(modulus, &self.base)
    }
}

/// A comb that is built when it has been asked for [`WARM_UP`] times.
struct LazyComb {
    /// The longest exponent, in bits.
    capacity: usize,
    requests: AtomicU32,
    comb: OnceLock<Comb>,
}

impl LazyComb {
    fn new(capacity: usize) -> Self {
        Self { capacity, requests: AtomicU32::new(0), comb: OnceLock::new() }
    }

    fn get(&self, modulus: &Montgomery, base: &[u64]) -> Option<&Comb> {
        if let Some(comb) = self.comb.get() {
            return Some(comb);
        }
        if self.requests.fetch_add(1, Ordering::Relaxed) < WARM_UP {
            return None;
        }
        Some(self.comb.get_or_init(|| Comb::new(modulus, base, self.capacity)))
    }
}

/// The tables of one base for exponents up to some length.
pub(crate) struct Comb {
    /// Columns in a block, bits in a row.
    spacing: usize,
    blocks: usize,
    /// Limbs in an entry.
    limbs: usize,
    /// Of each block in turn, the entry of each digit.
    tables: Vec<u64>,
}

impl Comb {
    /// Tables for exponents of up to `capacity` bits, in at most [`TABLE_BYTES`] (or a single block).
    fn new(modulus: &Montgomery, base: &[u64], capacity: usize) -> Self {
        let limbs = modulus.limbs();
        let columns = capacity.div_ceil(ROWS);
        let most_blocks = (TABLE_BYTES / (ENTRIES * limbs * 8)).clamp(1, columns);
        let spacing = columns.div_ceil(most_blocks);
        let blocks = columns.div_ceil(spacing);
        let teeth = teeth(modulus, base, spacing, ROWS * blocks);

        let mut tables = Vec::with_capacity(blocks * ENTRIES * limbs);
        for block in 0..blocks {
            let start = tables.len();
            tables.extend_from_slice(modulus.one());
            for digit in 1..ENTRIES {
                let row = digit.ilog2() as usize;
                let rest = start + (digit - (1 << row)) * limbs;
                let mut entry = Accumulator::new(modulus, &tables[rest..rest + limbs]);
                entry.multiply(&teeth[block * ROWS + row]);
                tables.extend_from_slice(entry.value());
            }
        }
        Self { spacing, blocks, limbs, tables }
    }

    /// The form of the base to the power of an exponent (trimmed, big-endian) that is no longer than the capacity.
    pub(crate) fn pow(&self, modulus: &Montgomery, exponent_be: &[u8]) -> Vec<u64> {
        let mut power = Accumulator::new(modulus, modulus.one());
        for column in (0..self.spacing).rev() {
            power.square();
            for block in 0..self.blocks {
                let digit = self.digit(exponent_be, block, column);
                if digit != 0 {
                    power.multiply(self.entry(block, digit));
                }
            }
        }
        power.into_value()
    }

    /// The bits of a block's column, the first row's lowest.
    fn digit(&self, exponent_be: &[u8], block: usize, column: usize) -> usize {
        (0..ROWS).map(|row| bit(exponent_be, (block * ROWS + row) * self.spacing + column) << row).sum()
    }

    fn entry(&self, block: usize, digit: usize) -> &[u64] {
        let start = (block * ENTRIES + digit) * self.limbs;
        &self.tables[start..start + self.limbs]
    }
}

/// The base to the powers `2^(spacing * i)`, for each row of each block in turn.
fn teeth(modulus: &Montgomery, base: &[u64], spacing: usize, count: usize) -> Vec<Vec<u64>> {
    let mut tooth = Accumulator::new(modulus, base);
    let mut teeth = vec![base.to_vec()];
    while teeth.len() < count {
        for _ in 0..spacing {
            tooth.square();
        }
        teeth.push(tooth.value().to_vec());
    }
    teeth
}

/// Bit `index` of a big-endian number, counted from its lowest; 0 beyond its end.
fn bit(value_be: &[u8], index: usize) -> usize {
    let byte = value_be.iter().rev().nth(index / 8).copied().unwrap_or(0);
    usize::from(byte >> (index % 8) & 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pow::pow;

    /// Combs of every shape (one block and many, one column to a block and many) agree with a plain power.
    #[test]
    fn every_shape_agrees_with_a_plain_power() {
        for (modulus_len, capacity) in [(2, 1), (2, 16), (24, 100), (24, 512), (96, 768), (512, 650), (1024, 8192)] {
            let modulus = Montgomery::new(&vec![0xfb; modulus_len]);
            let base = modulus.form(&[3]);
            let comb = Comb::new(&modulus, &base, capacity);
            assert!(comb.tables.len() * 8 <= TABLE_BYTES);
            assert!(comb.spacing * comb.blocks * ROWS >= capacity);
            let mut longest = vec![0xff; capacity.div_ceil(8)];
            longest[0] >>= 8 * longest.len() - capacity;
            for exponent in [&[], [1].as_slice(), &longest, &longest[..longest.len().div_ceil(2)]] {
                assert_eq!(comb.pow(&modulus, exponent), pow(&modulus, &base, exponent), "{capacity} bits");
            }
        }
    }

    #[test]
    fn the_table_is_built_after_the_warm_up() {
        let modulus = Montgomery::new(&[0xfb; 16]);
        let fixed = FixedBase::new(modulus.form(&[3]), 128);
        for _ in 0..WARM_UP {
            assert!(fixed.comb(&modulus, &[5]).is_none());
        }
        assert!(fixed.comb(&modulus, &[5]).is_some());
        assert!(fixed.comb(&modulus, &[0xff; 32]).is_some());
        assert!(fixed.comb(&modulus, &[0xff; 33]).is_none(), "longer than any table");
    }
}
