//! Windows as Microsoft's articles describe it.

use pyo3::prelude::*;
use serde_json::json;
use tlslab::windows::{self, Ended, ProfileOptions, Registry};

use crate::errors::{IntoPython, RunError};
use crate::simulation::{from_json, to_json};

/// The catalogue as JSON: sources, platforms, updates and disagreements.
#[pyfunction]
pub(crate) fn windows_catalogue() -> String {
    let catalogue = windows::catalogue();
    let platforms: Vec<_> = catalogue.platforms.iter().map(|platform| catalogue.platform_facts(platform)).collect();
    let updates: Vec<_> = catalogue.updates.iter().map(|update| catalogue.update_facts(update)).collect();
    json!({
        "sources": catalogue.sources,
        "enforcement": catalogue.enforcement,
        "platforms": platforms,
        "updates": updates,
        "disagreements": catalogue.disagreements,
    })
    .to_string()
}

/// All that is known of a platform, as JSON.
#[pyfunction]
pub(crate) fn windows_platform(name: &str) -> PyResult<String> {
    let catalogue = windows::catalogue();
    to_json(&catalogue.platform_facts(catalogue.platform(name).map_err(IntoPython::into_python)?))
}

/// All that is known of an update, as JSON.
#[pyfunction]
pub(crate) fn windows_update(kb: &str) -> PyResult<String> {
    let catalogue = windows::catalogue();
    to_json(&catalogue.update_facts(catalogue.update(kb).map_err(IntoPython::into_python)?))
}

/// How a platform acts, as JSON; `registry` is a JSON object of DWORD values.
#[pyfunction]
#[pyo3(signature = (name, *, updated, registry, leading_zero_update, reading))]
pub(crate) fn windows_profile(
    name: &str,
    updated: Option<bool>,
    registry: &str,
    leading_zero_update: Option<bool>,
    reading: &str,
) -> PyResult<String> {
    let registry = Registry::from_values(&from_json("registry", registry)?).map_err(IntoPython::into_python)?;
    let reading = from_json("reading", &json!(reading).to_string())?;
    let options = ProfileOptions { updated, registry, leading_zero_update, reading };
    to_json(&windows::profile(name, &options).map_err(IntoPython::into_python)?)
}

/// The values that a `.reg` file sets, as JSON.
#[pyfunction]
pub(crate) fn windows_read_reg(file: &[u8]) -> PyResult<String> {
    to_json(&windows::read_reg(file).map_err(IntoPython::into_python)?)
}

/// What a Windows shows that is this side of a connection, as JSON; the outcome is a label or JSON.
#[pyfunction]
pub(crate) fn windows_symptoms(outcome: &str, side: &str, lang: &str) -> PyResult<String> {
    let ended: Ended = outcome.parse().map_err(|error: windows::EndedError| RunError::new_err(error.to_string()))?;
    let side = from_json("side", &json!(side).to_string())?;
    let lang = from_json("lang", &json!(lang).to_string())?;
    to_json(&windows::symptoms(ended, side, lang))
}
