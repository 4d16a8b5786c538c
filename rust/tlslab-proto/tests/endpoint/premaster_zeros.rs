//! The defect: two sides that disagree on the leading zero bytes of Z fail exactly when Z has some.

use std::sync::Arc;

use serde_json::{Value, json};
use tlslab_dh::{Group, GroupError, leading_zero_bytes};
use tlslab_proto::crypto::Side;
use tlslab_proto::endpoint::diffie_hellman::{ChosenSecret, DiffieHellman, Honest};
use tlslab_proto::wire::registry::AlertDescription;

use super::pump::{Outcome, Setup};

/// 2^255 - 19: short, so that a Z with two zero bytes is soon found.
const P: &str = "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed";

const VERSIONS: [(&str, &str); 3] = [
    ("TLSv1.0", "TLS_DHE_RSA_WITH_AES_128_CBC_SHA"),
    ("TLSv1.1", "TLS_DHE_RSA_WITH_AES_128_CBC_SHA"),
    ("TLSv1.2", "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"),
];

fn setup(version: (&str, &str), client: Value, server: Value) -> Setup {
    let knobs = |mut own: Value| {
        own["versions"] = json!([version.0]);
        own["suites"] = json!([version.1]);
        own
    };
    let mut server = knobs(server);
    server["groups"] = json!([{"p": P, "g": "02"}]);
    Setup::new(knobs(client), server)
}

/// Runs `setup` with a Z of `zeros` leading zero bytes, and says whether the handshake fails. There is one way in
/// which it may: the server, the first to read a Finished, cannot.
fn fails(mut setup: Setup, zeros: usize) -> bool {
    setup.client_dh = Arc::new(ChosenSecret::with_leading_zeros(zeros));
    fails_as_is(&setup, zeros)
}

fn fails_as_is(setup: &Setup, zeros: usize) -> bool {
    let mut pair = setup.run();
    assert_eq!(leading_zero_bytes(&pair.z()), zeros);
    if pair.outcome() == Outcome::Established {
        return false;
    }
    assert_eq!(pair.outcome(), Outcome::Alert(Side::Server, AlertDescription::BAD_RECORD_MAC));
    assert_eq!(pair.server.expects(), "Finished");
    assert_eq!(pair.sent_names(Side::Client).last(), Some(&"Finished"));
    assert_eq!(pair.sent_names(Side::Server)[4..], ["Alert"]);
    true
}

/// How many of `zeros` leading zero bytes a rule takes away.
fn stripped(rule: &str, zeros: usize) -> usize {
    match rule {
        "strip" => zeros,
        "keep" => 0,
        "strip_one" => zeros.min(1),
        _ => panic!("{rule} depends on more than the number of zeros"),
    }
}

#[test]
fn a_handshake_fails_exactly_where_the_rules_differ_on_the_zeros_of_z() {
    const RULES: [&str; 3] = ["strip", "keep", "strip_one"];
    for version in VERSIONS {
        for client in RULES {
            for server in RULES {
                for zeros in 0..=2 {
                    let without_ems = |rule| json!({"ems": "off", "premaster_zeros": rule});
                    let setup = setup(version, without_ems(client), without_ems(server));
                    let expected = stripped(client, zeros) != stripped(server, zeros);
                    assert_eq!(fails(setup, zeros), expected, "{version:?}: {client} {server} {zeros}");
                }
            }
        }
    }
}

#[test]
fn with_ems_on_both_sides_the_other_knob_governs() {
    let version = VERSIONS[2];
    for zeros in 0..=1 {
        let with = |client: Value, server: Value| fails(setup(version, client, server), zeros);
        let differ = zeros > 0;
        assert!(!with(json!({}), json!({"premaster_zeros": "keep"})));
        assert!(!with(json!({"premaster_zeros": "keep"}), json!({})));
        assert_eq!(with(json!({}), json!({"premaster_zeros_ems": "keep"})), differ);
        assert_eq!(with(json!({"premaster_zeros_ems": "keep"}), json!({})), differ);
        assert!(!with(json!({"premaster_zeros_ems": "keep"}), json!({"premaster_zeros_ems": "keep"})));
        // EMS on one side is none.
        for (client, server) in [("off", "on"), ("on", "off")] {
            let keeps = |knob: &str| json!({"ems": server, knob: "keep"});
            assert_eq!(with(json!({"ems": client}), keeps("premaster_zeros")), differ);
            assert!(!with(json!({"ems": client}), keeps("premaster_zeros_ems")));
        }
    }
}

#[test]
fn the_rule_may_differ_by_version() {
    for version in VERSIONS {
        let server = json!({"ems": "off", "premaster_zeros": {"TLSv1.0": "keep", "TLSv1.2": "strip_one"}});
        assert_eq!(fails(setup(version, json!({}), server.clone()), 1), version.0 == "TLSv1.0", "{version:?}");
        assert_eq!(fails(setup(version, json!({}), server), 2), version.0 != "TLSv1.1", "{version:?}");
    }
}

/// A client that chooses its exponent by any property of Z.
struct Wanted(fn(&[u8]) -> bool);

impl DiffieHellman for Wanted {
    fn group(&self, p: &[u8], g: &[u8]) -> Result<Group, GroupError> {
        Group::custom(p, g)
    }

    fn exponent(&self, group: &Group, peer: Option<&[u8]>, drawn: Vec<u8>) -> Vec<u8> {
        let peer = peer.expect("a client has seen the server's value");
        group.exponent_with_secret(peer, &drawn, 1 << 16, self.0).expect("one in some hundreds is wanted").0
    }

    fn public(&self, group: &Group, exponent: &[u8]) -> Vec<u8> {
        Honest::default().public(group, exponent)
    }

    fn shared(&self, group: &Group, exponent: &[u8], peer: &[u8]) -> Vec<u8> {
        Honest::default().shared(group, exponent, peer)
    }
}

#[test]
fn a_sign_byte_stays_before_a_set_top_bit_only() {
    let with = |wanted: fn(&[u8]) -> bool, server_rule: &str, zeros| {
        let server = json!({"ems": "off", "premaster_zeros": server_rule});
        let mut setup = setup(VERSIONS[2], json!({"ems": "off", "premaster_zeros": "sign_byte"}), server);
        setup.client_dh = Arc::new(Wanted(wanted));
        fails_as_is(&setup, zeros)
    };
    // Z = 00 8… has a sign byte of its own; Z = 00 7… needs none.
    assert!(with(|z| z[0] == 0 && z[1] >= 0x80, "strip", 1));
    assert!(!with(|z| z[0] == 0 && z[1] >= 0x80, "keep", 1));
    assert!(!with(|z| z[0] == 0 && (1..0x80).contains(&z[1]), "strip", 1));
    assert!(with(|z| z[0] == 0 && (1..0x80).contains(&z[1]), "keep", 1));
    assert!(!with(|z| z[0] != 0, "strip", 0));
}

/// The same in a group of real size, where a client finds its Z as fast as it needs to.
#[test]
fn a_group_of_real_size_is_no_different() {
    for zeros in 0..=1 {
        let server = json!({"ems": "off", "premaster_zeros": "keep", "groups": ["ffdhe2048"]});
        assert_eq!(fails(Setup::new(json!({}), server), zeros), zeros > 0);
    }
}
