//! How fast each kernel of this CPU is, on one thread: `cargo run --release -p tlslab-dh --example kernels`.
//!
//! Each figure is the best of many short runs, since other work on the machine can only slow a run down.

use std::error::Error;
use std::hint::black_box;
use std::time::{Duration, Instant};

use tlslab_dh::batch::{Columns, DEFAULT_BUDGET, Engine, Exponents, PowerTable, Rows, Tile};
use tlslab_dh::{Group, Kernel};

const GROUPS: [&str; 4] = ["modp1024", "ffdhe2048", "ffdhe3072", "ffdhe4096"];
/// How long to look for the best run.
const PATIENCE: Duration = Duration::from_millis(500);
/// The products of a run, in batches.
const PRODUCTS: usize = 64;
/// The powers of a run. Each run has others, since their table is larger than a cache.
const POWERS: usize = 32;
/// The columns of a census of one tile.
const COLUMNS: usize = 4096;

fn main() -> Result<(), Box<dyn Error>> {
    println!(
        "kernel    group      ns/product  products/s  exponent  window  table MiB  build ms  powers/s     census/s"
    );
    for kernel in Kernel::ALL {
        if !Kernel::available().contains(&kernel) {
            println!("{kernel:<9} not on this CPU");
            continue;
        }
        for name in GROUPS {
            measure(kernel, &Group::by_name(name)?)?;
        }
    }
    Ok(())
}

fn measure(kernel: Kernel, group: &Group) -> Result<(), Box<dyn Error>> {
    let engine = Engine::new(group, kernel)?;
    let product = best(PRODUCTS * kernel.lanes(), || engine.multiply_repeatedly(PRODUCTS));

    let bits = 2 * group.short_exponent_bits();
    let started = Instant::now();
    let table = PowerTable::new(&engine, bits, DEFAULT_BUDGET)?;
    let build = started.elapsed();
    let mut draw = draw();
    let mut zeros = vec![0; POWERS];
    let power = best(POWERS, || {
        let bytes: Vec<u8> = draw.by_ref().take(POWERS * (bits / 8)).collect();
        Exponents::new(&bytes, bits / 8).and_then(|exponents| table.zeros(&exponents, &mut zeros))
    });

    let full = PowerTable::new(&engine, group.bits(), DEFAULT_BUDGET)?;
    let len = group.len() - 1;
    let (a, b): (Vec<u8>, Vec<u8>) = (draw.by_ref().take(64 * len).collect(), draw.take(COLUMNS * len).collect());
    let rows = Rows::new(&full, &[0x51; 28], &Exponents::new(&a, len)?)?;
    let columns = Columns::new(&full, &[0x51; 28], &Exponents::new(&b, len)?)?;
    let tile = Tile::new(&rows, &columns)?;
    let trial = best(rows.count() * COLUMNS, || tile.count());

    println!(
        "{:<9} {:<10} {:>10.1} {:>11.0} {:>9} {:>7} {:>10.1} {:>9.1} {:>9.0} {:>12.0}",
        kernel.name(),
        group.name().unwrap_or("custom"),
        product * 1e9,
        product.recip(),
        bits,
        table.window_bits(),
        table.bytes() as f64 / f64::from(1 << 20),
        build.as_secs_f64() * 1e3,
        power.recip(),
        trial.recip(),
    );
    Ok(())
}

/// The time of the fastest run of `count` things, for each of them, in seconds.
fn best<T>(count: usize, mut run: impl FnMut() -> T) -> f64 {
    let (started, mut best) = (Instant::now(), Duration::MAX);
    while started.elapsed() < PATIENCE {
        let run_started = Instant::now();
        black_box(run());
        best = best.min(run_started.elapsed());
    }
    best.as_secs_f64() / count as f64
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
