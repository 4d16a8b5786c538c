//! Experiments at wire fidelity: rates against theory by the exact test, and results that no thread count changes. Seeds
//! are fixed, so nothing here depends on luck.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tlslab::experiment::{
    Experiment, ExperimentError, FidelityChoice, IntervalKind, Monitor, Report, RunOptions, SignatureChoice, StopRules,
    Stopped,
};
use tlslab::scenario::{Plan, Scenario};
use tlslab_dh::Kernel;
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

#[test]
fn one_in_256_at_ffdhe2048_whatever_the_number_of_threads() {
    let experiment = experiment("ems=off", "ems=off,premaster_zeros=keep");
    let report = run(&experiment, 20_000, 7, 2, true);
    let expected = report.expected_rate.unwrap();
    assert!((expected * 256.0 - 1.0).abs() < 1e-9, "{expected}");
    assert!(report.p_value.unwrap() > 1e-3, "{} failures of 20000", report.failures);
    assert_eq!(report.outcomes.get("alert:bad_record_mac:server"), Some(&report.failures));
    assert_eq!(report.causes.get("Z"), Some(&report.failures));
    for threads in [1, 7] {
        assert_eq!(comparable(&run(&experiment, 20_000, 7, threads, true)), comparable(&report), "{threads} threads");
    }
}

#[test]
fn a_group_of_rfc_2409_follows_the_formula() {
    let report = run(&experiment("ems=off", "ems=off,premaster_zeros=keep,groups=modp1024"), 8_000, 3, 0, false);
    assert!(report.p_value.unwrap() > 1e-3, "{} failures of 8000", report.failures);
    assert!((report.expected_rate.unwrap() * 256.0 - 1.0).abs() < 1e-9);
}

#[test]
fn just_above_a_byte_boundary_every_handshake_fails() {
    let server =
        format!(r#"{{"ems": "off", "premaster_zeros": "keep", "groups": [{{"p": "{BOUNDARY_P}", "g": "4"}}]}}"#);
    let report = run(&experiment("ems=off", &server), 500, 3, 0, false);
    assert_eq!(report.failures, 500);
    assert!(report.expected_rate.unwrap() > 1.0 - 1e-12);
    assert!(report.p_value.unwrap() > 1e-3);
}

#[test]
fn an_ordinary_custom_prime_follows_its_own_formula() {
    // RFC 2409's first group given as numbers: its top byte is ff, so P = 256^95 / p.
    let group = tlslab_dh::Group::by_name("modp768").unwrap();
    let server = format!(
        r#"{{"ems": "off", "premaster_zeros": "keep", "groups": [{{"p": "{}", "g": "2"}}]}}"#,
        hex::encode(group.modulus())
    );
    let report = run(&experiment("ems=off", &server), 8_000, 5, 0, false);
    let expected = report.expected_rate.unwrap();
    assert!((expected / group.probability_of_leading_zeros(1) - 1.0).abs() < 1e-12);
    assert!(report.p_value.unwrap() > 1e-3, "{} failures of 8000", report.failures);
}

#[test]
fn ems_on_both_sides_or_no_dhe_suite_never_fails() {
    for (client, server) in [
        ("", "premaster_zeros=keep,groups=modp1024"),
        ("ems=off,without_suites=TLS_DHE_*", "ems=off,premaster_zeros=keep"),
        ("ems=off,premaster_zeros=keep", "ems=off,premaster_zeros=keep,groups=modp1024"),
    ] {
        let report = run(&experiment(client, server), 3_000, 1, 0, false);
        assert_eq!(report.failures, 0, "{client} against {server}");
        assert_eq!(report.expected_rate, Some(0.0));
        assert_eq!(report.p_value, Some(1.0));
    }
}

#[test]
fn two_zero_bytes_and_short_public_values_have_their_own_rates() {
    let expected = |client, server| experiment(client, server).expected_rate().unwrap();
    let near = |rate: Option<f64>, wanted: f64| {
        let rate = rate.unwrap();
        assert!((rate / wanted - 1.0).abs() < 1e-3, "{rate} is not near {wanted}");
    };
    near(expected("ems=off", "ems=off,premaster_zeros=strip_one,groups=modp1024"), 1.0 / 65_536.0);
    // A server that miscomputes a short Yc fails once in 256; one whose peer keeps zeros too, for either reason.
    near(expected("ems=off", "ems=off,short_public_value=miscompute,groups=modp768"), 1.0 / 256.0);
    let either = 1.0 - (255.0_f64 / 256.0).powi(2);
    near(expected("ems=off,premaster_zeros=keep", "ems=off,short_public_value=miscompute,groups=modp768"), either);
    // Nothing is claimed where more than zeros decides.
    assert_eq!(expected("ems=off,premaster_zeros=sign_byte", "ems=off"), None);
    assert_eq!(expected("ems=off,exponent_length=20", "ems=off,premaster_zeros=keep"), None);
}

#[test]
fn several_connections_fail_if_one_does() {
    let mut twice = experiment("ems=off", "ems=off,premaster_zeros=keep,groups=modp768");
    twice.scenario.connections = vec![Plan::default(); 2];
    let mut reused =
        experiment("resumption=none,short_public_value=reject", "exponent_reuse=within_trial,groups=modp768");
    reused.scenario.connections = vec![Plan::default(); 2];
    assert_eq!(reused.expected_rate().unwrap(), None, "a short public value comes in both connections, or in none");
    let report = run(&twice, 4_000, 2, 0, false);
    let either = 1.0 - (255.0_f64 / 256.0).powi(2);
    assert!((report.expected_rate.unwrap() / either - 1.0).abs() < 1e-6);
    assert!(report.p_value.unwrap() > 1e-3, "{} failures of 4000", report.failures);
}

#[test]
fn a_replay_gives_the_bytes_of_the_run() {
    let experiment = experiment("ems=off", "ems=off,premaster_zeros=keep,groups=modp768");
    let report = run(&experiment, 1_500, 11, 0, true);
    let failed = *report.failed_trials.first().expect("seed 11 has a failure among 1,500 trials");
    let replay = experiment.replay(11, failed).unwrap();
    let connection = &replay.connections[0];
    assert_eq!(connection.outcome.label(), "alert:bad_record_mac:server");
    assert_eq!(connection.outcome.at.as_deref(), Some("Finished"));
    assert_eq!(experiment.replay(11, failed).unwrap(), replay);
    // The digest of a run is made of the very bytes that replays show.
    let mut all = sha2::Sha256::default();
    for trial in 0..1_500 {
        let mut one = sha2::Sha256::default();
        for flight in &experiment.replay(11, trial).unwrap().connections[0].flights {
            sha2::Digest::update(&mut one, [flight.sender as u8]);
            sha2::Digest::update(&mut one, (flight.bytes.len() as u64).to_be_bytes());
            sha2::Digest::update(&mut one, &flight.bytes);
        }
        sha2::Digest::update(&mut all, sha2::Digest::finalize(one));
    }
    assert_eq!(report.digest, Some(hex::encode(sha2::Digest::finalize(all))));
}

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
fn look_alikes_are_told_apart_by_the_trace() {
    for (client, server, cause) in [
        ("ems=off", "ems=off,short_public_value=miscompute,public_value=minimal,groups=modp768", "public_value"),
        ("ems=off,short_public_value=reject", "ems=off,groups=modp768", "public_value"),
        ("ems=off,verified_bytes=minimal", "ems=off,groups=modp768", "signature"),
        ("ems=off,premaster_zeros=keep", "ems=off,groups=modp768", "Z"),
        ("ems=off,suites=TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,ecdh_zeros=strip", "ems=off", "ecdh"),
    ] {
        let report = run(&experiment(client, server), 1_500, 4, 0, false);
        assert!(report.failures > 0, "{client} against {server}");
        assert_eq!(report.causes.get(cause), Some(&report.failures), "{client} against {server}: {:?}", report.causes);
    }
    let refused = run(&experiment("ems=required", "ems=off"), 10, 4, 0, false);
    assert_eq!(refused.causes.get("negotiation"), Some(&10));
    assert_eq!(refused.expected_rate, Some(1.0));
}

#[test]
fn knobs_about_rsa_signatures_get_real_ones() {
    let report = run(&experiment("ems=off", "ems=off,rsa_signature_zeros=strip,groups=modp768"), 4, 1, 0, false);
    assert_eq!(report.signatures, SignatureChoice::Real);
    let report = run(&experiment("", "groups=modp768"), 4, 1, 0, false);
    assert_eq!(report.signatures, SignatureChoice::Simulated);
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

/// A run by classes, with all that is compared.
fn by_classes(experiment: &Experiment, trials: u64, seed: u64) -> Report {
    let options = RunOptions { fidelity: FidelityChoice::Class, ..RunOptions::new(trials, seed) };
    experiment.run(&options, &Monitor::default()).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn classes_and_wire_agree_on_every_trial() {
    for (client, server) in [
        ("ems=off", "ems=off,premaster_zeros=keep,groups=modp768"),
        ("ems=off,short_public_value=reject", "ems=off,premaster_zeros=strip_one,groups=modp768"),
        ("ems=off,exponent_length=full,verified_bytes=minimal", "ems=off,groups=modp768,exponent_length=full"),
        ("ems=off,without_suites=TLS_DHE_*", "ems=off,premaster_zeros=keep"),
    ] {
        let experiment = experiment(client, server);
        let (class, wire) = (by_classes(&experiment, 2_000, 5), run(&experiment, 2_000, 5, 0, false));
        assert_eq!(class.fidelity, "class");
        assert_eq!(class.failed_trials, wire.failed_trials, "{client} against {server}");
        assert_eq!((class.outcomes, class.causes), (wire.outcomes, wire.causes));
        assert_eq!(class.expected_rate, wire.expected_rate);
        assert_eq!(class.classes.iter().map(|class| class.trials).sum::<u64>(), 2_000);
        assert!(class.audited >= 1_024);
    }
}

#[test]
fn classes_of_several_connections() {
    let mut twice = experiment("ems=off", "ems=off,premaster_zeros=keep,groups=modp768");
    twice.scenario.connections = vec![Plan::default(); 2];
    let (class, wire) = (by_classes(&twice, 2_000, 2), run(&twice, 2_000, 2, 0, false));
    assert_eq!(class.failed_trials, wire.failed_trials);
    // A trial whose first connection failed has no second one.
    assert!(class.classes.iter().any(|class| class.zeros.len() == 1 && class.outcome.starts_with("alert")));
}

#[test]
fn neither_kernels_nor_threads_nor_memory_change_a_class() {
    let experiment = experiment("ems=off,short_public_value=reject", "ems=off,premaster_zeros=keep,groups=modp768");
    let run = |kernel, threads, memory_budget| {
        let fidelity = FidelityChoice::Class;
        let options =
            RunOptions { fidelity, kernel: Some(kernel), threads, memory_budget, ..RunOptions::new(3_000, 9) };
        comparable(&experiment.run(&options, &Monitor::default()).unwrap())
    };
    let reference = run(Kernel::Portable, 1, 64 << 20);
    for kernel in Kernel::available() {
        assert_eq!(run(kernel, 7, 1 << 20), reference, "{kernel}");
    }
    for kernel in Kernel::ALL.iter().filter(|kernel| !Kernel::available().contains(kernel)) {
        println!("skipped: this CPU has no {kernel} kernel");
    }
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

#[test]
fn what_depends_on_more_than_classes_is_refused_by_name() {
    let refused = |experiment: &Experiment| {
        let options = RunOptions { fidelity: FidelityChoice::Class, ..RunOptions::new(10, 1) };
        experiment.run(&options, &Monitor::default()).unwrap_err().to_string()
    };
    assert!(refused(&experiment("ems=off,premaster_zeros=sign_byte", "ems=off")).contains("sign_byte"));
    assert!(refused(&experiment("ecdh_zeros=strip", "")).contains("ecdh_zeros"));
    assert!(refused(&experiment("rsa_ciphertext_zeros=strip", "")).contains("rsa_ciphertext_zeros"));
}
