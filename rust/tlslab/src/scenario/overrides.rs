//! Connections of a scenario in which a side acts otherwise: the knobs that their plans set.

use std::collections::BTreeMap;
use std::sync::Arc;

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
        let (mut clients, mut servers) = (BTreeMap::new(), BTreeMap::new());
        for (number, plan) in (0..).zip(&scenario.connections) {
            let error =
                |side| move |source: BehaviourError| ScenarioError::Knobs { connection: number.into(), side, source };
            if !plan.client.is_empty() {
                let config = client.with(&plan.client).and_then(|client| ClientConfig::new(&client));
                clients.insert(number, Arc::new(config.map_err(error(Side::Client))?));
            }
            if !plan.server.is_empty() {
                let config = server.with(&plan.server).and_then(|server| ServerConfig::new(&server));
                servers.insert(number, Arc::new(config.map_err(error(Side::Server))?));
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
