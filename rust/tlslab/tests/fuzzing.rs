//! Campaigns: what they find, that they find it again, and that sides which keep the RFCs give them nothing to find.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::Arc;

use rayon::prelude::*;
use tlslab::fuzzing::oracle::{AnyOracle, Evidence, ORACLES, Oracle};
use tlslab::fuzzing::seeded::SEEDED;
use tlslab::fuzzing::{Campaign, CampaignOptions, Execution, Input, InputError, Mutator, Palette, Progress, Summary};
use tlslab::scenario::Scenario;
use tlslab_proto::behaviour::{ClientBehaviour, ServerBehaviour};

fn options(client: &str, server: &str, executions: u64) -> CampaignOptions {
    CampaignOptions {
        client: ClientBehaviour::from_assignments(client).unwrap(),
        server: ServerBehaviour::from_assignments(server).unwrap(),
        palette: Palette::Conformant,
        oracles: ORACLES.to_vec(),
        custom: Vec::new(),
        mutators: Vec::new(),
        seed: 1,
        executions: Some(executions),
        time: None,
        most_findings: None,
        threads: 0,
        corpus: Vec::new(),
    }
}

fn run(options: CampaignOptions) -> Summary {
    Campaign::new(options).run(&Progress::default()).unwrap()
}

fn oracles_of(summary: &Summary) -> BTreeSet<&str> {
    summary.findings.iter().map(|finding| finding.oracle.as_str()).collect()
}

#[test]
fn conformant_sides_give_no_oracle_a_reason() {
    let summary = run(options("", "", 20_000));
    for finding in &summary.findings {
        println!("{}: {}\n{}", finding.oracle, finding.what, serde_json::to_string(&finding.input).unwrap());
    }
    assert!(summary.findings.is_empty());
    let count =
        |ended: &str| summary.outcomes.iter().filter(|(label, _)| label.starts_with(ended)).map(|(_, n)| n).sum();
    let (established, alert): (u64, u64) = (count("established"), count("alert"));
    // Most inputs get past the first flight, and many are refused.
    assert!(established > summary.executions / 4 && alert > summary.executions / 4, "{:?}", summary.outcomes);
    assert!(summary.corpus.len() > 500, "{} inputs showed something new", summary.corpus.len());
}

/// Inputs after which each bug has to be found; the slowest takes a quarter of them with this seed.
const ENOUGH: u64 = 40_000;

#[test]
fn every_seeded_bug_is_found_and_made_small() {
    for bug in SEEDED {
        let (client, server) = bug.behaviours().unwrap();
        let summary = run(CampaignOptions { client, server, most_findings: Some(1), ..options("", "", ENOUGH) });
        assert!(!summary.findings.is_empty(), "{} is not found by {} inputs", bug.name, summary.executions);
        println!("{}: {} inputs, {:?}", bug.name, summary.findings[0].execution, oracles_of(&summary));
        for found in summary.findings {
            let edits: usize = found.input.scenario.connections.iter().map(|plan| plan.edits.len()).sum();
            assert!(edits <= 3, "{}", found.input.to_json());
            // It is there again when its file is run.
            assert_eq!(Input::from_json(&found.input.to_json()).unwrap(), found.input);
        }
    }
}

/// What the knobs of seeded bugs come to without edits depends on classes alone, wherever the whitelist says so.
#[test]
fn seeded_bugs_come_to_the_same_by_classes() {
    let tiers = Oracle::by_name("tiers").unwrap();
    for bug in SEEDED {
        let (client, server) = bug.behaviours().unwrap();
        let input = Input::new(client, server, Scenario::parse("full").unwrap(), 1);
        let execution = input.run().unwrap();
        assert_eq!(tiers.judge_run(&input, &Evidence::of(&input.scenario, &execution)), None, "{}", bug.name);
    }
}

#[test]
fn oracles_that_run_again_notice_what_is_another_run() {
    let input = run(options("", "", 50)).corpus.remove(0);
    let mut execution = input.run().unwrap();
    let judge = |execution: &Execution| {
        Oracle::by_name("determinism").unwrap().judge_run(&input, &Evidence::of(&input.scenario, execution))
    };
    assert_eq!(judge(&execution), None);
    execution.connections[0].flights.pop();
    assert!(judge(&execution).is_some());
}

/// A thread that waits for the trials of one input must not take up another one meanwhile, and the next one in that: a
/// corpus of 20,000 inputs filled its stack.
#[test]
fn inputs_are_judged_one_at_a_time() {
    thread_local! {
        static IS_JUDGING: Cell<bool> = const { Cell::new(false) };
    }
    let server = ServerBehaviour::from_assignments("groups=modp768").unwrap();
    let input = Input::new(ClientBehaviour::default(), server, Scenario::parse("full").unwrap(), 1);
    let execution = input.run().unwrap();
    let evidence = Evidence::of(&input.scenario, &execution);
    let tiers = Oracle::by_name("tiers").unwrap();
    let judge = |_| {
        assert!(!IS_JUDGING.replace(true), "an input is judged within another one");
        assert_eq!(tiers.judge_run(&input, &evidence), None);
        IS_JUDGING.set(false);
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    pool.install(|| (0..50).into_par_iter().for_each(judge));
}

#[test]
fn functions_judge_and_make_inputs() {
    let custom = AnyOracle {
        name: "two".to_owned(),
        rule: "a scenario has one connection".to_owned(),
        every: 2,
        judge: Arc::new(|_, evidence| (evidence.execution.connections.len() > 1).then(|| "it has more".to_owned())),
    };
    let mutator: Mutator = Arc::new(|input, number| {
        let mut input = input.clone();
        input.seed = number;
        input.scenario.connections.truncate(2);
        Some(input)
    });
    let with = |threads| {
        let options = options("", "", 1_000);
        let (custom, mutators) = (vec![custom.clone()], vec![mutator.clone()]);
        run(CampaignOptions { custom, mutators, oracles: Vec::new(), threads, ..options })
    };
    let summary = with(1);
    assert_eq!(summary.findings.len(), 1);
    assert_eq!(summary.findings[0].input.scenario.connections.len(), 2);
    assert_eq!(summary.corpus, with(2).corpus);
    assert!(summary.reached.is_sorted_by(|nearer, farther| nearer >= farther) && summary.reached[4] > 0);
}

#[test]
fn a_campaign_is_its_seed() {
    let found = |threads, seed| {
        let summary = run(CampaignOptions { threads, seed, ..options("", "premaster_zeros=keep", 3_000) });
        (summary.findings, summary.corpus, summary.outcomes)
    };
    let first = found(1, 7);
    assert_eq!(first, found(2, 7));
    assert_ne!(first.1, found(2, 8).1);
}

#[test]
fn a_corpus_is_gone_on_with() {
    let first = run(options("", "", 2_000));
    let second = run(CampaignOptions { corpus: first.corpus.clone(), seed: 2, ..options("", "", 2_000) });
    assert!(second.corpus.starts_with(&first.corpus[..10]));
    assert!(second.features > first.features);
}

#[test]
fn any_value_of_any_knob_is_no_reason_to_panic() {
    let oracles = ORACLES.iter().filter(|oracle| ["no_panic", "bounded"].contains(&oracle.name)).copied().collect();
    let summary = run(CampaignOptions { palette: Palette::Any, oracles, ..options("", "", 5_000) });
    assert_eq!(summary.findings, []);
}

#[test]
fn what_is_no_input_is_refused() {
    let input = run(options("", "", 100)).corpus.remove(0);
    assert!(matches!(Input::from_json("{"), Err(InputError::Malformed(_))));
    assert!(matches!(Input::from_json("[]"), Err(InputError::Malformed(_))));
    let newer = input.to_json().replacen("\"schema\": 1", "\"schema\": 9", 1);
    assert!(matches!(Input::from_json(&newer), Err(InputError::Schema { got: 9 })));
    let unknown = input.to_json().replacen("\"schema\": 1", "\"schema\": 1, \"more\": 2", 1);
    assert!(Input::from_json(&unknown).unwrap_err().to_string().contains("more"));
    let numeric = input.to_json().replacen("\"seed\": \"", "\"seed\": \"x", 1);
    assert!(Input::from_json(&numeric).unwrap_err().to_string().contains("64 bits"));
}
