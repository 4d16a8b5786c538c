//! A client of the lab at a real FTP server.

use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use tlslab_proto::behaviour::ClientBehaviour;
use tlslab_proto::crypto::certificate::Identity;
use tlslab_proto::crypto::draws::Draws;
use tlslab_proto::endpoint::diffie_hellman::Honest;
use tlslab_proto::endpoint::session::{ClientSession, ClientSessions, SessionStores};
use tlslab_proto::endpoint::{Client as TlsClient, ClientConfig, ClientRole, Environment, Signatures};

use super::drive::{DataConnections, Session, Traced};
use crate::ftp::{Action, Client, ClientRules, Core, DataEnd, Effect, over_tls};
use crate::link::tcp::Limits;
use crate::peer::connect::{client_config, client_sessions};
use crate::peer::open::connect;
use crate::peer::{PeerError, now};
use crate::scenario::connection::Connection;

/// What a client does at a real server.
#[derive(Debug, Clone, PartialEq)]
pub struct FtpOptions {
    /// The seed of the client's randomness.
    pub seed: u64,
    /// Its rules for data connections.
    pub rules: ClientRules,
    /// What it transfers.
    pub actions: Vec<Action>,
    /// How long all of it may take.
    pub timeout: Duration,
    /// The session of an earlier connection, to be resumed by the control connection, as for
    /// [`connect`](crate::peer::connect).
    pub session: Option<ClientSession>,
    /// The client's certificate and key, in place of the lab's own that the behaviour names.
    pub identity: Option<Identity>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Transferred {
    /// The control connection, with its transfers.
    pub connection: Connection,
    /// The session that can be resumed next, if one was left.
    pub session: Option<ClientSession>,
}

/// Connects to the FTP server at `address` (`HOST:PORT`), logs in as anonymous over TLS, transfers what it is told to, and
/// gives what happened, whatever that is.
///
/// # Errors
/// There is no connection at all, or a path that no command can carry.
pub fn ftp_connect(
    behaviour: &ClientBehaviour,
    address: &str,
    options: &FtpOptions,
    cancelled: &AtomicBool,
) -> Result<Transferred, PeerError> {
    let config = client_config(behaviour, options.identity.as_ref())?;
    let sessions = client_sessions(options.session.as_ref());
    options.actions.iter().try_for_each(Action::validate)?;
    let deadline = Instant::now() + options.timeout;
    let stream = connect(address, options.timeout)?;
    let server = stream.peer_addr().map_err(PeerError::Socket)?;
    let client = Client::new(options.rules, server.ip(), options.actions.clone())?;
    let environment = Environment {
        draws: Draws::new(options.seed, 0),
        connection: 0,
        diffie_hellman: Arc::new(Honest::default()),
        signatures: Signatures::Real,
        edits: Arc::new([]),
        sessions: SessionStores { client: sessions.clone(), ..SessionStores::default() },
        now: now(),
    };
    let control = TlsClient::new(config.clone(), environment.clone());
    let data = ClientData { config, environment, rules: options.rules, server, stream: None, made: 0 };
    let session = Session::new(client, data, Limits { deadline, cancelled });
    let (mut connection, client) = session.run(&stream, control, || {}).map_err(PeerError::Socket)?;
    connection.outcome.ftp = client.end();
    if let Some(ftp) = &mut connection.ftp {
        ftp.error = client.error().map(str::to_owned);
    }
    Ok(Transferred { connection, session: sessions.get(behaviour.own.server_name.as_deref()) })
}

/// How the client makes data connections: it connects.
struct ClientData {
    config: Arc<ClientConfig>,
    /// That of the control connection, whose sessions are offered.
    environment: Environment,
    rules: ClientRules,
    server: SocketAddr,
    stream: Option<TcpStream>,
    made: u16,
}

/// How long it waits for a data connection to be taken.
const PATIENCE: Duration = Duration::from_secs(10);

impl DataConnections<ClientRole, Client> for ClientData {
    fn prepare(&mut self, effect: &Effect, core: &mut Client) {
        let Effect::Connect(port) = effect else { return };
        let address = SocketAddr::new(self.server.ip(), *port);
        self.stream = TcpStream::connect_timeout(&address, PATIENCE).ok();
        if self.stream.is_none() {
            core.data_ended(DataEnd::Failed);
        }
    }

    fn open(&mut self, _limits: Limits<'_>) -> Option<TcpStream> {
        self.stream.take()
    }

    fn endpoint(&mut self) -> Traced<ClientRole> {
        self.made += 1;
        let sessions = over_tls::data_sessions(self.rules.data_sessions, &self.environment.sessions);
        let environment = Environment { connection: self.made, sessions, now: now(), ..self.environment.clone() };
        TlsClient::new(self.config.clone(), environment)
    }
}
