//! Explanations, and what the lab sees of them: each is run, and watched as the evidence was.

use serde::Deserialize;
use serde_json::{Map, Value};
use tlslab_proto::behaviour::values::CurveName;
use tlslab_proto::behaviour::{ClientBehaviour, ServerBehaviour};
use tlslab_proto::crypto::draws::Draws;
use tlslab_proto::crypto::suite;

use super::chances::Chances;
use super::classes::outlooks_by_class;
use super::condition::Condition;
use super::observation::{Exchange, Over, Verdict};
use super::outlook::Outlook;
use super::strata::outlooks_by_stratum;
use crate::experiment::{Experiment, ExperimentError, SignatureChoice};
use crate::scenario::Scenario;
use crate::scenario::stores::Stores;

/// An explanation of failures: two sides, of which one or both have a defect, and what they do.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Explanation {
    /// Its short name.
    pub id: String,
    /// The client's knobs.
    pub client: Map<String, Value>,
    /// The server's knobs.
    pub server: Map<String, Value>,
    /// What the two do, where the explanation lies in that: a scenario's name or its JSON.
    pub scenario: Option<String>,
}

/// The seed of what the lab runs to see what an explanation comes to.
pub(super) const SEED: u64 = 0;

impl Explanation {
    /// Two sides without a defect.
    pub(super) fn none() -> Self {
        Self { id: String::new(), client: Map::new(), server: Map::new(), scenario: None }
    }

    /// What the explanation comes to under a condition, leading zeros having the chances of the evidence's prime.
    ///
    /// # Errors
    /// Its knobs or its scenario cannot be.
    pub(super) fn outlooks(&self, condition: &Condition, chances: &Chances) -> Result<Vec<Outlook>, ExperimentError> {
        let experiment = self.experiment(condition, chances)?;
        if self.scenario.is_some() {
            self.outlooks_of_scenario(&experiment)
        } else if self.goes_beyond_classes(&experiment, condition) {
            outlooks_by_stratum(&experiment, chances)
        } else {
            outlooks_by_class(&experiment, condition, chances)
        }
    }

    /// Whether connections can fail under a condition.
    ///
    /// # Errors
    /// As [`outlooks`](Self::outlooks).
    pub(super) fn fails(&self, condition: &Condition) -> Result<bool, ExperimentError> {
        let outlooks = self.outlooks(condition, &Chances::usual())?;
        Ok(outlooks.iter().any(|outlook| outlook.seen.ending.verdict() != Verdict::Fine))
    }

    /// Whether outcomes depend on more than the zeros of Diffie-Hellman. With the suites and curves of other explanations,
    /// one about other values is run once for each class all the same.
    fn goes_beyond_classes(&self, experiment: &Experiment, condition: &Condition) -> bool {
        let own = self.own_condition();
        let is_own_curve = own.curve.is_none() || condition.curve.is_none() || condition.curve == own.curve;
        let shows_here = condition.exchange == own.exchange && is_own_curve && !condition.resumed;
        experiment.beyond_classes().is_some() && condition.exchange.is_some() && shows_here
    }

    /// The condition under which the explanation shows by itself.
    pub(super) fn own_condition(&self) -> Condition {
        let differs = |knob| {
            let both = self.client.get(knob).zip(self.server.get(knob));
            both.is_some_and(|(client, server)| client != server)
        };
        if differs("suites") || differs("versions") {
            return Condition { version: None, exchange: None, ..Condition::of_cause_1() };
        }
        let first = |knob| [&self.client, &self.server].into_iter().find_map(|knobs| knobs.get(knob)?.get(0));
        let suite = first("suites").and_then(|name| suite::from_any_name(name.as_str()?));
        let curve = first("curves").and_then(|name| CurveName::deserialize(name).ok());
        let exchange = suite.and_then(suite::params).map_or(Exchange::Dhe, |params| params.key_exchange.into());
        Condition { suite, exchange: Some(exchange), curve: curve.map(CurveName::wire), ..Condition::of_cause_1() }
    }

    fn experiment(&self, condition: &Condition, chances: &Chances) -> Result<Experiment, ExperimentError> {
        let (mut client, mut server) = (self.client.clone(), self.server.clone());
        let scenario = match &self.scenario {
            Some(scenario) => Scenario::parse(scenario)?,
            None => {
                condition.apply(chances, &mut client, &mut server);
                if condition.resumed { Scenario::resume() } else { Scenario::full() }
            }
        };
        Ok(Experiment {
            client: ClientBehaviour::from_value(&Value::Object(client))?,
            server: ServerBehaviour::from_value(&Value::Object(server))?,
            scenario,
            signatures: SignatureChoice::Simulated,
        })
    }

    /// Every connection of the scenario is as likely as another.
    fn outlooks_of_scenario(&self, experiment: &Experiment) -> Result<Vec<Outlook>, ExperimentError> {
        let setup = experiment.setup()?;
        let mut stores = Stores::default();
        let mut found = Vec::new();
        for (number, plan) in (0..).zip(&experiment.scenario.connections) {
            let connection = setup.record(Draws::new(SEED, 0), number, plan, &mut stores)?;
            let transfers = connection.ftp.iter().flat_map(|ftp| &ftp.transfers);
            for data in transfers.filter_map(|transfer| transfer.connection.as_ref()) {
                found.extend(Outlook::of(data, 1.0).map(|outlook| outlook.over(Over::FtpData)));
            }
            found.extend(Outlook::of(&connection, 1.0));
        }
        Ok(found)
    }
}
