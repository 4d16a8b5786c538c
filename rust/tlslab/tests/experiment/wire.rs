//! Experiments at wire fidelity: rates against theory by the exact test, and replays.

use tlslab::experiment::Fidelity;
use tlslab::scenario::Plan;

use super::*;

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
    let replay = experiment.replay(11, failed, Fidelity::Wire).unwrap();
    let connection = &replay.connections[0];
    assert_eq!(connection.outcome.label(), "alert:bad_record_mac:server");
    assert_eq!(connection.outcome.at.as_deref(), Some("Finished"));
    assert_eq!(experiment.replay(11, failed, Fidelity::Wire).unwrap(), replay);
    // The digest of a run is made of the very bytes that replays show.
    let mut all = sha2::Sha256::default();
    for trial in 0..1_500 {
        let mut one = sha2::Sha256::default();
        for flight in &experiment.replay(11, trial, Fidelity::Wire).unwrap().connections[0].flights {
            sha2::Digest::update(&mut one, [flight.sender as u8]);
            sha2::Digest::update(&mut one, (flight.bytes.len() as u64).to_be_bytes());
            sha2::Digest::update(&mut one, &flight.bytes);
        }
        sha2::Digest::update(&mut all, sha2::Digest::finalize(one));
    }
    assert_eq!(report.digest, Some(hex::encode(sha2::Digest::finalize(all))));
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
