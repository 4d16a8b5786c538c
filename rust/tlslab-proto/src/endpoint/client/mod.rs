//! The client.

mod certificate;
mod hello;
mod key_exchange;
mod resumption;
mod unexpected;

use std::sync::Arc;

use tlslab_dh::Group;

use super::core::Core;
use super::environment::{ClientConfig, Environment};
use super::fatal::Fatal;
use super::negotiated::nothing_negotiated;
use super::outbox::Item;
use super::peer_key::PeerKey;
use super::renegotiation::{RenegotiationError, Wish};
use super::role::StateMachine;
use super::trace::Sink;
use super::{Endpoint, Role};
use crate::behaviour::values::ShortFixedValue;
use crate::crypto::suite::SuiteParams;
use crate::crypto::{Side, ecdh};
use crate::wire::registry::{AlertDescription, HandshakeType};
use crate::wire::{Alert, Certificate, ClientHello, Handshake, Message};
use certificate::Answer;
use resumption::Resumption;

/// A client.
pub type Client<S = ()> = Endpoint<ClientRole, S>;

/// What is a client's own in an endpoint.
pub struct ClientRole {
    config: Arc<ClientConfig>,
    state: State,
    /// What was offered; the answer is held against it.
    offer: Option<ClientHello>,
    server_key: Option<Arc<PeerKey>>,
    server_share: Option<ServerShare>,
    /// What the server's CertificateRequest led to, if it has sent one.
    answer: Option<Answer>,
    resumption: Resumption,
}

/// The server's half of an ephemeral key exchange, checked.
enum ServerShare {
    FiniteField { group: Group, sent: Vec<u8>, used: Vec<u8> },
    Curve { curve: ecdh::Curve, point: Vec<u8> },
}

/// What a client waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    ServerHello,
    /// Whether the server took the ticket will show.
    FullOrAbbreviated,
    Certificate,
    ServerKeyExchange,
    CertificateRequestOrServerHelloDone,
    ServerHelloDone,
    NewSessionTicket,
    ChangeCipherSpec,
    Finished,
    /// The own Finished may be on its way yet; what arrives waits for it.
    Established,
}

impl State {
    /// What follows the ServerHello of a full handshake.
    fn after_full_hello(params: &SuiteParams) -> Self {
        if params.has_certificate() { Self::Certificate } else { Self::ServerKeyExchange }
    }

    /// Whether application data may arrive: after the handshake, and during any but the first one, until the keys change
    /// (RFC 5246 6.2.1, 7.4.9).
    fn takes_data<S: Sink>(self, core: &Core<S>) -> bool {
        match self {
            Self::Established => true,
            Self::Finished => false,
            _ => core.handshakes.is_renegotiation(),
        }
    }

    /// Whether handshake messages of a type may arrive; a HelloRequest always may (RFC 5246 7.4.1.1).
    fn takes(self, msg_type: HandshakeType) -> bool {
        use HandshakeType as T;
        let taken: &[_] = match self {
            Self::ServerHello => &[T::SERVER_HELLO],
            Self::FullOrAbbreviated => &[T::CERTIFICATE, T::SERVER_KEY_EXCHANGE, T::NEW_SESSION_TICKET],
            Self::Certificate => &[T::CERTIFICATE],
            Self::ServerKeyExchange => &[T::SERVER_KEY_EXCHANGE],
            Self::CertificateRequestOrServerHelloDone => &[T::CERTIFICATE_REQUEST, T::SERVER_HELLO_DONE],
            Self::ServerHelloDone => &[T::SERVER_HELLO_DONE],
            Self::NewSessionTicket => &[T::NEW_SESSION_TICKET],
            Self::ChangeCipherSpec | Self::Established => &[],
            Self::Finished => &[T::FINISHED],
        };
        msg_type == T::HELLO_REQUEST || taken.contains(&msg_type)
    }

    fn expects(self) -> &'static str {
        match self {
            Self::ServerHello => "ServerHello",
            Self::FullOrAbbreviated => "the server's first flight, full or abbreviated",
            Self::Certificate => "Certificate",
            Self::ServerKeyExchange => "ServerKeyExchange",
            Self::CertificateRequestOrServerHelloDone => "CertificateRequest or ServerHelloDone",
            Self::ServerHelloDone => "ServerHelloDone",
            Self::NewSessionTicket => "NewSessionTicket",
            Self::ChangeCipherSpec => "ChangeCipherSpec",
            Self::Finished => "Finished",
            Self::Established => "ApplicationData",
        }
    }
}

impl<S: Sink> Client<S> {
    /// A client that is about to send its ClientHello.
    pub fn new(config: Arc<ClientConfig>, environment: Environment) -> Self {
        let mut core = Core::new(Side::Client, config.shared.clone(), environment);
        core.outbox.plan([Item::Handshake(HandshakeType::CLIENT_HELLO)]);
        Self { core, role: ClientRole::new(config) }
    }

    /// Begins a renegotiation (RFC 5246 7.4.1.2).
    ///
    /// # Errors
    /// [`RenegotiationError`]; nothing is sent then.
    pub fn renegotiate(&mut self) -> Result<(), RenegotiationError> {
        self.core.check_renegotiable()?;
        self.role.renegotiate(&mut self.core);
        Ok(())
    }
}

impl Role for ClientRole {}

impl StateMachine for ClientRole {
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
            (State::ServerHello, M::Handshake(H::ServerHello(hello))) => self.on_server_hello(core, &hello),
            (State::FullOrAbbreviated, message @ (M::ChangeCipherSpec | M::Handshake(H::NewSessionTicket(_)))) => {
                self.resume(core)?;
                self.receive(core, message)
            }
            (State::FullOrAbbreviated, message @ M::Handshake(H::Certificate(_) | H::ServerKeyExchange(_))) => {
                self.state = State::after_full_hello(&core.negotiated()?.params);
                self.receive(core, message)
            }
            (State::Certificate, M::Handshake(H::Certificate(certificate))) => self.on_certificate(core, &certificate),
            (State::ServerKeyExchange, M::Handshake(H::ServerKeyExchange(exchange))) => {
                self.on_server_key_exchange(core, &exchange)
            }
            (State::CertificateRequestOrServerHelloDone, M::Handshake(H::CertificateRequest(request))) => {
                self.on_certificate_request(core, &request)
            }
            (State::CertificateRequestOrServerHelloDone | State::ServerHelloDone, M::Handshake(H::ServerHelloDone)) => {
                self.on_server_hello_done(core);
                Ok(())
            }
            (State::NewSessionTicket, M::Handshake(H::NewSessionTicket(ticket))) => {
                self.resumption.new_ticket = Some(ticket);
                self.state = State::ChangeCipherSpec;
                Ok(())
            }
            (State::ChangeCipherSpec, M::ChangeCipherSpec) => {
                self.state = State::Finished;
                core.change_read_protection()
            }
            (State::Finished, M::Handshake(H::Finished(finished))) => {
                core.check_finished(&finished)?;
                self.state = State::Established;
                match core.resumed() {
                    // RFC 5246 7.3: in an abbreviated handshake the server's Finished comes first.
                    Some(_) => {
                        let finish = [Item::ChangeCipherSpec, Item::Handshake(HandshakeType::FINISHED)];
                        core.outbox.plan(self.authentication().into_iter().flatten().chain(finish));
                    }
                    None => self.establish(core),
                }
                Ok(())
            }
            (state, M::ApplicationData { data }) if state.takes_data(core) => {
                core.inbox.extend_from_slice(&data);
                Ok(())
            }
            // RFC 5246 7.4.1.1: a client that is negotiating ignores a HelloRequest.
            (State::Established, M::Handshake(H::HelloRequest)) => {
                self.on_hello_request(core);
                Ok(())
            }
            (_, M::Handshake(H::HelloRequest)) => Ok(()),
            (_, message) => self.on_unexpected(core, message),
        }
    }

    fn build<S: Sink>(&mut self, core: &mut Core<S>, msg_type: HandshakeType) -> Result<Handshake, Fatal> {
        match msg_type {
            HandshakeType::CLIENT_HELLO => Ok(Handshake::ClientHello(self.client_hello(core))),
            HandshakeType::CERTIFICATE => Ok(Handshake::Certificate(self.certificate())),
            HandshakeType::CERTIFICATE_VERIFY => self.certificate_verify(core).map(Handshake::CertificateVerify),
            HandshakeType::CLIENT_KEY_EXCHANGE => self.client_key_exchange(core).map(Handshake::ClientKeyExchange),
            _ => core.build_finished(),
        }
    }

    fn sent<S: Sink>(&mut self, core: &mut Core<S>, item: &Item) -> Result<(), Fatal> {
        match item {
            // The session hash of RFC 7627 ends with this message.
            Item::Handshake(HandshakeType::CLIENT_KEY_EXCHANGE) => {
                core.master()?;
            }
            // An edit may have it sent again.
            Item::Handshake(HandshakeType::FINISHED) if self.state == State::Established && core.is_handshaking() => {
                self.establish(core);
            }
            _ => {}
        }
        Ok(())
    }

    fn forget<S: Sink>(&mut self, core: &mut Core<S>) {
        self.forget_session(core);
    }
}

impl ClientRole {
    fn new(config: Arc<ClientConfig>) -> Self {
        Self {
            config,
            state: State::ServerHello,
            offer: None,
            server_key: None,
            server_share: None,
            answer: None,
            resumption: Resumption::default(),
        }
    }

    /// Plans a ClientHello on the established connection.
    fn renegotiate<S: Sink>(&mut self, core: &mut Core<S>) {
        core.begin_renegotiation();
        core.expect_warning();
        *self = Self { resumption: self.resumption.of_the_next_handshake(), ..Self::new(self.config.clone()) };
        core.outbox.plan([Item::Handshake(HandshakeType::CLIENT_HELLO)]);
    }

    fn on_hello_request<S: Sink>(&mut self, core: &mut Core<S>) {
        match core.wish(false) {
            Wish::Granted => self.renegotiate(core),
            Wish::Refused => core.warn(AlertDescription::NO_RENEGOTIATION),
            Wish::Ignored => {}
        }
    }

    /// RFC 5246 7.2.2: after a no_renegotiation the connection can go on as it was.
    fn on_alert<S: Sink>(&mut self, core: &mut Core<S>, alert: Alert) -> Result<(), Fatal> {
        core.receive_alert(alert)?;
        let refused = alert.description == AlertDescription::NO_RENEGOTIATION;
        if refused && self.state == State::ServerHello && core.handshakes.is_renegotiation() && !core.ended() {
            self.state = State::Established;
            core.resume_data();
        }
        Ok(())
    }

    fn on_certificate<S: Sink>(&mut self, core: &mut Core<S>, certificate: &Certificate) -> Result<(), Fatal> {
        let params = core.negotiated()?.params;
        let key = key_exchange::server_key(&self.config.known_key, certificate, &params)?;
        self.server_key = Some(key);
        self.state = if params.has_server_key_exchange() {
            State::ServerKeyExchange
        } else {
            State::CertificateRequestOrServerHelloDone
        };
        Ok(())
    }

    fn on_server_hello_done<S: Sink>(&mut self, core: &mut Core<S>) {
        self.state = self.resumption.state_before_change();
        let [certificate, verify] = self.authentication();
        let flight = [
            certificate,
            Some(Item::Handshake(HandshakeType::CLIENT_KEY_EXCHANGE)),
            verify,
            Some(Item::ChangeCipherSpec),
            Some(Item::Handshake(HandshakeType::FINISHED)),
        ];
        core.outbox.plan(flight.into_iter().flatten());
    }

    /// The handshake is done: what it leaves is kept.
    fn establish<S: Sink>(&mut self, core: &mut Core<S>) {
        self.keep_session(core);
        core.establish();
    }

    fn server_key(&self) -> Result<&PeerKey, Fatal> {
        self.server_key.as_deref().ok_or_else(nothing_negotiated)
    }

    fn accepts_short_signatures(&self) -> bool {
        self.config.own.short_rsa_signature == ShortFixedValue::Accept
    }
}
