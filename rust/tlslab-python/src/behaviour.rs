//! Behaviours and their knobs. A behaviour crosses as the JSON of its canonical form.

use pyo3::prelude::*;
use serde_json::{Value, json};
use tlslab_dh::Group;
use tlslab_proto::behaviour::{Behaviour, ClientKnobs, OwnKnobs, ServerKnobs};
use tlslab_proto::crypto::Side;

use crate::errors::{BehaviourError, IntoPython};

fn side(name: &str) -> PyResult<Side> {
    match name {
        "client" => Ok(Side::Client),
        "server" => Ok(Side::Server),
        _ => Err(BehaviourError::new_err(format!("a side is client or server, not {name:?}"))),
    }
}

pub(crate) fn parse<Own: OwnKnobs>(json: &str) -> PyResult<Behaviour<Own>> {
    Behaviour::from_json(json).map_err(IntoPython::into_python)
}

fn canonical<Own: OwnKnobs>(behaviour: &Behaviour<Own>) -> String {
    Value::Object(behaviour.to_value()).to_string()
}

/// The canonical JSON of a behaviour: checked, and without the knobs that are at their default.
#[pyfunction]
pub(crate) fn canonical_behaviour(side_name: &str, json: &str) -> PyResult<String> {
    Ok(match side(side_name)? {
        Side::Client => canonical(&parse::<ClientKnobs>(json)?),
        Side::Server => canonical(&parse::<ServerKnobs>(json)?),
    })
}

/// The canonical JSON of the behaviour that `k=v,k=v` describes.
#[pyfunction]
pub(crate) fn behaviour_from_assignments(side_name: &str, text: &str) -> PyResult<String> {
    fn read<Own: OwnKnobs>(text: &str) -> PyResult<String> {
        Behaviour::<Own>::from_assignments(text).map(|behaviour| canonical(&behaviour)).map_err(IntoPython::into_python)
    }
    match side(side_name)? {
        Side::Client => read::<ClientKnobs>(text),
        Side::Server => read::<ServerKnobs>(text),
    }
}

/// The JSON of every knob of a behaviour, defaults included.
#[pyfunction]
pub(crate) fn full_behaviour(side_name: &str, json: &str) -> PyResult<String> {
    Ok(match side(side_name)? {
        Side::Client => Value::Object(parse::<ClientKnobs>(json)?.to_full_value()).to_string(),
        Side::Server => Value::Object(parse::<ServerKnobs>(json)?.to_full_value()).to_string(),
    })
}

/// The identity of a behaviour, in hexadecimal.
#[pyfunction]
pub(crate) fn behaviour_identity(side_name: &str, json: &str) -> PyResult<String> {
    Ok(match side(side_name)? {
        Side::Client => parse::<ClientKnobs>(json)?.identity(),
        Side::Server => parse::<ServerKnobs>(json)?.identity(),
    })
}

/// The table of a side's knobs, as JSON.
#[pyfunction]
pub(crate) fn knobs(side_name: &str) -> PyResult<String> {
    let table = match side(side_name)? {
        Side::Client => ClientKnobs::table(),
        Side::Server => ServerKnobs::table(),
    };
    serde_json::to_string(table).map_err(|error| BehaviourError::new_err(error.to_string()))
}

/// The names of the finite-field groups.
#[pyfunction]
pub(crate) fn group_names() -> Vec<&'static str> {
    Group::names().to_vec()
}

/// A group given by name or as `(p, g)` in big-endian bytes, as JSON: name, p and g in hexadecimal, bits, and the chances
/// of at least 1, 2 and 3 leading zero bytes.
#[pyfunction]
#[pyo3(signature = (name=None, p=None, g=None))]
pub(crate) fn group(name: Option<&str>, p: Option<&[u8]>, g: Option<&[u8]>) -> PyResult<String> {
    let group = match (name, p, g) {
        (Some(name), None, None) => Group::by_name(name),
        (None, Some(p), Some(g)) => Group::custom(p, g),
        _ => return Err(BehaviourError::new_err("a group is given by its name, or by p and g")),
    }
    .map_err(IntoPython::into_python)?;
    let chances = [1, 2, 3].map(|zeros| group.probability_of_leading_zeros(zeros));
    Ok(json!({
        "name": group.name(),
        "p": hex::encode(group.modulus()),
        "g": hex::encode(group.generator()),
        "bits": group.bits(),
        "leading_zeros": chances,
    })
    .to_string())
}
