//! Writes what fuzzers begin with: seeds made of connections of the lab, and dictionaries made of its registries.
//!
//! ```text
//! cargo run -p tlslab --example fuzz_seeds -- fuzz
//! ```
//!
//! Files of other names stay as they are: those that a fuzzer has found, and those that were written by hand.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use tlslab::targets::{dictionary, seeds};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("where to? Such as: fuzz_seeds fuzz")?);
    for ((target, name), bytes) in seeds::make() {
        write(&folder.join("seeds").join(target).join(name), &bytes)?;
    }
    let dictionaries = folder.join("dictionaries");
    write(&dictionaries.join("numbers.dict"), dictionary::numbers().as_bytes())?;
    write(&dictionaries.join("knobs.dict"), dictionary::knobs().as_bytes())
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Box<dyn Error>> {
    let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(path, bytes));
    written.map_err(|error| format!("cannot write {}: {error}", path.display()).into())
}
