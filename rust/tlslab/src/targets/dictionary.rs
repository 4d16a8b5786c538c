//! Dictionaries for fuzzers, in the format of libFuzzer and AFL: words that bytes alone would rarely come to.

use std::fmt::Display;

use serde_json::Value;
use tlslab_proto::behaviour::knobs::{Kind, Knob};
use tlslab_proto::behaviour::{ClientKnobs, OwnKnobs, ServerKnobs};
use tlslab_proto::wire::Number;
use tlslab_proto::wire::registry::{CipherSuite, ExtensionType, NamedGroup, ProtocolVersion, SignatureScheme};

/// The registered numbers of two bytes.
pub fn numbers() -> String {
    [
        words("version", ProtocolVersion::REGISTERED),
        words("suite", CipherSuite::REGISTERED),
        words("extension", ExtensionType::REGISTERED),
        words("group", NamedGroup::REGISTERED),
        words("scheme", SignatureScheme::REGISTERED),
    ]
    .concat()
}

fn words<N: Number + Display>(what: &str, registered: &[N]) -> String {
    let word = |number: &N| {
        let mut bytes = Vec::new();
        number.put(&mut bytes);
        format!("# {what} {number}\n{}", entry(&bytes))
    };
    registered.iter().map(word).collect()
}

/// The knobs of both sides and their words, as JSON has them.
pub fn knobs() -> String {
    let mut words = Vec::new();
    for knob in ClientKnobs::table().iter().chain(ServerKnobs::table()) {
        words.push(Value::from(knob.name.as_str()).to_string());
        choices(&knob.kind, &mut words);
        words.extend(elements(knob));
    }
    words.sort();
    words.dedup();
    words.iter().map(|word| entry(word.as_bytes())).collect()
}

fn choices(kind: &Kind, words: &mut Vec<String>) {
    match kind {
        Kind::Choice { values } => words.extend(values.iter().map(|choice| Value::from(&*choice.value).to_string())),
        Kind::List { of } | Kind::PerVersion { of } | Kind::Optional { of } => choices(of, words),
        Kind::Either { of } => of.iter().for_each(|kind| choices(kind, words)),
        Kind::Integer { .. } | Kind::Text | Kind::Suite | Kind::Scheme | Kind::Group => {}
    }
}

/// The elements of a default that is a list: suites, schemes, groups.
fn elements(knob: &Knob) -> Vec<String> {
    knob.default.as_array().into_iter().flatten().map(Value::to_string).collect()
}

/// A word in quotes, what is not ASCII in hexadecimal.
fn entry(word: &[u8]) -> String {
    let escaped: String = word
        .iter()
        .map(|byte| match byte {
            b'"' | b'\\' => format!("\\{}", char::from(*byte)),
            b' '..=b'~' => char::from(*byte).to_string(),
            _ => format!("\\x{byte:02X}"),
        })
        .collect();
    format!("\"{escaped}\"\n")
}
