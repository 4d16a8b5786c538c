//! Records that are wrong in one way cost as many instructions as those that are wrong in another, and good ones with
//! long padding as many as those with short padding: RFC 5246 6.2.3.2 asks for the one, and Lucky Thirteen (AlFardan and
//! Paterson, IEEE S&P 2013) for the other.
//!
//! Valgrind counts; without it the test says so and passes over. The test runs itself under it, once for each case.

use std::process::Command;

use tlslab_proto::crypto::Side;
use tlslab_proto::crypto::prf::Prf;
use tlslab_proto::crypto::schedule::KeyBlock;
use tlslab_proto::crypto::suite::params;
use tlslab_proto::record::Protection;
use tlslab_proto::wire::registry::{CipherSuite, ContentType, ProtocolVersion};

const DATA: ContentType = ContentType::APPLICATION_DATA;
const VERSION: ProtocolVersion = ProtocolVersion::TLSV1_2;

const SUITES: [CipherSuite; 2] =
    [CipherSuite::TLS_DHE_RSA_WITH_AES_128_CBC_SHA, CipherSuite::TLS_DHE_RSA_WITH_AES_256_CBC_SHA256];

/// A bit that is wrong, in the byte that is so far from the end. One in a block of CBC is wrong in the next block, too.
const LENGTH_OF_PADDING: usize = 16 + 1;
const BYTE_OF_PADDING: usize = 16 + 9;
const CONTENT: usize = 400;

/// What it is, whether its padding is long, and what is wrong.
const CASES: [(&str, bool, Option<usize>); 6] = [
    ("good, short padding", false, None),
    ("good, long padding", true, None),
    ("wrong content, short padding", false, Some(CONTENT)),
    ("wrong content, long padding", true, Some(CONTENT)),
    ("padding of a wrong length", true, Some(LENGTH_OF_PADDING)),
    ("padding with a wrong byte", true, Some(BYTE_OF_PADDING)),
];

/// Says to the test which of the cases it is to run, and of which suite.
const CASE: &str = "TLSLAB_CONSTANT_COST_CASE";

fn protection(suite: CipherSuite) -> Protection {
    let params = params(suite).unwrap();
    let prf = Prf::of(VERSION, params.prf);
    let block = KeyBlock::derive(prf, &[1; 48], &[2; 32], &[3; 32], &params, VERSION);
    Protection::new(&params, VERSION, false, block.write_keys(Side::Client)).unwrap()
}

/// A record of the same length in every case: long padding is 240 bytes longer than short one.
fn record(suite: CipherSuite, is_long: bool, wrong: Option<usize>) -> Vec<u8> {
    let mut protection = protection(suite);
    if is_long {
        protection.pad_longest();
    }
    let plaintext = vec![0x55; if is_long { 203 } else { 443 }];
    let mut fragment = Vec::new();
    protection.seal(DATA, VERSION, &plaintext, |iv| iv.fill(0xa5), &mut fragment).unwrap();
    if let Some(from_end) = wrong {
        let at = fragment.len() - from_end;
        fragment[at] ^= 0x40;
    }
    fragment
}

/// Valgrind collects in here alone.
#[inline(never)]
fn opened_and_counted(protection: &mut Protection, fragment: Vec<u8>) -> bool {
    protection.open(DATA, VERSION, fragment).is_ok()
}

/// Opens the record of a case, which is what the child does.
fn run(case: &str) {
    let (suite, case) = case.split_once(' ').unwrap();
    let suite = SUITES[suite.parse::<usize>().unwrap()];
    let (_, is_long, wrong) = CASES[case.parse::<usize>().unwrap()];
    let fragment = record(suite, is_long, wrong);
    // Once before it counts: what a processor can do is found out by the first call.
    assert_eq!(protection(suite).open(DATA, VERSION, fragment.clone()).is_ok(), wrong.is_none());
    assert_eq!(opened_and_counted(&mut protection(suite), fragment), wrong.is_none());
}

/// How many instructions a case takes. `None` without valgrind.
fn instructions(suite: usize, case: usize) -> Option<u64> {
    let done = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--toggle-collect=*opened_and_counted*"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "wrong_records_cost_the_same", "--test-threads=1"])
        .env(CASE, format!("{suite} {case}"))
        .output()
        .ok()?;
    let told = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success(), "{told}");
    let collected = told.lines().find_map(|line| line.split_once("Collected :")).unwrap().1;
    Some(collected.trim().parse().unwrap())
}

#[test]
#[expect(clippy::disallowed_methods, reason = "it tells the child what to do, and no endpoint")]
fn wrong_records_cost_the_same() {
    if let Ok(case) = std::env::var(CASE) {
        return run(&case);
    }
    for (number, suite) in SUITES.iter().enumerate() {
        let counts: Vec<Option<u64>> = (0..CASES.len()).map(|case| instructions(number, case)).collect();
        if counts.contains(&None) {
            println!("skipped: there is no valgrind");
            return;
        }
        let table: Vec<_> = CASES.iter().map(|case| case.0).zip(counts.iter().flatten()).collect();
        println!("{suite}: {table:?}");
        assert!(*table[0].1 > 1000, "nothing was counted: {table:?}");
        assert_eq!(table[0].1, table[1].1, "{table:?}");
        assert!(table[2..].iter().all(|(_, count)| *count == table[2].1), "{table:?}");
    }
}
