//! One tree of Python exceptions, and how the lab's errors become them.

use pyo3::exceptions::PyException;
use pyo3::{PyErr, create_exception};
use tlslab::attack::AttackError;
use tlslab::experiment::ExperimentError;
use tlslab::peer::PeerError;
use tlslab::scenario::ScenarioError;
use tlslab::windows::{CatalogueError as NotInCatalogue, RegistryError as WrongRegistry};
use tlslab_dh::GroupError;
use tlslab_proto::behaviour::BehaviourError as WrongBehaviour;
use tlslab_proto::crypto::certificate::IdentityError;
use tlslab_proto::endpoint::edit::EditError as WrongEdit;

create_exception!(tlslab, TlslabError, PyException, "What tlslab cannot do, and why. The root of its exceptions.");
create_exception!(tlslab, BehaviourError, TlslabError, "A description of a client or server that describes none.");
create_exception!(tlslab, EditError, TlslabError, "An edit that cannot be made.");
create_exception!(tlslab, RunError, TlslabError, "A scenario or an experiment that cannot be run.");
create_exception!(tlslab, CatalogueError, TlslabError, "A Windows or an update that the catalogue does not hold.");
create_exception!(tlslab, RegistryError, TlslabError, "Registry values, or a .reg file, that mean nothing here.");
create_exception!(tlslab, EvidenceError, TlslabError, "A file that is no evidence, or cannot be read.");
create_exception!(tlslab, PeerConnectionError, TlslabError, "A peer that cannot be reached, or a port that is taken.");

/// An error of the lab as a Python exception.
pub(crate) trait IntoPython {
    fn into_python(self) -> PyErr;
}

impl IntoPython for WrongBehaviour {
    fn into_python(self) -> PyErr {
        BehaviourError::new_err(self.to_string())
    }
}

impl IntoPython for GroupError {
    fn into_python(self) -> PyErr {
        BehaviourError::new_err(self.to_string())
    }
}

impl IntoPython for WrongEdit {
    fn into_python(self) -> PyErr {
        EditError::new_err(self.to_string())
    }
}

impl IntoPython for ScenarioError {
    fn into_python(self) -> PyErr {
        match self {
            Self::Edit { .. } => EditError::new_err(self.to_string()),
            _ => RunError::new_err(self.to_string()),
        }
    }
}

impl IntoPython for ExperimentError {
    fn into_python(self) -> PyErr {
        match self {
            Self::Behaviour(error) => error.into_python(),
            Self::Scenario(error) => error.into_python(),
            Self::Edit(error) => error.into_python(),
            _ => RunError::new_err(self.to_string()),
        }
    }
}

impl IntoPython for IdentityError {
    fn into_python(self) -> PyErr {
        BehaviourError::new_err(self.to_string())
    }
}

impl IntoPython for NotInCatalogue {
    fn into_python(self) -> PyErr {
        CatalogueError::new_err(self.to_string())
    }
}

impl IntoPython for WrongRegistry {
    fn into_python(self) -> PyErr {
        RegistryError::new_err(self.to_string())
    }
}

impl IntoPython for AttackError {
    fn into_python(self) -> PyErr {
        match self {
            Self::Behaviour { .. } => BehaviourError::new_err(self.to_string()),
            _ => RunError::new_err(self.to_string()),
        }
    }
}

impl IntoPython for PeerError {
    fn into_python(self) -> PyErr {
        match self {
            Self::Behaviour(error) => error.into_python(),
            Self::Identity(error) => error.into_python(),
            Self::Ftp(error) => error.into_python(),
            Self::SameKind { .. } => BehaviourError::new_err(self.to_string()),
            _ => PeerConnectionError::new_err(self.to_string()),
        }
    }
}

/// What crosses from Python as JSON and is not what it should be.
pub(crate) fn malformed(what: &str, error: &serde_json::Error) -> PyErr {
    RunError::new_err(format!("{what}: {error}"))
}
