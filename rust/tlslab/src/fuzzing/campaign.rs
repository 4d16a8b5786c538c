//! Campaigns: run inputs, keep those that show something new, and judge them all.
//!
//! Inputs come in batches. Each is made of bytes that depend on the seed and its number alone, and of the corpus as it was
//! when its batch began; a batch is looked through in order. So a campaign finds the same on any number of threads.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use arbitrary::Unstructured;
use chacha20::ChaCha20Rng;
use chacha20::rand_core::{Rng, SeedableRng};
use rayon::prelude::*;
use sha2::{Digest, Sha256};
use tlslab_proto::behaviour::{ClientBehaviour, ServerBehaviour};

use super::finding::{Finding, signature};
use super::generate::generate;
use super::input::{Execution, Input};
use super::minimise::minimise;
use super::mutate::mutate;
use super::oracle::{Evidence, Oracle, objections};
use super::palette::Palette;
use super::signal::{self, Signal};

/// Inputs that are made from the same corpus.
const BATCH: u64 = 512;

/// As many bytes as an input is made of.
const INPUT_BYTES: usize = 1024;

/// Separates these bytes from any other use of SHA-256 over a seed.
const KEY_LABEL: &[u8] = b"tlslab fuzzing v1";

/// What a campaign looks for, and for how long.
#[derive(Clone)]
pub struct CampaignOptions {
    /// How clients act where the palette has no other value.
    pub client: ClientBehaviour,
    /// How servers act where the palette has no other value.
    pub server: ServerBehaviour,
    /// Which values the other knobs take.
    pub palette: Palette,
    /// What must hold.
    pub oracles: Vec<Oracle>,
    /// The seed of all that is made up.
    pub seed: u64,
    /// After how many inputs it stops; `None` for not by number.
    pub executions: Option<u64>,
    /// After how long it stops; `None` for not by time. What was found then depends on the machine.
    pub time: Option<Duration>,
    /// After how many findings it stops, once their batch is done; `None` for not by findings.
    pub most_findings: Option<usize>,
    /// The number of threads; 0 for one for each processor.
    pub threads: usize,
    /// Inputs to begin with.
    pub corpus: Vec<Input>,
}

/// How far a campaign is, for whoever looks on from another thread, and a way to stop it.
#[derive(Debug, Default)]
pub struct Progress {
    /// Inputs that were run.
    pub executions: AtomicU64,
    /// Those that got an established handshake.
    pub established: AtomicU64,
    /// Different findings.
    pub findings: AtomicU64,
    /// Set to stop it.
    pub cancelled: AtomicBool,
}

/// What a campaign came to.
#[derive(Debug, Clone)]
pub struct Summary {
    /// Inputs that were run.
    pub executions: u64,
    /// Inputs that could not be run: an edit did not fit, or knobs did not go together.
    pub misfits: u64,
    /// How often connections ended how, by the first connection's label.
    pub outcomes: BTreeMap<String, u64>,
    /// What was found, one of each kind, in the order in which it was.
    pub findings: Vec<Finding>,
    /// Inputs that each showed something new.
    pub corpus: Vec<Input>,
    /// How many features they showed.
    pub features: usize,
    /// How long it took.
    pub elapsed: Duration,
}

/// A campaign.
pub struct Campaign {
    options: CampaignOptions,
    key: [u8; 32],
    seen: Signal,
    known: BTreeSet<String>,
    summary: Summary,
}

/// What one input came to.
struct Ran {
    input: Input,
    execution: Execution,
    signal: Signal,
    objections: Vec<(Oracle, String)>,
}

impl Campaign {
    /// A campaign that has not run anything yet.
    pub fn new(options: CampaignOptions) -> Self {
        let key = Sha256::new().chain_update(KEY_LABEL).chain_update(options.seed.to_be_bytes()).finalize().into();
        let summary = Summary {
            executions: 0,
            misfits: 0,
            outcomes: BTreeMap::new(),
            findings: Vec::new(),
            corpus: Vec::new(),
            features: 0,
            elapsed: Duration::ZERO,
        };
        Self { options, key, seen: Signal::new(), known: BTreeSet::new(), summary }
    }

    /// Runs it to its end.
    ///
    /// # Errors
    /// The threads could not be started.
    pub fn run(mut self, progress: &Progress) -> Result<Summary, rayon::ThreadPoolBuildError> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(self.options.threads).build()?;
        let began = Instant::now();
        let given = std::mem::take(&mut self.options.corpus);
        let given = pool.install(|| given.into_par_iter().map(|input| self.try_out(input)).collect());
        pool.install(|| self.take(given, progress));
        let mut number = 0;
        while !self.is_over(number, began, progress) {
            let left = self.options.executions.map_or(BATCH, |most| (most - number).min(BATCH));
            let batch: Vec<Option<Ran>> =
                pool.install(|| (number..number + left).into_par_iter().map(|number| self.one(number)).collect());
            number += left;
            pool.install(|| self.take(batch, progress));
        }
        self.summary.elapsed = began.elapsed();
        self.summary.features = self.seen.len();
        Ok(self.summary)
    }

    fn is_over(&self, number: u64, began: Instant, progress: &Progress) -> bool {
        progress.cancelled.load(Ordering::Relaxed)
            || self.options.executions.is_some_and(|most| number >= most)
            || self.options.most_findings.is_some_and(|most| self.summary.findings.len() >= most)
            || self.options.time.is_some_and(|time| began.elapsed() >= time)
    }

    /// Makes the input with this number, and runs it. `None` where nothing came of it.
    fn one(&self, number: u64) -> Option<Ran> {
        let mut rng = ChaCha20Rng::from_seed(self.key);
        rng.set_stream(number);
        let mut bytes = [0; INPUT_BYTES];
        rng.fill_bytes(&mut bytes);
        self.try_out(self.make(&mut Unstructured::new(&bytes)).ok()?)
    }

    fn make(&self, u: &mut Unstructured<'_>) -> arbitrary::Result<Input> {
        let CampaignOptions { palette, client, server, .. } = &self.options;
        let corpus = &self.summary.corpus;
        if corpus.is_empty() || u.ratio(1, 4)? {
            return generate(u, *palette, client, server);
        }
        let (input, other) = (u.choose(corpus)?, u.choose(corpus)?);
        mutate(u, *palette, input, other)
    }

    fn try_out(&self, input: Input) -> Option<Ran> {
        let execution = input.run().ok()?;
        let objections =
            objections(&self.options.oracles, Evidence { scenario: &input.scenario, execution: &execution });
        Some(Ran { signal: signal::of(&execution), input, execution, objections })
    }

    /// Looks through what a batch came to, in order.
    fn take(&mut self, batch: Vec<Option<Ran>>, progress: &Progress) {
        for ran in batch {
            self.summary.executions += 1;
            let Some(ran) = ran else {
                self.summary.misfits += 1;
                continue;
            };
            let first = ran.execution.connections.first().map(|connection| connection.outcome.label());
            *self.summary.outcomes.entry(first.unwrap_or_else(|| "panic".to_owned())).or_default() += 1;
            let is_new = !ran.signal.is_subset(&self.seen);
            self.seen.extend(&ran.signal);
            for (oracle, what) in ran.objections {
                if self.known.insert(signature(oracle.name, &what)) {
                    let finding = Finding::new(oracle, what, self.summary.executions, ran.input.clone());
                    self.summary.findings.push(minimise(&finding));
                }
            }
            if is_new {
                self.summary.corpus.push(ran.input);
            }
        }
        let established = self.summary.outcomes.iter().filter(|(label, _)| label.starts_with("established"));
        progress.executions.store(self.summary.executions, Ordering::Relaxed);
        progress.established.store(established.map(|(_, count)| count).sum(), Ordering::Relaxed);
        progress.findings.store(self.summary.findings.len() as u64, Ordering::Relaxed);
    }
}
