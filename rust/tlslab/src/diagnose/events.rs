//! Events of Schannel in what the Event Viewer saves: XML ("Save All Events As") and CSV, in English and Japanese.
//!
//! The numbers tell, and not the words: the event's, and the alert's in its data or, where only the message was saved, the
//! one number in it.

use quick_xml::events::Event as Xml;
use serde::{Deserialize, Serialize};

/// As many events as are read.
const MAX_EVENTS: usize = 1_000_000;

/// "A fatal alert was received from the remote endpoint", and "... was generated and sent".
const RECEIVED: u32 = 36887;
const SENT: u32 = 36888;

/// A fatal alert that a Windows has logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Event {
    /// Whether it was sent or received.
    pub direction: Direction,
    /// The alert's number.
    pub alert: u8,
}

/// Which way an alert went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// It came from the peer: event 36887.
    Received,
    /// The Windows sent it: event 36888.
    Sent,
}

/// What an export holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Export {
    /// The fatal alerts, in the file's order.
    pub events: Vec<Event>,
    /// Where it breaks off or is damaged, if it does: what comes before is good.
    pub broken: Option<String>,
}

/// An export that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EventsError {
    /// The text is no export.
    #[error("this is no export of the Event Viewer: no XML of events, and no CSV with their columns")]
    NoExport,
    /// There are more events than are read.
    #[error("more than {MAX_EVENTS} events; filter the log by source Schannel and events {RECEIVED} and {SENT}")]
    TooMany,
}

/// Reads an export.
///
/// # Errors
/// The text is none, or too long.
pub fn read(text: &str) -> Result<Export, EventsError> {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if text.starts_with('<') { read_xml(text) } else { read_csv(text) }
}

/// What is known of an event while it is read.
#[derive(Debug, Default)]
struct Draft {
    id: Option<u32>,
    alert: Option<u8>,
    message: String,
}

impl Draft {
    fn event(&self) -> Option<Event> {
        let direction = match self.id? {
            RECEIVED => Direction::Received,
            SENT => Direction::Sent,
            _ => return None,
        };
        Some(Event { direction, alert: self.alert.or_else(|| alert_in(&self.message))? })
    }
}

/// The alert's number in the words of an event: the first number in them that is no version's, as in "TLS 1.2".
fn alert_in(message: &str) -> Option<u8> {
    let mut words = message.split(|c: char| !(c.is_ascii_digit() || c == '.')).filter(|word| !word.is_empty());
    words.find_map(|word| word.trim_matches('.').parse().ok())
}

/// The element that a text stands in, as far as it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Id,
    Alert,
    Message,
    Elsewhere,
}

fn read_xml(text: &str) -> Result<Export, EventsError> {
    let mut reader = quick_xml::Reader::from_str(text);
    let mut export = Export::default();
    let (mut draft, mut place, mut is_export) = (Draft::default(), Place::Elsewhere, false);
    let mut depth = 0_usize;
    loop {
        match reader.read_event() {
            Ok(Xml::Start(element)) => {
                depth += 1;
                let name = element.local_name();
                place = match name.as_ref() {
                    "Event" => {
                        is_export = true;
                        draft = Draft::default();
                        Place::Elsewhere
                    }
                    "EventID" => Place::Id,
                    "AlertDesc" => Place::Alert,
                    "Data" if names_alert(&element) => Place::Alert,
                    "Message" => Place::Message,
                    _ => Place::Elsewhere,
                };
            }
            Ok(Xml::Text(words)) => {
                let words: &str = words.as_ref();
                match place {
                    Place::Id => draft.id = words.trim().parse().ok(),
                    Place::Alert => draft.alert = words.trim().parse().ok(),
                    Place::Message => draft.message.push_str(words),
                    Place::Elsewhere => {}
                }
            }
            Ok(Xml::End(element)) => {
                place = Place::Elsewhere;
                depth = depth.saturating_sub(1);
                if element.local_name().as_ref() == "Event" {
                    export.events.extend(draft.event());
                }
                if export.events.len() > MAX_EVENTS {
                    return Err(EventsError::TooMany);
                }
            }
            Ok(Xml::Eof) if is_export => {
                let breaks_off = || format!("after {} bytes: the file breaks off here", text.len());
                export.broken = (depth > 0).then(breaks_off);
                return Ok(export);
            }
            Ok(Xml::Eof) => return Err(EventsError::NoExport),
            Ok(_) => {}
            Err(_) if !is_export => return Err(EventsError::NoExport),
            Err(error) => {
                export.broken = Some(format!("after {} bytes: {error}", reader.error_position()));
                return Ok(export);
            }
        }
    }
}

/// Whether it is `<Data Name="AlertDesc">`.
fn names_alert(element: &quick_xml::events::BytesStart<'_>) -> bool {
    let name = element.attributes().flatten().find(|attribute| attribute.key.local_name().as_ref() == "Name");
    name.is_some_and(|attribute| attribute.value.as_ref() == "AlertDesc")
}

/// The header of the column with an event's number.
const ID_COLUMNS: [&str; 4] = ["Event ID", "EventID", "イベント ID", "イベントID"];

fn read_csv(text: &str) -> Result<Export, EventsError> {
    // A file that was saved as text has tabs.
    let first = text.lines().next().unwrap_or_default();
    let delimiter = if first.contains('\t') { b'\t' } else { b',' };
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(text.as_bytes());
    let headers = reader.headers().map_err(|_| EventsError::NoExport)?;
    let id = headers.iter().position(|header| ID_COLUMNS.contains(&header.trim())).ok_or(EventsError::NoExport)?;
    // The message has no header of its own: it is what comes after the named columns.
    let named = headers.len();
    let mut export = Export::default();
    for row in reader.records() {
        let row = match row {
            Ok(row) => row,
            Err(error) => {
                export.broken = Some(error.to_string());
                break;
            }
        };
        let message: Vec<&str> = row.iter().skip(named.min(row.len().saturating_sub(1))).collect();
        let draft =
            Draft { id: row.get(id).and_then(|id| id.trim().parse().ok()), alert: None, message: message.join(" ") };
        export.events.extend(draft.event());
        if export.events.len() > MAX_EVENTS {
            return Err(EventsError::TooMany);
        }
    }
    Ok(export)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_alert_is_the_number_in_the_words() {
        for (message, alert) in [
            (
                "A fatal alert was received from the remote endpoint. The TLS protocol defined fatal alert code is 20.",
                Some(20),
            ),
            (
                "リモート エンドポイントから致命的な警告を受け取りました。 TLS プロトコルで定義されているこの致命的な警告のコードは 20 です。",
                Some(20),
            ),
            (
                "A fatal alert was generated and sent to the remote endpoint. This may result in termination of the connection. \
              The TLS protocol defined fatal error code is 40. The Windows SChannel error state is 1205.",
                Some(40),
            ),
            ("Creating a TLS 1.2 client credential", None),
            ("no number, or 300", None),
        ] {
            assert_eq!(alert_in(message), alert, "{message}");
        }
    }
}
