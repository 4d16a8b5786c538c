//! Known-answer vectors.

use pyo3::prelude::*;

/// The known-answer vectors of a seed, as JSON.
#[pyfunction]
pub(crate) fn vectors(py: Python<'_>, seed: u64) -> String {
    py.detach(|| tlslab::vectors::generate(seed).to_json())
}
