//! A server of the lab for real FTP clients.

use std::net::{IpAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use tlslab_proto::endpoint::{Environment, Server as TlsServer, ServerConfig, ServerRole};

use super::drive::{DataConnections, Session, Traced, is_over};
use crate::ftp::{Effect, Server, ServerRules, SharedFiles};
use crate::link::tcp::Limits;
use crate::peer::now;
use crate::scenario::connection::Connection;

/// How long a client may take to make its data connection.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long the server sleeps where nobody comes.
const ACCEPT_POLL: Duration = Duration::from_millis(10);

/// What a server of FTP serves.
pub(in crate::peer) struct FtpServing {
    pub(in crate::peer) rules: ServerRules,
    pub(in crate::peer) files: SharedFiles,
}

/// One client's session; `secured` is called once it asks for TLS. `None` where the socket does not do what sockets do.
pub(in crate::peer) fn converse(
    stream: &TcpStream,
    limits: Limits<'_>,
    config: &Arc<ServerConfig>,
    environment: Environment,
    serving: &FtpServing,
    secured: impl FnOnce(),
) -> Option<Connection> {
    let (local, peer) = (stream.local_addr().ok()?.ip(), stream.peer_addr().ok()?.ip());
    let server = Server::new(serving.rules, serving.files.clone(), local);
    let control = TlsServer::new(config.clone(), environment.clone());
    let data = ServerData { config: config.clone(), environment, local, peer, listener: None, made: 0 };
    let (connection, _) = Session::new(server, data, limits).run(stream, control, secured).ok()?;
    Some(connection)
}

/// How the server makes data connections: it listens, for the client of the control connection alone.
struct ServerData {
    config: Arc<ServerConfig>,
    /// That of the control connection.
    environment: Environment,
    local: IpAddr,
    peer: IpAddr,
    listener: Option<TcpListener>,
    made: u16,
}

impl DataConnections<ServerRole, Server> for ServerData {
    fn prepare(&mut self, effect: &Effect, core: &mut Server) {
        if *effect == Effect::Listen {
            self.listener = TcpListener::bind((self.local, 0)).ok();
            let address = self.listener.as_ref().and_then(|listener| listener.local_addr().ok());
            core.listening(address.map(|address| address.port()));
        }
    }

    fn open(&mut self, limits: Limits<'_>) -> Option<TcpStream> {
        let listener = self.listener.take()?;
        listener.set_nonblocking(true).ok()?;
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until && !is_over(limits) {
            match listener.accept() {
                // Whoever else has found the port is not served (RFC 2577).
                Ok((stream, from)) if from.ip() == self.peer => {
                    stream.set_nonblocking(false).ok()?;
                    return Some(stream);
                }
                Ok(_) => {}
                Err(_) => thread::sleep(ACCEPT_POLL),
            }
        }
        None
    }

    fn endpoint(&mut self) -> Traced<ServerRole> {
        self.made = self.made.wrapping_add(1).max(1);
        let environment = Environment { connection: self.made, now: now(), ..self.environment.clone() };
        TlsServer::new(self.config.clone(), environment)
    }
}
