//! The campaign: what is run next, and what is kept.

use std::collections::BTreeSet;
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use tlslab::fuzzing::{Palette, Part, bytes_of};

use crate::folder::{Finding, Folder};
use crate::minimise::minimise;
use crate::worker::{Answer, Worker};

/// How often it says how far it is.
const BETWEEN_LINES: Duration = Duration::from_secs(30);

pub(crate) struct Campaign {
    stack: String,
    folder: Folder,
    seed: u64,
    corpus: Vec<Part>,
    seen: BTreeSet<String>,
    executions: u64,
    began: Instant,
}

impl Campaign {
    pub(crate) fn new(stack: String, seeds: &[&str], seed: u64, folder: PathBuf) -> Result<Self, Box<dyn Error>> {
        let folder = Folder::new(folder)?;
        let mut corpus = folder.corpus()?;
        for text in seeds {
            corpus.push(Part::from_json(text)?);
        }
        Ok(Self { stack, folder, seed, corpus, seen: BTreeSet::new(), executions: 0, began: Instant::now() })
    }

    /// Runs until the stack dies, or the time is over. Exit code 1 says that it died.
    pub(crate) fn run(mut self, time: Duration) -> Result<ExitCode, Box<dyn Error>> {
        let mut worker = Worker::start()?;
        let mut last_line = Instant::now();
        for part in self.corpus.clone() {
            let answer = worker.run(&part, self.seed)?;
            if self.take(part, self.seed, answer, false)? {
                return Ok(ExitCode::FAILURE);
            }
        }
        while self.began.elapsed() < time {
            let draw = self.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(self.executions);
            let part = self.make(draw);
            let answer = worker.run(&part, draw)?;
            if self.take(part, draw, answer, true)? {
                return Ok(ExitCode::FAILURE);
            }
            if last_line.elapsed() > BETWEEN_LINES {
                last_line = Instant::now();
                println!("{}", self.so_far());
            }
        }
        println!("{}; nothing found", self.so_far());
        Ok(ExitCode::SUCCESS)
    }

    /// A part made of two of the corpus, with the draws of this number. Young ones come more often: half are of the last
    /// 16.
    fn make(&self, draw: u64) -> Part {
        let bytes = bytes_of(!draw);
        let pick = |at: usize| {
            let number = u64::from_be_bytes(std::array::from_fn(|byte| bytes[8 * at + byte])) as usize;
            let from = if bytes[100 + at] & 1 == 0 { self.corpus.len().saturating_sub(16) } else { 0 };
            &self.corpus[from + number % (self.corpus.len() - from)]
        };
        pick(0).mutated(Palette::Conformant, pick(1), draw)
    }

    /// Keeps what is worth it. Gives whether the stack has died.
    fn take(&mut self, part: Part, seed: u64, answer: Answer, new: bool) -> Result<bool, Box<dyn Error>> {
        self.executions += 1;
        match answer {
            Answer::Seen(seen) => {
                let before = self.seen.len();
                self.seen.extend(seen);
                if new && self.seen.len() > before {
                    self.folder.keep_part(self.executions, &part)?;
                    self.corpus.push(part);
                }
                Ok(false)
            }
            Answer::Died(ended) => {
                let (execution, seconds) = (self.executions, self.began.elapsed().as_secs());
                let stack = self.stack.clone();
                let finding = Finding { stack, ended, execution, seconds, seed: seed.to_string(), part };
                // First as it is: to make it smaller takes a while, and may be broken off.
                self.folder.keep_finding(&finding)?;
                let file =
                    self.folder.keep_finding(&Finding { part: minimise(&finding.part, seed)?, ..finding.clone() })?;
                println!("{}; {} died: {}; {}", self.so_far(), self.stack, finding.ended, file.display());
                Ok(true)
            }
        }
    }

    fn so_far(&self) -> String {
        let seconds = self.began.elapsed().as_secs();
        let rate = self.executions as f64 / self.began.elapsed().as_secs_f64();
        let (executions, features, corpus) = (self.executions, self.seen.len(), self.corpus.len());
        format!(
            "{seconds} s: {executions} parts, {rate:.0} a second, {features} features, {corpus} parts in the corpus"
        )
    }
}
