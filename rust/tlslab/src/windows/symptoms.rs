//! What a Windows shows when a connection fails: messages, codes and events, in the words of the articles.

use std::str::FromStr;
use std::sync::LazyLock;

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize};
use tlslab_proto::crypto::Side;
use tlslab_proto::wire::registry::AlertDescription;

/// How a connection ended, as far as symptoms depend on it. In JSON it is an outcome's; fields of an outcome that do
/// not matter here are passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Ended {
    /// It did not fail.
    Established {
        /// Whether the server's application refused the client all the same.
        #[serde(default, deserialize_with = "is_given")]
        refused: bool,
        /// How its transfers ended, where it is a control connection of FTP: `complete`, or not.
        #[serde(default, rename = "ftp", deserialize_with = "is_incomplete")]
        incomplete: bool,
    },
    /// By a fatal alert.
    Alert {
        /// The alert.
        alert: AlertDescription,
        /// Who sent it.
        sender: Side,
    },
    /// A side closed it without an alert.
    Closed {
        /// Who did; `None` where it was neither, but what is between them.
        #[serde(default)]
        sender: Option<Side>,
    },
    /// Both sides waited, or time ran out.
    TimedOut,
}

/// Whether there is a value, whatever it is.
fn is_given<'de, D: Deserializer<'de>>(value: D) -> Result<bool, D::Error> {
    Ok(Option::<IgnoredAny>::deserialize(value)?.is_some())
}

/// Whether there is an end of transfers, and another than a good one.
fn is_incomplete<'de, D: Deserializer<'de>>(end: D) -> Result<bool, D::Error> {
    Ok(Option::<String>::deserialize(end)?.is_some_and(|end| end != COMPLETE))
}

/// What an outcome has of transfers that are complete.
const COMPLETE: &str = "complete";

/// A text that tells of no outcome.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{got:?} is no outcome ({reason}); give the JSON of one, or a label: alert:bad_record_mac:server, closed:client, \
     timed_out"
)]
pub struct EndedError {
    /// What was given.
    got: String,
    /// What is wrong with it.
    reason: String,
}

impl FromStr for Ended {
    type Err = EndedError;

    /// Reads a label, under which outcomes are counted, or the JSON of an outcome.
    fn from_str(text: &str) -> Result<Self, EndedError> {
        let wrong = |reason: String| EndedError { got: text.to_owned(), reason };
        if text.trim_start().starts_with('{') {
            return serde_json::from_str(text).map_err(|error| wrong(error.to_string()));
        }
        let sender = |name: &str| match name {
            "client" => Ok(Side::Client),
            "server" => Ok(Side::Server),
            _ => Err(wrong(format!("the sender is client or server, not {name:?}"))),
        };
        let (connection, ftp) = text.split_once(":ftp:").unwrap_or((text, COMPLETE));
        let incomplete = ftp != COMPLETE;
        match connection.split(':').collect::<Vec<_>>()[..] {
            ["established", .., "refused"] => Ok(Self::Established { refused: true, incomplete }),
            ["established", ..] => Ok(Self::Established { refused: false, incomplete }),
            ["alert", alert, by] => {
                let alert = alert.parse().map_err(|error| wrong(format!("{error}")))?;
                Ok(Self::Alert { alert, sender: sender(by)? })
            }
            ["closed"] => Ok(Self::Closed { sender: None }),
            ["closed", by] => Ok(Self::Closed { sender: Some(sender(by)?) }),
            ["timed_out"] => Ok(Self::TimedOut),
            _ => Err(wrong("no label has this form".to_owned())),
        }
    }
}

impl Ended {
    fn name(self) -> &'static str {
        match self {
            Self::Established { refused: true, .. } => "refused",
            Self::Established { incomplete: true, .. } => "not_transferred",
            Self::Established { .. } => "established",
            Self::Alert { .. } => "alert",
            Self::Closed { .. } => "closed",
            Self::TimedOut => "timed_out",
        }
    }

    fn sender(self) -> Option<Side> {
        match self {
            Self::Alert { sender, .. } => Some(sender),
            Self::Closed { sender } => sender,
            Self::Established { .. } | Self::TimedOut => None,
        }
    }

    fn alert(self) -> Option<u8> {
        match self {
            Self::Alert { alert, .. } => Some(alert.0),
            _ => None,
        }
    }
}

/// A language of the texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// English.
    En,
    /// Japanese.
    Ja,
}

/// The kind of a symptom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SymptomKind {
    /// What a user sees.
    Behaviour,
    /// A message of an application.
    Message,
    /// An error's code.
    Code,
    /// An event of SCHANNEL in the System log.
    Event,
}

/// Something that a Windows shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Symptom {
    /// What it is.
    pub kind: SymptomKind,
    /// Its words.
    pub text: String,
    /// The words' language: English where the article has no other.
    pub lang: Language,
    /// The error's code, in hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The event's number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<u32>,
    /// The alert's number, where the connection ended by one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alert: Option<u8>,
    /// The source's short name.
    pub source: String,
    /// What goes beyond the source; nothing where it speaks of this very alert.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assumption: Option<String>,
}

/// When which symptom shows.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    kind: SymptomKind,
    when: When,
    text: Text,
    code: Option<String>,
    event: Option<u32>,
    /// The alerts of which the source itself speaks.
    #[serde(default)]
    documented_alerts: Vec<u8>,
    assumption: Option<String>,
    source: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct When {
    outcomes: Vec<String>,
    /// Which side the Windows is.
    side: Option<Side>,
    /// Who sent the alert, or closed.
    ended_by: Option<EndedBy>,
    /// The alerts; any where left out.
    alerts: Option<Vec<u8>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum EndedBy {
    Windows,
    Peer,
}

/// `{alert}` stands for the alert's number.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    en: String,
    ja: Option<String>,
}

/// What a Windows shows that is this side of a connection which ended so: nothing where it did not fail.
pub fn symptoms(ended: Ended, side: Side, lang: Language) -> Vec<Symptom> {
    static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| {
        serde_json::from_str(include_str!("data/symptoms.json")).expect("the symptoms are checked by the tests")
    });
    RULES.iter().filter(|rule| rule.when.holds(ended, side)).map(|rule| rule.symptom(ended.alert(), lang)).collect()
}

impl When {
    fn holds(&self, ended: Ended, side: Side) -> bool {
        let by = ended.sender().map(|sender| if sender == side { EndedBy::Windows } else { EndedBy::Peer });
        self.outcomes.iter().any(|outcome| outcome == ended.name())
            && self.side.is_none_or(|wanted| wanted == side)
            && self.ended_by.is_none_or(|wanted| Some(wanted) == by)
            && self.alerts.as_ref().is_none_or(|alerts| ended.alert().is_some_and(|alert| alerts.contains(&alert)))
    }
}

impl Rule {
    fn symptom(&self, alert: Option<u8>, lang: Language) -> Symptom {
        let (text, lang) = match (&self.text.ja, lang) {
            (Some(text), Language::Ja) => (text, Language::Ja),
            _ => (&self.text.en, Language::En),
        };
        let number = alert.map(|alert| alert.to_string()).unwrap_or_default();
        let is_documented = alert.is_some_and(|alert| self.documented_alerts.contains(&alert));
        Symptom {
            kind: self.kind,
            text: text.replace("{alert}", &number),
            lang,
            code: self.code.clone(),
            event: self.event,
            alert,
            source: self.source.clone(),
            assumption: self.assumption.clone().filter(|_| !is_documented),
        }
    }
}
