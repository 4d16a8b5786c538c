//! Captures and key logs.

use std::sync::Mutex;

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use tlslab::capture::{self, Capture as File, Recording};

use crate::errors::RunError;
use crate::simulation::from_json;

/// A pcapng file that connections are added to.
#[pyclass(frozen, module = "tlslab._tlslab")]
pub(crate) struct Capture {
    file: Mutex<File>,
}

#[pymethods]
impl Capture {
    #[new]
    fn new(secrets: bool) -> Self {
        Self { file: Mutex::new(File::new(secrets)) }
    }

    /// Adds connections, a JSON list, and gives what is to be appended to the file.
    fn add<'py>(&self, py: Python<'py>, connections: &str) -> PyResult<Bound<'py, PyBytes>> {
        let recordings: Vec<Recording> = from_json("connections", connections)?;
        let broken = |_| RunError::new_err("the capture is broken: an earlier call of it panicked");
        let bytes = py.detach(|| {
            let mut file = self.file.lock().map_err(broken)?;
            recordings.iter().for_each(|recording| file.add(recording));
            PyResult::Ok(file.take())
        })?;
        Ok(PyBytes::new(py, &bytes))
    }
}

/// The key log of connections, a JSON list, with premaster secrets or without.
#[pyfunction]
pub(crate) fn key_log(connections: &str, premasters: bool) -> PyResult<String> {
    let recordings: Vec<Recording> = from_json("connections", connections)?;
    Ok(capture::key_log(&recordings, premasters))
}
