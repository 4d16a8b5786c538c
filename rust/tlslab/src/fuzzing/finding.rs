//! What a campaign has found.

use serde::{Deserialize, Serialize};

use super::configs::Configs;
use super::input::Input;
use super::oracle::{AnyOracle, Evidence};
use super::signal::without_figures;

/// An input that an oracle objects to, as small as it could be made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// The oracle's name.
    pub oracle: String,
    /// The rule that was broken.
    pub rule: String,
    /// What happened.
    pub what: String,
    /// After how many executions it was found, from 1.
    pub execution: u64,
    /// The input that shows it.
    pub input: Input,
}

impl Finding {
    /// What an oracle said of an input.
    pub(super) fn new(oracle: &AnyOracle, what: String, execution: u64, input: Input) -> Self {
        Self { oracle: oracle.name.clone(), rule: oracle.rule.clone(), what, execution, input }
    }

    /// What findings have in common that are one: the oracle, and its words without figures.
    pub fn signature(&self) -> String {
        signature(&self.oracle, &self.what)
    }

    /// The file that it is kept in.
    pub fn file_name(&self) -> String {
        use sha2::{Digest, Sha256};
        let digest = hex::encode(Sha256::digest(self.signature()));
        format!("{}-{}.json", self.oracle, &digest[..8])
    }
}

/// See [`Finding::signature`].
pub(super) fn signature(oracle: &str, what: &str) -> String {
    format!("{oracle}: {}", without_figures(what))
}

/// Whether the input still shows what has this signature; gives the oracle's words.
pub(super) fn shows(input: &Input, oracle: &AnyOracle, wanted: &str, configs: &Configs) -> Option<String> {
    let execution = input.run_with(configs).ok()?;
    (oracle.judge)(input, &Evidence::of(&input.scenario, &execution))
        .filter(|what| signature(&oracle.name, what) == wanted)
}
