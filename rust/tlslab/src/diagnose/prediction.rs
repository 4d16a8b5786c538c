//! What an explanation predicts of observations that were not made yet: where two predict different things, these decide.

use serde::Serialize;
use serde_json::{Map, Value};

use super::chances::Chances;
use super::condition::Condition;
use super::explanation::Explanation;
use super::observation::{Exchange, Premaster, Verdict};
use super::outlook::Outlook;
use crate::experiment::ExperimentError;

/// What an explanation predicts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Predicted {
    /// The rate at which connections fail by it, where it shows.
    pub rate: f64,
    /// What observations would show.
    pub observations: Vec<Prediction>,
}

/// An observation, and what it would show.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Prediction {
    /// The observation.
    pub of: &'static str,
    /// What it would show, in words.
    pub shows: String,
}

/// What an explanation predicts; `own` is what it comes to where it shows.
pub(super) fn predict(explanation: &Explanation, own: &[Outlook]) -> Result<Predicted, ExperimentError> {
    let mut observations: Vec<Prediction> = Vec::new();
    let mut add = |of, shows: Option<String>| observations.extend(shows.map(|shows| Prediction { of, shows }));
    add("capture", usual_failure(own).map(|outlook| outlook.seen.ending.to_string()));
    add("short_value", usual_failure(own).map(short_values));
    add("premaster", usual_failure(own).and_then(premasters));
    if explanation.scenario.is_none() {
        let condition = explanation.own_condition();
        let persists = |explanation: &Explanation, condition: &Condition| -> Result<_, ExperimentError> {
            let fails = explanation.fails(condition)?;
            Ok(Some(if fails { "it goes on failing" } else { "it fails no more" }.to_owned()))
        };
        let client = Explanation { client: settings(&explanation.client, &condition), ..explanation.clone() };
        let server = Explanation { server: settings(&explanation.server, &condition), ..explanation.clone() };
        add("client_replaced", persists(&client, &condition)?);
        add("server_replaced", persists(&server, &condition)?);
        add("ems", persists(explanation, &Condition { ems: true, offered_ems: true, ..condition.clone() })?);
        let others = [Exchange::Dhe, Exchange::Ecdhe, Exchange::Rsa];
        if let Some(other) = others.into_iter().find(|other| condition.exchange.is_some_and(|own| own != *other)) {
            let other = Condition { exchange: Some(other), suite: None, ..condition };
            add("key_exchange", persists(explanation, &other)?);
        }
    }
    Ok(Predicted { rate: rate(own), observations })
}

/// What an explanation comes to where it shows.
pub(super) fn own_outlooks(explanation: &Explanation) -> Result<Vec<Outlook>, ExperimentError> {
    explanation.outlooks(&explanation.own_condition(), &Chances::usual())
}

/// Knobs that say where a defect shows, and not what it is.
const SETTINGS: [&str; 4] = ["suites", "curves", "groups", "versions"];

/// What is left of a side's knobs when it is replaced by a good one.
fn settings(knobs: &Map<String, Value>, condition: &Condition) -> Map<String, Value> {
    // Where nothing is agreed on, the settings are the defect.
    let kept = |name: &str| condition.exchange.is_some() && SETTINGS.contains(&name);
    knobs.iter().filter(|(name, _)| kept(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// The chance that a connection fails, or is not served.
pub(super) fn rate(outlooks: &[Outlook]) -> f64 {
    let total: f64 = outlooks.iter().map(|outlook| outlook.chance).sum();
    let failing = failing(outlooks).map(|outlook| outlook.chance).sum::<f64>();
    if total > 0.0 { failing / total } else { 0.0 }
}

pub(super) fn failing(outlooks: &[Outlook]) -> impl Iterator<Item = &Outlook> {
    outlooks.iter().filter(|outlook| outlook.seen.ending.verdict() != Verdict::Fine)
}

/// The failing outlook that is met most.
fn usual_failure(outlooks: &[Outlook]) -> Option<&Outlook> {
    failing(outlooks).max_by(|one, other| one.chance.total_cmp(&other.chance))
}

/// Which values are short where it fails.
fn short_values(outlook: &Outlook) -> String {
    let seen = &outlook.seen;
    let values = [
        (seen.ys_zeros > 0, "the server's public value"),
        (seen.yc_zeros > 0, "the client's public value"),
        (seen.short_signature, "the signature"),
        (seen.short_ciphertext, "the encrypted premaster secret"),
    ];
    let short: Vec<_> = values.iter().filter(|(is_short, _)| *is_short).map(|(_, name)| *name).collect();
    if short.is_empty() { "no value is short".to_owned() } else { format!("{} is short", short.join(" and ")) }
}

/// What each side makes of Z where it fails, if both have one.
fn premasters(outlook: &Outlook) -> Option<String> {
    let words = |premaster| match premaster {
        Premaster::Kept => "keeps the zeros of Z",
        Premaster::Stripped => "strips the zeros of Z",
        Premaster::Full => "has a Z without zeros",
    };
    let [Some(client), Some(server)] = outlook.premasters.map(|premaster| premaster.map(words)) else { return None };
    Some(format!("the client {client}, the server {server}"))
}
