//! Known-answer vectors of DHE key agreement, in the manner of Wycheproof: other libraries can test themselves with
//! them and need no socket.
//!
//! Every value comes from the code that the endpoints run; nothing is computed a second way here. That the values are
//! right is for an independent implementation to say.

mod format;
mod notes;

use tlslab_dh::{Group, leading_zero_bytes};
use tlslab_proto::behaviour::values::{PremasterZeros, Version};
use tlslab_proto::crypto::draws::{Draws, Purpose};
use tlslab_proto::crypto::prf::Prf;
use tlslab_proto::crypto::schedule::{self, KeyBlock, MASTER_SECRET_LEN};
use tlslab_proto::crypto::suite::{self, SuiteParams};
use tlslab_proto::crypto::{Side, Transcript};
use tlslab_proto::endpoint::diffie_hellman::{ChosenSecret, DiffieHellman};
use tlslab_proto::endpoint::premaster_secret;
use tlslab_proto::wire::registry::CipherSuite;
use tlslab_proto::wire::{Encode, Finished, Handshake};

pub use format::{DhGroup, Note, TestGroup, TestResult, TestVector, VectorFile};

/// The versions, each with suites that differ in their PRF or in the shape of their key block.
const SUITES: [(Version, CipherSuite); 6] = [
    (Version::Tls10, CipherSuite::TLS_DHE_RSA_WITH_AES_128_CBC_SHA),
    (Version::Tls11, CipherSuite::TLS_DHE_RSA_WITH_AES_128_CBC_SHA),
    (Version::Tls12, CipherSuite::TLS_DHE_RSA_WITH_AES_256_CBC_SHA256),
    (Version::Tls12, CipherSuite::TLS_DHE_RSA_WITH_AES_128_GCM_SHA256),
    (Version::Tls12, CipherSuite::TLS_DHE_RSA_WITH_AES_256_GCM_SHA384),
    (Version::Tls12, CipherSuite::TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256),
];

/// The vectors of a seed. The same seed gives the same vectors, byte for byte, and the test numbered `tcId` takes the
/// draws of that trial.
///
/// Each takes a search for a secret with the wanted zero bytes: some seconds in all.
pub fn generate(seed: u64) -> VectorFile {
    let mut tc_ids = 1..;
    let mut test_groups = Vec::new();
    for subject in subjects() {
        for (version, suite) in SUITES {
            // Every suite of the table has parameters: a test holds it to that.
            let Some(params) = suite::params(suite) else { continue };
            for ems in [false, true] {
                let connection = Connection { group: &subject.group, version, params, ems };
                let cases = subject.zeros.iter().zip(tc_ids.by_ref());
                test_groups.push(TestGroup {
                    kind: format::GROUP_TYPE,
                    group: DhGroup::new(subject.name, &subject.group),
                    version,
                    cipher_suite: suite,
                    prf: prf_name(connection.prf()),
                    extended_master_secret: ems,
                    tests: cases.map(|(zeros, tc_id)| connection.test(seed, tc_id, *zeros)).collect(),
                });
            }
        }
    }
    VectorFile {
        algorithm: format::ALGORITHM,
        schema: format::SCHEMA,
        generator_version: env!("CARGO_PKG_VERSION"),
        seed: seed.to_string(),
        number_of_tests: test_groups.iter().map(|group| group.tests.len()).sum(),
        header: notes::header(),
        notes: notes::notes(),
        test_groups,
    }
}

/// A group, with the numbers of leading zero bytes that Z is to have.
struct Subject {
    name: &'static str,
    group: Group,
    zeros: &'static [usize],
}

fn subjects() -> [Subject; 3] {
    let named = |name| Subject {
        name,
        group: Group::by_name(name).expect("the name is one of Group::names"),
        zeros: &[0, 1, 2],
    };
    // Above a byte boundary no exponent that anyone could find gives a Z without a leading zero.
    let boundary = Subject { name: "2^1024 + 1657867", group: boundary_group(), zeros: &[1, 2] };
    [named("ffdhe2048"), named("modp1024"), boundary]
}

/// A safe prime just above a byte boundary, 2^1024 + 1657867, with g = 4, which generates the subgroup of order
/// (p - 1) / 2. The first byte of p is 01, so that practically every Z is shorter than p.
fn boundary_group() -> Group {
    let mut p = [0; 129];
    p[0] = 1;
    p[125..].copy_from_slice(&1_657_867u32.to_be_bytes());
    Group::custom(&p, &[4]).expect("p is odd and g is in range")
}

fn prf_name(prf: Prf) -> &'static str {
    match prf {
        Prf::Tls10 => "MD5-SHA1",
        Prf::Sha256 => "SHA-256",
        Prf::Sha384 => "SHA-384",
    }
}

/// What the tests of one group of tests have in common.
struct Connection<'a> {
    group: &'a Group,
    version: Version,
    params: SuiteParams,
    ems: bool,
}

impl Connection<'_> {
    fn prf(&self) -> Prf {
        Prf::of(self.version.wire(), self.params.prf)
    }

    /// A test whose Z has `zeros` leading zero bytes.
    fn test(&self, seed: u64, tc_id: u32, zeros: usize) -> TestVector {
        let draws = Draws::new(seed, tc_id.into());
        let exchange = Exchange::with_leading_zeros(&draws, self.group, zeros);
        let (client_random, server_random) = (random(&draws, Side::Client), random(&draws, Side::Server));
        let prf = self.prf();

        // Stands for the messages up to ClientKeyExchange, where the session hash is taken (RFC 7627 3).
        let mut transcript = Transcript::new();
        transcript.select(prf);
        transcript.update(&[client_random, server_random].concat());
        transcript.update(&[exchange.server_public.as_slice(), &exchange.client_public].concat());
        let session_hash = self.ems.then(|| transcript.hash());
        let master = |premaster: &[u8]| -> [u8; MASTER_SECRET_LEN] {
            match &session_hash {
                Some(session_hash) => schedule::extended_master_secret(prf, premaster, session_hash),
                None => schedule::master_secret(prf, premaster, &client_random, &server_random),
            }
        };

        let premaster = premaster_secret(&exchange.z, PremasterZeros::Strip);
        let premaster_kept = premaster_secret(&exchange.z, PremasterZeros::Keep);
        let master_secret = master(premaster);
        let version = self.version.wire();
        let key_block = KeyBlock::derive(prf, &master_secret, &client_random, &server_random, &self.params, version);

        // Stands for a CertificateVerify: a Finished covers more than the session hash, and who mixes them up fails.
        transcript.update(b"CertificateVerify");
        let client_finished_hash = transcript.hash();
        let client_verify_data = schedule::verify_data(prf, &master_secret, Side::Client, &client_finished_hash);
        transcript.update(&finished(client_verify_data));
        let server_finished_hash = transcript.hash();
        let server_verify_data = schedule::verify_data(prf, &master_secret, Side::Server, &server_finished_hash);

        TestVector {
            tc_id,
            comment: notes::comment(leading_zero_bytes(&exchange.z)),
            flags: notes::flags(&exchange.z, self.ems),
            client_random: client_random.into(),
            server_random: server_random.into(),
            session_hash: session_hash.map(|hash| hash.to_vec().into()),
            premaster_secret: premaster.into(),
            master_secret: master_secret.into(),
            key_block: key_block.bytes().into(),
            client_finished_hash: client_finished_hash.to_vec().into(),
            client_verify_data: client_verify_data.into(),
            server_finished_hash: server_finished_hash.to_vec().into(),
            server_verify_data: server_verify_data.into(),
            premaster_kept: premaster_kept.into(),
            master_secret_kept: master(premaster_kept).into(),
            client_exponent: exchange.client_exponent.into(),
            server_exponent: exchange.server_exponent.into(),
            client_public: exchange.client_public.into(),
            server_public: exchange.server_public.into(),
            z: exchange.z.into(),
            result: TestResult::Valid,
        }
    }
}

/// A Diffie-Hellman exchange; the public values and Z have the length of p.
struct Exchange {
    client_exponent: Vec<u8>,
    server_exponent: Vec<u8>,
    client_public: Vec<u8>,
    server_public: Vec<u8>,
    z: Vec<u8>,
}

impl Exchange {
    /// The client chooses its exponent when it has seen the server's public value.
    fn with_leading_zeros(draws: &Draws, group: &Group, zeros: usize) -> Self {
        let client = ChosenSecret::with_leading_zeros(zeros);
        let server_exponent = exponent(draws, Side::Server, group);
        let server_public = group.pow_g(&server_exponent);
        let client_exponent = client.exponent(group, Some(&server_public), exponent(draws, Side::Client, group));
        let client_public = client.public(group, &client_exponent);
        let z = client.shared(group, &client_exponent, &server_public);
        Self { client_exponent, server_exponent, client_public, server_public, z }
    }
}

/// An exponent of as many whole bytes as RFC 7919 5.2 calls strong enough.
fn exponent(draws: &Draws, side: Side, group: &Group) -> Vec<u8> {
    let mut exponent = vec![0; group.short_exponent_bits().div_ceil(8)];
    draws.endpoint(0, side).fill(Purpose::DhExponent, 0, &mut exponent);
    exponent
}

fn random(draws: &Draws, side: Side) -> [u8; 32] {
    let mut random = [0; 32];
    draws.endpoint(0, side).fill(Purpose::Random, 0, &mut random);
    random
}

/// The bytes of a Finished message, as the transcript takes them in.
fn finished(verify_data: [u8; schedule::VERIFY_DATA_LEN]) -> Vec<u8> {
    let message = Handshake::Finished(Finished { verify_data: verify_data.into() });
    message.to_bytes().expect("twelve bytes fit a handshake message")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_suite_of_the_table_has_parameters_and_runs_in_its_version() {
        for (version, suite) in SUITES {
            assert!(suite::params(suite).unwrap().min_version() <= version.wire(), "{suite} {version:?}");
        }
    }

    #[test]
    fn the_boundary_prime_is_safe_and_its_generator_a_square() {
        let group = boundary_group();
        assert_eq!((group.len(), group.bits()), (129, 1025));
        assert!(group.is_safe_prime());
        assert_eq!(group.in_subgroup(group.generator()), Some(true));
        assert_eq!(group.order().map(|order| order[0]), Some(0x80), "the order is (p - 1) / 2");
    }

    #[test]
    fn a_test_depends_on_its_seed_and_number_alone() {
        let group = Group::by_name("modp1024").unwrap();
        let (version, suite) = SUITES[0];
        let connection = |ems| Connection { group: &group, version, params: suite::params(suite).unwrap(), ems };
        let test = |ems, seed, tc_id| serde_json::to_value(connection(ems).test(seed, tc_id, 1)).unwrap();
        let first = test(false, 1, 1);
        assert_eq!(first, test(false, 1, 1));
        for other in [test(false, 1, 2), test(false, 2, 1), test(true, 1, 1)] {
            assert_ne!(first["masterSecret"], other["masterSecret"]);
        }
        assert!(first.get("sessionHash").is_none());
        assert_eq!(test(true, 1, 1)["sessionHash"].as_str().unwrap().len(), 2 * 36);
    }

    #[test]
    fn the_file_counts_its_tests_and_says_the_same_each_time() {
        let file = generate(3);
        let ids: Vec<_> = file.test_groups.iter().flat_map(|group| &group.tests).map(|test| test.tc_id).collect();
        assert_eq!(ids, (1..=96).collect::<Vec<_>>(), "two EMS modes of 6 suites, with 3 + 3 + 2 secrets each");
        assert_eq!(file.number_of_tests, ids.len());
        let json = file.to_json();
        assert_eq!(json, generate(3).to_json());
        assert!(json.starts_with("{\n  \"algorithm\": \"TLS-DHE\",\n") && json.ends_with("}\n"));
    }

    #[test]
    fn a_keeper_disagrees_exactly_when_z_has_a_leading_zero() {
        let group = Group::by_name("modp1024").unwrap();
        for (version, suite) in SUITES {
            for ems in [false, true] {
                let connection = Connection { group: &group, version, params: suite::params(suite).unwrap(), ems };
                for zeros in [0, 1] {
                    let test = connection.test(7, 1, zeros);
                    assert_eq!(leading_zero_bytes(&test.z), zeros);
                    assert_eq!(test.z.len(), group.len());
                    assert_eq!(test.premaster_secret.len(), group.len() - zeros);
                    assert_eq!(test.premaster_kept, test.z);
                    assert_eq!(test.master_secret != test.master_secret_kept, zeros > 0);
                    assert_eq!(*test.z, *group.pow(&test.client_public, &test.server_exponent), "the server agrees");
                }
            }
        }
    }
}
