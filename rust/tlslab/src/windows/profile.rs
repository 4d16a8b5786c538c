//! Profiles: how a Windows acts as a client and as a server.
//!
//! A profile is layers of knobs laid over each other, each of which `behaviours.json` gives for one fact. No platform's
//! name decides anything here.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tlslab_proto::behaviour::{ClientBehaviour, ServerBehaviour};

use super::catalogue::{Availability, Platform, PlatformFacts, catalogue};
use super::error::CatalogueError;
use super::registry::Registry;

/// Which knobs model which facts.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Behaviours {
    base: Layer,
    options: OptionAssumptions,
    ems_enforced: YesNo,
    leading_zero_update: BTreeMap<Reading, YesNo>,
    /// What a registry value does that is not 0.
    pub(super) registry: BTreeMap<String, Layer>,
    suites: BTreeMap<String, Layer>,
}

/// What is taken for granted by what was asked of a profile, and by what was not.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OptionAssumptions {
    updated_unsaid: String,
    leading_zero_update_said: String,
}

/// Knobs for the two answers to whether a fact holds.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct YesNo {
    yes: Layer,
    no: Layer,
}

impl YesNo {
    fn get(&self, holds: bool) -> &Layer {
        if holds { &self.yes } else { &self.no }
    }
}

/// Knobs, what is taken for granted with them, and where they are from.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Layer {
    both: Map<String, Value>,
    client: Map<String, Value>,
    server: Map<String, Value>,
    assumptions: Vec<String>,
    sources: Vec<String>,
}

pub(super) fn behaviours() -> &'static Behaviours {
    static BEHAVIOURS: LazyLock<Behaviours> = LazyLock::new(|| {
        serde_json::from_str(include_str!("data/behaviours.json")).expect("the behaviours are checked by the tests")
    });
    &BEHAVIOURS
}

/// What a system without the leading-zero update mistreats; KB4557473 leaves it open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
pub enum Reading {
    /// The secret Z.
    #[default]
    #[serde(rename = "Z")]
    Z,
    /// A peer's short public value.
    #[serde(rename = "public_value")]
    PublicValue,
}

/// What is asked of a profile, beside the platform's name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProfileOptions {
    /// Whether the updates of the catalogue, or later ones, are installed; `None` stands for yes, and says so.
    pub updated: Option<bool>,
    /// The registry values that are set.
    pub registry: Registry,
    /// Whether it has the leading-zero update; `None` for what the catalogue says.
    pub leading_zero_update: Option<bool>,
    /// What is mistreated without it.
    pub reading: Reading,
}

/// How a Windows acts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Profile {
    /// The platform.
    pub platform: PlatformFacts,
    /// Whether the updates of the catalogue, or later ones, are installed.
    pub updated: bool,
    /// Whether it enforces Extended Master Secret for resumption.
    pub ems_enforced: bool,
    /// Whether it has the leading-zero update.
    pub leading_zero_update: bool,
    /// What is mistreated without it.
    pub reading: Reading,
    /// The registry values that are set.
    pub registry: Registry,
    /// How it acts as a client.
    pub client: ClientBehaviour,
    /// How it acts as a server.
    pub server: ServerBehaviour,
    /// What goes beyond the articles.
    pub assumptions: Vec<String>,
    /// The short names of the sources.
    pub sources: Vec<String>,
}

/// How the platform called `name` acts.
///
/// # Errors
/// The catalogue has no such platform.
pub fn profile(name: &str, options: &ProfileOptions) -> Result<Profile, CatalogueError> {
    let platform = catalogue().platform(name)?;
    let updated = options.updated.unwrap_or(true);
    let leading_zero_update =
        options.leading_zero_update.unwrap_or_else(|| platform.leading_zero_update.holds(updated));
    let layers = layers(platform, updated, leading_zero_update, options);
    let facts = catalogue().platform_facts(platform);
    let of_layers = |list: fn(&Layer) -> &[String]| layers.iter().flat_map(move |layer| list(layer).iter().cloned());
    let assumptions = facts.assumptions.iter().cloned().chain(of_options(platform, options));
    let client = ClientBehaviour::from_value(&laid(&layers, |layer| &layer.client));
    let server = ServerBehaviour::from_value(&laid(&layers, |layer| &layer.server));
    Ok(Profile {
        updated,
        ems_enforced: updated,
        leading_zero_update,
        reading: options.reading,
        registry: options.registry.clone(),
        client: client.expect("a test makes every profile"),
        server: server.expect("a test makes every profile"),
        assumptions: once(assumptions.chain(of_layers(|layer| &layer.assumptions))),
        sources: once(facts.sources.iter().cloned().chain(of_layers(|layer| &layer.sources))),
        platform: facts,
    })
}

/// The layers of a profile, the lowest first.
fn layers(
    platform: &Platform,
    updated: bool,
    leading_zero_update: bool,
    options: &ProfileOptions,
) -> Vec<&'static Layer> {
    let data = behaviours();
    let mut layers = vec![
        &data.base,
        &data.suites[&platform.suites],
        data.ems_enforced.get(updated),
        data.leading_zero_update[&options.reading].get(leading_zero_update),
    ];
    let set = options.registry.values().filter(|(_, value)| *value != 0);
    layers.extend(set.map(|(name, _)| &data.registry[name]));
    layers
}

/// What is taken for granted by what was asked, and by what was not.
fn of_options(platform: &Platform, options: &ProfileOptions) -> Vec<String> {
    let said = &behaviours().options;
    let mut assumptions = Vec::new();
    if options.updated.is_none() {
        assumptions.push(said.updated_unsaid.clone());
    }
    if options.leading_zero_update.is_some() {
        assumptions.push(said.leading_zero_update_said.clone());
    } else if let Availability::ByUpdatesSince(_) = platform.leading_zero_update {
        assumptions.push(catalogue().leading_zero_update.assumption.clone());
    }
    assumptions
}

/// The knobs of all layers for one side; where two layers set a knob, the later one decides.
fn laid(layers: &[&Layer], side: impl Fn(&Layer) -> &Map<String, Value>) -> Value {
    let knobs = layers.iter().flat_map(|layer| layer.both.iter().chain(side(layer)));
    Value::Object(knobs.map(|(name, value)| (name.clone(), value.clone())).collect())
}

/// The items in their order, each once.
fn once(items: impl Iterator<Item = String>) -> Vec<String> {
    let mut unique = Vec::new();
    for item in items {
        if !unique.contains(&item) {
            unique.push(item);
        }
    }
    unique
}
