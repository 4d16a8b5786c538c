//! When a run ends before its trials do, and what is refused before it starts.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tlslab::experiment::{ExperimentError, IntervalKind, StopRules, Stopped};

use super::*;

#[test]
fn a_cancelled_run_keeps_a_prefix() {
    let experiment = experiment("ems=off", "ems=off,premaster_zeros=keep,groups=modp768");
    let options = RunOptions { threads: 2, digest: true, ..RunOptions::new(u64::MAX, 11) };
    let monitor = Monitor::default();
    let cut = std::thread::scope(|scope| {
        let running = scope.spawn(|| experiment.run(&options, &monitor).unwrap());
        while monitor.done.load(Ordering::Relaxed) == 0 {
            std::thread::yield_now();
        }
        monitor.cancelled.store(true, Ordering::Relaxed);
        running.join().unwrap()
    });
    assert_eq!(cut.stopped_by, Stopped::Interrupted);
    let whole = run(&experiment, cut.trials, 11, 1, true);
    assert_eq!((cut.digest, cut.failed_trials, cut.outcomes), (whole.digest, whole.failed_trials, whole.outcomes));
}

#[test]
fn nothing_to_run_is_an_error_before_anything_starts() {
    let mut experiment = experiment("", "");
    let options = RunOptions::new(0, 1);
    assert!(matches!(experiment.run(&options, &Monitor::default()), Err(ExperimentError::NoTrials)));
    experiment.scenario.connections.clear();
    let options = RunOptions { trials: 1, ..options };
    assert!(matches!(experiment.run(&options, &Monitor::default()), Err(ExperimentError::Scenario(_))));
    assert!(Scenario::parse("half").unwrap_err().to_string().contains("full"));
}

#[test]
fn a_run_stops_by_its_rules_in_the_order_of_trials() {
    let experiment = experiment("ems=off", "ems=off,premaster_zeros=keep,groups=modp768");
    let run = |fidelity, threads, stop| {
        let options = RunOptions { fidelity, threads, stop, ..RunOptions::new(1 << 40, 6) };
        experiment.run(&options, &Monitor::default()).unwrap()
    };
    let five = StopRules { max_failures: Some(5), ..StopRules::default() };
    let report = run(FidelityChoice::Wire, 1, five);
    assert_eq!((report.stopped_by, report.failures), (Stopped::MaxFailures, 5));
    assert_eq!(report.failed_trials.last(), Some(&(report.trials - 1)), "the last trial is the fifth failure");
    assert_eq!((report.interval_kind, report.p_value), (IntervalKind::NegativeBinomial, None));
    let by_class = |threads| comparable(&run(FidelityChoice::Class, threads, five));
    assert_eq!(by_class(1), by_class(7));
    for (fidelity, threads) in [(FidelityChoice::Wire, 7), (FidelityChoice::Class, 2)] {
        let other = run(fidelity, threads, five);
        assert_eq!((other.trials, other.failed_trials), (report.trials, report.failed_trials.clone()));
    }
    let rough = StopRules { precision: Some(0.6), ..StopRules::default() };
    let (wire, class) = (run(FidelityChoice::Wire, 7, rough), run(FidelityChoice::Class, 1, rough));
    assert_eq!((wire.stopped_by, wire.interval_kind), (Stopped::Precision, IntervalKind::ConfidenceSequence));
    assert_eq!((wire.trials, wire.failures, wire.interval), (class.trials, class.failures, class.interval));
    assert!(wire.trials.is_multiple_of(1_024));
    let soon = StopRules { seconds: Some(Duration::from_millis(1)), ..StopRules::default() };
    assert_eq!(run(FidelityChoice::Class, 1, soon).stopped_by, Stopped::Seconds);
}

#[test]
fn rules_and_budgets_that_cannot_be_kept_are_refused_before_anything_starts() {
    let experiment = experiment("ems=off", "ems=off,premaster_zeros=keep");
    let refused = |options: RunOptions| experiment.run(&options, &Monitor::default()).unwrap_err().to_string();
    let rules = |stop| RunOptions { stop, ..RunOptions::new(1 << 40, 1) };
    assert!(refused(rules(StopRules { max_failures: Some(0), ..StopRules::default() })).contains("at least 1"));
    assert!(refused(rules(StopRules { precision: Some(-1.0), ..StopRules::default() })).contains("precision"));
    assert!(refused(RunOptions { memory_budget: 100, ..RunOptions::new(1 << 40, 1) }).contains("too small"));
}
