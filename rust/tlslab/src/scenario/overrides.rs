//! Connections of a scenario in which a side acts otherwise: the knobs that their plans set.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};
use tlslab_proto::behaviour::{BehaviourError, ClientBehaviour, ServerBehaviour};
use tlslab_proto::crypto::Side;
use tlslab_proto::endpoint::{ClientConfig, ServerConfig};

use super::{Scenario, ScenarioError};

/// The configurations of those connections, by number.
#[derive(Clone, Default)]
pub struct Overrides {
    clients: Arc<BTreeMap<u16, Arc<ClientConfig>>>,
    servers: Arc<BTreeMap<u16, Arc<ServerConfig>>>,
}

impl Overrides {
    /// What the plans of `scenario` make of two behaviours.
    ///
    /// # Errors
    /// [`ScenarioError::Knobs`], naming the connection whose knobs cannot be.
    pub fn new(client: &ClientBehaviour, server: &ServerBehaviour, scenario: &Scenario) -> Result<Self, ScenarioError> {
        Self::made_by(
            scenario,
            |knobs| client.with(knobs).and_then(|client| ClientConfig::new(&client)).map(Arc::new),
            |knobs| server.with(knobs).and_then(|server| ServerConfig::new(&server)).map(Arc::new),
        )
    }

    /// What the plans of `scenario` make of two behaviours, by these makers of what their knobs come to.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn made_by(
        scenario: &Scenario,
        client: impl Fn(&Map<String, Value>) -> Result<Arc<ClientConfig>, BehaviourError>,
        server: impl Fn(&Map<String, Value>) -> Result<Arc<ServerConfig>, BehaviourError>,
    ) -> Result<Self, ScenarioError> {
        let (mut clients, mut servers) = (BTreeMap::new(), BTreeMap::new());
        for (number, plan) in (0..).zip(&scenario.connections) {
            let error =
                |side| move |source: BehaviourError| ScenarioError::Knobs { connection: number.into(), side, source };
            if !plan.client.is_empty() {
                clients.insert(number, client(&plan.client).map_err(error(Side::Client))?);
            }
            if !plan.server.is_empty() {
                servers.insert(number, server(&plan.server).map_err(error(Side::Server))?);
            }
        }
        Ok(Self { clients: clients.into(), servers: servers.into() })
    }

    /// The client of a connection, if its plan sets knobs.
    pub(super) fn client(&self, number: u16) -> Option<&Arc<ClientConfig>> {
        self.clients.get(&number)
    }

    /// The server of a connection, if its plan sets knobs.
    pub(super) fn server(&self, number: u16) -> Option<&Arc<ServerConfig>> {
        self.servers.get(&number)
    }
}
