//! Scenarios: serialisable lists of connections, with what the application does in each and the edits made on the way.

pub mod application;
pub mod connection;
pub mod ftps;
pub mod keys;
pub mod live;
pub mod outcome;
pub mod overrides;
pub mod stores;
pub mod verdict;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tlslab_proto::behaviour::values::RequestCertificate;
use tlslab_proto::behaviour::{BehaviourError, ClientBehaviour, ServerBehaviour};
use tlslab_proto::crypto::Side;
use tlslab_proto::endpoint::edit::{Edit, EditError};
use tlslab_proto::wire::Text;

use crate::ftp::FtpError;
use crate::link::fault::Fault;
use application::{Renegotiation, When};
use ftps::FtpPlan;

/// A list of connections that belong together: each may resume a session that one before it left.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What the scenario is called.
    pub name: String,
    /// The connections, in order. A connection that fails ends the scenario; one whose client the application refuses
    /// does not.
    pub connections: Vec<Plan>,
}

/// One connection of a scenario: what is different from the one before, what the application does once the handshake is
/// done, and the edits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Plan {
    /// What the client sends.
    pub client_sends: Text,
    /// What the server answers.
    pub server_sends: Text,
    /// A renegotiation that begins once the handshake is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub renegotiates: Option<Renegotiation>,
    /// Whether the server's application refuses a client that has not authenticated: in place of its answer the
    /// connection is closed.
    #[serde(skip_serializing_if = "is_false")]
    pub demands_certificate: bool,
    /// Changes to what either side sends.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub edits: Vec<Edit>,
    /// How its wire fails.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
    /// Knobs of the client that are set to other values in this connection.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub client: Map<String, Value>,
    /// Knobs of the server that are set to other values in this connection.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub server: Map<String, Value>,
    /// The time that passes before it, in simulated seconds.
    #[serde(skip_serializing_if = "is_zero")]
    pub seconds_before: u64,
    /// What is forgotten before it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub forgets: Vec<Forget>,
    /// What is transferred, where the application is FTP in place of one message each way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ftp: Option<FtpPlan>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(seconds: &u64) -> bool {
    *seconds == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_false(flag: &bool) -> bool {
    !flag
}

/// What is forgotten between two connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Forget {
    /// The client's sessions, those of tickets too.
    ClientSessions,
    /// The server's sessions; tickets are not among them.
    ServerSessions,
    /// The server's ticket key: it refuses the tickets that it has issued.
    TicketKey,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            client_sends: "ping".into(),
            server_sends: "pong".into(),
            renegotiates: None,
            demands_certificate: false,
            edits: Vec::new(),
            fault: None,
            client: Map::new(),
            server: Map::new(),
            seconds_before: 0,
            forgets: Vec::new(),
            ftp: None,
        }
    }
}

/// A scenario that cannot be run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScenarioError {
    /// No scenario has this name.
    #[error("there is no scenario {name:?}; there is {:?}, and any scenario given as JSON", Scenario::NAMES)]
    UnknownName {
        /// What was given.
        name: String,
    },
    /// The text is no scenario.
    #[error("not a scenario: {reason}")]
    Malformed {
        /// The reader's words.
        reason: String,
    },
    /// A scenario without connections has no outcome.
    #[error(
        "a scenario has at least one connection, and with the data connections of FTP at most {}; this one has {got}",
        Scenario::MAX_CONNECTIONS
    )]
    Connections {
        /// How many it has, data connections included.
        got: usize,
    },
    /// An edit that cannot be made.
    #[error("connection {connection}: {source}")]
    Edit {
        /// The connection's number, from 0.
        connection: usize,
        /// Why.
        source: EditError,
    },
    /// A renegotiation that cannot be.
    #[error("connection {connection}: request_certificate is what a server asks for in a renegotiation that it begins")]
    Renegotiation {
        /// The connection's number, from 0.
        connection: usize,
    },
    /// A control connection of FTP has an application of its own.
    #[error("connection {connection}: renegotiates and demands_certificate are no part of FTP; leave them out, or ftp")]
    NoPartOfFtp {
        /// The connection's number, from 0.
        connection: usize,
    },
    /// Files or transfers that cannot be.
    #[error("connection {connection}: {source}")]
    Ftp {
        /// The connection's number, from 0.
        connection: usize,
        /// Why.
        source: FtpError,
    },
    /// Knobs that a connection sets and that cannot be.
    #[error("connection {connection}, {side}: {source}")]
    Knobs {
        /// The connection's number, from 0.
        connection: usize,
        /// Whose knobs.
        side: Side,
        /// Why.
        source: BehaviourError,
    },
}

impl Scenario {
    /// The scenarios that have a name.
    pub const NAMES: [&'static str; 5] = ["full", "resume", "certificate", "certificate_by_renegotiation", "ftps"];

    /// The draws of a trial are addressed by a connection's number of 16 bits.
    pub const MAX_CONNECTIONS: usize = 1 << 16;

    /// One full handshake, one message each way, and close_notify.
    pub fn full() -> Self {
        Self { name: "full".to_owned(), connections: vec![Plan::default()] }
    }

    /// Two connections, the second of which may resume what the first left.
    pub fn resume() -> Self {
        Self { name: "resume".to_owned(), connections: vec![Plan::default(); 2] }
    }

    /// Cause 2 of KB4528489, read as a server that asks for a certificate only in a full handshake after an offer to
    /// resume: a connection that leaves a session, and two whose application demands a certificate. When it is asked for
    /// is the server's knob.
    pub fn certificate() -> Self {
        let demanding = Plan { demands_certificate: true, ..Plan::default() };
        Self { name: "certificate".to_owned(), connections: vec![Plan::default(), demanding.clone(), demanding] }
    }

    /// The same, read as a server that asks in a renegotiation, and begins one only where a session was resumed.
    pub fn certificate_by_renegotiation() -> Self {
        let renegotiation = Renegotiation {
            by: Side::Server,
            when: When::Resumed,
            request_certificate: Some(RequestCertificate::Full),
        };
        let demanding = Plan { demands_certificate: true, renegotiates: Some(renegotiation), ..Plan::default() };
        Self {
            name: "certificate_by_renegotiation".to_owned(),
            connections: vec![Plan::default(), demanding.clone(), demanding],
        }
    }

    /// A session of FTP over TLS: a control connection, and a data connection for each of its transfers.
    pub fn ftps() -> Self {
        let plan = Plan { ftp: Some(FtpPlan::default()), ..Plan::default() };
        Self { name: "ftps".to_owned(), connections: vec![plan] }
    }

    /// The scenario of a name, or of a JSON text.
    ///
    /// # Errors
    /// The text is neither.
    pub fn parse(text: &str) -> Result<Self, ScenarioError> {
        match text {
            "full" => Ok(Self::full()),
            "resume" => Ok(Self::resume()),
            "certificate" => Ok(Self::certificate()),
            "certificate_by_renegotiation" => Ok(Self::certificate_by_renegotiation()),
            "ftps" => Ok(Self::ftps()),
            json if json.trim_start().starts_with('{') => {
                let scenario: Self = serde_json::from_str(json)
                    .map_err(|error| ScenarioError::Malformed { reason: error.to_string() })?;
                scenario.validate()?;
                Ok(scenario)
            }
            name => Err(ScenarioError::UnknownName { name: name.to_owned() }),
        }
    }

    /// Whether the scenario can be run.
    ///
    /// # Errors
    /// It has no connections or too many, a renegotiation or an edit cannot be made at its stage, what a connection sets is no
    /// knob, or what it transfers cannot be transferred.
    pub fn validate(&self) -> Result<(), ScenarioError> {
        let data_connections = |plan: &Plan| plan.ftp.as_ref().map_or(0, |ftp| ftp.steps.len());
        let got = self.connections.iter().map(|plan| 1 + data_connections(plan)).sum();
        if !(1..=Self::MAX_CONNECTIONS).contains(&got) {
            return Err(ScenarioError::Connections { got });
        }
        for (connection, plan) in self.connections.iter().enumerate() {
            let asks = |step: Renegotiation| step.by == Side::Client && step.request_certificate.is_some();
            if plan.renegotiates.is_some_and(asks) {
                return Err(ScenarioError::Renegotiation { connection });
            }
            let of_data = plan.ftp.iter().flat_map(|ftp| &ftp.steps).flat_map(|step| &step.edits);
            for edit in plan.edits.iter().chain(of_data) {
                edit.validate().map_err(|source| ScenarioError::Edit { connection, source })?;
            }
            if let Some(ftp) = &plan.ftp {
                if plan.renegotiates.is_some() || plan.demands_certificate {
                    return Err(ScenarioError::NoPartOfFtp { connection });
                }
                ftp.validate().map_err(|source| ScenarioError::Ftp { connection, source })?;
            }
            let knobs = |side| move |source| ScenarioError::Knobs { connection, side, source };
            ClientBehaviour::check_knobs(&plan.client).map_err(knobs(Side::Client))?;
            ServerBehaviour::check_knobs(&plan.server).map_err(knobs(Side::Server))?;
        }
        Ok(())
    }
}
