//! A client of the lab against a real server.

use std::io::ErrorKind;
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

use super::open::open;
use super::{PeerError, hint, now};
use crate::link::Observer;
use crate::link::tcp::{Drive, Limits, Link};
use crate::scenario::connection::{Connection, Flight, Recorder};
use crate::scenario::outcome::{Outcome, View};
use crate::starttls::StartTls;

/// How a connection to a real server is made.
#[derive(Debug, Clone, PartialEq)]
pub struct ConnectOptions {
    /// The seed of the client's randomness.
    pub seed: u64,
    /// The protocol in which TLS is asked for on the open connection; `None` where it begins at once.
    pub starttls: Option<StartTls>,
    /// How often the client renegotiates once the handshake is done.
    pub renegotiations: u32,
    /// What the client sends then.
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

impl Default for ConnectOptions {
    /// A handshake within ten seconds, and nothing else.
    fn default() -> Self {
        Self {
            seed: 0,
            starttls: None,
            renegotiations: 0,
            data: Vec::new(),
            receive: 0,
            timeout: Duration::from_secs(10),
            chosen_zeros: None,
            edits: Vec::new(),
            session: None,
            identity: None,
        }
    }
}

/// A connection to a real server.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Connected {
    /// What happened.
    #[serde(flatten)]
    pub connection: Connection,
    /// The application data that arrived.
    pub received: Bytes,
    /// What was said in clear before TLS began.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub said: Vec<Flight>,
    /// What a person should know of it: that the peer seems to speak something else, or did not renegotiate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The session that can be resumed next, if the connection left one.
    #[serde(skip)]
    pub session: Option<ClientSession>,
}

/// Connects to `address` (`HOST:PORT`), and gives what happened, whatever that is.
///
/// # Errors
/// There is no connection at all: a bad address, nobody there, or nobody who begins TLS by the protocol.
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
    let limits = Limits { deadline: Instant::now() + options.timeout, cancelled };
    let opened = open(address, options.starttls, limits);
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
    let mut received = Vec::new();
    let opened = match opened {
        Ok(opened) => opened,
        // A server that accepts and resets at once may be heard of before the connection is even handed over. It is
        // there all the same, and what it did is an outcome.
        Err(PeerError::Unreachable { source, .. }) if source.kind() == ErrorKind::ConnectionReset => {
            client.peer_closed();
            let view = View { side: client.side(), status: client.status(), expects: client.expects() };
            let outcome = Outcome::of(&[view], None, false);
            let session = sessions.get(server_name);
            let connection = Recorder::default().finish(outcome);
            return Ok(Connected { connection, received: received.into(), said: Vec::new(), note: None, session });
        }
        Err(error) => return Err(error),
    };
    let mut recorder = Recorder::over(opened.stream(), client.side());
    opened.said().iter().for_each(|flight| recorder.crossed(flight.sender, &flight.bytes));
    let mut link = opened.link(limits).map_err(PeerError::Socket)?;

    let handshake = link.drive(&mut client, &mut recorder, |client| *client.status() == Status::Established);
    let mut satisfied = handshake == Drive::Reached;
    let mut note = None;
    for _ in 0..options.renegotiations {
        if satisfied {
            (satisfied, note) = renegotiate(&mut link, &mut client, &mut recorder);
        }
    }
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
    let connection = recorder.finish(outcome);
    if options.starttls.is_none() {
        note = note.or_else(|| hint::of(&connection));
    }
    Ok(Connected { connection, received: received.into(), said: opened.into_said(), note, session })
}

/// Has the client renegotiate. Gives whether the connection can go on, and why there is no other handshake, if there is
/// none.
fn renegotiate(
    link: &mut Link<'_>,
    client: &mut Client<Vec<Event>>,
    recorder: &mut Recorder,
) -> (bool, Option<String>) {
    let before = client.handshakes();
    if let Err(error) = client.renegotiate() {
        return (true, Some(format!("the client did not renegotiate: {error}")));
    }
    let driven = link.drive(client, recorder, |client| *client.status() == Status::Established);
    let refused = driven == Drive::Reached && client.handshakes() == before;
    (driven == Drive::Reached, refused.then(|| "the server refused to renegotiate (no_renegotiation)".to_owned()))
}
