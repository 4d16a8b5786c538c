//! How a connection ended.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};
use tlslab_proto::crypto::Side;
use tlslab_proto::endpoint::{Ending, Established, Status};
use tlslab_proto::wire::registry::AlertDescription;

use super::application::Refusal;
use super::verdict::Cause;
use crate::ftp::End;

/// How a connection ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// In which way.
    pub kind: Kind,
    /// The alert that ended it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alert: Option<AlertDescription>,
    /// The alert's number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<u8>,
    /// Who sent the alert, or closed the connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sender: Option<Side>,
    /// The message that the sender was waiting for, or dealing with, when it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// What caused a failure, by the trace; absent where nothing failed or no trace was kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// Why the server's application refused the client, the connection being fine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<Refusal>,
    /// What the handshake agreed on, if it was finished; after a renegotiation, the last one that was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub established: Option<Established>,
    /// How the transfers over it ended, where it is a control connection of FTP: the first that failed tells.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "as_label")]
    pub ftp: Option<End>,
}

fn as_label<S: Serializer>(end: &Option<End>, serializer: S) -> Result<S::Ok, S::Error> {
    end.map(|end| end.to_string()).serialize(serializer)
}

/// The ways in which a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The handshake was finished, and the application had its way or refused the client.
    Established,
    /// A fatal alert.
    Alert,
    /// A side closed the connection without an alert.
    Closed,
    /// Both sides wait for each other, or time ran out.
    TimedOut,
}

/// What one side has to say about how a connection ended.
pub(crate) struct View<'a> {
    pub(crate) side: Side,
    pub(crate) status: &'a Status,
    pub(crate) expects: &'static str,
}

impl Outcome {
    /// The outcome of `views`, of one endpoint or of both, where the application had its way or not.
    pub(crate) fn of(views: &[View<'_>], established: Option<Established>, satisfied: bool) -> Self {
        let ended = |kind, alert: Option<AlertDescription>, sender, at: Option<&str>| Self {
            kind,
            alert,
            code: alert.map(|alert| alert.0),
            sender,
            at: at.map(str::to_owned),
            cause: None,
            refused: None,
            established: established.clone(),
            ftp: None,
        };
        if satisfied {
            return ended(Kind::Established, None, None, None);
        }
        // Whoever sent an alert knows most, then whoever got one, then whoever saw the connection close.
        let sent = views.iter().find_map(|view| match view.status {
            Status::Ended(Ending::AlertSent(alert)) => {
                Some(ended(Kind::Alert, Some(*alert), Some(view.side), Some(view.expects)))
            }
            _ => None,
        });
        let received = || {
            views.iter().find_map(|view| match view.status {
                Status::Ended(Ending::AlertReceived(alert)) => {
                    Some(ended(Kind::Alert, Some(*alert), Some(view.side.peer()), None))
                }
                _ => None,
            })
        };
        let closed = || {
            views.iter().find_map(|view| match view.status {
                Status::Ended(Ending::Aborted) => Some(ended(Kind::Closed, None, Some(view.side), Some(view.expects))),
                Status::Ended(Ending::Truncated | Ending::Closed) => {
                    Some(ended(Kind::Closed, None, Some(view.side.peer()), None))
                }
                _ => None,
            })
        };
        sent.or_else(received).or_else(closed).unwrap_or_else(|| ended(Kind::TimedOut, None, None, None))
    }

    /// Whether the connection failed, or a transfer over it.
    pub fn failed(&self) -> bool {
        self.kind != Kind::Established || self.ftp.is_some_and(|end| end != End::Complete)
    }

    /// Whether the connection came to what it was made for: it did not fail, and the client was not refused.
    pub fn succeeded(&self) -> bool {
        !self.failed() && self.refused.is_none()
    }

    /// A short name under which outcomes are counted: `established:full:ems`, `established:resumed`,
    /// `established:full:refused` where the application refused the client, `alert:bad_record_mac:server`, `closed:client`, `timed_out`.
    /// `alert:bad_record_mac:server`, `closed:client`, `timed_out`; with FTP, `established:full:ftp:reply_522`.
    pub fn label(&self) -> String {
        let ftp = self.ftp.map_or(String::new(), |end| format!(":ftp:{end}"));
        format!("{}{ftp}", self.label_of_connection())
    }

    fn label_of_connection(&self) -> String {
        let sender = self.sender.map_or(String::new(), |sender| format!(":{sender}"));
        match (self.kind, &self.alert) {
            (Kind::Established, _) => {
                let ems = self.established.as_ref().is_some_and(|established| established.ems);
                let resumed = self.established.as_ref().is_some_and(|established| established.resumed.is_some());
                let (way, ems) = (if resumed { "resumed" } else { "full" }, if ems { ":ems" } else { "" });
                let refused = if self.refused.is_some() { ":refused" } else { "" };
                format!("established:{way}{ems}{refused}")
            }
            (Kind::Alert, Some(alert)) => format!("alert:{alert}{sender}"),
            (Kind::Alert, None) | (Kind::Closed, _) => format!("closed{sender}"),
            (Kind::TimedOut, _) => "timed_out".to_owned(),
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.label())
    }
}
