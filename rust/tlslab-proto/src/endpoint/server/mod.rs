//! The server.

mod certificate;
mod hello;
mod key_exchange;
mod resumption;

use std::sync::Arc;

use tlslab_dh::Group;

use super::agreement::KeyPair;
use super::core::Core;
use super::environment::{Environment, ServerConfig};
use super::fatal::Fatal;
use super::identity::ReadyIdentity;
use super::negotiated::nothing_negotiated;
use super::outbox::Item;
use super::peer_key::PeerKey;
use super::role::StateMachine;
use super::trace::Sink;
use super::{Endpoint, Role};
use crate::crypto::Side;
use crate::crypto::ecdh::{Curve, EcdhKey};
use crate::wire::registry::{AlertDescription, HandshakeType, ProtocolVersion, SignatureScheme};
use crate::wire::{Bytes, Extension, Handshake, Message, Text};

/// A server.
pub type Server<S = ()> = Endpoint<ServerRole, S>;

/// What is a server's own in an endpoint.
pub struct ServerRole {
    config: Arc<ServerConfig>,
    state: State,
    /// What a full handshake goes on with.
    choice: Option<Choice>,
    /// The extensions of the ServerHello.
    answers: Vec<Extension>,
    /// The session id of the ServerHello.
    session_id: Bytes,
    /// The server's name, as the client has it.
    server_name: Option<Text>,
    /// Whether the ServerHello promises a NewSessionTicket.
    issues_ticket: bool,
    /// The server's half of an ephemeral key exchange, once it was built.
    share: Option<Share>,
    /// The key of the certificate that the client has sent.
    client_key: Option<Arc<PeerKey>>,
}

/// What the ClientHello led to, apart from what both sides know.
struct Choice {
    client_version: ProtocolVersion,
    /// Which identity is used, if the suite is authenticated.
    identity: Option<usize>,
    /// The signature scheme, in TLS 1.2.
    scheme: Option<SignatureScheme>,
    exchange: Exchange,
}

/// The key exchange with its group or curve.
enum Exchange {
    Rsa,
    FiniteField(Group),
    Curve(Curve),
}

/// The server's half of an ephemeral key exchange.
enum Share {
    FiniteField { group: Group, pair: KeyPair, sent: Vec<u8> },
    Curve(EcdhKey),
}

/// What a server waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    ClientHello,
    /// The server has asked for it.
    Certificate,
    ClientKeyExchange,
    CertificateVerify,
    ChangeCipherSpec,
    Finished,
    /// The own Finished is on its way; what arrives waits for it.
    Established,
}

impl State {
    fn expects(self) -> &'static str {
        match self {
            Self::ClientHello => "ClientHello",
            Self::Certificate => "Certificate",
            Self::ClientKeyExchange => "ClientKeyExchange",
            Self::CertificateVerify => "CertificateVerify",
            Self::ChangeCipherSpec => "ChangeCipherSpec",
            Self::Finished => "Finished",
            Self::Established => "ApplicationData",
        }
    }
}

impl<S: Sink> Server<S> {
    /// A server that waits for a ClientHello.
    pub fn new(config: Arc<ServerConfig>, environment: Environment) -> Self {
        let core = Core::new(Side::Server, config.shared.clone(), environment);
        let role = ServerRole {
            config,
            state: State::ClientHello,
            choice: None,
            answers: Vec::new(),
            session_id: Bytes::default(),
            server_name: None,
            issues_ticket: false,
            share: None,
            client_key: None,
        };
        Self { core, role }
    }
}

impl Role for ServerRole {}

impl StateMachine for ServerRole {
    fn expects(&self) -> &'static str {
        self.state.expects()
    }

    fn receive<S: Sink>(&mut self, core: &mut Core<S>, message: Message) -> Result<(), Fatal> {
        use Handshake as H;
        use Message as M;
        match (self.state, message) {
            (_, M::Alert(alert)) => core.receive_alert(alert),
            (State::ClientHello, M::Handshake(H::ClientHello(hello))) => self.on_client_hello(core, &hello),
            (State::Certificate, M::Handshake(H::Certificate(certificate))) => self.on_certificate(core, &certificate),
            (State::ClientKeyExchange, M::Handshake(H::ClientKeyExchange(exchange))) => {
                self.on_client_key_exchange(core, &exchange)
            }
            (State::CertificateVerify, M::Handshake(H::CertificateVerify(signed))) => {
                self.on_certificate_verify(core, &signed)
            }
            (State::ChangeCipherSpec, M::ChangeCipherSpec) => {
                self.state = State::Finished;
                core.change_read_protection()
            }
            (State::Finished, M::Handshake(H::Finished(finished))) => {
                core.check_finished(&finished)?;
                self.state = State::Established;
                match core.resumed() {
                    // RFC 5246 7.3: in an abbreviated handshake the client's Finished is the last message.
                    Some(_) => core.establish(),
                    None => self.plan_finish(core),
                }
                Ok(())
            }
            (State::Established, M::ApplicationData { data }) => {
                core.inbox.extend_from_slice(&data);
                Ok(())
            }
            // RFC 5246 7.2.2: a server that does not renegotiate answers a ClientHello with no_renegotiation.
            (State::Established, M::Handshake(H::ClientHello(_))) => {
                core.warn(AlertDescription::NO_RENEGOTIATION);
                Ok(())
            }
            (state, message) => core.on_unexpected(&message, state.expects()),
        }
    }

    fn build<S: Sink>(&mut self, core: &mut Core<S>, msg_type: HandshakeType) -> Result<Handshake, Fatal> {
        match msg_type {
            HandshakeType::SERVER_HELLO => self.server_hello(core).map(Handshake::ServerHello),
            HandshakeType::CERTIFICATE => Ok(Handshake::Certificate(self.identity()?.certificate())),
            HandshakeType::SERVER_KEY_EXCHANGE => self.server_key_exchange(core).map(Handshake::ServerKeyExchange),
            HandshakeType::CERTIFICATE_REQUEST => self.certificate_request(core).map(Handshake::CertificateRequest),
            HandshakeType::NEW_SESSION_TICKET => self.new_session_ticket(core).map(Handshake::NewSessionTicket),
            HandshakeType::SERVER_HELLO_DONE => Ok(Handshake::ServerHelloDone),
            _ => core.build_finished(),
        }
    }

    fn sent<S: Sink>(&mut self, core: &mut Core<S>, item: &Item) -> Result<(), Fatal> {
        // The last message of a full handshake.
        if *item == Item::Handshake(HandshakeType::FINISHED) && self.state == State::Established {
            self.keep_session(core);
            core.establish();
        }
        Ok(())
    }

    fn forget<S: Sink>(&mut self, core: &mut Core<S>) {
        self.forget_session(core);
    }
}

impl ServerRole {
    /// The server's last flight, which is its first after ServerHello in an abbreviated handshake. RFC 5077 3.3: a ticket
    /// comes before the ChangeCipherSpec.
    fn plan_finish<S: Sink>(&self, core: &mut Core<S>) {
        let ticket = self.issues_ticket.then_some(Item::Handshake(HandshakeType::NEW_SESSION_TICKET));
        let finish = [Item::ChangeCipherSpec, Item::Handshake(HandshakeType::FINISHED)];
        core.outbox.plan(ticket.into_iter().chain(finish));
    }

    fn choice(&self) -> Result<&Choice, Fatal> {
        self.choice.as_ref().ok_or_else(nothing_negotiated)
    }

    fn identity(&self) -> Result<&ReadyIdentity, Fatal> {
        let identity = self.choice()?.identity.and_then(|index| self.config.identities.get(index));
        identity.ok_or_else(nothing_negotiated)
    }
}
