//! Attacks, and what connections give to bind something to.

use pyo3::prelude::*;
use tlslab::attack::TripleHandshake;
use tlslab_proto::crypto::exporter::ChannelBinding;

use crate::behaviour;
use crate::errors::{IntoPython, RunError};
use crate::simulation::{from_json, to_json};

/// Runs the Triple Handshake attack that JSON describes, and gives the report as JSON.
#[pyfunction]
pub(crate) fn triple_handshake(
    py: Python<'_>,
    client: &str,
    server: &str,
    attack: &str,
    seed: u64,
) -> PyResult<String> {
    let attack = TripleHandshake::from_json(attack).map_err(IntoPython::into_python)?;
    let (client, server) = (behaviour::parse(client)?, behaviour::parse(server)?);
    let report = py.detach(|| attack.run(&client, &server, seed)).map_err(IntoPython::into_python)?;
    to_json(&report)
}

/// Exports keying material (RFC 5705) from a channel binding, given as JSON.
#[pyfunction]
pub(crate) fn export_keying_material(
    binding: &str,
    label: &str,
    context: Option<&[u8]>,
    length: usize,
) -> PyResult<Vec<u8>> {
    let binding: ChannelBinding = from_json("channel binding", binding)?;
    binding.export(label, context, length).map_err(|error| RunError::new_err(error.to_string()))
}
