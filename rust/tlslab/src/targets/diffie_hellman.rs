//! The target of `tlslab-dh`: powers, exchanges and censuses, by every kernel of this CPU, against crypto-bigint.

use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, Odd};
use tlslab_dh::batch::{Columns, Engine, Exchanges, Exponents, PowerTable, Rows, Tile};
use tlslab_dh::{Group, Kernel, leading_zero_bytes, sum};
use tlslab_proto::wire::{DecodeError, Reader, Vector};

/// The exponents' length in bytes, and as many as are taken: a batch of eight, and one that is not full.
const LEN: usize = 4;
const MOST: usize = 12;

/// Memory for a table of powers, in bytes.
const BUDGET: usize = 1 << 18;

/// Lengths in one byte each. What lies beyond 1024 bits has no other code, and takes longer.
const MODULUS: Vector = Vector::new("modulus", 2..=136);
const BASE: Vector = Vector::new("base", 0..=255);

pub(super) fn run(bytes: &[u8]) {
    let Ok([modulus, base, exponents]) = parts(bytes) else { return };
    let Ok(group) = Group::custom(modulus, &[2]) else { return };
    let exponents = &exponents[..exponents.len().min(LEN * MOST) / LEN * LEN];
    // A power of nothing but zero bytes is none of a batch.
    let Ok(exponents) = Exponents::new(exponents, LEN) else { return };
    let expected: Vec<Vec<u8>> = exponents.iter().map(|exponent| power(&group, base, exponent)).collect();
    let of_generator: Vec<Vec<u8>> = exponents.iter().map(|exponent| power(&group, &[2], exponent)).collect();
    for ((exponent, expected), public) in exponents.iter().zip(&expected).zip(&of_generator) {
        assert_eq!(&group.pow(base, exponent), expected, "one power");
        assert_eq!(&group.pow_g(exponent), public, "one power of g");
    }
    for kernel in Kernel::available() {
        let engine = Engine::new(&group, kernel).expect("the kernel is available");
        powers(&engine, base, &exponents, &expected);
        exchanges(&engine, &exponents, &of_generator);
        census(&engine, &exponents, &of_generator);
    }
}

/// The modulus without leading zeros, the base, and what is left for exponents.
fn parts(bytes: &[u8]) -> Result<[&[u8]; 3], DecodeError> {
    let mut reader = Reader::new(bytes);
    let modulus = MODULUS.read(&mut reader)?.rest();
    let base = BASE.read(&mut reader)?.rest();
    Ok([tlslab_dh::trimmed(modulus), base, reader.rest()])
}

/// `base^exponent mod p` in p's length, by crypto-bigint.
fn power(group: &Group, base: &[u8], exponent: &[u8]) -> Vec<u8> {
    let number = |bytes: &[u8]| {
        let bits = 64 * bytes.len().div_ceil(8).max(1) as u32;
        BoxedUint::from_be_slice(bytes, bits).expect("the number has as many bits as its bytes")
    };
    let modulus = Odd::new(number(group.modulus())).expect("the modulus of a group is odd");
    let reduced = number(base).rem_vartime(modulus.as_nz_ref());
    let power = BoxedMontyForm::new(reduced, &BoxedMontyParams::new_vartime(modulus)).pow(&number(exponent)).retrieve();
    let bytes = power.to_be_bytes();
    bytes[bytes.len() - group.len()..].to_vec()
}

fn powers(engine: &Engine, base: &[u8], exponents: &Exponents<'_>, expected: &[Vec<u8>]) {
    let kernel = engine.kernel();
    let table = PowerTable::for_base(engine, base, 8 * LEN, BUDGET).expect("a base of any length has a table");
    let mut powers = vec![0xaa; exponents.count() * engine.group().len()];
    table.powers(exponents, &mut powers).expect("the exponents fit the table");
    assert_eq!(powers, expected.concat(), "powers by {kernel}");
    let mut zeros = vec![u16::MAX; exponents.count()];
    table.zeros(exponents, &mut zeros).expect("the exponents fit the table");
    let counted: Vec<u16> = expected.iter().map(|power| leading_zero_bytes(power) as u16).collect();
    assert_eq!(zeros, counted, "zeros by {kernel}");
}

/// Exchanges of each exponent with itself.
fn exchanges(engine: &Engine, exponents: &Exponents<'_>, public: &[Vec<u8>]) {
    let table = PowerTable::new(engine, 16 * LEN, BUDGET).expect("a group has a table");
    let mut exchanges = Exchanges::new();
    exchanges.fill(&table, exponents, exponents).expect("the products fit the table");
    for (([x, y, z], exponent), public) in exchanges.iter().zip(exponents.iter()).zip(public) {
        assert_eq!((x, y), (&public[..], &public[..]), "public values by {}", engine.kernel());
        assert_eq!(z, power(engine.group(), public, exponent), "Z by {}", engine.kernel());
    }
}

/// All sums of two exponents, for the first one's public value.
fn census(engine: &Engine, exponents: &Exponents<'_>, public: &[Vec<u8>]) {
    let table = PowerTable::new(engine, 16 * LEN, BUDGET).expect("a group has a table");
    // A census needs an order that is known, and a table for exponents as long.
    let Some(y) = exponents.iter().next().filter(|_| engine.group().bits() <= table.exponent_bits()) else { return };
    let (Ok(rows), Ok(columns)) = (Rows::new(&table, y, exponents), Columns::new(&table, y, exponents)) else { return };
    let tile = Tile::new(&rows, &columns).expect("both are of one table");
    for (row, a) in exponents.iter().enumerate() {
        for (column, b) in exponents.iter().enumerate() {
            let expected = power(engine.group(), &public[0], &sum(a, b));
            assert_eq!(tile.value(row, column), Some(expected), "a census by {}", engine.kernel());
        }
    }
}
