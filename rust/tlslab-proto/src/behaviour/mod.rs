//! Behaviours: plain data that says how an endpoint acts. Every choice and every deviation is a knob, with one
//! default that obeys the RFCs, and nothing else in the crate decides differently for one endpoint than for another.

mod check;
mod client;
mod error;
mod fields;
pub mod knobs;
pub mod lists;
mod server;
mod shared;
pub mod values;

use std::fmt;
use std::sync::LazyLock;

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::crypto::Side;
use crate::crypto::suite;
use crate::wire::registry::CipherSuite;

pub use client::ClientKnobs;
pub use error::BehaviourError;
pub use server::ServerKnobs;
pub use shared::SharedKnobs;

use fields::Fields;
use knobs::Knob;

/// The version of the knobs' meaning. It changes when a knob changes what it does, and not when one is added.
pub const SCHEMA_VERSION: u32 = 1;

/// How one endpoint acts: the knobs that both sides share, and the side's own.
///
/// In JSON the knobs are flat, and those at their default are left out, so that a behaviour reads as its deviations.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Behaviour<Own> {
    /// Knobs that clients and servers share.
    pub shared: SharedKnobs,
    /// Knobs of this side alone.
    pub own: Own,
}

/// How a client acts.
pub type ClientBehaviour = Behaviour<ClientKnobs>;
/// How a server acts.
pub type ServerBehaviour = Behaviour<ServerKnobs>;

/// A side's own knobs.
pub trait OwnKnobs: Default + Clone + PartialEq + Serialize + DeserializeOwned + Fields + 'static {
    /// The side.
    const SIDE: Side;
    /// The table of all the side's knobs, shared ones included.
    fn table() -> &'static [Knob];
    /// The behaviour with every knob at its default.
    fn defaults() -> &'static Behaviour<Self>;
    /// Combinations that contradict each other.
    ///
    /// # Errors
    /// [`BehaviourError::Contradiction`], naming the knobs.
    fn contradictions(behaviour: &Behaviour<Self>) -> Result<(), BehaviourError>;
}

impl OwnKnobs for ClientKnobs {
    const SIDE: Side = Side::Client;

    fn table() -> &'static [Knob] {
        static TABLE: LazyLock<Vec<Knob>> = LazyLock::new(joined_table::<ClientKnobs>);
        &TABLE
    }

    fn defaults() -> &'static Behaviour<Self> {
        static DEFAULTS: LazyLock<ClientBehaviour> = LazyLock::new(ClientBehaviour::default);
        &DEFAULTS
    }

    fn contradictions(behaviour: &ClientBehaviour) -> Result<(), BehaviourError> {
        check::client(behaviour)
    }
}

impl OwnKnobs for ServerKnobs {
    const SIDE: Side = Side::Server;

    fn table() -> &'static [Knob] {
        static TABLE: LazyLock<Vec<Knob>> = LazyLock::new(joined_table::<ServerKnobs>);
        &TABLE
    }

    fn defaults() -> &'static Behaviour<Self> {
        static DEFAULTS: LazyLock<ServerBehaviour> = LazyLock::new(ServerBehaviour::default);
        &DEFAULTS
    }

    fn contradictions(behaviour: &ServerBehaviour) -> Result<(), BehaviourError> {
        check::server(behaviour)
    }
}

fn joined_table<Own: schemars::JsonSchema + Default + Serialize>() -> Vec<Knob> {
    let mut table = knobs::table::<SharedKnobs>();
    table.extend(knobs::table::<Own>());
    table.sort_by(|a, b| a.name.cmp(&b.name));
    table
}

impl<Own: OwnKnobs> Behaviour<Own> {
    /// The behaviour that a JSON object of knobs describes; knobs left out take their defaults.
    ///
    /// # Errors
    /// An unknown knob or value (with the valid ones and the nearest), or knobs that contradict each other.
    pub fn from_value(value: &Value) -> Result<Self, BehaviourError> {
        let object = value.as_object().ok_or_else(|| BehaviourError::NotAnObject { got: value.to_string() })?;
        Own::defaults().with(object)
    }

    /// Whether each of these is a knob, with a value that it takes.
    ///
    /// # Errors
    /// [`BehaviourError::UnknownKnob`] or [`BehaviourError::BadValue`], with the valid ones and the nearest.
    pub fn check_knobs(knobs: &Map<String, Value>) -> Result<(), BehaviourError> {
        knobs.iter().try_for_each(|(name, value)| check::value(check::knob(Own::SIDE, Own::table(), name)?, value))
    }

    /// The behaviour with some knobs set to other values.
    ///
    /// # Errors
    /// As [`from_value`](Self::from_value).
    pub fn with(&self, knobs: &Map<String, Value>) -> Result<Self, BehaviourError> {
        Self::check_knobs(knobs)?;
        let shared_names = SharedKnobs::names();
        let (shared, own): (Map<_, _>, Map<_, _>) =
            knobs.clone().into_iter().partition(|(name, _)| shared_names.contains(name));
        let mut behaviour = self.clone();
        if !shared.is_empty() {
            behaviour.shared.take_named(read(shared)?, knobs);
        }
        if !own.is_empty() {
            behaviour.own.take_named(read(own)?, knobs);
        }
        // Each value is checked, and so are the defaults.
        Own::contradictions(&behaviour)?;
        Ok(behaviour)
    }

    /// Whether each knob's value is one that it takes, and the knobs go together; a behaviour that was read has been
    /// checked already.
    ///
    /// # Errors
    /// [`BehaviourError::BadValue`], or [`BehaviourError::Contradiction`], naming the knobs.
    pub fn validate(&self) -> Result<(), BehaviourError> {
        Self::check_knobs(&self.to_value())?;
        Own::contradictions(self)
    }

    /// As [`from_value`](Self::from_value), from JSON text.
    ///
    /// # Errors
    /// Also text that is not JSON.
    pub fn from_json(text: &str) -> Result<Self, BehaviourError> {
        let value =
            serde_json::from_str(text).map_err(|error| BehaviourError::NotJson { reason: error.to_string() })?;
        Self::from_value(&value)
    }

    /// The behaviour that the command line's `k=v,k=v` describes. Lists are joined by `+`, values for single versions
    /// are written `TLSv1.0:keep+TLSv1.2:strip`, and `null` stands for no value.
    ///
    /// # Errors
    /// As [`from_value`](Self::from_value), and pieces that are no `k=v`.
    pub fn from_assignments(text: &str) -> Result<Self, BehaviourError> {
        check::assignments(Own::SIDE, Own::table(), text).and_then(|object| Self::from_value(&Value::Object(object)))
    }

    /// Every knob with its value.
    pub fn to_full_value(&self) -> Map<String, Value> {
        let mut knobs = object(&self.shared);
        knobs.append(&mut object(&self.own));
        knobs
    }

    /// The knobs that differ from their defaults: the canonical form.
    pub fn to_value(&self) -> Map<String, Value> {
        let defaults = Own::defaults();
        let mut knobs = self.shared.differing(&defaults.shared);
        knobs.append(&mut self.own.differing(&defaults.own));
        knobs
    }

    /// The behaviour's identity: the SHA-256, in hexadecimal, of its side, the schema version and its canonical JSON.
    pub fn identity(&self) -> String {
        let canonical = Value::Object(self.to_value());
        hex::encode(Sha256::digest(format!("tlslab {} {SCHEMA_VERSION} {canonical}", Own::SIDE)))
    }

    /// The suites in use: `suites` without those that `without_suites` names.
    pub fn suites(&self) -> Vec<CipherSuite> {
        let patterns = &self.shared.without_suites;
        let banned = |suite: CipherSuite| {
            let names = [suite.name().map(str::to_owned), suite::openssl_name(suite)];
            names.iter().flatten().any(|name| patterns.iter().any(|pattern| lists::matches_pattern(pattern, name)))
        };
        self.shared.suites.iter().map(|suite| suite.0).filter(|suite| patterns.is_empty() || !banned(*suite)).collect()
    }
}

impl SharedKnobs {
    fn names() -> &'static [String] {
        static NAMES: LazyLock<Vec<String>> =
            LazyLock::new(|| knobs::table::<SharedKnobs>().into_iter().map(|knob| knob.name).collect());
        &NAMES
    }
}

fn read<T: DeserializeOwned>(knobs: Map<String, Value>) -> Result<T, BehaviourError> {
    // The table's checks come first and speak better; what only the types know ends here.
    serde_json::from_value(Value::Object(knobs)).map_err(|error| BehaviourError::Value { reason: error.to_string() })
}

fn object<T: Serialize>(knobs: &T) -> Map<String, Value> {
    match serde_json::to_value(knobs) {
        Ok(Value::Object(object)) => object,
        _ => unreachable!("a struct of knobs is a JSON object"),
    }
}

impl<Own: OwnKnobs> Serialize for Behaviour<Own> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_value().serialize(serializer)
    }
}

impl<'de, Own: OwnKnobs> Deserialize<'de> for Behaviour<Own> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_value(&Value::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl<Own: OwnKnobs> fmt::Debug for Behaviour<Own> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", Own::SIDE, Value::Object(self.to_value()))
    }
}
