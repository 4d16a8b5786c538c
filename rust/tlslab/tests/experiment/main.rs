//! Experiments. Seeds are fixed, so nothing here depends on luck.

mod census;
mod class;
mod parts;
mod stopping;
mod whitelist;
mod wire;

use tlslab::experiment::{Experiment, FidelityChoice, Monitor, Report, RunOptions, SignatureChoice};
use tlslab::scenario::Scenario;
use tlslab_proto::behaviour::{ClientBehaviour, ServerBehaviour};

/// 2^1024 + 1657867, a safe prime just above a byte boundary; g = 4.
const BOUNDARY_P: &str = "01\
    0000000000000000000000000000000000000000000000000000000000000000\
    0000000000000000000000000000000000000000000000000000000000000000\
    0000000000000000000000000000000000000000000000000000000000000000\
    0000000000000000000000000000000000000000000000000000000000194c0b";

fn experiment(client: &str, server: &str) -> Experiment {
    let read = |text: &str| {
        let client = ClientBehaviour::from_assignments(text);
        client.unwrap_or_else(|error| panic!("{text}: {error}"))
    };
    let server = if server.starts_with('{') {
        ServerBehaviour::from_json(server)
    } else {
        ServerBehaviour::from_assignments(server)
    };
    Experiment {
        client: read(client),
        server: server.unwrap_or_else(|error| panic!("{error}")),
        scenario: Scenario::full(),
        signatures: SignatureChoice::Simulated,
    }
}

fn run(experiment: &Experiment, trials: u64, seed: u64, threads: usize, digest: bool) -> Report {
    let fidelity = FidelityChoice::Wire;
    let options = RunOptions { threads, digest, fidelity, ..RunOptions::new(trials, seed) };
    experiment.run(&options, &Monitor::default()).unwrap_or_else(|error| panic!("{error}"))
}

/// All that is compared of a report: everything but how long it took.
fn comparable(report: &Report) -> serde_json::Value {
    let mut json = serde_json::to_value(report).unwrap();
    json.as_object_mut().unwrap().remove("timing");
    json
}
