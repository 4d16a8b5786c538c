//! Inputs of a campaign, made, run and judged on one thread: `cargo bench -p tlslab --bench campaign`.

use divan::Bencher;
use divan::counter::ItemsCount;
use tlslab::fuzzing::oracle::{ORACLES, Oracle};
use tlslab::fuzzing::{Campaign, CampaignOptions, Palette, Progress};
use tlslab_proto::behaviour::{ClientBehaviour, ServerBehaviour};

/// As in the extension: campaigns allocate a lot.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Enough for most of the corpus to be there.
const INPUTS: u64 = 16_384;

fn main() {
    divan::main();
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn all_oracles(bencher: Bencher) {
    campaign(bencher, ORACLES);
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn no_oracle(bencher: Bencher) {
    campaign(bencher, &[]);
}

fn campaign(bencher: Bencher, oracles: &[Oracle]) {
    let options = CampaignOptions {
        client: ClientBehaviour::default(),
        server: ServerBehaviour::default(),
        palette: Palette::Conformant,
        oracles: oracles.to_vec(),
        custom: Vec::new(),
        mutators: Vec::new(),
        seed: 1,
        executions: Some(INPUTS),
        time: None,
        most_findings: None,
        threads: 1,
        corpus: Vec::new(),
    };
    bencher
        .counter(ItemsCount::new(INPUTS))
        .bench_local(|| Campaign::new(options.clone()).run(&Progress::default()).expect("a thread"));
}
