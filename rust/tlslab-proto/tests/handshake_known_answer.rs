//! Whole handshakes of the two endpoints against known answers: from the same exponents and the same bytes on the wire,
//! an independent implementation comes to the same premaster secret, master secret, key block and verify_data.

#[path = "data/handshakes.rs"]
mod handshakes;

use handshakes::{Inputs, run_all};
use serde::Deserialize;
use tlslab_proto::crypto::Side;
use tlslab_proto::crypto::exporter::ChannelBinding;
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
    tls_unique: Bytes,
    exports: Vec<Export>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
struct Export {
    label: String,
    context: Option<Bytes>,
    exported: Bytes,
}

impl Answers {
    /// What an endpoint has computed, and exports where `known` answers do.
    fn of(trace: &[Event], known: &Self) -> Self {
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
                Event::Established { binding: Some(binding), .. } => {
                    answers.exports = known.exports.iter().map(|known| known.again(&binding)).collect();
                    answers.tls_unique = binding.tls_unique;
                }
                _ => {}
            }
        }
        answers
    }
}

impl Export {
    /// What `binding` gives for the same label, context and length.
    fn again(&self, binding: &ChannelBinding) -> Self {
        let exported = binding.export(&self.label, self.context.as_deref(), self.exported.len()).unwrap();
        Self { exported: exported.into(), ..self.clone() }
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
        for (side, trace) in [("client", client), ("server", server)] {
            assert_eq!(Answers::of(trace, &known.answers), known.answers, "{name}: the {side}");
        }
    }
}
