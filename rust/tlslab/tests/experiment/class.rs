//! Experiments at class fidelity: they agree with wire fidelity trial by trial.

use tlslab::experiment::Fidelity;
use tlslab::scenario::Plan;
use tlslab_dh::Kernel;

use super::*;

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
        assert_eq!(class.fidelity, Fidelity::Class);
        assert_eq!(class.failed_trials, wire.failed_trials, "{client} against {server}");
        assert_eq!((class.outcomes, class.causes), (wire.outcomes, wire.causes));
        assert_eq!(class.expected_rate, wire.expected_rate);
        assert_eq!(class.classes.iter().map(|class| class.trials).sum::<u64>(), 2_000);
        assert!(class.audited >= 1_024);
    }
}

/// A prime of 301 bits that is not safe, so that nothing is known of g's order, and no product of exponents gets shorter.
#[test]
fn a_group_of_unknown_order_shorter_than_two_exponents() {
    let prime = format!("1{}9d", "0".repeat(73));
    let group = format!(r#"{{"groups": [{{"p": "{prime}", "g": "02"}}], "ems": "off", "premaster_zeros": "keep"}}"#);
    let mut experiment = experiment("ems=off", "");
    experiment.server = serde_json::from_str(&group).unwrap();
    let (class, wire) = (by_classes(&experiment, 2_000, 3), run(&experiment, 2_000, 3, 0, false));
    assert!(class.failures > 0);
    assert_eq!(class.failed_trials, wire.failed_trials);
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
fn what_depends_on_more_than_classes_is_refused_by_name() {
    let refused = |experiment: &Experiment| {
        let options = RunOptions { fidelity: FidelityChoice::Class, ..RunOptions::new(10, 1) };
        experiment.run(&options, &Monitor::default()).unwrap_err().to_string()
    };
    assert!(refused(&experiment("ems=off,premaster_zeros=sign_byte", "ems=off")).contains("sign_byte"));
    assert!(refused(&experiment("ecdh_zeros=strip", "")).contains("ecdh_zeros"));
    assert!(refused(&experiment("rsa_ciphertext_zeros=strip", "")).contains("rsa_ciphertext_zeros"));
}
