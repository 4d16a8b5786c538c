//! Counts the allocations of a trial at wire fidelity: `cargo run --release -p tlslab --example allocations`.
//!
//! It runs few trials and many, and divides the difference; so start-up and tables drop out.

use std::alloc::System;
use std::error::Error;

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, Stats, StatsAlloc};
use tlslab::experiment::{Experiment, FidelityChoice, Monitor, RunOptions, SignatureChoice};
use tlslab::scenario::Scenario;
use tlslab_proto::behaviour::{ClientBehaviour, ServerBehaviour};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const SUITES: [&str; 2] = ["TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_DHE_RSA_WITH_AES_128_CBC_SHA"];

/// Trials of the two runs.
const FEW: u64 = 256;
const MANY: u64 = 1_280;

/// The table of powers is made anew for each run, and small.
const BUDGET: usize = 1 << 20;

fn main() -> Result<(), Box<dyn Error>> {
    println!("{:36} {:>11} {:>11} {:>7}", "a trial at wire fidelity", "allocations", "growths", "bytes");
    for suite in SUITES {
        let server = format!("ems=off,premaster_zeros=keep,groups=ffdhe2048,suites={suite}");
        let experiment = Experiment {
            client: ClientBehaviour::from_assignments("ems=off")?,
            server: ServerBehaviour::from_assignments(&server)?,
            scenario: Scenario::full(),
            signatures: SignatureChoice::Simulated,
        };
        let (few, many) = (allocated(&experiment, FEW)?, allocated(&experiment, MANY)?);
        let each = |of: fn(&Stats) -> usize| (of(&many) - of(&few)) as f64 / (MANY - FEW) as f64;
        let [allocations, growths] = [each(|stats| stats.allocations), each(|stats| stats.reallocations)];
        println!("{suite:36} {allocations:11.1} {growths:11.1} {:7.0}", each(|stats| stats.bytes_allocated));
    }
    Ok(())
}

/// What running so many trials, on one thread, allocates in all.
fn allocated(experiment: &Experiment, trials: u64) -> Result<Stats, Box<dyn Error>> {
    let fidelity = FidelityChoice::Wire;
    let options = RunOptions { threads: 1, fidelity, memory_budget: BUDGET, ..RunOptions::new(trials, 1) };
    let region = Region::new(ALLOCATOR);
    experiment.run(&options, &Monitor::default())?;
    Ok(region.change())
}
