//! PRF, key schedule and draws against published vectors and independent implementations.

mod data;

use data::{array, bytes, cases, field};
use sha2::{Digest, Sha256};
use tlslab_proto::crypto::draws::{Draws, Purpose};
use tlslab_proto::crypto::prf::Prf;
use tlslab_proto::crypto::schedule::{KeyBlock, extended_master_secret, master_secret, verify_data};
use tlslab_proto::crypto::side::Side;
use tlslab_proto::crypto::suite::params;
use tlslab_proto::crypto::transcript::Transcript;
use tlslab_proto::wire::registry::{CipherSuite, ProtocolVersion};

/// The TLS 1.2 PRF vectors that were posted to the IETF's TLS mailing list (Juho Vähä-Herttua, "Test vectors for TLS
/// 1.2 PRF"), where everyone takes them from.
#[test]
fn the_prf_gives_the_published_answers() {
    for (prf, secret, seed, output) in [
        (
            Prf::Sha256,
            "9bbe436ba940f017b17652849a71db35",
            "a0ba9f936cda311827a6f796ffd5198c",
            "e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a6b301791e90d35c9c9a46b4e14baf9af\
             0fa022f7077def17abfd3797c0564bab4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff701\
             87347b66",
        ),
        (
            Prf::Sha384,
            "b80b733d6ceefcdc71566ea48e5567df",
            "cd665cf6a8447dd6ff8b27555edb7465",
            "7b0c18e9ced410ed1804f2cfa34a336a1c14dffb4900bb5fd7942107e81c83cde9ca0faa60be9fe34f82b1233c9146a0\
             e534cb400fed2700884f9dc236f80edd8bfa961144c9e8d792eca722a7b32fc3d416d473ebc2c5fd4abfdad05d918425\
             9b5bf8cd4d90fa0d31e2dec479e4f1a26066f2eea9a69236a3e52655c9e9aee691c8f3a26854308d5eaa3be85e099070\
             3d73e56f",
        ),
    ] {
        let mut out = vec![0; output.len() / 2];
        prf.derive(&hex::decode(secret).unwrap(), b"test label", &[&hex::decode(seed).unwrap()], &mut out);
        assert_eq!(hex::encode(out), output, "{prf:?}");
    }
}

#[test]
fn the_prf_agrees_with_tlslite_on_secrets_of_any_length() {
    for case in cases(include_str!("data/schedule.json"), "prf") {
        let prf = match field::<String>(&case, "prf").as_str() {
            "Tls10" => Prf::Tls10,
            "Sha256" => Prf::Sha256,
            "Sha384" => Prf::Sha384,
            other => panic!("no PRF {other}"),
        };
        let expected = bytes(&case, "output");
        let mut out = vec![0; expected.len()];
        let label: String = field(&case, "label");
        prf.derive(&bytes(&case, "secret"), label.as_bytes(), &[&bytes(&case, "seed")], &mut out);
        assert_eq!(out, expected, "{case}");
    }
}

#[test]
fn the_key_schedule_agrees_with_tlslite() {
    for case in cases(include_str!("data/schedule.json"), "schedule") {
        let suite: CipherSuite = field(&case, "suite");
        let version: ProtocolVersion = field(&case, "version");
        let params = params(suite).unwrap();
        let prf = Prf::of(version, params.prf);
        let premaster = bytes(&case, "premaster");
        let (client_random, server_random) = (array(&case, "client_random"), array(&case, "server_random"));

        let mut transcript = Transcript::new();
        transcript.update(&bytes(&case, "messages"));
        transcript.select(prf);
        let hash = transcript.hash();

        let master = master_secret(prf, &premaster, &client_random, &server_random);
        let extended = extended_master_secret(prf, &premaster, &hash);
        assert_eq!(master, array(&case, "master_secret"), "{suite} {version}");
        assert_eq!(extended, array(&case, "extended_master_secret"), "{suite} {version}");
        let client = verify_data(prf, &master, Side::Client, &hash);
        let server = verify_data(prf, &master, Side::Server, &hash);
        assert_eq!(client, array(&case, "client_verify_data"), "{suite} {version}");
        assert_eq!(server, array(&case, "server_verify_data"), "{suite} {version}");

        let block = KeyBlock::derive(prf, &master, &client_random, &server_random, &params, version);
        assert_eq!(block.bytes(), bytes(&case, "key_block"), "{suite} {version}");
        let (client, server) = (block.write_keys(Side::Client), block.write_keys(Side::Server));
        let in_order = [client.mac_key, server.mac_key, client.enc_key, server.enc_key, client.iv, server.iv].concat();
        assert_eq!(in_order, block.bytes(), "{suite} {version}");
    }
}

#[test]
fn draws_are_where_an_independent_chacha20_finds_them() {
    let purposes = [Purpose::Random, Purpose::DhExponent, Purpose::Iv, Purpose::Blinding];
    for case in cases(include_str!("data/draws.json"), "draws") {
        let number: u8 = field(&case, "purpose");
        let purpose = purposes.into_iter().find(|purpose| *purpose as u8 == number).unwrap();
        let address = |name| field::<String>(&case, name).parse().unwrap();
        let draws = Draws::new(address("seed"), address("trial"));
        let endpoint = draws.endpoint(field(&case, "connection"), field(&case, "side"));
        let mut out = vec![0; field(&case, "length")];
        endpoint.fill(purpose, field(&case, "occurrence"), &mut out);
        assert_eq!(hex::encode(Sha256::digest(out)), field::<String>(&case, "sha256"), "{case}");
    }
}

#[test]
fn each_part_of_an_address_gives_other_draws() {
    let draw = |seed, trial, connection, side, purpose, occurrence| {
        let mut out = [0; 32];
        Draws::new(seed, trial).endpoint(connection, side).fill(purpose, occurrence, &mut out);
        out
    };
    let draws = [
        draw(1, 1, 1, Side::Client, Purpose::Random, 1),
        draw(0, 1, 1, Side::Client, Purpose::Random, 1),
        draw(1, 0, 1, Side::Client, Purpose::Random, 1),
        draw(1, 1, 0, Side::Client, Purpose::Random, 1),
        draw(1, 1, 1, Side::Server, Purpose::Random, 1),
        draw(1, 1, 1, Side::Client, Purpose::SessionId, 1),
        draw(1, 1, 1, Side::Client, Purpose::Random, 0),
    ];
    for (index, draw) in draws.iter().enumerate() {
        assert!(!draws[..index].contains(draw), "draw {index} repeats an earlier one");
    }
}
