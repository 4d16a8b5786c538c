//! Endpoints made ready once for all inputs that have them alike.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value};
use tlslab_dh::Group;
use tlslab_proto::behaviour::{Behaviour, BehaviourError, ClientBehaviour, OwnKnobs, ServerBehaviour};
use tlslab_proto::endpoint::diffie_hellman::Honest;
use tlslab_proto::endpoint::{ClientConfig, ServerConfig};

use super::input::Input;
use crate::experiment::ExperimentError;
use crate::scenario::connection::Setup;
use crate::scenario::overrides::Overrides;

/// As many behaviours of a side as are kept; then it begins anew.
const MOST: usize = 1 << 14;

/// As many groups as are kept; campaigns have few.
const MOST_GROUPS: usize = 16;

/// A side's behaviours, with knobs set for one connection as text, and what was made of them.
type Kept<Own, Made> = Mutex<HashMap<Behaviour<Own>, HashMap<String, Made>>>;

/// What is made of a server's behaviour.
#[derive(Clone)]
struct Server {
    config: Arc<ServerConfig>,
    diffie_hellman: Arc<Honest>,
}

/// Configurations by behaviour.
#[derive(Default)]
pub(super) struct Configs {
    clients: Kept<tlslab_proto::behaviour::ClientKnobs, Arc<ClientConfig>>,
    servers: Kept<tlslab_proto::behaviour::ServerKnobs, Server>,
    groups: Mutex<Vec<Group>>,
}

impl Configs {
    /// As [`Experiment::setup`](crate::experiment::Experiment::setup) of the input.
    pub(super) fn setup(&self, input: &Input) -> Result<Setup, ExperimentError> {
        input.scenario.validate()?;
        let Server { config, diffie_hellman } = self.server(&input.server, &Map::new())?;
        Ok(Setup {
            client: self.client(&input.client, &Map::new())?,
            server: config,
            overrides: Overrides::made_by(
                &input.scenario,
                |knobs| self.client(&input.client, knobs),
                |knobs| self.server(&input.server, knobs).map(|server| server.config),
            )?,
            diffie_hellman,
            signatures: input.signatures(),
        })
    }

    fn client(
        &self,
        behaviour: &ClientBehaviour,
        knobs: &Map<String, Value>,
    ) -> Result<Arc<ClientConfig>, BehaviourError> {
        kept(&self.clients, behaviour, knobs, |behaviour| ClientConfig::new(behaviour).map(Arc::new))
    }

    fn server(&self, behaviour: &ServerBehaviour, knobs: &Map<String, Value>) -> Result<Server, BehaviourError> {
        kept(&self.servers, behaviour, knobs, |behaviour| {
            let config = Arc::new(self.with_shared_groups(ServerConfig::new(behaviour)?));
            let diffie_hellman = Arc::new(Honest::with_groups(config.groups().to_vec()));
            Ok(Server { config, diffie_hellman })
        })
    }

    /// The same server, with the tables of powers that others of its groups have.
    fn with_shared_groups(&self, config: ServerConfig) -> ServerConfig {
        let mut groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
        let config = config.with_known_groups(&groups);
        let new: Vec<Group> = config.groups().iter().filter(|group| !groups.contains(group)).cloned().collect();
        groups.extend(new);
        groups.truncate(MOST_GROUPS);
        config
    }
}

/// What is kept of the behaviour with these knobs set; made now, if there is none yet.
fn kept<Own: OwnKnobs + Eq + Hash, Made: Clone>(
    all: &Kept<Own, Made>,
    behaviour: &Behaviour<Own>,
    knobs: &Map<String, Value>,
    make: impl FnOnce(&Behaviour<Own>) -> Result<Made, BehaviourError>,
) -> Result<Made, BehaviourError> {
    let lock = || all.lock().unwrap_or_else(PoisonError::into_inner);
    let text = if knobs.is_empty() { String::new() } else { Value::Object(knobs.clone()).to_string() };
    if let Some(made) = lock().get(behaviour).and_then(|by_knobs| by_knobs.get(&text)) {
        return Ok(made.clone());
    }
    let made = if knobs.is_empty() { make(behaviour)? } else { make(&behaviour.with(knobs)?)? };
    let mut all = lock();
    if all.len() >= MOST {
        all.clear();
    }
    all.entry(behaviour.clone()).or_default().insert(text, made.clone());
    Ok(made)
}
