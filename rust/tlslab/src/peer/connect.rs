//! A client of the lab against a real server.

use std::io::ErrorKind;
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use serde::Serialize;
use tlslab_proto::behaviour::ClientBehaviour;
use tlslab_proto::crypto::certificate::Identity;
use tlslab_proto::crypto::draws::Draws;
use tlslab_proto::endpoint::diffie_hellman::{ChosenSecret, DiffieHellman, Honest};
use tlslab_proto::endpoint::edit::Edit;
use tlslab_proto::endpoint::session::{ClientSession, ClientSessions, MemoryClientSessions, SessionStores};
use tlslab_proto::endpoint::trace::Event;
use tlslab_proto::endpoint::{Client, ClientConfig, Environment, Signatures, Status};
use tlslab_proto::wire::Bytes;

use super::{PeerError, now};
use crate::link::tcp::{Drive, Limits, Link};
use crate::scenario::connection::{Connection, Recorder};
use crate::scenario::outcome::{Outcome, View};

/// How a connection to a real server is made.
#[derive(Debug, Clone, PartialEq)]
pub struct ConnectOptions {
    /// The seed of the client's randomness.
    pub seed: u64,
    /// What the client sends once the handshake is done.
    pub data: Vec<u8>,
    /// How many bytes it waits for then.
    pub receive: usize,
    /// How long all of it may take.
    pub timeout: Duration,
    /// Exactly so many leading zero bytes of Z, by choice of the client's exponent; `None` leaves it to chance.
    pub chosen_zeros: Option<usize>,
    /// Changes to what the client sends.
    pub edits: Vec<Edit>,
    /// The session of an earlier connection, to be resumed. It is offered if the behaviour offers such sessions, to a
    /// server of the name under which it was made.
    pub session: Option<ClientSession>,
    /// The client's certificate and key, in place of the lab's own that the behaviour names.
    pub identity: Option<Identity>,
}

/// A connection to a real server.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Connected {
    /// What happened.
    #[serde(flatten)]
    pub connection: Connection,
    /// The application data that arrived.
    pub received: Bytes,
    /// The session that can be resumed next, if the connection left one.
    #[serde(skip)]
    pub session: Option<ClientSession>,
}

/// Connects to `address` (`HOST:PORT`), and gives what happened, whatever that is.
///
/// # Errors
/// There is no connection at all: a bad address, nobody there.
pub fn connect(
    behaviour: &ClientBehaviour,
    address: &str,
    options: &ConnectOptions,
    cancelled: &AtomicBool,
) -> Result<Connected, PeerError> {
    let config = match &options.identity {
        Some(identity) => ClientConfig::with_identities(behaviour, vec![identity.clone()])?,
        None => ClientConfig::new(behaviour)?,
    };
    let server_name = behaviour.own.server_name.as_deref();
    let sessions = Arc::new(MemoryClientSessions::default());
    if let Some(session) = &options.session {
        let made_with = session.session.server_name.as_ref().map(|name| String::from_utf8_lossy(name));
        sessions.put(made_with.as_deref(), session.clone());
    }
    let deadline = Instant::now() + options.timeout;
    let opened = open(address, options.timeout);
    let diffie_hellman: Arc<dyn DiffieHellman> = match options.chosen_zeros {
        Some(zeros) => Arc::new(ChosenSecret::with_leading_zeros(zeros)),
        None => Arc::new(Honest::default()),
    };
    let environment = Environment {
        draws: Draws::new(options.seed, 0),
        connection: 0,
        diffie_hellman,
        signatures: Signatures::Real,
        edits: options.edits.clone().into(),
        sessions: SessionStores { client: sessions.clone(), ..SessionStores::default() },
        now: now(),
    };
    let mut client: Client<Vec<Event>> = Client::new(Arc::new(config), environment);
    let mut recorder = Recorder::default();
    let mut received = Vec::new();
    let stream = match opened {
        Ok(stream) => stream,
        // A server that accepts and resets at once may be heard of before the connection is even handed over. It is
        // there all the same, and what it did is an outcome.
        Err(PeerError::Unreachable { source, .. }) if source.kind() == ErrorKind::ConnectionReset => {
            client.peer_closed();
            let view = View { side: client.side(), status: client.status(), expects: client.expects() };
            let outcome = Outcome::of(&[view], None, false);
            let session = sessions.get(server_name);
            return Ok(Connected { connection: recorder.finish(outcome), received: received.into(), session });
        }
        Err(error) => return Err(error),
    };
    let mut link = Link::new(&stream, Limits { deadline, cancelled }).map_err(PeerError::Socket)?;

    let handshake = link.drive(&mut client, &mut recorder, |client| *client.status() == Status::Established);
    let mut satisfied = handshake == Drive::Reached;
    if satisfied {
        client.send(&options.data);
        let wanted = options.receive;
        let reached = link.drive(&mut client, &mut recorder, |client| {
            received.extend(client.take_received());
            received.len() >= wanted
        });
        // What came in together with the end counts too.
        received.extend(client.take_received());
        satisfied = reached == Drive::Reached || received.len() >= wanted;
    }
    let view = View { side: client.side(), status: client.status(), expects: client.expects() };
    let outcome = Outcome::of(&[view], client.established(), satisfied);
    client.close();
    link.drive(&mut client, &mut recorder, |_| true);
    link.close();
    let session = sessions.get(server_name);
    Ok(Connected { connection: recorder.finish(outcome), received: received.into(), session })
}

/// A connected stream to `address` (`HOST:PORT`), within so much time.
///
/// # Errors
/// A bad address, or nobody there.
pub(crate) fn open(address: &str, timeout: Duration) -> Result<TcpStream, PeerError> {
    let no_address = |reason: String| PeerError::Address { address: address.to_owned(), reason };
    let resolved = address.to_socket_addrs().map_err(|error| no_address(error.to_string()))?;
    let mut failure = None;
    for address in resolved {
        match TcpStream::connect_timeout(&address, timeout.max(Duration::from_millis(1))) {
            Ok(stream) => return Ok(stream),
            Err(source) => failure = Some(PeerError::Unreachable { address: address.to_string(), source }),
        }
    }
    Err(failure.unwrap_or_else(|| no_address("the name resolves to nothing".to_owned())))
}
