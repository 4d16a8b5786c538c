//! Does one kind of work so many times, for its instructions to be counted by `scripts/bench-instructions`:
//!
//! ```text
//! valgrind --tool=callgrind instructions KERNEL WORK COUNT
//! ```
//!
//! It prints how many things that made. Two counts differ by the work alone: what comes before it is the same.

use std::env::args;
use std::error::Error;
use std::hint::black_box;

use tlslab::experiment::{Experiment, FidelityChoice, Monitor, RunOptions, SignatureChoice};
use tlslab::scenario::Scenario;
use tlslab_dh::batch::{Columns, DEFAULT_BUDGET, Engine, Exchanges, Exponents, PowerTable, Rows, Tile};
use tlslab_dh::{Group, Kernel};
use tlslab_proto::behaviour::{ClientBehaviour, ServerBehaviour};

const GROUP: &str = "ffdhe2048";

/// Powers and exchanges of a call.
const CALL: usize = 64;

/// The rows of a tile, and columns that are few, since they cost a power each to make.
const ROWS: usize = 64;
const COLUMNS: usize = 128;

/// A table that suffices for a census: it is small, since only the making of rows and columns looks into it.
const SMALL_BUDGET: usize = 4 << 20;

type Done = Result<usize, Box<dyn Error>>;

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = args().skip(1).collect();
    let [kernel, work, count] = &words[..] else {
        return Err("usage: instructions KERNEL product|power|exchange|census|handshake COUNT".into());
    };
    let (kernel, count) = (Kernel::by_name(kernel)?, count.parse()?);
    let things = match work.as_str() {
        "product" => products(kernel, count),
        "power" => powers(kernel, count),
        "exchange" => exchanges(kernel, count),
        "census" => census(kernel, count),
        "handshake" => handshakes(kernel, count),
        other => Err(format!("there is no work {other:?}").into()),
    }?;
    println!("{things}");
    Ok(())
}

/// Montgomery products, so many batches.
fn products(kernel: Kernel, count: usize) -> Done {
    black_box(engine(kernel)?.multiply_repeatedly(count));
    Ok(count * kernel.lanes())
}

/// Powers of g to exponents as long as two short ones.
fn powers(kernel: Kernel, count: usize) -> Done {
    let (table, len) = table_of_secrets(kernel)?;
    let bytes = bytes(CALL * 2 * len);
    let exponents = Exponents::new(&bytes, 2 * len)?;
    let mut zeros = [0; CALL];
    for _ in 0..count {
        table.zeros(black_box(&exponents), &mut zeros)?;
    }
    Ok(count * CALL)
}

/// X, Y and Z of short exponents.
fn exchanges(kernel: Kernel, count: usize) -> Done {
    let (table, len) = table_of_secrets(kernel)?;
    let bytes = bytes(2 * CALL * len);
    let (x, y) = bytes.split_at(CALL * len);
    let (x, y) = (Exponents::new(x, len)?, Exponents::new(y, len)?);
    let mut exchanges = Exchanges::new();
    for _ in 0..count {
        exchanges.fill(&table, black_box(&x), &y)?;
    }
    Ok(count * CALL)
}

/// Trials of a census: one tile, again and again.
fn census(kernel: Kernel, count: usize) -> Done {
    let engine = engine(kernel)?;
    let table = PowerTable::new(&engine, engine.group().bits(), SMALL_BUDGET)?;
    let len = engine.group().len() - 1;
    let bytes = bytes((ROWS + COLUMNS) * len);
    let (a, b) = bytes.split_at(ROWS * len);
    let rows = Rows::new(&table, &[0x51; 28], &Exponents::new(a, len)?)?;
    let columns = Columns::new(&table, &[0x51; 28], &Exponents::new(b, len)?)?;
    let tile = Tile::new(&rows, &columns)?;
    for _ in 0..count {
        black_box(black_box(&tile).count());
    }
    Ok(count * ROWS * COLUMNS)
}

/// Trials at wire fidelity, on one thread; signatures are simulated.
fn handshakes(kernel: Kernel, count: usize) -> Done {
    let experiment = Experiment {
        client: ClientBehaviour::from_assignments("ems=off")?,
        server: ServerBehaviour::from_assignments(&format!("ems=off,premaster_zeros=keep,groups={GROUP}"))?,
        scenario: Scenario::full(),
        signatures: SignatureChoice::Simulated,
    };
    let trials = (count * CALL) as u64;
    let options =
        RunOptions { threads: 1, fidelity: FidelityChoice::Wire, kernel: Some(kernel), ..RunOptions::new(trials, 1) };
    let report = experiment.run(&options, &Monitor::default())?;
    Ok(report.trials as usize)
}

fn engine(kernel: Kernel) -> Result<Engine, Box<dyn Error>> {
    Ok(Engine::new(&Group::by_name(GROUP)?, kernel)?)
}

/// The table of an experiment, for products of two short exponents, and the length of a short one in bytes.
fn table_of_secrets(kernel: Kernel) -> Result<(PowerTable, usize), Box<dyn Error>> {
    let engine = engine(kernel)?;
    let len = engine.group().short_exponent_bits() / 8;
    Ok((PowerTable::new(&engine, 16 * len, DEFAULT_BUDGET)?, len))
}

/// Bytes that look random (by xorshift), none of them zero, and the same always.
fn bytes(count: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8 | 1
    };
    std::iter::repeat_with(next).take(count).collect()
}
