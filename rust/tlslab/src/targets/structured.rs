//! Targets of whole scenarios, kept as JSON: they run as a campaign's inputs do, and are judged by its oracles.

use arbitrary::Unstructured;
use tlslab_proto::behaviour::{ClientBehaviour, ServerBehaviour};

use crate::fuzzing::oracle::{Evidence, ORACLES, Oracle, objections};
use crate::fuzzing::{Input, InputError, Palette, bytes_of, generate, mutate};

/// Which inputs a target takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Sides that keep the RFCs.
    Scenario,
    /// The same, with a connection before.
    Resumption,
    /// Sides that do anything.
    Knobs,
}

impl Kind {
    /// See [`Target::run`](super::Target::run).
    pub(super) fn run(self, bytes: &[u8]) -> Result<(), InputError> {
        let input = read(bytes)?;
        let execution = input.run()?;
        let objections = objections(&self.oracles(), &Evidence::of(&input.scenario, &execution));
        let words: Vec<String> =
            objections.into_iter().map(|(oracle, what)| format!("{}: {what}", oracle.name)).collect();
        assert!(words.is_empty(), "{}", words.join("\n"));
        Ok(())
    }

    /// See [`Target::mutate`](super::Target::mutate).
    pub(super) fn mutate(self, input: &[u8], other: &[u8], seed: u64, most: usize) -> Option<Vec<u8>> {
        let bytes = bytes_of(seed);
        let u = &mut Unstructured::new(&bytes);
        let mut made = match (read(input), read(other)) {
            (Ok(input), Ok(other)) => mutate(u, self.palette(), &input, &other),
            (Ok(input), Err(_)) => mutate(u, self.palette(), &input, &input),
            (Err(_), _) => generate(u, self.palette(), &ClientBehaviour::default(), &ServerBehaviour::default()),
        }
        .ok()?;
        let connections = &mut made.scenario.connections;
        if self == Self::Resumption && connections.len() == 1 {
            connections.extend_from_within(..);
        }
        let json = serde_json::to_vec(&made).ok()?;
        (json.len() <= most).then_some(json)
    }

    fn palette(self) -> Palette {
        match self {
            Self::Scenario | Self::Resumption => Palette::Conformant,
            Self::Knobs => Palette::Any,
        }
    }

    /// The oracles that have a say: of knobs at any value most would object to what the knobs are for.
    fn oracles(self) -> Vec<Oracle> {
        match self {
            Self::Scenario | Self::Resumption => ORACLES.to_vec(),
            Self::Knobs => ["no_panic", "bounded"].into_iter().filter_map(Oracle::by_name).collect(),
        }
    }
}

/// The input that these bytes are.
pub(super) fn read(bytes: &[u8]) -> Result<Input, InputError> {
    // What is no text is no JSON either.
    Input::from_json(&String::from_utf8_lossy(bytes))
}
