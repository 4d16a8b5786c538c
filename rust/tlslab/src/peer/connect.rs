//! A client of the lab against a real server.

use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use serde::Serialize;
use tlslab_proto::behaviour::{BehaviourError, ClientBehaviour};
use tlslab_proto::crypto::certificate::Identity;
use tlslab_proto::crypto::draws::Draws;
use tlslab_proto::endpoint::diffie_hellman::{ChosenSecret, DiffieHellman, Honest};
use tlslab_proto::endpoint::edit::Edit;
use tlslab_proto::endpoint::session::{ClientSession, ClientSessions, MemoryClientSessions, SessionStores};
use tlslab_proto::endpoint::trace::Event;
use tlslab_proto::endpoint::{Client, ClientConfig, Environment, Signatures, Status};
use tlslab_proto::wire::Bytes;

use super::open::{Opened, open};
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
    let sessions = client_sessions(options.session.as_ref());
    let client = client(behaviour, options, &sessions)?;
    let mut conversation = Conversation { client, recorder: Recorder::default(), received: Vec::new(), note: None };
    let limits = Limits { deadline: Instant::now() + options.timeout, cancelled };
    let (outcome, said) = match open(address, options.starttls, limits) {
        Ok(opened) => {
            let outcome = conversation.run(&opened, options, limits).map_err(PeerError::Socket)?;
            (outcome, opened.into_said())
        }
        // A server that accepts and resets at once may be heard of before the connection is even handed over. It is
        // there all the same, and what it did is an outcome.
        Err(PeerError::Unreachable { source, .. }) if source.kind() == ErrorKind::ConnectionReset => {
            conversation.client.peer_closed();
            (conversation.outcome(false), Vec::new())
        }
        Err(error) => return Err(error),
    };
    let Conversation { recorder, received, note, .. } = conversation;
    let connection = recorder.finish(outcome);
    let note = note.or_else(|| if options.starttls.is_none() { hint::of(&connection) } else { None });
    let session = sessions.get(behaviour.own.server_name.as_deref());
    Ok(Connected { connection, received: received.into(), said, note, session })
}

/// A client's configuration, with a certificate of its own if it has one.
pub(super) fn client_config(
    behaviour: &ClientBehaviour,
    identity: Option<&Identity>,
) -> Result<Arc<ClientConfig>, BehaviourError> {
    Ok(Arc::new(match identity {
        Some(identity) => ClientConfig::with_identities(behaviour, vec![identity.clone()])?,
        None => ClientConfig::new(behaviour)?,
    }))
}

/// A client's store, with the session of an earlier connection in it, if there is one.
pub(super) fn client_sessions(session: Option<&ClientSession>) -> Arc<MemoryClientSessions> {
    let sessions = MemoryClientSessions::default();
    if let Some(session) = session {
        let made_with = session.session.server_name.as_ref().map(|name| String::from_utf8_lossy(name));
        sessions.put(made_with.as_deref(), session.clone());
    }
    Arc::new(sessions)
}

/// The client, with the session that it has in its store.
fn client(
    behaviour: &ClientBehaviour,
    options: &ConnectOptions,
    sessions: &Arc<MemoryClientSessions>,
) -> Result<Client<Vec<Event>>, PeerError> {
    let config = client_config(behaviour, options.identity.as_ref())?;
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
    Ok(Client::new(config, environment))
}

/// A client and what happens to it.
struct Conversation {
    client: Client<Vec<Event>>,
    recorder: Recorder,
    received: Vec<u8>,
    note: Option<String>,
}

impl Conversation {
    /// Handshakes, data, end.
    fn run(&mut self, opened: &Opened, options: &ConnectOptions, limits: Limits<'_>) -> io::Result<Outcome> {
        self.recorder = Recorder::over(opened.stream(), self.client.side());
        opened.said().iter().for_each(|flight| self.recorder.crossed(flight.sender, &flight.bytes));
        let mut link = opened.link(limits)?;
        let satisfied = self.handshake(&mut link)
            && (0..options.renegotiations).all(|_| self.renegotiate(&mut link))
            && self.exchange(&mut link, &options.data, options.receive);
        let outcome = self.outcome(satisfied);
        self.client.close();
        link.drive(&mut self.client, &mut self.recorder, |_| true);
        link.close();
        Ok(outcome)
    }

    /// Goes on until application data may flow, and gives whether it may.
    fn handshake(&mut self, link: &mut Link<'_>) -> bool {
        let is_done = |client: &mut Client<Vec<Event>>| *client.status() == Status::Established;
        link.drive(&mut self.client, &mut self.recorder, is_done) == Drive::Reached
    }

    /// Another handshake. Gives whether the connection can go on, with it or without.
    fn renegotiate(&mut self, link: &mut Link<'_>) -> bool {
        let before = self.client.handshakes();
        if let Err(error) = self.client.renegotiate() {
            self.note = Some(format!("the client did not renegotiate: {error}"));
            return true;
        }
        let goes_on = self.handshake(link);
        if goes_on && self.client.handshakes() == before {
            self.note = Some("the server refused to renegotiate (no_renegotiation)".to_owned());
        }
        goes_on
    }

    /// Sends data, and waits for so many bytes. Gives whether they came.
    fn exchange(&mut self, link: &mut Link<'_>, data: &[u8], wanted: usize) -> bool {
        let Self { client, recorder, received, .. } = self;
        client.send(data);
        let driven = link.drive(client, recorder, |client| {
            received.extend(client.take_received());
            received.len() >= wanted
        });
        // What came in together with the end counts too.
        received.extend(client.take_received());
        driven == Drive::Reached || received.len() >= wanted
    }

    fn outcome(&self, satisfied: bool) -> Outcome {
        let client = &self.client;
        let view = View { side: client.side(), status: client.status(), expects: client.expects() };
        Outcome::of(&[view], client.established(), satisfied)
    }
}
