//! The server.

mod certificate;
mod hello;
mod key_exchange;
mod resumption;
mod unexpected;

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
use super::renegotiation::{RenegotiationError, Wish};
use super::role::StateMachine;
use super::trace::Sink;
use super::{Endpoint, Role};
use crate::behaviour::values::RequestCertificate;
use crate::crypto::Side;
use crate::crypto::ecdh::{Curve, EcdhKey};
use crate::wire::registry::{AlertDescription, HandshakeType, ProtocolVersion, SignatureScheme};
use crate::wire::{Alert, Bytes, ClientHello, Extension, Handshake, Message, Text};

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
    /// The renegotiation_info of the ServerHello, if it has one (RFC 5746 3.6, 3.7).
    renegotiation_info: Option<Bytes>,
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
    /// The session id of the handshake before, which fails along with this one.
    former_session_id: Bytes,
    /// The HelloRequest that was not answered yet.
    invitation: Option<Invitation>,
    /// When this handshake asks for a certificate, in place of the knob.
    request_certificate: Option<RequestCertificate>,
}

/// A HelloRequest, and what the handshake that answers it is to be.
struct Invitation {
    request_certificate: Option<RequestCertificate>,
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
    /// Whether application data may arrive: after the handshake, and during any but the first one, until the keys change
    /// (RFC 5246 6.2.1, 7.4.9).
    fn takes_data<S: Sink>(self, core: &Core<S>) -> bool {
        match self {
            Self::Established => true,
            Self::Finished => false,
            _ => core.handshakes.is_renegotiation(),
        }
    }

    /// Whether handshake messages of a type may arrive; a ClientHello after the handshake begins a renegotiation.
    fn takes(self, msg_type: HandshakeType) -> bool {
        let taken = match self {
            Self::ClientHello | Self::Established => HandshakeType::CLIENT_HELLO,
            Self::Certificate => HandshakeType::CERTIFICATE,
            Self::ClientKeyExchange => HandshakeType::CLIENT_KEY_EXCHANGE,
            Self::CertificateVerify => HandshakeType::CERTIFICATE_VERIFY,
            Self::ChangeCipherSpec => return false,
            Self::Finished => HandshakeType::FINISHED,
        };
        msg_type == taken
    }

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
        Self { core, role: ServerRole::new(config) }
    }

    /// Asks the client for a renegotiation by a HelloRequest (RFC 5246 7.4.1.1). In the handshake that answers it,
    /// `request_certificate` takes the place of the behaviour's knob, if it is given.
    ///
    /// # Errors
    /// [`RenegotiationError`]; nothing is sent then.
    pub fn request_renegotiation(
        &mut self,
        request_certificate: Option<RequestCertificate>,
    ) -> Result<(), RenegotiationError> {
        self.core.check_renegotiable()?;
        self.core.expect_warning();
        self.role.invitation = Some(Invitation { request_certificate });
        self.core.outbox.plan([Item::Handshake(HandshakeType::HELLO_REQUEST)]);
        Ok(())
    }
}

impl Role for ServerRole {}

impl StateMachine for ServerRole {
    fn expects(&self) -> &'static str {
        self.state.expects()
    }

    fn takes(&self, msg_type: HandshakeType) -> bool {
        self.state.takes(msg_type)
    }

    fn receive<S: Sink>(&mut self, core: &mut Core<S>, message: Message) -> Result<(), Fatal> {
        use Handshake as H;
        use Message as M;
        match (self.state, message) {
            (_, M::Alert(alert)) => self.on_alert(core, alert),
            (state, M::Heartbeat(heartbeat)) => core.on_heartbeat(heartbeat, state.expects()),
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
            (state, M::ApplicationData { data }) if state.takes_data(core) => {
                core.inbox.extend_from_slice(&data);
                Ok(())
            }
            (State::Established, M::Handshake(H::ClientHello(hello))) => self.on_renegotiation(core, &hello),
            (_, message) => self.on_unexpected(core, message),
        }
    }

    fn build<S: Sink>(&mut self, core: &mut Core<S>, msg_type: HandshakeType) -> Result<Handshake, Fatal> {
        match msg_type {
            HandshakeType::HELLO_REQUEST => Ok(Handshake::HelloRequest),
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
        // The last message of a full handshake; an edit may have it sent again.
        let is_last = *item == Item::Handshake(HandshakeType::FINISHED) && self.state == State::Established;
        if is_last && core.is_handshaking() {
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
    fn new(config: Arc<ServerConfig>) -> Self {
        Self {
            config,
            state: State::ClientHello,
            choice: None,
            answers: Vec::new(),
            renegotiation_info: None,
            session_id: Bytes::default(),
            former_session_id: Bytes::default(),
            server_name: None,
            issues_ticket: false,
            share: None,
            client_key: None,
            invitation: None,
            request_certificate: None,
        }
    }

    /// A ClientHello on the established connection, asked for or not (RFC 5246 7.4.1.2).
    fn on_renegotiation<S: Sink>(&mut self, core: &mut Core<S>, hello: &ClientHello) -> Result<(), Fatal> {
        let invitation = self.invitation.take();
        match core.wish(invitation.is_some()) {
            Wish::Refused => core.warn(AlertDescription::NO_RENEGOTIATION),
            Wish::Ignored => {}
            Wish::Granted => {
                core.begin_renegotiation();
                *self = Self {
                    former_session_id: std::mem::take(&mut self.session_id),
                    request_certificate: invitation.and_then(|invitation| invitation.request_certificate),
                    ..Self::new(self.config.clone())
                };
                self.on_client_hello(core, hello)?;
            }
        }
        Ok(())
    }

    /// RFC 5246 7.2.2: a client that says no_renegotiation has had its invitation.
    fn on_alert<S: Sink>(&mut self, core: &mut Core<S>, alert: Alert) -> Result<(), Fatal> {
        if alert.description == AlertDescription::NO_RENEGOTIATION {
            self.invitation = None;
        }
        core.receive_alert(alert)
    }

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
