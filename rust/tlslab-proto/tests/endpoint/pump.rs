//! A client and a server joined in memory, both with their traces.

use std::sync::Arc;

use serde_json::{Value, json};
use tlslab_proto::behaviour::{ClientBehaviour, ServerBehaviour};
use tlslab_proto::crypto::Side;
use tlslab_proto::crypto::draws::Draws;
use tlslab_proto::endpoint::diffie_hellman::{DiffieHellman, Honest};
use tlslab_proto::endpoint::edit::{Change, Edit, Hashed, Select, Stage};
use tlslab_proto::endpoint::session::SessionStores;
use tlslab_proto::endpoint::trace::Event;
use tlslab_proto::endpoint::{
    Client, ClientConfig, Ending, Endpoint, Environment, Role, Server, ServerConfig, Signatures, Status, Step,
};
use tlslab_proto::wire::Message;
use tlslab_proto::wire::registry::AlertDescription;

pub type Trace = Vec<Event>;

/// More steps than any connection of the tests takes.
const MAX_STEPS: usize = 10_000;

/// All that a connection is made from.
#[derive(Clone)]
pub struct Setup {
    pub client: ClientBehaviour,
    pub server: ServerBehaviour,
    pub trial: u64,
    pub connection: u16,
    pub signatures: Signatures,
    pub client_dh: Arc<dyn DiffieHellman>,
    pub server_dh: Arc<dyn DiffieHellman>,
    pub edits: Vec<Edit>,
    /// Clones share them, as connections that belong together do.
    pub sessions: SessionStores,
    pub now: u64,
}

impl Setup {
    /// A client and a server by their deviations. Signatures are simulated, and the server's group is a short one
    /// unless it says otherwise.
    pub fn new(client: Value, mut server: Value) -> Self {
        let knobs = server.as_object_mut().expect("a behaviour is an object");
        knobs.entry("groups").or_insert(json!(["modp1024"]));
        Self {
            client: ClientBehaviour::from_value(&client).expect("the client's knobs are sound"),
            server: ServerBehaviour::from_value(&server).expect("the server's knobs are sound"),
            trial: 0,
            connection: 0,
            signatures: Signatures::Simulated,
            client_dh: Arc::new(Honest::default()),
            server_dh: Arc::new(Honest::default()),
            edits: Vec::new(),
            sessions: SessionStores::default(),
            now: 0,
        }
    }

    /// A client and a server with the same shared knobs.
    pub fn both(knobs: Value) -> Self {
        Self::new(knobs.clone(), knobs)
    }

    /// With an edit of the one message that `side` sends under this name.
    pub fn edit(self, side: Side, name: &str, change: Change) -> Self {
        self.edit_hashing(side, name, change, Hashed::Edited)
    }

    /// With an edit of the message of this name in the second handshake.
    pub fn edit_again(mut self, side: Side, name: &str, change: Change) -> Self {
        let select = Select::Message { message: name.to_owned(), occurrence: 1 };
        self.edits.push(Edit { side, select, stage: Stage::Message, change, transcript: Hashed::Edited });
        self
    }

    /// As [`edit`](Self::edit), and what the sender's transcript takes.
    pub fn edit_hashing(mut self, side: Side, name: &str, change: Change, transcript: Hashed) -> Self {
        let select = Select::Message { message: name.to_owned(), occurrence: 0 };
        self.edits.push(Edit { side, select, stage: Stage::Message, change, transcript });
        self
    }

    /// With one field of a message set.
    pub fn set(self, side: Side, name: &str, path: &str, value: Value) -> Self {
        self.edit(side, name, Change::SetField { path: path.to_owned(), value })
    }

    /// Both endpoints before the first byte.
    pub fn pair(&self) -> Pair {
        let client = ClientConfig::new(&self.client).expect("the client's knobs go together");
        let server = ServerConfig::new(&self.server).expect("the server's knobs go together");
        let environment = |diffie_hellman: &Arc<dyn DiffieHellman>| Environment {
            draws: Draws::new(7, self.trial),
            connection: self.connection,
            diffie_hellman: diffie_hellman.clone(),
            signatures: self.signatures,
            edits: self.edits.clone().into(),
            sessions: self.sessions.clone(),
            now: self.now,
        };
        Pair {
            client: Client::new(Arc::new(client), environment(&self.client_dh)),
            server: Server::new(Arc::new(server), environment(&self.server_dh)),
            to_server: Vec::new(),
            to_client: Vec::new(),
        }
    }

    /// The connection, run until nothing moves.
    pub fn run(&self) -> Pair {
        let mut pair = self.pair();
        pair.pump();
        pair
    }

    /// The connection after this one, once this one has been established; what is to be different is changed in it.
    pub fn next(&self) -> Self {
        assert_eq!(self.outcome(), Outcome::Established, "nothing is left to resume");
        Self { connection: self.connection + 1, edits: Vec::new(), ..self.clone() }
    }

    /// With these knobs of the client changed.
    pub fn with_client(mut self, knobs: Value) -> Self {
        let mut all = self.client.to_value();
        all.append(&mut knobs.as_object().expect("knobs are an object").clone());
        self.client = ClientBehaviour::from_value(&all.into()).expect("the client's knobs are sound");
        self
    }

    /// With these knobs of the server changed.
    pub fn with_server(mut self, knobs: Value) -> Self {
        let mut all = self.server.to_value();
        all.append(&mut knobs.as_object().expect("knobs are an object").clone());
        self.server = ServerBehaviour::from_value(&all.into()).expect("the server's knobs are sound");
        self
    }

    /// The outcome of [`run`](Self::run).
    pub fn outcome(&self) -> Outcome {
        self.run().outcome()
    }
}

/// Two endpoints, and all bytes that have crossed between them.
pub struct Pair {
    pub client: Client<Trace>,
    pub server: Server<Trace>,
    pub to_server: Vec<u8>,
    pub to_client: Vec<u8>,
}

/// How a connection stands, seen from both ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Both sides have finished the handshake.
    Established,
    /// One side sent a fatal alert, and the other received it.
    Alert(Side, AlertDescription),
    /// Anything else: the client's status and the server's.
    Other(Status, Status),
}

impl Pair {
    /// Moves bytes and steps both ends until nothing moves. A side that closes without an alert ends the other's
    /// stream.
    pub fn pump(&mut self) {
        loop {
            let sent = shuttle(&mut self.client, &mut self.server, &mut self.to_server);
            let received = shuttle(&mut self.server, &mut self.client, &mut self.to_client);
            if !sent && !received {
                break;
            }
        }
        let aborted = |status: &Status| *status == Status::Ended(Ending::Aborted);
        if aborted(self.client.status()) {
            self.server.peer_closed();
        }
        if aborted(self.server.status()) {
            self.client.peer_closed();
        }
    }

    /// Lets one side ask for a renegotiation, and runs it.
    pub fn renegotiate(&mut self, by: Side) {
        match by {
            Side::Client => self.client.renegotiate(),
            Side::Server => self.server.request_renegotiation(None),
        }
        .expect("the connection can be renegotiated");
        self.pump();
    }

    pub fn outcome(&self) -> Outcome {
        use Ending::{AlertReceived, AlertSent};
        use Status::{Ended, Established};
        match (self.client.status(), self.server.status()) {
            (Established, Established) => Outcome::Established,
            (Ended(AlertSent(sent)), Ended(AlertReceived(received))) if sent == received => {
                Outcome::Alert(Side::Client, *sent)
            }
            (Ended(AlertReceived(received)), Ended(AlertSent(sent))) if sent == received => {
                Outcome::Alert(Side::Server, *sent)
            }
            (client, server) => Outcome::Other(client.clone(), server.clone()),
        }
    }

    /// The alert with which one side ended the connection.
    pub fn alert_sent_by(&self, side: Side) -> Option<AlertDescription> {
        let status = match side {
            Side::Client => self.client.status(),
            Side::Server => self.server.status(),
        };
        match status {
            Status::Ended(Ending::AlertSent(description)) => Some(*description),
            _ => None,
        }
    }

    /// The trace of one side.
    pub fn trace(&mut self, side: Side) -> &[Event] {
        match side {
            Side::Client => self.client.trace(),
            Side::Server => self.server.trace(),
        }
    }

    /// The messages that one side has sent.
    pub fn sent(&mut self, side: Side) -> Vec<Message> {
        let sent = |event: &Event| match event {
            Event::Sent { message, .. } => Some(message.clone()),
            _ => None,
        };
        self.trace(side).iter().filter_map(sent).collect()
    }

    /// The names of [`sent`](Self::sent).
    pub fn sent_names(&mut self, side: Side) -> Vec<&'static str> {
        self.sent(side).iter().map(Message::name).collect()
    }

    /// The finite-field Diffie-Hellman secret, which both sides have alike.
    pub fn z(&mut self) -> Vec<u8> {
        let z = |event: &Event| match event {
            Event::DiffieHellman { z, .. } => Some(z.to_vec()),
            _ => None,
        };
        let own = self.client.trace().iter().find_map(z).expect("the client has computed Z");
        assert_eq!(self.server.trace().iter().find_map(z).as_ref(), Some(&own));
        own
    }
}

/// Steps `from` until it is blocked, and hands over what it sent. Says whether anything moved.
pub fn shuttle<A: Role, B: Role>(
    from: &mut Endpoint<A, Trace>,
    to: &mut Endpoint<B, Trace>,
    log: &mut Vec<u8>,
) -> bool {
    let stepped = settle(from);
    deliver(from, to, log) || stepped
}

/// Hands over what `from` has sent so far. Says whether there was anything.
pub fn deliver<A: Role, B: Role>(
    from: &mut Endpoint<A, Trace>,
    to: &mut Endpoint<B, Trace>,
    log: &mut Vec<u8>,
) -> bool {
    let bytes = from.take_output();
    to.receive(&bytes);
    log.extend_from_slice(&bytes);
    !bytes.is_empty()
}

/// Steps until blocked, and says whether anything moved.
pub fn settle<R: Role>(endpoint: &mut Endpoint<R, Trace>) -> bool {
    let steps = (0..MAX_STEPS).take_while(|_| endpoint.step() != Step::Blocked).count();
    assert!(steps < MAX_STEPS, "the endpoint finds no end");
    steps > 0
}
