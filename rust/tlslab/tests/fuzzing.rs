//! Campaigns: what they find, that they find it again, and that the defaults give them nothing to find.

use std::time::Duration;

use tlslab::fuzzing::oracle::ORACLES;
use tlslab::fuzzing::{Campaign, CampaignOptions, Palette, Progress, Summary};
use tlslab_proto::behaviour::{ClientBehaviour, ServerBehaviour};

fn options(client: &str, server: &str, executions: u64) -> CampaignOptions {
    CampaignOptions {
        client: ClientBehaviour::from_assignments(client).unwrap(),
        server: ServerBehaviour::from_assignments(server).unwrap(),
        palette: Palette::Conformant,
        oracles: ORACLES.to_vec(),
        seed: 1,
        executions: Some(executions),
        time: Some(Duration::from_secs(600)),
        threads: 2,
        corpus: Vec::new(),
    }
}

fn run(options: CampaignOptions) -> Summary {
    Campaign::new(options).run(&Progress::default()).unwrap()
}

#[test]
fn conformant_sides_give_no_oracle_a_reason() {
    let summary = run(options("", "", 20_000));
    for finding in &summary.findings {
        println!("{}: {}\n{}", finding.oracle, finding.what, serde_json::to_string(&finding.input).unwrap());
    }
    println!("{} {} {:?} {:?}", summary.features, summary.misfits, summary.outcomes, summary.elapsed);
    assert!(summary.findings.is_empty());
}
