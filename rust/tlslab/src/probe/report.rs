//! What a probe comes to.

use serde::Serialize;
use tlslab_proto::crypto::Side;

use super::findings::Finding;
use super::observation::Observation;

/// Why a probe ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// All was asked.
    Complete,
    /// It made as many connections as it was allowed to.
    MaxConnections,
    /// It took as much time as it was allowed to.
    MaxTime,
    /// It was told to stop.
    Interrupted,
    /// The peer could not be reached any more, and why.
    Unreachable(String),
}

/// What a probe found, and how.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report<O = Observation> {
    /// Which side was judged.
    pub side: Side,
    /// The seed of its first connection; each has its own, the next number.
    pub seed: String,
    /// Why it ended.
    pub ended: Ended,
    /// How many of the findings are defects.
    pub defects: usize,
    /// What was found.
    pub findings: Vec<Finding<O>>,
    /// All connections, in order.
    pub connections: Vec<O>,
}

impl<O> Report<O> {
    /// The report of these findings.
    pub(super) fn new(side: Side, seed: u64, ended: Ended, findings: Vec<Finding<O>>, seen: Vec<O>) -> Self {
        let defects = findings.iter().filter(|finding| finding.defect == Some(true)).count();
        Self { side, seed: seed.to_string(), ended, defects, findings, connections: seen }
    }

    /// The finding of a name, if there is one.
    pub fn finding(&self, id: &str) -> Option<&Finding<O>> {
        self.findings.iter().find(|finding| finding.id == id)
    }
}
