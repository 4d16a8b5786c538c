//! Whole connections, byte for byte: `cargo bench -p tlslab`.
//!
//! Other work on the machine can only slow a run down: read the column `fastest`.

use divan::Bencher;
use divan::counter::ItemsCount;
use tlslab::experiment::{Experiment, FidelityChoice, Monitor, RunOptions, SignatureChoice};
use tlslab::scenario::stores::Stores;
use tlslab::scenario::{Plan, Scenario};
use tlslab_dh::Kernel;
use tlslab_proto::behaviour::{ClientBehaviour, ServerBehaviour};
use tlslab_proto::crypto::draws::Draws;

/// Ways to exchange keys, as the client's suites.
const SUITES: [&str; 4] = [
    "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_DH_anon_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_RSA_WITH_AES_128_CBC_SHA",
];

fn main() {
    divan::main();
}

/// One connection with single powers, from its ClientHello to close_notify; signatures are simulated.
#[divan::bench(args = SUITES)]
fn connection(bencher: Bencher, suite: &str) {
    let experiment = experiment(suite);
    let setup = experiment.setup().expect("sound behaviours");
    let mut trials = 0..;
    let mut connect = || {
        let draws = Draws::new(1, trials.next().expect("no end of trials"));
        setup.run(draws, 0, &Plan::default(), &mut Stores::default(), &mut ()).expect("no edits")
    };
    assert!(!connect().failed(), "{suite}");
    bencher.counter(ItemsCount::new(1usize)).bench_local(connect);
}

/// A run of trials at wire fidelity on one thread, its exchanges computed in batches; its start-up counts.
#[divan::bench(args = Kernel::available(), sample_count = 10, sample_size = 1)]
fn wire_trials(bencher: Bencher, kernel: Kernel) {
    const TRIALS: u64 = 2_048;
    let experiment = experiment(SUITES[0]);
    let options =
        RunOptions { threads: 1, fidelity: FidelityChoice::Wire, kernel: Some(kernel), ..RunOptions::new(TRIALS, 1) };
    bencher
        .counter(ItemsCount::new(TRIALS as usize))
        .bench_local(|| experiment.run(&options, &Monitor::default()).expect("a sound experiment"));
}

fn experiment(suite: &str) -> Experiment {
    let client = ClientBehaviour::from_assignments(&format!("ems=off,suites={suite}")).expect("a client");
    let server = ServerBehaviour::from_assignments(&format!("ems=off,suites={suite}")).expect("a server");
    Experiment { client, server, scenario: Scenario::full(), signatures: SignatureChoice::Simulated }
}
