//! Evidence, and how it is weighed.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::prelude::*;
use tlslab::diagnose::{self, Assumptions, Case, Explanation, KeyLog};

use crate::door::long_call;
use crate::errors::{EvidenceError, IntoPython, RunError};
use crate::simulation::{from_json, to_json};

/// Reads a file of evidence, with the text of a key log, and gives what it holds as JSON.
#[pyfunction]
pub(crate) fn read_evidence(py: Python<'_>, path: PathBuf, key_log: &str) -> PyResult<String> {
    let mut keys = KeyLog::default();
    keys.add(key_log);
    let cancelled = AtomicBool::new(false);
    let finished = long_call(
        py,
        || diagnose::read(&path, &keys, &cancelled),
        || cancelled.store(true, Ordering::Relaxed),
        |_| Ok(()),
    );
    let evidence = finished.complete()?.map_err(|error| EvidenceError::new_err(error.to_string()))?;
    to_json(&evidence)
}

/// Weighs explanations by the evidence of a case, both JSON, and gives how they fare as JSON. Those within a factor of
/// `apart` of the best predict what would tell them apart.
#[pyfunction]
pub(crate) fn weigh_evidence(py: Python<'_>, case: &str, explanations: &str, apart: f64) -> PyResult<String> {
    let case: Case = from_json("case", case)?;
    let explanations: Vec<Explanation> = from_json("explanations", explanations)?;
    let cancelled = AtomicBool::new(false);
    let finished = long_call(
        py,
        || diagnose::weigh(&case, &explanations, apart, &Assumptions::default(), &cancelled),
        || cancelled.store(true, Ordering::Relaxed),
        |_| Ok(()),
    );
    let weighing = finished.complete()?.map_err(IntoPython::into_python)?;
    to_json(&weighing.ok_or_else(|| RunError::new_err("the weighing was interrupted"))?)
}
