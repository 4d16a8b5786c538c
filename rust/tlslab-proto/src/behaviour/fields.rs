//! The fields of a struct of knobs, one by one: which of them differ, and setting some by name.

use serde_json::{Map, Value};

/// A struct whose fields are knobs.
pub trait Fields {
    /// The fields that differ from those of `other`, in JSON.
    fn differing(&self, other: &Self) -> Map<String, Value>;
    /// Takes those fields from `other` whose names are keys of `named`.
    fn take_named(&mut self, other: Self, named: &Map<String, Value>);
}

/// Declares a struct of knobs, and with it its [`Fields`]. A behaviour has some sixty of them, and few that deviate: what
/// goes through all of them compares values, and writes JSON of those alone that it is about.
macro_rules! knobs {
    ($(#[$about:meta])* pub struct $name:ident { $($(#[$meta:meta])* pub $field:ident: $type:ty,)* }) => {
        $(#[$about])*
        pub struct $name { $($(#[$meta])* pub $field: $type,)* }

        impl $crate::behaviour::fields::Fields for $name {
            fn differing(&self, other: &Self) -> serde_json::Map<String, serde_json::Value> {
                let mut differing = serde_json::Map::new();
                $(if self.$field != other.$field {
                    differing.insert(stringify!($field).to_owned(), serde_json::json!(self.$field));
                })*
                differing
            }

            fn take_named(&mut self, other: Self, named: &serde_json::Map<String, serde_json::Value>) {
                $(if named.contains_key(stringify!($field)) {
                    self.$field = other.$field;
                })*
            }
        }
    };
}
pub(super) use knobs;
