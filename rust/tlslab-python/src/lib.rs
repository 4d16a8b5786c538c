//! The Python face of tlslab: conversions, one tree of exceptions, one door for long calls. What crosses is text, bytes
//! and numbers; structures cross as JSON, which is the form that files and the command line have them in too.
#![forbid(unsafe_code)]

mod attack;
mod behaviour;
mod capture;
mod diagnose;
mod door;
mod errors;
mod experiment;
mod ftp;
mod fuzzing;
mod identity;
mod peer;
mod probe;
mod simulation;
mod vectors;
mod windows;

/// Trials take and leave many small buffers.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The extension module behind the Python package `tlslab`.
#[pyo3::pymodule]
mod _tlslab {
    /// The version of the whole workspace, and so of the Python package.
    #[pymodule_export]
    #[expect(non_upper_case_globals, reason = "Python's name for it")]
    const __version__: &str = env!("CARGO_PKG_VERSION");

    /// The most bytes of a `.reg` file that are read.
    #[pymodule_export]
    const WINDOWS_MAX_REG_BYTES: usize = tlslab::windows::MAX_REG_BYTES;

    #[pymodule_export]
    use crate::attack::{export_keying_material, triple_handshake};
    #[pymodule_export]
    use crate::behaviour::{
        behaviour_from_assignments, behaviour_identity, canonical_behaviour, full_behaviour, group, group_names, knobs,
    };
    #[pymodule_export]
    use crate::capture::{Capture, key_log};
    #[pymodule_export]
    use crate::diagnose::{read_evidence, weigh_evidence};
    #[pymodule_export]
    use crate::errors::{
        BehaviourError, CatalogueError, EditError, EvidenceError, PeerConnectionError, RegistryError, RunError,
        TlslabError,
    };
    #[pymodule_export]
    use crate::experiment::{
        Prepared, add_parts, canonical_scenario, check_experiment, failed_trials, holm, interval, kernels,
        part_may_stop, plan, replay_trial, run_experiment,
    };
    #[pymodule_export]
    use crate::ftp::ftp_connect;
    #[pymodule_export]
    use crate::fuzzing::{fuzz_campaign, fuzz_make, fuzz_oracles, fuzz_replay, fuzz_seeded};
    #[pymodule_export]
    use crate::identity::lab_rsa_identity;
    #[pymodule_export]
    use crate::peer::{Serving, canonical_session, connect};
    #[pymodule_export]
    use crate::probe::{ClientProbe, probe_plan, probe_server};
    #[pymodule_export]
    use crate::simulation::{Live, handshake};
    #[pymodule_export]
    use crate::vectors::vectors;
    #[pymodule_export]
    use crate::windows::{
        windows_catalogue, windows_platform, windows_profile, windows_read_reg, windows_symptoms, windows_update,
    };
}
