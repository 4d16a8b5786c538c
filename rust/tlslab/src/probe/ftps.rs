//! The data connections of a server of FTP over TLS (RFC 4217).

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use tlslab_proto::behaviour::ClientBehaviour;

use super::dial::Dialled;
use crate::ftp::{Action, ClientDataSessions, ClientRules, End};
use crate::peer::{FtpOptions, PeerError, ftp_connect};
use crate::scenario::outcome::Kind;

/// Lists the directory in which a login as anonymous begins.
pub(super) fn list(
    client: &ClientBehaviour,
    address: &str,
    seed: u64,
    data_sessions: ClientDataSessions,
    timeout: Duration,
    cancelled: &AtomicBool,
) -> Result<Dialled, PeerError> {
    let rules = ClientRules { data_sessions };
    let actions = vec![Action::List(String::new())];
    let options = FtpOptions { seed, rules, actions, timeout, session: None, identity: None };
    let connection = ftp_connect(client, address, &options, cancelled)?.connection;
    let late = connection.outcome.kind == Kind::TimedOut || connection.outcome.ftp == Some(End::TimedOut);
    Ok(Dialled { connection, session: None, late })
}
