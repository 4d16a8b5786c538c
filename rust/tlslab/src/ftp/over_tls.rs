//! What TLS tells FTP of its connections, wherever their bytes come from.

use std::sync::Arc;

use tlslab_proto::endpoint::session::{ClientSession, ClientSessions, SessionStores};
use tlslab_proto::endpoint::trace::Sink;
use tlslab_proto::endpoint::{Ending, Endpoint, Role, Status};
use tlslab_proto::wire::Bytes;
use tlslab_proto::wire::registry::AlertDescription;

use super::{ClientDataSessions, Closing, Core, DataEnd, DataTls};

/// What has been told of a data connection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Told {
    secured: bool,
    ended: bool,
}

impl Told {
    /// Tells `core` what is new of its data connection; `control` is the master secret of the control connection. Gives
    /// whether there was something.
    pub fn data<R: Role, S: Sink>(
        &mut self,
        endpoint: &mut Endpoint<R, S>,
        control: Option<&Bytes>,
        core: &mut impl Core,
    ) -> bool {
        let before = *self;
        if let Some(established) = endpoint.established().filter(|_| !self.secured) {
            self.secured = true;
            let same_session = established.resumed.is_some() && endpoint.master_secret() == control;
            core.data_secured(DataTls { resumed: established.resumed, same_session });
        }
        let received = endpoint.take_received();
        if !received.is_empty() {
            core.data_received(&received);
        }
        if let Status::Ended(ending) = endpoint.status()
            && !self.ended
        {
            self.ended = true;
            core.data_ended(end(ending));
        }
        *self != before || !received.is_empty()
    }

    /// Whether the end has been told.
    pub fn ended(&self) -> bool {
        self.ended
    }
}

fn end(ending: &Ending) -> DataEnd {
    match ending {
        Ending::Closed => DataEnd::Clean,
        Ending::Truncated => DataEnd::Truncated,
        Ending::AlertSent(_) | Ending::AlertReceived(_) | Ending::Aborted | Ending::Silent => DataEnd::Failed,
    }
}

/// Has an endpoint of a data connection say how it is closed; that it is, is its owner's to do.
pub fn close<R: Role, S: Sink>(endpoint: &mut Endpoint<R, S>, closing: Closing) {
    match closing {
        Closing::Notify => endpoint.close(),
        Closing::Abrupt => {}
        Closing::Alert => {
            let reason = "the application breaks on a resumed data connection";
            endpoint.abort(AlertDescription::HANDSHAKE_FAILURE, reason);
        }
    }
}

/// The stores of a data connection, `sessions` being those of the control connection: its session is offered as the rule
/// has it, and stays the one that is offered.
pub fn data_sessions(rule: ClientDataSessions, sessions: &SessionStores) -> SessionStores {
    let client = Arc::new(DataSessions { rule, shared: sessions.client.clone() });
    SessionStores { client, server: sessions.server.clone() }
}

/// A client's sessions as its data connections see them.
struct DataSessions {
    rule: ClientDataSessions,
    shared: Arc<dyn ClientSessions>,
}

impl ClientSessions for DataSessions {
    fn get(&self, server_name: Option<&str>) -> Option<ClientSession> {
        self.shared.get(server_name).filter(|offered| match self.rule {
            ClientDataSessions::Full => false,
            ClientDataSessions::ResumeWithEmsOnly => offered.session.ems,
            _ => true,
        })
    }

    /// Servers compare with the session of the control connection, and so that one is kept.
    fn put(&self, _server_name: Option<&str>, _session: ClientSession) {}

    fn remove(&self, server_name: Option<&str>) {
        self.shared.remove(server_name);
    }
}
