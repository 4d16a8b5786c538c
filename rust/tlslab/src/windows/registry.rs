//! The registry values that bear on Extended Master Secret.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use super::error::RegistryError;
use super::names::nearest;
use super::profile::behaviours;

/// DWORD values of the SCHANNEL key by their names; a value that is not there has its default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Registry(BTreeMap<String, u32>);

impl Registry {
    /// A registry with the values of a JSON object.
    ///
    /// # Errors
    /// A name that the catalogue does not know, with the nearest, or a number that is no DWORD.
    pub fn from_values(values: &Map<String, Value>) -> Result<Self, RegistryError> {
        let mut registry = Self::default();
        for (name, value) in values {
            let name = known(name).ok_or_else(|| unknown(name))?;
            let dword = value.as_u64().and_then(|value| u32::try_from(value).ok());
            let no_dword = || RegistryError::NoDword { name: name.to_owned(), got: value.to_string() };
            registry.0.insert(name.to_owned(), dword.ok_or_else(no_dword)?);
        }
        Ok(registry)
    }

    /// The values, by name.
    pub fn values(&self) -> impl Iterator<Item = (&str, u32)> {
        self.0.iter().map(|(name, value)| (name.as_str(), *value))
    }

    /// Sets a value, or deletes it, by its [`known`] name.
    pub(super) fn apply(&mut self, name: &'static str, value: Option<u32>) {
        match value {
            Some(value) => drop(self.0.insert(name.to_owned(), value)),
            None => drop(self.0.remove(name)),
        }
    }

    /// Deletes all values.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

/// The name as the catalogue writes it. The registry does not tell upper from lower case.
pub(super) fn known(name: &str) -> Option<&'static str> {
    behaviours().registry.keys().find(|known| known.eq_ignore_ascii_case(name)).map(String::as_str)
}

fn unknown(name: &str) -> RegistryError {
    let valid: Vec<_> = behaviours().registry.keys().cloned().collect();
    let keys = valid.iter().map(|name| (name.to_lowercase(), name.as_str()));
    RegistryError::UnknownValue { got: name.to_owned(), nearest: nearest(&name.to_lowercase(), keys), valid }
}
