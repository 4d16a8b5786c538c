//! The layers under a handshake, one by one: `cargo bench -p tlslab-proto`.
//!
//! Other work on the machine can only slow a run down: read the column `fastest`.

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use tlslab_proto::crypto::prf::Prf;
use tlslab_proto::crypto::schedule::{KeyBlock, extended_master_secret, master_secret, verify_data};
use tlslab_proto::crypto::side::Side;
use tlslab_proto::crypto::suite::{SuiteParams, params};
use tlslab_proto::record::protection::Protection;
use tlslab_proto::wire::registry::{CipherSuite, ContentType, ProtocolVersion};
use tlslab_proto::wire::{Context, Encode, Message};

/// A suite of each kind of protection.
const SUITES: [CipherSuite; 4] = [
    CipherSuite::TLS_DHE_RSA_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    CipherSuite::TLS_DHE_RSA_WITH_AES_128_CBC_SHA,
    CipherSuite::TLS_DHE_RSA_WITH_AES_128_CBC_SHA256,
];

const VERSIONS: [ProtocolVersion; 2] = [ProtocolVersion::TLSV1_0, ProtocolVersion::TLSV1_2];
const VERSION: ProtocolVersion = ProtocolVersion::TLSV1_2;

/// Plaintexts of a Finished message's length and of a full record's.
const LENGTHS: [usize; 2] = [16, 1 << 14];

/// A ClientHello of OpenSSL's, and the ServerHello that answered it.
const HELLOS: [&str; 2] = ["ClientHello", "ServerHello"];

fn main() {
    divan::main();
}

/// Master secret, key block and both Finished values: what each side of a full handshake computes.
#[divan::bench(args = VERSIONS)]
fn prf_chain(bencher: Bencher, version: ProtocolVersion) {
    let params = suite_params(CipherSuite::TLS_DHE_RSA_WITH_AES_128_CBC_SHA);
    let prf = Prf::of(version, params.prf);
    let (premaster, hash) = ([0x5a; 256], [3; 32]);
    bencher.bench_local(|| {
        let master = master_secret(prf, black_box(&premaster), &[1; 32], &[2; 32]);
        let block = KeyBlock::derive(prf, &master, &[1; 32], &[2; 32], &params, version);
        let finished = [Side::Client, Side::Server].map(|side| verify_data(prf, &master, side, &hash));
        (block, finished)
    });
}

/// The extended master secret alone (RFC 7627 4).
#[divan::bench(args = VERSIONS)]
fn extended_master(bencher: Bencher, version: ProtocolVersion) {
    let prf = Prf::of(version, suite_params(SUITES[0]).prf);
    bencher.bench_local(|| extended_master_secret(prf, black_box(&[0x5a; 256]), &[3; 32]));
}

/// Sealing a record.
#[divan::bench(args = SUITES, consts = LENGTHS)]
fn seal<const LENGTH: usize>(bencher: Bencher, suite: CipherSuite) {
    let mut writer = protection(suite);
    let mut sealed = Vec::new();
    bencher.counter(BytesCount::new(LENGTH)).bench_local(|| {
        sealed.clear();
        seal_into(&mut writer, black_box(&[7; LENGTH]), &mut sealed);
    });
}

/// Opening the first record of a connection.
#[divan::bench(args = SUITES, consts = LENGTHS)]
fn open<const LENGTH: usize>(bencher: Bencher, suite: CipherSuite) {
    let mut sealed = Vec::new();
    seal_into(&mut protection(suite), &[7; LENGTH], &mut sealed);
    bencher
        .counter(BytesCount::new(LENGTH))
        .with_inputs(|| (protection(suite), sealed.clone()))
        .bench_local_values(|(mut reader, fragment)| reader.open(ContentType::APPLICATION_DATA, VERSION, fragment));
}

/// The keys of one direction, from a master secret to a protection.
#[divan::bench(args = SUITES)]
fn keys(bencher: Bencher, suite: CipherSuite) {
    bencher.bench_local(|| protection(black_box(suite)));
}

/// Decoding a hello.
#[divan::bench(args = HELLOS)]
fn decode(bencher: Bencher, name: &str) {
    let bytes = captured(name);
    bencher.counter(BytesCount::of_slice(&bytes)).bench_local(|| decoded(black_box(&bytes)));
}

/// Encoding a hello.
#[divan::bench(args = HELLOS)]
fn encode(bencher: Bencher, name: &str) {
    let bytes = captured(name);
    let message = decoded(&bytes);
    bencher.counter(BytesCount::of_slice(&bytes)).bench_local(|| black_box(&message).to_bytes());
}

fn suite_params(suite: CipherSuite) -> SuiteParams {
    params(suite).expect("a registered suite")
}

fn protection(suite: CipherSuite) -> Protection {
    let params = suite_params(suite);
    let prf = Prf::of(VERSION, params.prf);
    let block = KeyBlock::derive(prf, &[1; 48], &[2; 32], &[3; 32], &params, VERSION);
    Protection::new(&params, VERSION, false, block.write_keys(Side::Client)).expect("keys of the suite's lengths")
}

fn seal_into(writer: &mut Protection, plaintext: &[u8], out: &mut Vec<u8>) {
    let content_type = ContentType::APPLICATION_DATA;
    writer.seal(content_type, VERSION, plaintext, |iv| iv.fill(0xa5), out).expect("not longer than a record");
}

fn decoded(bytes: &[u8]) -> Message {
    let context = Context { version: VERSION, key_exchange: None };
    Message::decode(ContentType::HANDSHAKE, bytes, &context).expect("a message of a real connection")
}

/// The bytes of a message of the first captured connection.
fn captured(name: &str) -> Vec<u8> {
    let captures: serde_json::Value =
        serde_json::from_str(include_str!("../tests/wire/captures.json")).expect("the captures are JSON");
    let messages = captures["connections"][0]["messages"].as_array().expect("a list of messages");
    let at = HELLOS.iter().position(|hello| *hello == name).expect("one of the hellos");
    let bytes = hex::decode(messages[at]["bytes"].as_str().expect("hexadecimal text")).expect("hexadecimal text");
    assert_eq!(decoded(&bytes).name(), name);
    bytes
}
