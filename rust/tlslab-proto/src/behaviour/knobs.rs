//! The table of knobs, derived from the structs: name, kind, default and documentation of each.
//!
//! Everything that speaks of knobs reads this table: validation and its messages, the command line's `k=v`, the
//! Python keywords, the reference in the docs.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::lists::{GROUP_FORMAT, SCHEME_FORMAT, SUITE_FORMAT};

/// One knob.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Knob {
    /// The name in JSON, in Python and on the command line.
    pub name: String,
    /// What values it takes.
    pub kind: Kind,
    /// The default, in JSON.
    pub default: Value,
    /// What it does, and the rule that it keeps or breaks.
    pub doc: String,
}

/// What values a knob takes.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum Kind {
    /// One of some words.
    Choice {
        /// The words.
        values: Vec<Choice>,
    },
    /// A whole number.
    Integer {
        /// Smallest.
        min: u64,
        /// Largest.
        max: u64,
    },
    /// Any text.
    Text,
    /// A cipher suite's name or number.
    Suite,
    /// A signature scheme's name or number.
    Scheme,
    /// A Diffie-Hellman group's name, or `{"p", "g"}`.
    Group,
    /// A list.
    List {
        /// Of these.
        of: Box<Kind>,
    },
    /// One value, or an object with one for each version.
    PerVersion {
        /// Of these.
        of: Box<Kind>,
    },
    /// The value, or null.
    Optional {
        /// Of these.
        of: Box<Kind>,
    },
    /// Any of several kinds.
    Either {
        /// The kinds.
        of: Vec<Kind>,
    },
}

/// A word that a knob takes, and what it means.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Choice {
    /// The word.
    pub value: String,
    /// Its meaning.
    pub doc: String,
}

/// The table of one struct of knobs, by name.
pub(super) fn table<T: JsonSchema + Default + Serialize>() -> Vec<Knob> {
    let schema = schemars::SchemaGenerator::default().into_root_schema_for::<T>().to_value();
    let defaults = serde_json::to_value(T::default()).expect("a struct of knobs is plain data");
    let properties = schema["properties"].as_object().expect("a struct of knobs has properties");
    properties
        .iter()
        .map(|(name, property)| Knob {
            name: name.clone(),
            kind: kind(property, &schema["$defs"]),
            default: defaults[name].clone(),
            doc: doc(property),
        })
        .collect()
}

fn doc(schema: &Value) -> String {
    schema["description"].as_str().unwrap_or_default().replace('\n', " ")
}

/// Reads a kind off a JSON schema of the few forms that the derive gives for knobs.
fn kind(schema: &Value, defs: &Value) -> Kind {
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.strip_prefix("#/$defs/")) {
        return kind(&defs[name], defs);
    }
    match schema["format"].as_str() {
        Some(SUITE_FORMAT) => return Kind::Suite,
        Some(SCHEME_FORMAT) => return Kind::Scheme,
        Some(GROUP_FORMAT) => return Kind::Group,
        _ => {}
    }
    if let Some(variants) = schema["oneOf"].as_array() {
        return Kind::Choice { values: variants.iter().map(choice).collect() };
    }
    if let Some(variants) = schema["anyOf"].as_array() {
        if let [value, Value::Object(object)] = variants.as_slice()
            && object.get("type").is_some_and(|name| name == "object")
        {
            return Kind::PerVersion { of: Box::new(kind(value, defs)) };
        }
        return Kind::Either { of: variants.iter().map(|variant| kind(variant, defs)).collect() };
    }
    match &schema["type"] {
        Value::String(name) => plain(name, schema, defs),
        Value::Array(names) => match names.as_slice() {
            [Value::String(name), null] if null == "null" => Kind::Optional { of: Box::new(plain(name, schema, defs)) },
            _ => unreadable(schema),
        },
        _ => unreadable(schema),
    }
}

/// The kind of a JSON type.
fn plain(name: &str, schema: &Value, defs: &Value) -> Kind {
    match name {
        "array" => Kind::List { of: Box::new(kind(&schema["items"], defs)) },
        "integer" => Kind::Integer {
            min: schema["minimum"].as_u64().unwrap_or(0),
            max: schema["maximum"].as_u64().unwrap_or(u64::MAX),
        },
        "string" => Kind::Text,
        _ => unreadable(schema),
    }
}

/// A new knob of a new form: the first look at the table tells its author.
fn unreadable(schema: &Value) -> ! {
    panic!("no kind of knob has the schema {schema}")
}

fn choice(variant: &Value) -> Choice {
    Choice { value: variant["const"].as_str().unwrap_or_default().to_owned(), doc: doc(variant) }
}
