//! The Python face of tlslab: conversions, one tree of exceptions, one door for long calls. What crosses is text, bytes
//! and numbers; structures cross as JSON, which is the form that files and the command line have them in too.
#![forbid(unsafe_code)]

mod behaviour;
mod door;
mod errors;
mod experiment;
mod identity;
mod peer;
mod simulation;
mod vectors;

/// The extension module behind the Python package `tlslab`.
#[pyo3::pymodule]
mod _tlslab {
    /// The version of the whole workspace, and so of the Python package.
    #[pymodule_export]
    #[expect(non_upper_case_globals, reason = "Python's name for it")]
    const __version__: &str = env!("CARGO_PKG_VERSION");

    #[pymodule_export]
    use crate::behaviour::{
        behaviour_from_assignments, behaviour_identity, canonical_behaviour, full_behaviour, group, group_names, knobs,
    };
    #[pymodule_export]
    use crate::errors::{BehaviourError, EditError, PeerConnectionError, RunError, TlslabError};
    #[pymodule_export]
    use crate::experiment::{canonical_scenario, interval, kernels, plan, replay_trial, run_experiment};
    #[pymodule_export]
    use crate::identity::lab_rsa_identity;
    #[pymodule_export]
    use crate::peer::{Serving, connect};
    #[pymodule_export]
    use crate::simulation::{Live, handshake};
    #[pymodule_export]
    use crate::vectors::vectors;
}
