//! Campaigns against a stack that is linked into the process.
//!
//! The program starts itself once more, as a worker: that one runs parts of the lab against the stack and tells what
//! it has seen, and when the stack crashes or hangs it is the worker that dies. The campaign mutates parts by their
//! structure, keeps those by which something new was seen, and writes what the worker died of to a file.

mod campaign;
mod folder;
mod minimise;
mod worker;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use tlslab::fuzzing::{Counterpart, Part};

use campaign::Campaign;
use folder::{Finding, Folder};

/// Somebody else's stack, over memory.
pub trait Stack {
    /// What it is called, with its version.
    fn name(&self) -> String;

    /// Talks with the counterpart in one connection, until nothing moves, and adds what it has seen.
    fn connection(&mut self, counterpart: &mut Counterpart, seen: &mut Vec<String>);

    /// Talks with the counterpart in all its connections. Gives what was seen: what is new keeps a part in the corpus.
    fn talk(&mut self, counterpart: &mut Counterpart) -> Vec<String> {
        let mut seen = Vec::new();
        loop {
            self.connection(counterpart, &mut seen);
            if !counterpart.next_connection() {
                return seen;
            }
        }
    }
}

/// The program: a campaign by default, which stops at its first finding; `replay FILE` to run one again; `corpus FOLDER` to
/// run what a campaign begins with and what it has kept, once each, so that coverage of the stack can be measured.
pub fn main(stack: impl Stack, seeds: &[&str]) -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(stack, seeds, &arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

fn run(mut stack: impl Stack, seeds: &[&str], arguments: &[String]) -> Result<ExitCode, Box<dyn Error>> {
    match arguments {
        [word] if word == "worker" => worker::run(&mut stack),
        [word, file] if word == "replay" => {
            let Finding { part, seed, .. } = Finding::read(&PathBuf::from(file))?;
            println!("{:#?}", stack.talk(&mut Counterpart::new(part, seed.parse()?)?));
            Ok(ExitCode::SUCCESS)
        }
        [word, folder] if word == "corpus" => {
            let kept = Folder::new(PathBuf::from(folder))?.corpus()?;
            println!("{} parts", seeds.len() + kept.len());
            let begun = seeds.iter().map(|text| Part::from_json(text));
            for part in begun.chain(kept.into_iter().map(Ok)) {
                stack.talk(&mut Counterpart::new(part?, 0)?);
            }
            Ok(ExitCode::SUCCESS)
        }
        [seconds, seed, folder] => {
            let (seconds, seed) = (seconds.parse()?, seed.parse()?);
            Campaign::new(stack.name(), seeds, seed, PathBuf::from(folder))?.run(Duration::from_secs(seconds))
        }
        _ => Err("usage: SECONDS SEED FOLDER, or: replay FILE, or: corpus FOLDER".into()),
    }
}
