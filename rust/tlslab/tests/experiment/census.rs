//! Experiments at census fidelity.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tlslab::experiment::{ExponentSource, Fidelity, IntervalKind, StopRules, Stopped};
use tlslab::scenario::Plan;
use tlslab_dh::Kernel;

use super::*;

fn census(experiment: &Experiment, options: RunOptions) -> Report {
    let options = RunOptions { fidelity: FidelityChoice::Census, ..options };
    experiment.run(&options, &Monitor::default()).unwrap_or_else(|error| panic!("{error}"))
}

fn defect() -> Experiment {
    experiment("ems=off", "ems=off,premaster_zeros=keep,groups=modp768")
}

#[test]
fn every_trial_replays_to_what_the_census_counted() {
    for (client, server) in [
        ("ems=off", "ems=off,premaster_zeros=keep,groups=modp768"),
        ("ems=off", "ems=off,premaster_zeros=strip_one,short_public_value=reject,groups=modp768"),
    ] {
        let experiment = experiment(client, server);
        let report = census(&experiment, RunOptions::new(2_000, 3));
        let failed: BTreeSet<u64> = report.failed_trials.iter().copied().collect();
        assert!(!failed.is_empty(), "seed 3 has a failure among 2,000 trials");
        for index in 0..2_000 {
            let replay = experiment.replay(3, index, Fidelity::Census).unwrap();
            assert_eq!(replay.connections[0].outcome.failed(), failed.contains(&index), "trial {index} of {server}");
        }
    }
}

#[test]
fn counts_agree_with_theory() {
    let report = census(&defect(), RunOptions::new(5_000_000, 8));
    assert_eq!((report.fidelity, report.exponents), (Fidelity::Census, ExponentSource::FullLengthSums));
    assert_eq!((report.trials, report.stopped_by), (5_000_000, Stopped::Trials));
    let zeros: Vec<u16> = report.classes.iter().map(|class| class.zeros[0].z).collect();
    assert!([0, 1, 2].iter().all(|zeros_of_z| zeros.contains(zeros_of_z)), "{zeros:?}");
    for class in &report.classes {
        let expected = 255.0 / 256.0 * 256_f64.powi(-i32::from(class.zeros[0].z));
        assert!((class.expected_share.unwrap() / expected - 1.0).abs() < 1e-6);
        assert!(class.p_value.unwrap() > 0.01, "{class:?}");
        assert!(class.audited >= class.trials.min(1_024));
    }
    assert_eq!(report.interval_kind, IntervalKind::Variance);
    let [low, high] = report.interval.unwrap();
    assert!(low < 1.0 / 256.0 && 1.0 / 256.0 < high && report.p_value.unwrap() > 0.05);
}

#[test]
fn neither_kernels_nor_threads_nor_memory_change_a_census() {
    let experiment = experiment("ems=off", "ems=off,short_public_value=reject,premaster_zeros=keep,groups=modp768");
    // They cross the border of two blocks, and start and end inside a row.
    let range = (1 << 24) - 300_007..(1 << 24) + 300_007;
    let failed = |kernel, threads, memory_budget| {
        let (fidelity, kernel) = (FidelityChoice::Census, Some(kernel));
        let options = RunOptions { fidelity, kernel, threads, memory_budget, ..RunOptions::new(1 << 40, 9) };
        experiment.failed_trials(&options, range.clone(), &Monitor::default()).unwrap()
    };
    let fastest = Kernel::detect();
    let reference = failed(fastest, 1, 64 << 20);
    assert!(reference.len() > 4_000);
    for kernel in Kernel::available() {
        assert!(failed(kernel, 3, 1 << 20) == reference, "{kernel}");
    }
    let whole = |threads| {
        comparable(&census(&experiment, RunOptions { threads, memory_budget: 4 << 20, ..RunOptions::new(9_000, 9) }))
    };
    assert_eq!(whole(1), whole(5));
    for kernel in Kernel::ALL.iter().filter(|kernel| !Kernel::available().contains(kernel)) {
        println!("skipped: this CPU has no {kernel} kernel");
    }
}

#[test]
fn a_cancelled_census_keeps_a_prefix() {
    let experiment = defect();
    let options = RunOptions { fidelity: FidelityChoice::Census, ..RunOptions::new(u64::MAX, 11) };
    let monitor = Monitor::default();
    let cut = std::thread::scope(|scope| {
        let running = scope.spawn(|| experiment.run(&options, &monitor).unwrap());
        while monitor.done.load(Ordering::Relaxed) == 0 {
            std::thread::yield_now();
        }
        assert_eq!(monitor.failures(), None, "whoever sees failures may stop by them");
        monitor.cancelled.store(true, Ordering::Relaxed);
        running.join().unwrap()
    });
    assert_eq!((cut.stopped_by, cut.interval_kind, cut.audited), (Stopped::Interrupted, IntervalKind::Variance, 0));
    let whole = census(&experiment, RunOptions::new(cut.trials, 11));
    assert_eq!((cut.failed_trials, cut.outcomes), (whole.failed_trials, whole.outcomes));
}

#[test]
fn failed_trials_are_found_again() {
    let server = r#"{"ems": "off", "premaster_zeros": "keep", "groups": [{"p": "P", "g": "4"}]}"#;
    let experiment = experiment("ems=off", &server.replace('P', BOUNDARY_P));
    for (fidelity, trials) in [(FidelityChoice::Census, 30_000), (FidelityChoice::Class, 10_500)] {
        let options = RunOptions { fidelity, ..RunOptions::new(trials, 5) };
        let report = experiment.run(&options, &Monitor::default()).unwrap();
        assert!(report.failed_trials_total > 10_000 && report.failed_trials.len() == 10_000);
        let found = |range| experiment.failed_trials(&options, range, &Monitor::default()).unwrap();
        let all = found(0..trials);
        assert_eq!(all[..10_000], report.failed_trials);
        assert_eq!(all.len() as u64, report.failed_trials_total);
        let cut = 7_777;
        assert_eq!([found(0..cut), found(cut..trials)].concat(), all, "a part does not depend on where it starts");
        assert!(found(5..5).is_empty());
    }
}

#[test]
fn what_a_census_cannot_do_is_refused_by_name() {
    let refused = |experiment: &Experiment, stop| {
        let options = RunOptions { fidelity: FidelityChoice::Census, stop, ..RunOptions::new(10, 1) };
        experiment.run(&options, &Monitor::default()).unwrap_err().to_string()
    };
    let no_rules = StopRules::default();
    let unknown_order = r#"{"groups": [{"p": "P", "g": "2"}]}"#.replace('P', &("8".to_owned() + &"0".repeat(77) + "1"));
    let mut twice = defect();
    twice.scenario.connections = vec![Plan::default(); 2];
    for (experiment, reason) in [
        (experiment("ems=off,premaster_zeros=sign_byte", "ems=off"), "sign_byte"),
        (experiment("without_suites=TLS_DHE_*", ""), "no finite-field Diffie-Hellman"),
        (experiment("", &unknown_order), "order of the group's generator"),
        (experiment("short_public_value=reject", ""), "the server's public value"),
        (experiment("exponent_length=64", ""), "very short exponents"),
        (twice, "several connections"),
    ] {
        let message = refused(&experiment, no_rules);
        assert!(message.contains(reason) && message.contains("another fidelity"), "{message}");
    }
    for (rule, stop) in [
        ("max_failures", StopRules { max_failures: Some(5), ..no_rules }),
        ("precision", StopRules { precision: Some(0.1), ..no_rules }),
    ] {
        let message = refused(&defect(), stop);
        assert!(message.contains(rule) && message.contains("independent in pairs"), "{message}");
    }
    let soon = StopRules { seconds: Some(Duration::from_millis(1)), ..no_rules };
    let report = census(&defect(), RunOptions { stop: soon, ..RunOptions::new(u64::MAX, 1) });
    assert_eq!((report.stopped_by, report.interval_kind), (Stopped::Seconds, IntervalKind::Variance));
}
