//! Batches, with every kernel of this CPU, against single powers and crypto-bigint.

mod common;

use std::collections::HashMap;

use common::{draw, expected};
use proptest::collection::vec;
use proptest::prelude::*;
use tlslab_dh::batch::{
    BatchError, Columns, DEFAULT_BUDGET, Engine, ExchangeZeros, Exchanges, Exponents, PowerTable, Rows, Tile,
    ZeroCounts,
};
use tlslab_dh::{Group, Kernel, leading_zero_bytes};

/// An engine for each kernel.
fn engines(group: &Group) -> Vec<Engine> {
    Kernel::available().into_iter().map(|kernel| Engine::new(group, kernel).unwrap()).collect()
}

/// Exponents as a buffer of `len` bytes each.
fn packed(exponents: &[Vec<u8>], len: usize) -> Vec<u8> {
    exponents.iter().flat_map(|exponent| [vec![0; len - exponent.len()], exponent.clone()].concat()).collect()
}

/// What `powers` and `zeros` give, having been compared.
fn powers(table: &PowerTable, exponents: &Exponents<'_>) -> Vec<Vec<u8>> {
    let len = table.engine().group().len();
    let mut out = vec![0xaa; exponents.count() * len];
    table.powers(exponents, &mut out).unwrap();
    let powers: Vec<Vec<u8>> = out.chunks(len).map(<[u8]>::to_vec).collect();
    let mut zeros = vec![u16::MAX; exponents.count()];
    table.zeros(exponents, &mut zeros).unwrap();
    let counted: Vec<u16> = powers.iter().map(|power| leading_zero_bytes(power) as u16).collect();
    assert_eq!(zeros, counted);
    powers
}

/// Every window width, and numbers of exponents that fill no whole batch.
#[test]
fn powers_are_those_of_the_group_for_every_window() {
    let group = Group::by_name("modp768").unwrap();
    let exponents: Vec<Vec<u8>> = (1..=21).map(|i| draw(i, 1 + i as usize % 12)).collect();
    let bytes = packed(&exponents, 12);
    let single: Vec<Vec<u8>> = exponents.iter().map(|exponent| group.pow(&[2], exponent)).collect();
    for engine in engines(&group) {
        let mut widths = Vec::new();
        for budget in (16..24).map(|bits| 1 << bits) {
            let table = PowerTable::new(&engine, 96, budget).unwrap();
            assert!(table.bytes() <= budget);
            assert_eq!(table.windows(), 96usize.div_ceil(table.window_bits()));
            widths.push(table.window_bits());
            for count in 0..=exponents.len() {
                let some = Exponents::new(&bytes[..12 * count], 12).unwrap();
                assert_eq!(powers(&table, &some), single[..count], "{}", engine.kernel());
            }
        }
        widths.dedup();
        assert!(widths.len() > 5, "{widths:?}");
    }
}

/// Groups of every size about the kernels' digits, with exponents at the edges: 1, the largest, the order and about it.
#[test]
fn edge_powers_agree_with_crypto_bigint() {
    for bits in (16u32..=130).chain([255, 256, 257, 519, 520, 1024, 1039, 1040, 2048]) {
        let mut p = vec![0xff; (bits as usize).div_ceil(8)];
        p[0] >>= (8 - bits % 8) % 8;
        *p.last_mut().unwrap() = 0xf1;
        let group = Group::custom(&p, &[3]).unwrap();
        let mut below = p.clone();
        let last = p.len() - 1;
        let about = |last_byte| {
            below[last] = last_byte;
            below.clone()
        };
        let mut exponents: Vec<Vec<u8>> = [0xef, 0xf0, 0xf1].map(about).to_vec();
        exponents.extend([vec![1], vec![2], vec![0xff; p.len()], draw(u64::from(bits), p.len())]);
        let bytes = packed(&exponents, p.len());
        let all: Vec<Vec<u8>> = exponents.iter().map(|exponent| expected(&p, &[3], exponent)).collect();
        for engine in engines(&group) {
            let table = PowerTable::new(&engine, 8 * p.len(), 1 << 22).unwrap();
            assert_eq!(powers(&table, &Exponents::new(&bytes, p.len()).unwrap()), all, "{bits} {}", engine.kernel());
        }
    }
}

/// A base that divides a composite modulus' power: numbers that are 0, and just below the modulus, in every lane.
#[test]
fn results_at_the_edges_have_their_true_lengths() {
    for len in [2usize, 6, 7, 13, 26, 128, 256] {
        // p = 256^len - 1 is divisible by 255: the powers of 255 are multiples of it. With base p-1 they are 1 and -1.
        let p = vec![0xff; len];
        let group = Group::custom(&p, &[2]).unwrap();
        let minus_one = [vec![0xff; len - 1], vec![0xfe]].concat();
        for engine in engines(&group) {
            for base in
                [vec![0], vec![1], p.clone(), minus_one.clone(), vec![255], [vec![1], vec![0; len - 1]].concat()]
            {
                let table = PowerTable::for_base(&engine, &base, 16, DEFAULT_BUDGET).unwrap();
                let exponents: Vec<u8> = (1u16..=40).flat_map(|i| (i * 97).to_be_bytes()).collect();
                let all: Vec<_> = exponents.chunks(2).map(|exponent| expected(&p, &base, exponent)).collect();
                assert_eq!(
                    powers(&table, &Exponents::new(&exponents, 2).unwrap()),
                    all,
                    "{base:x?} {}",
                    engine.kernel()
                );
            }
        }
    }
}

#[test]
fn what_is_measured_is_a_power() {
    let group = Group::by_name("modp768").unwrap();
    for engine in engines(&group) {
        for batches in [0, 1, 7, 30, 700, 760] {
            let power = group.pow_g(&(batches as u16 + 1).to_be_bytes());
            assert_eq!(usize::from(engine.multiply_repeatedly(batches)), leading_zero_bytes(&power));
        }
    }
}

/// Three ways to reduce a product of exponents: not at all, modulo (p-1)/2 and modulo p-1.
#[test]
fn exchanges_agree_with_both_sides() {
    for (p, g, capacity) in [(None, 2, 460), (None, 2, 768), (Some(vec![1, 0, 7]), 2, 17), (Some(vec![1, 0, 7]), 3, 17)]
    {
        let group = match &p {
            Some(p) => Group::custom(p, &[g]).unwrap(),
            None => Group::by_name("modp768").unwrap(),
        };
        let len = if capacity == 460 { 28 } else { group.len() };
        let exponent = |i| {
            let mut exponent = draw(i, len);
            if p.is_some() {
                exponent[0] = 0;
            }
            exponent
        };
        let (xs, ys): (Vec<_>, Vec<_>) = (0..11).map(|i| (exponent(i), exponent(100 + i))).unzip();
        let (x_bytes, y_bytes) = (xs.concat(), ys.concat());
        let (x, y) = (Exponents::new(&x_bytes, len).unwrap(), Exponents::new(&y_bytes, len).unwrap());
        let sides: Vec<_> = xs.iter().zip(&ys).map(|(x, y)| (group.pow_g(x), group.pow_g(y))).collect();
        for engine in engines(&group) {
            let table = PowerTable::new(&engine, capacity, DEFAULT_BUDGET).unwrap();
            let mut exchanges = Exchanges::new();
            assert_eq!(exchanges.count(), 0);
            exchanges.fill(&table, &x, &y).unwrap();
            assert_eq!(exchanges.count(), 11);
            let mut zeros = [ExchangeZeros::default(); 11];
            table.exchange_zeros(&x, &y, &mut zeros).unwrap();
            let mut secret_zeros = [u16::MAX; 11];
            table.secret_zeros(&x, &y, &mut secret_zeros).unwrap();
            for (i, [public_x, public_y, z]) in exchanges.iter().enumerate() {
                assert_eq!((public_x, public_y), (&*sides[i].0, &*sides[i].1));
                assert_eq!(z, group.pow(public_x, &ys[i]));
                assert_eq!(z, group.pow(public_y, &xs[i]));
                let [x, y, z] = [public_x, public_y, z].map(|value| leading_zero_bytes(value) as u16);
                assert_eq!((zeros[i], secret_zeros[i]), (ExchangeZeros { x, y, z }, z));
            }
        }
    }
}

#[test]
fn a_census_is_the_product_of_powers() {
    // The small group has all numbers of zeros: its modulus is just above a byte boundary.
    for (group, rows, columns) in [
        (Group::by_name("modp768").unwrap(), 11, 40),
        (Group::custom(&[1, 0, 7], &[2]).unwrap(), 9, 300),
        (Group::custom(&[1, 0, 7], &[3]).unwrap(), 130, 50),
    ] {
        let len = group.len() - 1;
        let y = draw(7, len);
        let (a_bytes, b_bytes) = (draw(8, rows * len), draw(9, columns * len));
        let (a, b) = (Exponents::new(&a_bytes, len).unwrap(), Exponents::new(&b_bytes, len).unwrap());
        let public = group.pow_g(&y);
        let value = |i: usize, j: usize| {
            // a + b may be one byte longer.
            let sum = sum(&a_bytes[i * len..(i + 1) * len], &b_bytes[j * len..(j + 1) * len]);
            group.pow(&public, &sum)
        };
        for engine in engines(&group) {
            let table = PowerTable::new(&engine, group.bits(), 1 << 20).unwrap();
            let of_a = Rows::new(&table, &y, &a).unwrap();
            let of_b = Columns::new(&table, &y, &b).unwrap();
            assert_eq!((of_a.count(), of_b.count()), (rows, columns));
            let tile = Tile::new(&of_a, &of_b).unwrap();
            let mut with_zeros = HashMap::new();
            tile.for_each_with_zeros(|i, j, zeros| assert_eq!(with_zeros.insert((i, j), zeros), None));
            // Counted once more in parts.
            let mut counts = ZeroCounts::default();
            for b in b_bytes.chunks(len * 16) {
                let some = Columns::new(&table, &y, &Exponents::new(b, len).unwrap()).unwrap();
                counts += Tile::new(&of_a, &some).unwrap().count();
            }
            let mut counted = [0; 8];
            for (i, j) in (0..rows).flat_map(|i| (0..columns).map(move |j| (i, j))) {
                let product = tile.value(i, j).unwrap();
                if (i + j) % 13 == 0 {
                    assert_eq!(product, value(i, j));
                }
                let zeros = leading_zero_bytes(&product);
                assert_eq!(with_zeros.get(&(i, j)).copied().unwrap_or(0), zeros as u16);
                counted[zeros.min(7)] += 1;
            }
            assert_eq!(counts.0, counted);
            let counts = counted;
            assert!(counts.iter().filter(|&&count| count > 0).count() >= 2, "{counts:?}");
            assert_eq!((tile.value(rows, 0), tile.value(0, columns)), (None, None));
            let digits_at_least = 8 * (group.bits() / 64) * (rows + 2 * columns);
            assert!(
                (digits_at_least..100 * (rows + columns) * group.len().max(16))
                    .contains(&(of_a.bytes() + of_b.bytes()))
            );
        }
    }
}

/// Secrets of known smallness, and just below p: `g^k` is `2^k` or, with g = -2 and odd k, `p - 2^k`. Estimates of their
/// place cannot tell many of these.
#[test]
fn a_census_is_exact_at_the_edges() {
    let named = Group::by_name("modp768").unwrap();
    let mut minus_two = named.modulus().to_vec();
    minus_two[95] -= 2;
    for group in [named.clone(), Group::custom(named.modulus(), &minus_two).unwrap()] {
        let list = |step: u16, count: u16| -> Vec<u8> { (1..=count).flat_map(|i| (i * step).to_be_bytes()).collect() };
        let (a_bytes, b_bytes) = (list(19, 39), list(1, 19));
        let (a, b) = (Exponents::new(&a_bytes, 2).unwrap(), Exponents::new(&b_bytes, 2).unwrap());
        for engine in engines(&group) {
            let table = PowerTable::new(&engine, 768, 1 << 20).unwrap();
            let (rows, columns) = (Rows::new(&table, &[1], &a).unwrap(), Columns::new(&table, &[1], &b).unwrap());
            let tile = Tile::new(&rows, &columns).unwrap();
            let mut seen = HashMap::new();
            tile.for_each_with_zeros(|i, j, zeros| assert_eq!(seen.insert((i, j), zeros), None));
            for (i, j) in (0..39).flat_map(|i| (0..19).map(move |j| (i, j))) {
                let k = 19 * (i + 1) + (j + 1);
                let is_small = group == named || k % 2 == 0;
                let zeros = if is_small { 96 - (k / 8 + 1) } else { 0 };
                assert_eq!(seen.get(&(i, j)).copied().unwrap_or(0), zeros as u16, "{k} {}", engine.kernel());
            }
            let counts = tile.count();
            assert!(counts.0[7] > 300 && counts.0.iter().sum::<u64>() == 39 * 19, "{counts:?}");
        }
    }
}

/// `a + b`, big-endian, of two numbers of one length.
fn sum(a: &[u8], b: &[u8]) -> Vec<u8> {
    let mut carry = 0;
    let mut sum: Vec<u8> = a
        .iter()
        .zip(b)
        .rev()
        .map(|(a, b)| {
            carry += u16::from(*a) + u16::from(*b);
            let byte = carry as u8;
            carry >>= 8;
            byte
        })
        .collect();
    sum.push(carry as u8);
    sum.reverse();
    sum
}

#[test]
fn bad_input_is_refused_before_any_work() {
    let group = Group::by_name("ffdhe8192").unwrap();
    for engine in engines(&group) {
        let refused = |bits, budget| PowerTable::new(&engine, bits, budget).err().unwrap();
        assert_eq!(refused(0, DEFAULT_BUDGET), BatchError::NoExponentBits);
        let BatchError::BudgetTooSmall { budget: 1000, minimum, exponent_bits: 400, modulus_bits: 8192 } =
            refused(400, 1000)
        else {
            panic!("{}", refused(400, 1000));
        };
        assert!(refused(usize::MAX, DEFAULT_BUDGET).to_string().contains("too small"));

        let smaller = refused(400, minimum - 1).to_string();
        assert!(smaller.ends_with(&format!("takes {minimum}")), "{smaller}");
        let table = PowerTable::new(&engine, 400, minimum).unwrap();
        assert_eq!(table.bytes(), minimum);
        assert_eq!(table.exponent_bits(), 400);

        let long = [&[1], [0; 50].as_slice()].concat();
        let long = Exponents::new(&long, 51).unwrap();
        let too_long = BatchError::ExponentTooLong { bits: 401, capacity: 400 };
        assert_eq!(table.powers(&long, &mut [0; 1024]), Err(too_long.clone()));
        assert_eq!(table.zeros(&long, &mut [0]), Err(too_long));
        let one = Exponents::new(&[1], 1).unwrap();
        // The order is known, but too long for the table too.
        let too_long = BatchError::ExponentTooLong { bits: 402, capacity: 400 };
        assert_eq!(table.secret_zeros(&long, &one, &mut [0]), Err(too_long.clone()));
        assert_eq!(Exchanges::new().fill(&table, &long, &one), Err(too_long));

        let two = Exponents::new(&[1, 2], 1).unwrap();
        let wrong = |needed, given| Err(BatchError::WrongOutputLength { needed, given });
        assert_eq!(table.powers(&two, &mut [0; 1024]), wrong(2048, 1024));
        assert_eq!(table.zeros(&two, &mut [0]), wrong(2, 1));
        assert_eq!(table.secret_zeros(&two, &two, &mut []), wrong(2, 0));
        assert_eq!(table.exchange_zeros(&two, &two, &mut []), wrong(2, 0));
        assert_eq!(table.secret_zeros(&one, &two, &mut [0]), Err(BatchError::UnequalCounts { x: 1, y: 2 }));
    }
}

#[test]
fn a_census_needs_an_order_and_a_server_exponent() {
    let unknown = Group::custom(&[0x80, 0x87], &[2]).unwrap();
    let known = Group::custom(&[1, 0, 7], &[2]).unwrap();
    let one = Exponents::new(&[1], 1).unwrap();
    let census = |group: &Group, y: &[u8]| {
        let table = PowerTable::new(&Engine::new(group, Kernel::detect()).unwrap(), 17, DEFAULT_BUDGET).unwrap();
        let (rows, columns) = (Rows::new(&table, y, &one), Columns::new(&table, y, &one));
        assert_eq!(rows.as_ref().err(), columns.as_ref().err());
        rows.err()
    };
    assert_eq!(census(&unknown, &[5]), Some(BatchError::UnknownOrder));
    assert_eq!(census(&known, &[0, 0]), Some(BatchError::ZeroExponent { index: 0, count: 1 }));
    assert_eq!(census(&known, &[]), Some(BatchError::RaggedExponents { bytes: 0, len: 0 }));
    assert_eq!(census(&known, &[5]), None);

    let other =
        PowerTable::for_base(&Engine::new(&known, Kernel::detect()).unwrap(), &[3], 17, DEFAULT_BUDGET).unwrap();
    assert_eq!(Rows::new(&other, &[5], &one).err(), Some(BatchError::OtherBase));
    assert_eq!(Columns::new(&other, &[5], &one).err(), Some(BatchError::OtherBase));

    let table = || PowerTable::new(&Engine::new(&known, Kernel::detect()).unwrap(), 17, DEFAULT_BUDGET).unwrap();
    let (here, there) = (table(), table());
    let rows = Rows::new(&here, &[5], &one).unwrap();
    let [own, foreign] = [&here, &there].map(|table| Columns::new(table, &[5], &one).unwrap());
    assert_eq!(Tile::new(&rows, &own).err(), None);
    assert_eq!(Tile::new(&rows, &foreign).err(), Some(BatchError::OtherEngine));
    assert_eq!(other.secret_zeros(&one, &one, &mut [0]), Err(BatchError::OtherBase));
}

/// One table, used by threads at the same time.
#[test]
fn threads_share_a_table() {
    let group = Group::by_name("modp1024").unwrap();
    let engine = Engine::new(&group, Kernel::detect()).unwrap();
    let table = PowerTable::new(&engine, 160, 1 << 20).unwrap();
    let bytes = draw(3, 20 * 64);
    let whole = powers(&table, &Exponents::new(&bytes, 20).unwrap());
    let parts: Vec<Vec<Vec<u8>>> = std::thread::scope(|scope| {
        let threads: Vec<_> = bytes
            .chunks(20 * 13)
            .map(|chunk| scope.spawn(|| powers(&table, &Exponents::new(chunk, 20).unwrap())))
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(parts.concat(), whole);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_powers_agree_with_crypto_bigint(
        mut p in vec(any::<u8>(), 2..160),
        shift in 0u32..8,
        base in vec(any::<u8>(), 0..200),
        len in 1usize..40,
        fill in vec(1u8.., 40 * 10),
        budget_bits in 18u32..23,
    ) {
        p[0] |= 0x80;
        *p.last_mut().unwrap() |= 1;
        if p.len() > 2 {
            p[0] >>= shift;
        }
        let group = Group::custom(&p, &[3]).unwrap();
        let bytes = &fill[..fill.len() / len * len];
        let exponents = Exponents::new(bytes, len).unwrap();
        let all: Vec<_> = exponents.iter().map(|exponent| expected(&p, &base, exponent)).collect();
        for engine in engines(&group) {
            let table = PowerTable::for_base(&engine, &base, 8 * len, 1 << budget_bits).unwrap();
            prop_assert_eq!(powers(&table, &exponents), &*all);
        }
    }
}
