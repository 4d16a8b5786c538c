//! FTP over TLS at real servers.

use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::prelude::*;
use serde_json::json;
use tlslab::ftp::{Action, Files, FtpError};
use tlslab::peer::{self, FtpOptions, Mode};
use tlslab_proto::endpoint::session::ClientSession;
use tlslab_proto::wire::Text;

use crate::behaviour;
use crate::door::long_call;
use crate::errors::{IntoPython, RunError};
use crate::peer::{NamedIdentity, duration, parse_identity, parse_session};
use crate::simulation::{from_json, to_json};

/// What a server of FTP serves: its files, and its rule for data sessions.
pub(crate) fn mode(data_sessions: &str, files: Vec<(String, Vec<u8>)>) -> PyResult<Mode> {
    let rules = from_json("data_sessions", &json!({"data_sessions": data_sessions}).to_string())?;
    Ok(Mode::Ftp { rules, files: Files::new(files).map_err(IntoPython::into_python)? })
}

/// Transfers at a real FTP server, and gives what happened as JSON. `actions` are commands (LIST, NLST, RETR, STOR), each
/// with its path and the data to store. Beside it, the session that was left, if one was.
#[pyfunction]
#[pyo3(signature = (client, address, *, seed, data_sessions, actions, timeout, session, identity))]
#[expect(clippy::too_many_arguments, reason = "Python calls it with keywords")]
pub(crate) fn ftp_connect(
    py: Python<'_>,
    client: &str,
    address: &str,
    seed: u64,
    data_sessions: &str,
    actions: Vec<(String, String, Vec<u8>)>,
    timeout: f64,
    session: Option<&str>,
    identity: Option<NamedIdentity>,
) -> PyResult<(String, Option<String>)> {
    let behaviour = behaviour::parse(client)?;
    let rules = from_json("data_sessions", &json!({"data_sessions": data_sessions}).to_string())?;
    let actions = actions.into_iter().map(action).collect::<PyResult<_>>()?;
    let session = session.map(parse_session).transpose()?;
    let identity = identity.map(|pair| parse_identity(&pair)).transpose()?;
    let options = FtpOptions { seed, rules, actions, timeout: duration(timeout)?, session, identity };
    let cancelled = AtomicBool::new(false);
    let finished = long_call(
        py,
        || peer::ftp_connect(&behaviour, address, &options, &cancelled),
        || cancelled.store(true, Ordering::Relaxed),
        |_| Ok(()),
    );
    let done = finished.complete()?.map_err(IntoPython::into_python)?;
    Ok((to_json(&done.connection)?, done.session.as_ref().map(ClientSession::to_json)))
}

fn action((command, path, data): (String, String, Vec<u8>)) -> PyResult<Action> {
    match command.as_str() {
        "LIST" => Ok(Action::List(path)),
        "NLST" => Ok(Action::Names(path)),
        "RETR" => Ok(Action::Retrieve(path)),
        "STOR" => Ok(Action::Store { path, data: Text(data) }),
        _ => Err(RunError::new_err(format!("a transfer is LIST, NLST, RETR or STOR, not {command:?}"))),
    }
}

impl IntoPython for FtpError {
    fn into_python(self) -> PyErr {
        RunError::new_err(self.to_string())
    }
}
