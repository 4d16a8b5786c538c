//! Checks of a description against the table of knobs, before the types read it: messages that name what is valid.

use serde_json::{Map, Value, json};
use tlslab_dh::Group;

use super::knobs::{Choice, Kind, Knob};
use super::lists::{self, GroupSpec};
use super::values::Version;
use super::{BehaviourError, ClientBehaviour, ServerBehaviour};
use crate::crypto::Side;
use crate::crypto::suite;
use crate::wire::registry::{CipherSuite, NamedGroup, SignatureScheme};

/// The knob called `name`.
pub(super) fn knob<'a>(side: Side, table: &'a [Knob], name: &str) -> Result<&'a Knob, BehaviourError> {
    // The table is sorted by name.
    let found = table.binary_search_by(|knob| knob.name.as_str().cmp(name));
    found.map(|place| &table[place]).map_err(|_| BehaviourError::UnknownKnob {
        side,
        name: name.to_owned(),
        nearest: nearest(name, table.iter().map(|knob| knob.name.as_str())),
        valid: table.iter().map(|knob| knob.name.clone()).collect(),
    })
}

/// Whether `value` is one that `knob` takes.
pub(super) fn value(knob: &Knob, value: &Value) -> Result<(), BehaviourError> {
    match misfit(&knob.kind, value) {
        None => Ok(()),
        Some(Misfit { got, nearest, expected }) => {
            Err(BehaviourError::BadValue { knob: knob.name.clone(), got: got.to_string(), nearest, expected })
        }
    }
}

/// The innermost value that does not fit, and what would.
struct Misfit {
    got: Value,
    nearest: Option<String>,
    expected: String,
}

fn misfit(kind: &Kind, value: &Value) -> Option<Misfit> {
    let wrong = |nearest| Some(Misfit { got: value.clone(), nearest, expected: expected(kind) });
    match (kind, value) {
        (Kind::Choice { values }, Value::String(text)) => {
            let words = || values.iter().map(|choice| choice.value.as_str());
            match switch(text) {
                _ if words().any(|word| word == text) => None,
                Some(on) => wrong(switched(values, on)),
                None => wrong(nearest(text, words())),
            }
        }
        // `ems=False` is what a Python user tries first.
        (Kind::Choice { values }, Value::Bool(on)) => wrong(switched(values, *on)),
        (Kind::Integer { min, max }, Value::Number(number)) => match number.as_u64() {
            Some(number) if (*min..=*max).contains(&number) => None,
            _ => wrong(None),
        },
        (Kind::Text, Value::String(_)) => None,
        (Kind::Suite, Value::String(name)) => match suite::from_any_name(name) {
            Some(_) => None,
            None => wrong(nearest(name, CipherSuite::REGISTERED.iter().filter_map(|suite| suite.name()))),
        },
        (Kind::Scheme, Value::String(name)) => match name.parse::<SignatureScheme>() {
            Ok(_) => None,
            Err(_) => wrong(nearest(name, SignatureScheme::REGISTERED.iter().filter_map(|scheme| scheme.name()))),
        },
        (Kind::Group, Value::String(name)) => {
            if Group::names().contains(&name.as_str()) {
                None
            } else {
                wrong(nearest(name, Group::names().iter().copied()))
            }
        }
        (Kind::Group, Value::Object(group)) => {
            let is_integer = |name| group.get(name).and_then(Value::as_str).is_some_and(lists::is_hex_integer);
            if group.len() == 2 && is_integer("p") && is_integer("g") { None } else { wrong(None) }
        }
        (Kind::List { of }, Value::Array(items)) => items.iter().find_map(|item| misfit(of, item)),
        (Kind::PerVersion { of }, Value::Object(versions)) => versions.iter().find_map(|(name, item)| {
            if serde_json::from_value::<Version>(json!(name)).is_err() {
                return Some(Misfit {
                    got: json!(name),
                    nearest: nearest(name, ["TLSv1.0", "TLSv1.1", "TLSv1.2"].into_iter()),
                    expected: "TLSv1.0, TLSv1.1 or TLSv1.2 as the names of single versions".to_owned(),
                });
            }
            misfit(of, item)
        }),
        (Kind::Optional { .. }, Value::Null) => None,
        (Kind::PerVersion { of } | Kind::Optional { of }, _) => {
            misfit(of, value).map(|misfit| Misfit { expected: expected(kind), ..misfit })
        }
        (Kind::Either { of }, _) => {
            let misfits: Vec<_> = of.iter().filter_map(|kind| misfit(kind, value)).collect();
            if misfits.len() < of.len() { None } else { wrong(misfits.into_iter().find_map(|misfit| misfit.nearest)) }
        }
        _ => wrong(None),
    }
}

/// The switch that a word of other languages stands for.
fn switch(text: &str) -> Option<bool> {
    match text.to_lowercase().as_str() {
        "true" | "yes" => Some(true),
        "false" | "no" => Some(false),
        _ => None,
    }
}

/// The choice that turns a knob on or off, if it has one.
fn switched(values: &[Choice], on: bool) -> Option<String> {
    let word = if on { "on" } else { "off" };
    values.iter().find(|choice| choice.value == word).map(|choice| choice.value.clone())
}

/// What values `kind` takes, in words.
fn expected(kind: &Kind) -> String {
    match kind {
        Kind::Choice { values } => values.iter().map(|choice| choice.value.as_str()).collect::<Vec<_>>().join(", "),
        Kind::Integer { min, max } => format!("a whole number from {min} to {max}"),
        Kind::Text => "text".to_owned(),
        Kind::Suite => "cipher suites by IANA name, OpenSSL name or number (0x009e)".to_owned(),
        Kind::Scheme => format!(
            "signature schemes: {}",
            SignatureScheme::REGISTERED.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        ),
        Kind::Group => {
            format!("groups by name ({}) or as {{\"p\": \"<hex>\", \"g\": \"<hex>\"}}", Group::names().join(", "))
        }
        Kind::List { of } => format!("a list of: {}", expected(of)),
        Kind::PerVersion { of } => format!("{}, or an object with one for each version", expected(of)),
        Kind::Optional { of } => format!("{} or null", expected(of)),
        Kind::Either { of } => of.iter().map(expected).collect::<Vec<_>>().join(", or "),
    }
}

/// The candidate that `text` was probably meant to be.
fn nearest<'a>(text: &str, candidates: impl Iterator<Item = &'a str>) -> Option<String> {
    let lower = text.to_lowercase();
    let similarity = |candidate: &str| match strsim::damerau_levenshtein(&lower, candidate) {
        // One slip of the fingers; Jaro and Winkler do not see a swap in a word of three letters.
        0 | 1 => 1.0,
        _ => strsim::jaro_winkler(&lower, candidate),
    };
    candidates
        .map(|candidate| (similarity(&candidate.to_lowercase()), candidate))
        .filter(|(similarity, _)| *similarity > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate.to_owned())
}

/// Reads the command line's `k=v,k=v`.
pub(super) fn assignments(side: Side, table: &[Knob], text: &str) -> Result<Map<String, Value>, BehaviourError> {
    let mut object = Map::new();
    for piece in text.split(',').map(str::trim).filter(|piece| !piece.is_empty()) {
        let (name, value) =
            piece.split_once('=').ok_or_else(|| BehaviourError::NotAnAssignment { got: piece.to_owned() })?;
        let knob = knob(side, table, name.trim())?;
        if object.insert(knob.name.clone(), from_text(&knob.kind, value.trim())).is_some() {
            return contradiction(&knob.name, "the knob is set twice");
        }
    }
    Ok(object)
}

/// The JSON value that `text` stands for where a knob of `kind` is set on the command line.
fn from_text(kind: &Kind, text: &str) -> Value {
    match kind {
        Kind::List { of } => text.split('+').filter(|item| !item.is_empty()).map(|item| from_text(of, item)).collect(),
        Kind::PerVersion { of } if text.contains(':') => text
            .split('+')
            .map(|item| item.split_once(':').unwrap_or((item, "")))
            .map(|(version, value)| (version.to_owned(), from_text(of, value)))
            .collect::<Map<_, _>>()
            .into(),
        Kind::PerVersion { of } => from_text(of, text),
        Kind::Optional { .. } if text == "null" => Value::Null,
        Kind::Integer { .. } | Kind::Either { .. } => text.parse::<u64>().map_or_else(|_| json!(text), Value::from),
        _ => json!(text),
    }
}

fn contradiction<T>(knobs: &str, reason: impl Into<String>) -> Result<T, BehaviourError> {
    Err(BehaviourError::Contradiction { knobs: knobs.to_owned(), reason: reason.into() })
}

/// Contradictions of a client's knobs.
pub(super) fn client(behaviour: &ClientBehaviour) -> Result<(), BehaviourError> {
    if behaviour.shared.versions.is_empty() {
        return contradiction("versions", "a client offers at least one version");
    }
    if behaviour.suites().is_empty() {
        return contradiction("suites, without_suites", "no suite is left; a ClientHello lists at least one");
    }
    for spec in &behaviour.own.groups {
        let named = match spec {
            GroupSpec::Named(name) => NamedGroup::from_name(name).is_some(),
            GroupSpec::Custom(_) => false,
        };
        if !named {
            return contradiction(
                "groups",
                "a client can list the groups of RFC 7919 only (ffdhe2048 to ffdhe8192); the others have no number. \
                 It takes any valid group without listing one",
            );
        }
    }
    protocol_names(&behaviour.shared.alpn)
}

/// Contradictions of a server's knobs.
pub(super) fn server(behaviour: &ServerBehaviour) -> Result<(), BehaviourError> {
    if behaviour.shared.versions.is_empty() {
        return contradiction("versions", "a server speaks at least one version");
    }
    let suites = behaviour.suites();
    if suites.is_empty() {
        return contradiction("suites, without_suites", "no suite is left for the server to choose");
    }
    if let Some(unknown) = suites.iter().find(|suite| suite::params(**suite).is_none()) {
        return contradiction("suites", format!("{unknown} is no suite that a server of the lab can run"));
    }
    for spec in &behaviour.own.groups {
        spec.resolve()?;
    }
    protocol_names(&behaviour.shared.alpn)
}

/// RFC 7301 3.1: a protocol name has 1 to 255 bytes.
fn protocol_names(names: &[String]) -> Result<(), BehaviourError> {
    match names.iter().find(|name| !(1..=255).contains(&name.len())) {
        Some(name) => contradiction("alpn", format!("a protocol name has 1 to 255 bytes, and {name:?} has not")),
        None => Ok(()),
    }
}
