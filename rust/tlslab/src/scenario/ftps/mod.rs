//! A connection of a scenario whose application is FTP over TLS: it is the control connection, and each transfer has a
//! data connection of its own. All share the sessions of the trial.

mod ends;
mod run;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tlslab_proto::crypto::draws::Draws;
use tlslab_proto::endpoint::edit::{Edit, EditError};
use tlslab_proto::endpoint::trace::Event;
use tlslab_proto::wire::Text;

use super::connection::{Connection, Recorder, Setup};
use super::outcome::Outcome;
use super::stores::Stores;
use super::{Forget, Plan};
use crate::ftp::{Action, ClientRules, Core, Files, FtpError, Line, ServerRules, Transfer};
use crate::link::Observer;
use crate::link::fault::Fault;
use run::{Ran, Run, Watch};

/// The port of data connections; in memory any will do.
pub const DATA_PORT: u16 = 50_000;

/// What happens in a session of FTP.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FtpPlan {
    /// The client's rules for data connections.
    pub client: ClientRules,
    /// The server's rules for data connections.
    pub server: ServerRules,
    /// The files that the server has at first, by their paths.
    pub files: BTreeMap<String, Text>,
    /// What the client transfers, one after the other.
    pub steps: Vec<FtpStep>,
}

/// One transfer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FtpStep {
    /// What is transferred.
    pub does: Action,
    /// What is forgotten before its data connection is made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub forgets: Vec<Forget>,
    /// How its data connection fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
    /// Changes to what either side sends on its data connection.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub edits: Vec<Edit>,
}

impl FtpStep {
    /// A transfer to which nothing happens.
    pub fn new(does: Action) -> Self {
        Self { does, forgets: Vec::new(), fault: None, edits: Vec::new() }
    }
}

impl Default for FtpPlan {
    /// A listing, a file from the server and a file to it.
    fn default() -> Self {
        let actions = [
            Action::List(String::new()),
            Action::Retrieve("readme.txt".to_owned()),
            Action::Store { path: "upload.txt".to_owned(), data: "from the client\n".into() },
        ];
        Self {
            client: ClientRules::default(),
            server: ServerRules::default(),
            files: BTreeMap::from([("readme.txt".to_owned(), "from the server\n".into())]),
            steps: actions.into_iter().map(FtpStep::new).collect(),
        }
    }
}

impl FtpPlan {
    /// Whether it can be run, as far as FTP is concerned.
    ///
    /// # Errors
    /// A path that no command can carry, or more files than a server keeps.
    pub fn validate(&self) -> Result<(), FtpError> {
        self.steps.iter().try_for_each(|step| step.does.validate())?;
        self.server_files().map(drop)
    }

    fn server_files(&self) -> Result<Files, FtpError> {
        Files::new(self.files.iter().map(|(path, data)| (path.clone(), data.0.clone())))
    }

    fn actions(&self) -> Vec<Action> {
        self.steps.iter().map(|step| step.does.clone()).collect()
    }
}

/// What came of a session of FTP.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FtpSession {
    /// The transfers, as the lab's side saw them: the client, where both are the lab's.
    pub transfers: Vec<TransferRecord>,
    /// The transfers as the server saw them, where both sides are the lab's.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub served: Vec<Transfer>,
    /// What was wrong with the session, in words, where words are needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What was said on the control connection, from its beginning on.
    pub dialogue: Vec<Line>,
}

/// A transfer, and its data connection if there was one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TransferRecord {
    /// The transfer.
    #[serde(flatten)]
    pub transfer: Transfer,
    /// Its data connection.
    pub connection: Option<Connection>,
}

impl FtpSession {
    /// The transfers with their data connections; each of these comes with the position of its transfer.
    pub(crate) fn new(transfers: &[Transfer], connections: Vec<(usize, Connection)>, dialogue: &[Line]) -> Self {
        let mut by_transfer: BTreeMap<usize, Connection> = connections.into_iter().collect();
        let record = |(position, transfer): (usize, &Transfer)| TransferRecord {
            transfer: transfer.clone(),
            connection: by_transfer.remove(&position),
        };
        Self {
            transfers: transfers.iter().enumerate().map(record).collect(),
            served: Vec::new(),
            error: None,
            dialogue: dialogue.to_vec(),
        }
    }
}

/// One observer looks on at everything.
struct Everything<'a, O>(&'a mut O);

impl<S, O: Observer<S>> Watch<S> for Everything<'_, O> {
    type Observer = O;

    fn control(&mut self) -> &mut O {
        self.0
    }

    fn data(&mut self, _position: usize) -> &mut O {
        self.0
    }
}

/// One recorder for each connection.
#[derive(Default)]
struct Recorders {
    control: Recorder,
    data: BTreeMap<usize, Recorder>,
}

impl Watch<Vec<Event>> for Recorders {
    type Observer = Recorder;

    fn control(&mut self) -> &mut Recorder {
        &mut self.control
    }

    fn data(&mut self, position: usize) -> &mut Recorder {
        self.data.entry(position).or_default()
    }
}

/// Which connection of which trial is run, and what it is to be.
pub(super) struct Place<'a> {
    pub(super) setup: &'a Setup,
    pub(super) draws: Draws,
    pub(super) number: u16,
    pub(super) plan: &'a Plan,
    pub(super) ftp: &'a FtpPlan,
    pub(super) stores: &'a mut Stores,
}

impl Place<'_> {
    /// Runs the session without a trace.
    pub(super) fn run(self, observer: &mut impl Observer<()>) -> Result<Outcome, EditError> {
        Ok(Run::new(self, Everything(observer)).run()?.outcome)
    }

    /// Runs the session and keeps everything that happens in it.
    pub(super) fn record(self) -> Result<Connection, EditError> {
        let Ran { outcome, data, client, served, watch } = Run::new(self, Recorders::default()).run()?;
        let Recorders { control, data: mut recorders } = watch;
        let finish = |(position, outcome)| Some((position, recorders.remove(&position)?.finish(outcome)));
        let connections = data.into_iter().filter_map(finish).collect();
        let mut session = FtpSession::new(client.transfers(), connections, client.dialogue());
        session.served = served;
        session.error = client.error().map(str::to_owned);
        Ok(Connection { ftp: Some(session), ..control.finish(outcome) })
    }
}
