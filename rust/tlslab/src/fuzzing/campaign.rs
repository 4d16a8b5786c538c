//! Campaigns: run inputs, keep those that show something new, and judge them all.
//!
//! Inputs come in batches. Each is made of bytes that depend on the seed and its number alone, and of the corpus as it was
//! when its batch began; a batch is looked through in order. So a campaign finds the same on any number of threads.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rayon::prelude::*;
use tlslab_proto::behaviour::{ClientBehaviour, ServerBehaviour};

use super::configs::Configs;
use super::finding::{Finding, signature};
use super::input::Input;
use super::maker::Maker;
use super::minimise::smallest;
use super::oracle::{AnyOracle, Evidence, Oracle};
use super::palette::Palette;
use super::reached::{self, Reached};
use super::signal::{self, Seen, Signal};

/// Inputs that are made from the same corpus.
const BATCH: u64 = 512;

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
    /// What else must hold, by functions that are not the lab's.
    pub custom: Vec<AnyOracle>,
    /// Functions that are not the lab's and change inputs; a quarter of the inputs goes through one.
    pub mutators: Vec<Mutator>,
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

/// Makes another input of one; the number is what it may draw from. `None` where it makes none.
pub type Mutator = Arc<dyn Fn(&Input, u64) -> Option<Input> + Send + Sync>;

/// How far a campaign is, for whoever looks on from another thread, and a way to stop it.
#[derive(Debug, Default)]
pub struct Progress {
    /// Inputs that were run.
    pub executions: AtomicU64,
    /// How many have got how far, at least; see [`Reached`].
    pub reached: [AtomicU64; Reached::ALL.len()],
    /// Different findings.
    pub findings: AtomicU64,
    /// Those of them that nobody has taken yet, so that each can be kept while the campaign goes on.
    pub news: Mutex<Vec<Finding>>,
    /// Inputs that have joined the corpus, likewise.
    pub joined: Mutex<Vec<Input>>,
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
    /// How many inputs have got how far, at least, in their first connection.
    pub reached: [u64; Reached::ALL.len()],
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
    oracles: Vec<AnyOracle>,
    configs: Configs,
    maker: Maker,
    seen: Seen,
    known: BTreeSet<String>,
    summary: Summary,
}

/// What one input came to.
struct Ran {
    input: Input,
    /// How its first connection ended.
    label: String,
    reached: Option<Reached>,
    signal: Signal,
    /// The oracles that object, by number, and what they say.
    objections: Vec<(usize, String)>,
}

impl Campaign {
    /// A campaign that has not run anything yet.
    pub fn new(options: CampaignOptions) -> Self {
        let CampaignOptions { seed, palette, client, server, mutators, .. } = options.clone();
        let maker = Maker::new(seed, palette, client, server).with_mutators(mutators);
        let summary = Summary {
            executions: 0,
            misfits: 0,
            outcomes: BTreeMap::new(),
            reached: Default::default(),
            findings: Vec::new(),
            corpus: Vec::new(),
            features: 0,
            elapsed: Duration::ZERO,
        };
        let oracles = options.oracles.iter().copied().map(AnyOracle::from).chain(options.custom.clone()).collect();
        Self {
            options,
            oracles,
            configs: Configs::default(),
            maker,
            seen: Seen::default(),
            known: BTreeSet::new(),
            summary,
        }
    }

    /// Runs it to its end.
    ///
    /// # Errors
    /// The threads could not be started.
    pub fn run(mut self, progress: &Progress) -> Result<Summary, rayon::ThreadPoolBuildError> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(self.options.threads).build()?;
        let began = Instant::now();
        let given = std::mem::take(&mut self.options.corpus);
        let numbered = given.into_par_iter().enumerate();
        let given = pool.install(|| numbered.map(|(number, input)| self.try_out(input, number as u64)).collect());
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
        self.try_out(self.maker.input(number, &self.summary.corpus)?, number)
    }

    /// Runs an input, and has it judged: by the oracles that are asked about each, and those whose turn it is.
    fn try_out(&self, input: Input, number: u64) -> Option<Ran> {
        let execution = input.run_with(&self.configs).ok()?;
        let evidence = Evidence::of(&input.scenario, &execution);
        let asked = self.oracles.iter().enumerate().filter(|(_, oracle)| number.is_multiple_of(oracle.every));
        let objections = asked.filter_map(|(at, oracle)| Some((at, (oracle.judge)(&input, &evidence)?))).collect();
        let first = execution.connections.first();
        Some(Ran {
            label: first.map_or_else(|| "panic".to_owned(), |connection| connection.outcome.label()),
            reached: first.and_then(reached::by),
            signal: signal::of(&execution),
            input,
            objections,
        })
    }

    /// Looks through what a batch came to, in order.
    fn take(&mut self, batch: Vec<Option<Ran>>, progress: &Progress) {
        let corpus = self.summary.corpus.len();
        for ran in batch {
            self.summary.executions += 1;
            let Some(ran) = ran else {
                self.summary.misfits += 1;
                continue;
            };
            *self.summary.outcomes.entry(ran.label).or_default() += 1;
            if let Some(reached) = ran.reached {
                self.summary.reached[..=reached as usize].iter_mut().for_each(|count| *count += 1);
            }
            for (at, what) in ran.objections {
                let oracle = &self.oracles[at];
                if self.known.insert(signature(&oracle.name, &what)) {
                    let finding = Finding::new(oracle, what, self.summary.executions, ran.input.clone());
                    let finding = smallest(&finding, oracle, &self.configs);
                    progress.news.lock().unwrap_or_else(PoisonError::into_inner).push(finding.clone());
                    self.summary.findings.push(finding);
                }
            }
            let known = self.seen.len();
            self.seen.extend(&ran.signal);
            if self.seen.len() > known {
                self.summary.corpus.push(ran.input);
            }
        }
        let joined = self.summary.corpus[corpus..].iter().cloned();
        progress.joined.lock().unwrap_or_else(PoisonError::into_inner).extend(joined);
        let counts = progress.reached.iter().zip(self.summary.reached);
        counts.for_each(|(shown, count)| shown.store(count, Ordering::Relaxed));
        progress.executions.store(self.summary.executions, Ordering::Relaxed);
        progress.findings.store(self.summary.findings.len() as u64, Ordering::Relaxed);
    }
}
