//! Products, powers, exchanges and censuses, for each kernel of this CPU: `cargo bench -p tlslab-dh`.
//!
//! Other work on the machine can only slow a run down: read the column `fastest`.

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use tlslab_dh::batch::{Columns, DEFAULT_BUDGET, Engine, Exchanges, Exponents, PowerTable, Rows, Tile};
use tlslab_dh::{Group, Kernel};

const GROUPS: [&str; 4] = ["modp1024", "ffdhe2048", "ffdhe3072", "ffdhe4096"];

fn main() {
    divan::main();
}

/// An argument of a benchmark, named.
struct Case(Kernel, &'static str);

impl std::fmt::Display for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.0, self.1)
    }
}

/// Each kernel of this CPU with each group.
fn cases() -> Vec<Case> {
    Kernel::available().into_iter().flat_map(|kernel| GROUPS.map(|group| Case(kernel, group))).collect()
}

impl Case {
    fn engine(&self) -> Engine {
        let group = Group::by_name(self.1).expect("a named group");
        Engine::new(&group, self.0).expect("an available kernel")
    }

    /// A table for products of two short exponents.
    fn table(&self) -> PowerTable {
        let engine = self.engine();
        let bits = 2 * engine.group().short_exponent_bits();
        PowerTable::new(&engine, bits, DEFAULT_BUDGET).expect("within the budget")
    }
}

/// Montgomery products.
#[divan::bench(args = cases())]
fn products(bencher: Bencher, case: &Case) {
    const BATCHES: usize = 32;
    let engine = case.engine();
    let products = ItemsCount::new(BATCHES * case.0.lanes());
    bencher.counter(products).bench_local(|| engine.multiply_repeatedly(black_box(BATCHES)));
}

/// Leading zeros of Z alone.
#[divan::bench(args = cases())]
fn secret_zeros(bencher: Bencher, case: &Case) {
    const COUNT: usize = 32;
    let table = case.table();
    let len = table.exponent_bits() / 16;
    let mut draw = draw();
    let mut zeros = [0; COUNT];
    bencher.counter(ItemsCount::new(COUNT)).with_inputs(|| draws(&mut draw, 2 * COUNT * len)).bench_local_values(
        |bytes| {
            let (x, y) = halves(&bytes, len);
            table.secret_zeros(&x, &y, &mut zeros)
        },
    );
}

/// X, Y and Z in full.
#[divan::bench(args = cases())]
fn exchanges(bencher: Bencher, case: &Case) {
    const COUNT: usize = 32;
    let table = case.table();
    let len = table.exponent_bits() / 16;
    let mut draw = draw();
    let mut exchanges = Exchanges::new();
    bencher.counter(ItemsCount::new(COUNT)).with_inputs(|| draws(&mut draw, 2 * COUNT * len)).bench_local_values(
        |bytes| {
            let (x, y) = halves(&bytes, len);
            exchanges.fill(&table, &x, &y)
        },
    );
}

/// The trials of a tile.
#[divan::bench(args = cases())]
fn census(bencher: Bencher, case: &Case) {
    const COLUMNS: usize = 1024;
    let engine = case.engine();
    let table = PowerTable::new(&engine, engine.group().bits(), DEFAULT_BUDGET).expect("within the budget");
    let len = engine.group().len() - 1;
    let (a, b) = (draws(&mut draw(), 64 * len), draws(&mut draw(), COLUMNS * len));
    let rows = Rows::new(&table, &[0x51; 28], &exponents(&a, len)).expect("a known order");
    let columns = Columns::new(&table, &[0x51; 28], &exponents(&b, len)).expect("a known order");
    let tile = Tile::new(&rows, &columns).expect("one engine");
    bencher.counter(ItemsCount::new(rows.count() * COLUMNS)).bench_local(|| black_box(tile).count());
}

fn halves(bytes: &[u8], len: usize) -> (Exponents<'_>, Exponents<'_>) {
    let (x, y) = bytes.split_at(bytes.len() / 2);
    (exponents(x, len), exponents(y, len))
}

fn exponents(bytes: &[u8], len: usize) -> Exponents<'_> {
    Exponents::new(bytes, len).expect("no exponent is zero")
}

fn draws(draw: &mut impl Iterator<Item = u8>, count: usize) -> Vec<u8> {
    draw.take(count).collect()
}

/// Bytes that look random (by xorshift), none of them zero.
fn draw() -> impl Iterator<Item = u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    std::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8 | 1
    })
}
