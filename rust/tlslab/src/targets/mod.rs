//! What fuzzers run: one function of bytes for each target, which panics where something is wrong.
//!
//! The crate in `fuzz/` hands them to libFuzzer; a test runs them on every file of `fuzz/seeds`, so that what a fuzzer
//! has found once is an ordinary test from then on.

mod bytes;
pub mod dictionary;
mod diffie_hellman;
mod endpoint;
mod evidence;
pub mod seeds;
mod setting;
mod structured;

use self::structured::Kind;
use crate::fuzzing::InputError;

/// A target.
#[derive(Clone, Copy)]
pub struct Target {
    /// Its name, which is that of its folder in `fuzz/seeds` and of its program in `fuzz/targets`.
    pub name: &'static str,
    /// What it takes, and what must hold.
    pub about: &'static str,
    run: Run,
}

#[derive(Clone, Copy)]
enum Run {
    /// Takes any bytes.
    Bytes(fn(&[u8])),
    /// Takes inputs as JSON, and is mutated by their structure.
    Structured(Kind),
}

/// All targets.
pub const TARGETS: &[Target] = &[
    Target {
        name: "record",
        about: "bytes of a connection: records and messages encode to what they were decoded from, however they arrive",
        run: Run::Bytes(bytes::record),
    },
    Target {
        name: "protection",
        about: "a byte that selects the protection, and a protected fragment: what opens is what was sealed",
        run: Run::Bytes(bytes::protection),
    },
    Target {
        name: "handshake",
        about: "a byte that selects version and key exchange, and a handshake message: it encodes to the same bytes",
        run: Run::Bytes(bytes::handshake),
    },
    Target {
        name: "extension",
        about: "an extension of a hello: it encodes to the same bytes",
        run: Run::Bytes(bytes::extension),
    },
    Target {
        name: "message",
        about: "a message as JSON: it is read as it was written, and what it encodes to is decoded and encoded again",
        run: Run::Bytes(bytes::message),
    },
    Target {
        name: "behaviour",
        about: "knobs as JSON or as k=v: they are refused, or read as they were written",
        run: Run::Bytes(evidence::behaviour),
    },
    Target {
        name: "client",
        about: "a byte that selects a setting, and what a server sends: a client takes it, however it arrives",
        run: Run::Bytes(endpoint::client),
    },
    Target {
        name: "server",
        about: "a byte that selects a setting, and what a client sends: a server takes it, however it arrives",
        run: Run::Bytes(endpoint::server),
    },
    Target {
        name: "scenario",
        about: "an input whose sides keep the RFCs: no oracle objects",
        run: Run::Structured(Kind::Scenario),
    },
    Target {
        name: "resumption",
        about: "an input of two connections and more whose sides keep the RFCs: no oracle objects",
        run: Run::Structured(Kind::Resumption),
    },
    Target {
        name: "knobs",
        about: "an input with any value of any knob: nothing panics, and everything ends",
        run: Run::Structured(Kind::Knobs),
    },
    Target {
        name: "diffie_hellman",
        about: "a modulus, a base and exponents: every kernel agrees with crypto-bigint",
        run: Run::Bytes(diffie_hellman::run),
    },
    Target {
        name: "capture",
        about: "a capture (pcap, pcapng): it is read to its end",
        run: Run::Bytes(evidence::capture),
    },
    Target { name: "registry", about: "a .reg file: it is refused or read", run: Run::Bytes(evidence::registry) },
    Target {
        name: "events",
        about: "an export of the Event Viewer (XML, CSV): it is refused or read",
        run: Run::Bytes(evidence::events),
    },
    Target { name: "key_log", about: "a key log: it is read to its end", run: Run::Bytes(evidence::key_log) },
];

impl Target {
    /// The target of this name. In a program that asks for a constant none but that one is linked, whose coverage libFuzzer
    /// then has to look through after each run.
    pub const fn by_name(name: &str) -> Option<Self> {
        let mut number = 0;
        while number < TARGETS.len() {
            if is_same(TARGETS[number].name.as_bytes(), name.as_bytes()) {
                return Some(TARGETS[number]);
            }
            number += 1;
        }
        None
    }

    /// Runs it.
    ///
    /// # Errors
    /// The bytes are no input of it, and nothing was run. Targets that take any bytes give none.
    ///
    /// # Panics
    /// Something that must hold does not.
    #[inline]
    pub fn run(self, bytes: &[u8]) -> Result<(), InputError> {
        match self.run {
            Run::Bytes(run) => {
                run(bytes);
                Ok(())
            }
            Run::Structured(kind) => kind.run(bytes),
        }
    }

    /// Whether the bytes are an input of it.
    ///
    /// # Errors
    /// Why they are none.
    pub fn check(self, bytes: &[u8]) -> Result<(), InputError> {
        match self.run {
            Run::Bytes(_) => Ok(()),
            Run::Structured(_) => structured::read(bytes).map(drop),
        }
    }

    /// The input with some of its structure changed, depending on nothing but `input`, `other` and `seed`: JSON of at
    /// most `most` bytes. `None` of a target that takes any bytes, and where nothing that short came of it. What is no input
    /// counts as none, and one is made up.
    pub fn mutate(self, input: &[u8], other: &[u8], seed: u64, most: usize) -> Option<Vec<u8>> {
        match self.run {
            Run::Bytes(_) => None,
            Run::Structured(kind) => kind.mutate(input, other, seed, most),
        }
    }

    /// Whether its inputs are JSON of scenarios, and mutated by their structure.
    pub fn is_structured(self) -> bool {
        matches!(self.run, Run::Structured(_))
    }
}

/// Whether the bytes are the same: `==` is no constant yet.
const fn is_same(one: &[u8], other: &[u8]) -> bool {
    let mut at = 0;
    while at < one.len() && at < other.len() && one[at] == other[at] {
        at += 1;
    }
    at == one.len() && at == other.len()
}
