//! How fast each kernel of this CPU is, on one thread: `cargo run --release -p tlslab-dh --example kernels`.
//!
//! Each figure is the best of many short runs, since other work on the machine can only slow a run down.

use std::error::Error;
use std::hint::black_box;
use std::time::{Duration, Instant};

use tlslab_dh::batch::{Census, DEFAULT_BUDGET, Engine, Exponents, PowerTable};
use tlslab_dh::{Group, Kernel};

const GROUPS: [&str; 4] = ["modp1024", "ffdhe2048", "ffdhe3072", "ffdhe4096"];
/// How long to look for the best run.
const PATIENCE: Duration = Duration::from_millis(500);
/// The powers of a run.
const POWERS: usize = 32;
/// The columns of a census of one tile.
const COLUMNS: usize = 128;

fn main() -> Result<(), Box<dyn Error>> {
    println!("kernel    group      ns/product  products/s   exponent  window  table MiB  build ms     powers/s");
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

    // A census is a product and a look at its length for each trial: the census figure and that of a product are one.
    let full = PowerTable::new(&engine, group.bits(), DEFAULT_BUDGET)?;
    let (a, b) = (exponents(kernel.lanes(), group.len() - 1), exponents(COLUMNS, group.len() - 1));
    let census =
        Census::new(&full, &[0x51; 28], &Exponents::new(&a, group.len() - 1)?, &Exponents::new(&b, group.len() - 1)?)?;
    let product = best(|| census.count(0)).div_f64((census.rows() * census.columns()) as f64);

    let bits = 2 * group.short_exponent_bits();
    let started = Instant::now();
    let table = PowerTable::new(&engine, bits, DEFAULT_BUDGET)?;
    let build = started.elapsed();
    let bytes = exponents(POWERS, bits / 8);
    let exponents = Exponents::new(&bytes, bits / 8)?;
    let mut zeros = vec![0; POWERS];
    let power = best(|| table.zeros(&exponents, &mut zeros)).div_f64(POWERS as f64);

    println!(
        "{:<9} {:<10} {:>10.1} {:>11.0} {:>10} {:>7} {:>10.1} {:>9.1} {:>12.0}",
        kernel,
        group.name().unwrap_or("custom"),
        product.as_secs_f64() * 1e9,
        product.as_secs_f64().recip(),
        bits,
        table.window_bits(),
        table.bytes() as f64 / f64::from(1 << 20),
        build.as_secs_f64() * 1e3,
        power.as_secs_f64().recip(),
    );
    Ok(())
}

/// The time of the fastest run.
fn best<T>(mut run: impl FnMut() -> T) -> Duration {
    let (started, mut best) = (Instant::now(), Duration::MAX);
    while started.elapsed() < PATIENCE {
        let run_started = Instant::now();
        black_box(run());
        best = best.min(run_started.elapsed());
    }
    best
}

/// Bytes that look random (by xorshift), none of them zero.
fn exponents(count: usize, len: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8 | 1
    };
    std::iter::repeat_with(next).take(count * len).collect()
}
