//! The Python face of tlslab.
#![forbid(unsafe_code)]

/// The extension module behind the Python package `tlslab`.
#[pyo3::pymodule]
mod _tlslab {
    /// The version of the whole workspace, and so of the Python package.
    #[pymodule_export]
    #[expect(non_upper_case_globals, reason = "Python's name for it")]
    const __version__: &str = env!("CARGO_PKG_VERSION");
}
