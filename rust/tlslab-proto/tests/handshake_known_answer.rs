//! Whole handshakes of the two endpoints against known answers: from the same exponents and the same bytes on the wire,
//! an independent implementation comes to the same premaster secret, master secret, key block and verify_data.

#[path = "data/handshakes.rs"]
mod handshakes;

use handshakes::{Inputs, run_all};
use serde::Deserialize;
use tlslab_proto::crypto::Side;
use tlslab_proto::endpoint::trace::Event;
use tlslab_proto::wire::Bytes;

/// The file that handshake_known_answers.py wrote.
#[derive(Deserialize)]
struct KnownAnswers {
    handshakes: Vec<Known>,
}

#[derive(Deserialize)]
struct Known {
    inputs: Inputs,
    answers: Answers,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
struct Answers {
    z: Bytes,
    premaster: Bytes,
    master_secret: Bytes,
    key_block: Bytes,
    client_verify_data: Bytes,
    server_verify_data: Bytes,
}

impl Answers {
    /// What an endpoint has computed.
    fn of(trace: &[Event]) -> Self {
        let mut answers = Self::default();
        for event in trace.iter().cloned() {
            match event {
                Event::DiffieHellman { z, .. } => answers.z = z,
                Event::MasterSecret { premaster, master, .. } => {
                    (answers.premaster, answers.master_secret) = (premaster, master);
                }
                Event::KeyBlock { bytes } => answers.key_block = bytes,
                Event::VerifyData { sender: Side::Client, verify_data, .. } => answers.client_verify_data = verify_data,
                Event::VerifyData { sender: Side::Server, verify_data, .. } => answers.server_verify_data = verify_data,
                _ => {}
            }
        }
        answers
    }
}

#[test]
fn both_endpoints_come_to_what_an_independent_implementation_does() {
    let known: KnownAnswers = serde_json::from_str(include_str!("data/handshake_known_answers.json")).unwrap();
    let runs = run_all();
    assert_eq!(runs.len(), known.handshakes.len());
    for ((inputs, [client, server]), known) in runs.iter().zip(known.handshakes) {
        let name = format!("{:?} {} ems={}", inputs.version, inputs.suite, inputs.ems);
        assert_eq!(
            *inputs, known.inputs,
            "{name}: the handshake has other bytes than the known one; if it should, write the answers anew (see \
             tests/data/handshake_known_answers.py)"
        );
        assert_eq!(Answers::of(client), known.answers, "{name}: the client");
        assert_eq!(Answers::of(server), known.answers, "{name}: the server");
    }
}
