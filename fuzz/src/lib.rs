//! What the programs have in common. All else is in `tlslab::targets`.

use std::path::PathBuf;
use std::{env, fs, process};

pub use libfuzzer_sys;
use libfuzzer_sys::Corpus;
pub use tlslab::targets::Target;

/// The program of a target that takes any bytes.
#[macro_export]
macro_rules! target {
    ($name:literal) => {
        const TARGET: $crate::Target = $crate::target($name);

        $crate::libfuzzer_sys::fuzz_target!(|bytes: &[u8]| -> $crate::libfuzzer_sys::Corpus {
            $crate::run(TARGET, bytes)
        });
    };
}

/// The program of a target whose inputs are JSON: libFuzzer has them mutated by their structure.
#[macro_export]
macro_rules! structured_target {
    ($name:literal) => {
        const TARGET: $crate::Target = $crate::target($name);

        $crate::libfuzzer_sys::fuzz_target!(
            init: { $crate::refuse_others(TARGET) },
            |bytes: &[u8]| -> $crate::libfuzzer_sys::Corpus { $crate::run(TARGET, bytes) }
        );
        $crate::libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
            $crate::mutate(TARGET, data, size, max_size, seed)
        });
        $crate::libfuzzer_sys::fuzz_crossover!(|data1: &[u8], data2: &[u8], out: &mut [u8], seed: u32| {
            $crate::cross(TARGET, data1, data2, out, seed)
        });
    };
}

/// The target of this name, while compiling.
pub const fn target(name: &str) -> Target {
    match Target::by_name(name) {
        Some(target) => target,
        None => panic!("tlslab::targets has no target of this name"),
    }
}

/// Runs the bytes; what is no input of the target is no part of its corpus.
#[inline]
pub fn run(target: Target, bytes: &[u8]) -> Corpus {
    target.run(bytes).map_or(Corpus::Reject, |()| Corpus::Keep)
}

/// Mutates in place what the first `size` bytes are. Gives how many there are then.
pub fn mutate(target: Target, data: &mut [u8], size: usize, most: usize, seed: u32) -> usize {
    let input = &data[..size];
    let Some(mutated) = target.mutate(input, input, seed.into(), most.min(data.len())) else { return size };
    data[..mutated.len()].copy_from_slice(&mutated);
    mutated.len()
}

/// Mutates one input with parts of another. Gives how many bytes of `out` it has.
pub fn cross(target: Target, one: &[u8], other: &[u8], out: &mut [u8], seed: u32) -> usize {
    let made = target.mutate(one, other, seed.into(), out.len());
    let made = made.as_deref().unwrap_or(&one[..one.len().min(out.len())]);
    out[..made.len()].copy_from_slice(made);
    made.len()
}

/// Ends the program where a folder or a file that it is given has what is no input of the target.
pub fn refuse_others(target: Target) {
    for file in env::args_os().skip(1).map(PathBuf::from).flat_map(files) {
        let read = fs::read(&file).map_err(|error| error.to_string());
        if let Err(why) = read.and_then(|bytes| target.check(&bytes).map_err(|error| error.to_string())) {
            eprintln!("{}: {why}; move it away, and start again", file.display());
            process::exit(2);
        }
    }
}

/// The files of a folder, or the file that it is. Options of libFuzzer are neither.
fn files(path: PathBuf) -> Vec<PathBuf> {
    match fs::read_dir(&path) {
        Ok(entries) => entries.filter_map(|entry| Some(entry.ok()?.path())).collect(),
        Err(_) => Vec::from_iter(path.is_file().then_some(path)),
    }
}
