//! What FTP makes of the sessions of data connections: rules of the application, and no matter of TLS.

use serde::{Deserialize, Serialize};

/// What a server demands of the sessions of its data connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum ServerDataSessions {
    /// Resumed or not, all are served (RFC 4217 leaves it open).
    #[default]
    #[serde(rename = "any")]
    Any,
    /// One that resumed no session is refused with 522, and the control connection is closed after it. RFC 4217 has the
    /// code; so do vsftpd 2.1 to 3.0 with `require_ssl_reuse=YES`, their default (ssl.c, ftpdataio.c).
    #[serde(rename = "require_522")]
    Require522,
    /// One that did not resume the session of the control connection is refused with 425, and the control connection goes
    /// on. So do ProFTPD's mod_tls without `NoSessionReuseRequired` and FileZilla Server 1.
    #[serde(rename = "require_425")]
    Require425,
    /// The same with 450, as FileZilla Server 0.9 has it.
    #[serde(rename = "require_450")]
    Require450,
    /// One that resumed a session is closed without a word. An assumption: KB4528489 says of such servers only that each
    /// connection fails, and curl's manual (`--no-sessionid`) that they seem to exist.
    #[serde(rename = "break_close")]
    BreakClose,
    /// The same with a fatal alert; an assumption too.
    #[serde(rename = "break_alert")]
    BreakAlert,
}

/// What a client does about the sessions of its data connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientDataSessions {
    /// It offers the session of the control connection, as far as its behaviour offers it, and takes what comes: curl and
    /// lftp do so.
    #[default]
    Resume,
    /// It never offers one, as Python's `ftplib`.
    Full,
    /// It offers one that has an extended master secret (RFC 7627), and none without, whatever its behaviour.
    ResumeWithEmsOnly,
    /// It offers one, and gives up where the data connection resumes none, since whoever is there may be anybody. An
    /// assumption for clients of the article's time.
    Insist,
    /// It offers one, and closes without a word where that is resumed. An assumption, as with servers.
    BreakClose,
    /// The same with a fatal alert; an assumption too.
    BreakAlert,
}

/// The rules of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerRules {
    /// What it demands of the sessions of its data connections.
    pub data_sessions: ServerDataSessions,
}

/// The rules of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClientRules {
    /// What it does about the sessions of its data connections.
    pub data_sessions: ClientDataSessions,
}
