//! One simulated connection: two endpoints on a memory link, and the application's part.

use std::net::TcpStream;
use std::sync::Arc;
use std::time::Instant;

use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};
use tlslab_proto::crypto::Side;
use tlslab_proto::crypto::draws::Draws;
use tlslab_proto::endpoint::diffie_hellman::DiffieHellman;
use tlslab_proto::endpoint::edit::{Edit, EditError};
use tlslab_proto::endpoint::trace::{Event, Sink};
use tlslab_proto::endpoint::{Client, ClientConfig, Environment, Server, ServerConfig, Signatures};
use tlslab_proto::wire::{Bytes, Encode, Message};

use super::Plan;
use super::application::Application;
use super::ftps::{FtpSession, Place};
use super::keys::{self, SessionKeys};
use super::outcome::{Kind, Outcome, View};
use super::overrides::Overrides;
use super::stores::Stores;
use super::verdict::{self, Traced};
use crate::link::fault::{Fault, Wire};
use crate::link::socket::{Closing, PeerClosed, Socket, micros};
use crate::link::{Observer, memory};

/// What all connections between one client and one server have in common.
#[derive(Clone)]
pub struct Setup {
    /// The client.
    pub client: Arc<ClientConfig>,
    /// The server.
    pub server: Arc<ServerConfig>,
    /// The connections in which they act otherwise.
    pub overrides: Overrides,
    /// How Diffie-Hellman is computed.
    pub diffie_hellman: Arc<dyn DiffieHellman>,
    /// Whether signatures are real.
    pub signatures: Signatures,
}

/// Both endpoints of a connection.
pub struct Pair<S> {
    /// The client.
    pub client: Client<S>,
    /// The server.
    pub server: Server<S>,
    /// What is between them.
    pub wire: Wire,
}

impl Setup {
    /// Both endpoints of the connection with this number in a trial, nothing having crossed yet. What comes before it by
    /// its plan happens to `stores`, which the earlier connections of the trial have filled.
    pub fn pair<S: Sink>(&self, draws: Draws, number: u16, plan: &Plan, stores: &mut Stores) -> Pair<S> {
        stores.prepare(plan);
        self.pair_in(number, self.environment(draws, number, &plan.edits, stores), plan.fault)
    }

    /// What both endpoints of a connection of a trial are given.
    pub(super) fn environment(&self, draws: Draws, connection: u16, edits: &[Edit], stores: &Stores) -> Environment {
        Environment {
            draws,
            connection,
            diffie_hellman: self.diffie_hellman.clone(),
            signatures: self.signatures,
            edits: edits.into(),
            sessions: stores.sessions(),
            now: stores.now(),
        }
    }

    /// Both endpoints, acting as in the connection with this number, on a wire that fails as it is told to.
    pub(super) fn pair_in<S: Sink>(&self, number: u16, environment: Environment, fault: Option<Fault>) -> Pair<S> {
        let client = self.overrides.client(number).unwrap_or(&self.client);
        let server = self.overrides.server(number).unwrap_or(&self.server);
        Pair {
            client: Client::new(client.clone(), environment.clone()),
            server: Server::new(server.clone(), environment),
            wire: Wire::new(fault),
        }
    }

    /// Runs a connection without a trace.
    ///
    /// # Errors
    /// An edit does not fit the message that it selects.
    pub fn run(
        &self,
        draws: Draws,
        number: u16,
        plan: &Plan,
        stores: &mut Stores,
        observer: &mut impl Observer<()>,
    ) -> Result<Outcome, EditError> {
        if let Some(ftp) = &plan.ftp {
            return Place { setup: self, draws, number, plan, ftp, stores }.run(observer);
        }
        self.pair(draws, number, plan, stores).run(plan, observer)
    }

    /// Runs a connection and keeps everything that happens in it.
    ///
    /// # Errors
    /// An edit does not fit the message that it selects.
    pub fn record(&self, draws: Draws, number: u16, plan: &Plan, stores: &mut Stores) -> Result<Connection, EditError> {
        if let Some(ftp) = &plan.ftp {
            return Place { setup: self, draws, number, plan, ftp, stores }.record();
        }
        let mut recorder = Recorder::default();
        let outcome = self.pair(draws, number, plan, stores).run(plan, &mut recorder)?;
        Ok(recorder.finish(outcome))
    }
}

impl<S: Sink> Pair<S> {
    /// Runs the handshake, and whatever the application does until it has done all or nothing moves.
    ///
    /// # Errors
    /// An edit does not fit the message that it selects.
    pub fn run(&mut self, plan: &Plan, observer: &mut impl Observer<S>) -> Result<Outcome, EditError> {
        let mut application = Application::default();
        self.settle(observer);
        while application.act(plan, self) {
            self.settle(observer);
        }
        match self.edit_error() {
            Some(error) => Err(error.clone()),
            None => Ok(self.outcome_of(&application)),
        }
    }

    /// Lets both endpoints do what they can do now.
    fn settle(&mut self, observer: &mut impl Observer<S>) {
        memory::run(&mut self.client, &mut self.server, &mut self.wire, observer);
    }

    /// Why an edit could not be made.
    pub(super) fn edit_error(&self) -> Option<&EditError> {
        self.client.edit_error().or(self.server.edit_error())
    }

    /// How the connection stands or ended, the application being so far.
    pub(super) fn outcome_of(&self, application: &Application) -> Outcome {
        Outcome { refused: application.refusal(), ..self.outcome(application.is_done()) }
    }

    /// How the connection stands or ended, the application having had its way or not.
    pub(super) fn outcome(&self, satisfied: bool) -> Outcome {
        let views = [
            View { side: Side::Client, status: self.client.status(), expects: self.client.expects() },
            View { side: Side::Server, status: self.server.status(), expects: self.server.expects() },
        ];
        let established = self.client.established().filter(|_| self.server.established().is_some());
        let outcome = Outcome::of(&views, established, satisfied);
        // Where the wire was dropped, it was neither side that closed.
        let sender = outcome.sender.filter(|_| outcome.kind != Kind::Closed || self.wire.failed().is_none());
        Outcome { sender, ..outcome }
    }

    /// Whether the handshake is done at both ends.
    pub fn established(&self) -> bool {
        memory::established(&self.client, &self.server)
    }
}

/// A connection with everything that happened in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Connection {
    /// How it ended.
    pub outcome: Outcome,
    /// What happened at both endpoints, in order.
    pub trace: Vec<Traced>,
    /// The bytes that crossed, in order.
    pub flights: Vec<Flight>,
    /// What decrypts them: the keys of each handshake, as far as an endpoint of the lab had them.
    pub keys: Vec<SessionKeys>,
    /// The socket, where it was a real one.
    pub socket: Option<Socket>,
    /// Whether more happened than is kept: of a connection without end, only the beginning is.
    pub truncated: bool,
    /// What FTP made of it, where it is a control connection.
    pub ftp: Option<FtpSession>,
}

impl Connection {
    /// The messages that were sent, in order: those that its endpoints sent, and those that came from a peer that has no
    /// endpoint in the trace.
    pub fn messages(&self) -> impl Iterator<Item = SentMessage<'_>> {
        let simulated = [Side::Client, Side::Server].map(|side| self.trace.iter().any(|traced| traced.side == side));
        self.trace.iter().filter_map(move |Traced { side, event }| match event {
            Event::Sent { message, edited, .. } => Some(SentMessage { sender: *side, message, edited: *edited }),
            Event::Received { message } if !simulated[side.peer() as usize] => {
                Some(SentMessage { sender: side.peer(), message, edited: false })
            }
            _ => None,
        })
    }
}

/// With its messages, which are in the trace among everything else.
impl Serialize for Connection {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { outcome, trace, flights, keys, socket, truncated, ftp } = self;
        let mut written = serializer.serialize_map(None)?;
        written.serialize_entry("outcome", outcome)?;
        written.serialize_entry("messages", &self.messages().collect::<Vec<_>>())?;
        written.serialize_entry("trace", trace)?;
        written.serialize_entry("flights", flights)?;
        written.serialize_entry("keys", keys)?;
        if let Some(socket) = socket {
            written.serialize_entry("socket", socket)?;
        }
        written.serialize_entry("truncated", truncated)?;
        if let Some(ftp) = ftp {
            written.serialize_entry("ftp", ftp)?;
        }
        written.end()
    }
}

/// A message that was sent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SentMessage<'a> {
    /// Who sent it.
    pub sender: Side,
    /// What it says.
    pub message: &'a Message,
    /// Whether an edit made it what it is; false where the sender is a real peer.
    pub edited: bool,
}

impl SentMessage<'_> {
    /// Its bytes, before they were protected.
    pub fn bytes(self) -> Bytes {
        // A message that was sent has been encoded before, and one that arrived was decoded from such bytes.
        self.message.to_bytes().unwrap_or_default().into()
    }
}

/// With its name and its bytes.
impl Serialize for SentMessage<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { sender, message, edited } = *self;
        let mut written = serializer.serialize_map(Some(5))?;
        written.serialize_entry("sender", &sender)?;
        written.serialize_entry("name", message.name())?;
        written.serialize_entry("bytes", &self.bytes())?;
        written.serialize_entry("fields", message)?;
        written.serialize_entry("edited", &edited)?;
        written.end()
    }
}

/// Bytes that crossed in one direction at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flight {
    /// Who sent them.
    pub sender: Side,
    /// The bytes.
    pub bytes: Bytes,
    /// When, in microseconds since the connection began, where it was a real one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub micros: Option<u64>,
}

/// Most connections have fewer events, so that the memory for them does not grow event by event.
const USUAL_EVENTS: usize = 64;

/// As many events as are kept of a connection, where nothing else is said.
const MAX_EVENTS: usize = 10_000;

/// As many bytes as are kept of a connection, where nothing else is said.
const MAX_BYTES: usize = 4 << 20;

/// Keeps what happens in a connection, from its beginning on until it is too much.
#[derive(Debug, Clone)]
pub struct Recorder {
    trace: Vec<Traced>,
    flights: Vec<Flight>,
    bytes: usize,
    truncated: bool,
    most_events: usize,
    most_bytes: usize,
    /// Where it is a real connection: the socket, and when it began.
    socket: Option<(Socket, Instant)>,
}

impl Default for Recorder {
    /// One that keeps 10,000 events and 4 MiB.
    fn default() -> Self {
        Self {
            trace: Vec::with_capacity(USUAL_EVENTS),
            flights: Vec::new(),
            bytes: 0,
            truncated: false,
            most_events: MAX_EVENTS,
            most_bytes: MAX_BYTES,
            socket: None,
        }
    }
}

impl Recorder {
    /// A recorder of a real connection, which has just been made, and of which one end is the lab's.
    pub fn over(stream: &TcpStream, lab: Side) -> Self {
        // A socket that is gone already has no address, and nothing will cross.
        let socket = Socket::of(stream, lab).ok().map(|socket| (socket, Instant::now()));
        Self { socket, ..Self::default() }
    }

    /// One that keeps so many events, and so many bytes: of those that crossed, and of application data in the trace.
    pub fn with_room(self, most_events: usize, most_bytes: usize) -> Self {
        Self { most_events, most_bytes, ..self }
    }

    /// The connection, with its outcome attributed to its cause.
    pub fn finish(self, mut outcome: Outcome) -> Connection {
        if outcome.failed() {
            outcome.cause = verdict::cause(&self.trace);
        }
        Connection {
            outcome,
            keys: keys::of(&self.trace),
            trace: self.trace,
            flights: self.flights,
            socket: self.socket.map(|(socket, _)| socket),
            truncated: self.truncated,
            ftp: None,
        }
    }

    /// What happened so far.
    pub fn trace(&self) -> &[Traced] {
        &self.trace
    }

    /// Makes room for what comes next, which has so many bytes. Once there is none, nothing that follows is kept.
    fn has_room(&mut self, bytes: usize) -> bool {
        self.bytes = self.bytes.saturating_add(bytes);
        self.truncated |= self.bytes > self.most_bytes || self.trace.len() >= self.most_events;
        !self.truncated
    }
}

impl Observer<Vec<Event>> for Recorder {
    fn stepped(&mut self, side: Side, sink: &mut Vec<Event>) {
        for event in sink.drain(..) {
            if self.has_room(application_data_len(&event)) {
                self.trace.push(Traced { side, event });
            }
        }
    }

    fn crossed(&mut self, sender: Side, bytes: &[u8]) {
        if self.has_room(bytes.len()) {
            let micros = self.socket.as_ref().map(|(_, began)| micros(began.elapsed()));
            self.flights.push(Flight { sender, bytes: bytes.into(), micros });
        }
    }

    fn closed(&mut self, how: Closing) {
        if let Some((socket, began)) = &mut self.socket {
            socket.peer_closed = Some(PeerClosed { how, micros: micros(began.elapsed()) });
        }
    }
}

/// Bytes of application data in an event. What else an event holds is not longer than what crossed for it.
fn application_data_len(event: &Event) -> usize {
    match event {
        Event::Sent { message: Message::ApplicationData { data }, .. }
        | Event::Received { message: Message::ApplicationData { data } } => data.len(),
        _ => 0,
    }
}
