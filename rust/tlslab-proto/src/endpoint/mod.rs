//! Client and server: sans-I/O state machines. Bytes in, bytes and trace events out; the behaviour is read at each
//! decision. There is no clock, no socket and no randomness of its own here.

mod agreement;
mod client;
mod core;
pub mod diffie_hellman;
pub mod edit;
mod environment;
mod exponent;
mod fatal;
mod heartbeat;
mod identity;
mod negotiated;
mod outbox;
mod peer_key;
mod premaster;
mod record_edits;
mod records;
mod renegotiation;
mod server;
pub mod session;
mod signed_params;
mod status;
pub mod trace;

pub use client::{Client, ClientRole};
pub use environment::{ClientConfig, Environment, ServerConfig, Signatures};
pub use exponent::{drawn_exponent, exponent_bits};
pub use premaster::premaster_secret;
pub use renegotiation::RenegotiationError;
pub use server::{Server, ServerRole};
pub use status::{Ending, Established, Status};

use self::core::Core;
use self::edit::{Change, Edit, EditError};
use self::fatal::Fatal;
use self::outbox::Item;
use self::trace::Sink;
use crate::crypto::Side;
use crate::crypto::draws::Purpose;
use crate::crypto::exporter::ChannelBinding;
use crate::wire::registry::{AlertDescription, HandshakeType};
use crate::wire::{Bytes, Handshake, Message};

/// A client or a server in one connection.
pub struct Endpoint<R, S> {
    core: Core<S>,
    role: R,
}

/// What one step of an endpoint did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A message left (or an edit kept it back): there may be bytes for the peer.
    Sent,
    /// A message that had arrived was dealt with.
    Received,
    /// Nothing can happen before more bytes arrive or the application acts.
    Blocked,
}

/// What client and server do differently. The two are all there are.
pub trait Role: role::StateMachine {}

mod role {
    use super::{Core, Fatal, Handshake, HandshakeType, Item, Message, Sink};

    pub trait StateMachine {
        /// What the state waits for, in words.
        fn expects(&self) -> &'static str;
        /// Whether the state takes handshake messages of a type.
        fn takes(&self, msg_type: HandshakeType) -> bool;
        /// The state table: one flat match on (state, message).
        fn receive<S: Sink>(&mut self, core: &mut Core<S>, message: Message) -> Result<(), Fatal>;
        /// Builds a planned handshake message.
        fn build<S: Sink>(&mut self, core: &mut Core<S>, msg_type: HandshakeType) -> Result<Handshake, Fatal>;
        /// Forgets the session of a connection that ended by a fatal alert (RFC 5246 7.2.2).
        fn forget<S: Sink>(&mut self, core: &mut Core<S>);
        /// Follows up a message that was sent.
        fn sent<S: Sink>(&mut self, core: &mut Core<S>, item: &Item) -> Result<(), Fatal>;
    }
}

impl<R: Role, S: Sink> Endpoint<R, S> {
    /// Which side this is.
    pub fn side(&self) -> Side {
        self.core.side
    }

    /// Where the endpoint stands.
    pub fn status(&self) -> &Status {
        &self.core.status
    }

    /// What the last finished handshake agreed on; `None` before, and for ever where none finished.
    pub fn established(&self) -> Option<Established> {
        self.core.established.clone()
    }

    /// What the last finished handshake gives to bind something to: `tls-unique` (RFC 5929) and exported keying material
    /// (RFC 5705). `None` before.
    pub fn channel_binding(&self) -> Option<&ChannelBinding> {
        self.core.binding.as_ref()
    }

    /// Whether this endpoint can ask for a renegotiation now.
    ///
    /// # Errors
    /// Why it cannot.
    pub fn check_renegotiable(&self) -> Result<(), RenegotiationError> {
        self.core.check_renegotiable()
    }

    /// How many handshakes of the connection have finished: more than one after a renegotiation.
    pub fn handshakes(&self) -> u32 {
        self.core.handshakes.finished()
    }

    /// What the endpoint waits for, in words: a message's name, or several.
    pub fn expects(&self) -> &'static str {
        self.role.expects()
    }

    /// The trace so far.
    pub fn trace(&mut self) -> &mut S {
        &mut self.core.sink
    }

    /// Has `bytes` take the place of what the endpoint draws from now on for `purpose`: a random, a session id, an RSA
    /// premaster secret (whose version stays). Where they are fewer, the rest is drawn; where they are more, they are cut.
    ///
    /// No honest endpoint has a use for it. One in the middle has, that makes two connections alike.
    pub fn choose(&mut self, purpose: Purpose, bytes: &[u8]) {
        self.core.choose(purpose, bytes);
    }

    /// Takes in bytes from the peer. They are looked at by [`step`](Self::step).
    pub fn receive(&mut self, bytes: &[u8]) {
        self.core.receive(bytes);
    }

    /// The peer's stream has ended.
    pub fn peer_closed(&mut self) {
        self.core.peer_closed();
    }

    /// The bytes for the peer since the last call.
    pub fn take_output(&mut self) -> Vec<u8> {
        self.core.records.take_output()
    }

    /// Sends application data, or has it wait until the handshake is done.
    pub fn send(&mut self, data: &[u8]) {
        self.core.send(data);
    }

    /// The application data that arrived since the last call.
    pub fn take_received(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.core.inbox)
    }

    /// Ends the connection with a close_notify, if the behaviour has it so.
    pub fn close(&mut self) {
        self.core.close();
    }

    /// Ends the connection with a fatal alert, as an application does that will not go on with it.
    pub fn abort(&mut self, alert: AlertDescription, reason: impl Into<String>) {
        if !self.core.ended() {
            self.core.fail(Fatal::alert(alert, reason));
        }
    }

    /// The master secret of the last finished handshake: connections of one session have the same. `None` before.
    pub fn master_secret(&self) -> Option<&Bytes> {
        self.channel_binding().map(|binding| &binding.master_secret)
    }

    /// Sends or receives one message.
    pub fn step(&mut self) -> Step {
        let step = self.advance();
        if self.core.ended_by_alert() {
            self.role.forget(&mut self.core);
        }
        step
    }

    fn advance(&mut self) -> Step {
        if self.prepare() {
            self.emit();
            return Step::Sent;
        }
        if self.core.ended() {
            return Step::Blocked;
        }
        match self.core.next_received(|msg_type| self.role.takes(msg_type)) {
            Ok(None) => Step::Blocked,
            Ok(Some((message, payload))) => {
                if let Err(fatal) = self.deal_with(message, &payload) {
                    self.core.fail(fatal);
                }
                Step::Received
            }
            Err(fatal) => {
                self.core.fail(fatal);
                Step::Received
            }
        }
    }

    /// Builds the next message to send, if there is one, and does not send it yet: [`step`](Self::step) will. Until
    /// then [`prepared`](Self::prepared) shows it, and [`edit`](Self::edit) changes it.
    pub fn prepare(&mut self) -> bool {
        while self.core.outbox.prepared().is_none() {
            let Some(planned) = self.core.outbox.next() else { return false };
            let built = match &planned.item {
                Item::Handshake(msg_type) => self.role.build(&mut self.core, *msg_type).map(Message::Handshake),
                Item::ChangeCipherSpec => Ok(Message::ChangeCipherSpec),
                Item::ApplicationData(data) => Ok(Message::ApplicationData { data: data.clone().into() }),
                Item::Alert(alert) => Ok(Message::Alert(*alert)),
                Item::Heartbeat(heartbeat) => Ok(Message::Heartbeat(heartbeat.clone())),
            };
            match built {
                Ok(message) => self.core.outbox.prepare(planned, message),
                Err(fatal) => self.core.fail(fatal),
            }
        }
        true
    }

    /// The messages that the next [`step`](Self::step) will send, edits included.
    pub fn prepared(&self) -> Option<Vec<Message>> {
        self.core.outbox.prepared().map(|prepared| prepared.sends().cloned().collect())
    }

    /// Changes the prepared message.
    ///
    /// # Errors
    /// No message is prepared, or the change does not fit it; nothing is changed then.
    pub fn edit(&mut self, change: Change) -> Result<(), EditError> {
        self.core.outbox.edit_prepared(change)
    }

    /// The changes made by [`edit`](Self::edit), as edits with which the connection can be run again.
    pub fn edits_by_hand(&self) -> &[Edit] {
        self.core.outbox.edits_by_hand()
    }

    /// Why an edit from the environment could not be made; the message was sent without it.
    pub fn edit_error(&self) -> Option<&EditError> {
        self.core.outbox.edit_error()
    }

    fn emit(&mut self) {
        for prepared in self.core.outbox.due().into_iter().flatten() {
            let sent = self.core.emit(&prepared).and_then(|()| self.role.sent(&mut self.core, &prepared.item));
            if let Err(fatal) = sent {
                self.core.fail(fatal);
            }
        }
    }

    fn deal_with(&mut self, message: Message, payload: &[u8]) -> Result<(), Fatal> {
        let content_type = message.content_type();
        // A Finished or a CertificateVerify covers what came before it, so it is checked first and hashed then (RFC 5246
        // 7.4.8, 7.4.9). A ClientHello may be the first message of another transcript.
        use Handshake::{CertificateVerify, ClientHello, Finished};
        let may_end_a_flight =
            matches!(&message, Message::Handshake(handshake) if *handshake != Handshake::HelloRequest);
        if matches!(message, Message::Handshake(Finished(_) | CertificateVerify(_) | ClientHello(_))) {
            self.role.receive(&mut self.core, message)?;
            self.core.hash(content_type, payload);
        } else {
            self.core.hash(content_type, payload);
            self.role.receive(&mut self.core, message)?;
        }
        if may_end_a_flight { self.core.check_end_of_flight() } else { Ok(()) }
    }
}
