//! The client.

mod hello;
mod key_exchange;

use std::sync::Arc;

use tlslab_dh::Group;

use super::core::Core;
use super::environment::{ClientConfig, Environment};
use super::fatal::Fatal;
use super::negotiated::nothing_negotiated;
use super::outbox::Item;
use super::role::StateMachine;
use super::server_key::ServerKey;
use super::trace::Sink;
use super::{Endpoint, Role};
use crate::behaviour::values::ShortFixedValue;
use crate::crypto::{Side, ecdh};
use crate::wire::registry::{AlertDescription, HandshakeType};
use crate::wire::{Certificate, ClientHello, Handshake, Message};

/// A client.
pub type Client<S = ()> = Endpoint<ClientRole, S>;

/// What is a client's own in an endpoint.
pub struct ClientRole {
    config: Arc<ClientConfig>,
    state: State,
    /// What was offered; the answer is held against it.
    offer: Option<ClientHello>,
    server_key: Option<Arc<ServerKey>>,
    server_share: Option<ServerShare>,
    certificate_requested: bool,
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
    Certificate,
    ServerKeyExchange,
    CertificateRequestOrServerHelloDone,
    ServerHelloDone,
    ChangeCipherSpec,
    Finished,
    Established,
}

impl State {
    fn expects(self) -> &'static str {
        match self {
            Self::ServerHello => "ServerHello",
            Self::Certificate => "Certificate",
            Self::ServerKeyExchange => "ServerKeyExchange",
            Self::CertificateRequestOrServerHelloDone => "CertificateRequest or ServerHelloDone",
            Self::ServerHelloDone => "ServerHelloDone",
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
        let role = ClientRole {
            config,
            state: State::ServerHello,
            offer: None,
            server_key: None,
            server_share: None,
            certificate_requested: false,
        };
        Self { core, role }
    }
}

impl Role for ClientRole {}

impl StateMachine for ClientRole {
    fn expects(&self) -> &'static str {
        self.state.expects()
    }

    fn receive<S: Sink>(&mut self, core: &mut Core<S>, message: Message) -> Result<(), Fatal> {
        use Handshake as H;
        use Message as M;
        match (self.state, message) {
            (_, M::Alert(alert)) => core.receive_alert(alert),
            (State::ServerHello, M::Handshake(H::ServerHello(hello))) => self.on_server_hello(core, &hello),
            (State::Certificate, M::Handshake(H::Certificate(certificate))) => self.on_certificate(core, &certificate),
            (State::ServerKeyExchange, M::Handshake(H::ServerKeyExchange(exchange))) => {
                self.on_server_key_exchange(core, &exchange)
            }
            (State::CertificateRequestOrServerHelloDone, M::Handshake(H::CertificateRequest(_))) => {
                self.on_certificate_request(core)
            }
            (State::CertificateRequestOrServerHelloDone | State::ServerHelloDone, M::Handshake(H::ServerHelloDone)) => {
                self.on_server_hello_done(core);
                Ok(())
            }
            (State::ChangeCipherSpec, M::ChangeCipherSpec) => {
                self.state = State::Finished;
                core.change_read_protection()
            }
            (State::Finished, M::Handshake(H::Finished(finished))) => {
                core.check_finished(&finished)?;
                self.state = State::Established;
                core.establish();
                Ok(())
            }
            (State::Established, M::ApplicationData { data }) => {
                core.inbox.extend_from_slice(&data);
                Ok(())
            }
            // RFC 5246 7.4.1.1: a client that is negotiating ignores a HelloRequest; one that does not want to
            // renegotiate says no_renegotiation.
            (State::Established, M::Handshake(H::HelloRequest)) => {
                core.warn(AlertDescription::NO_RENEGOTIATION);
                Ok(())
            }
            (_, M::Handshake(H::HelloRequest)) => Ok(()),
            (state, message) => core.on_unexpected(&message, state.expects()),
        }
    }

    fn build<S: Sink>(&mut self, core: &mut Core<S>, msg_type: HandshakeType) -> Result<Handshake, Fatal> {
        match msg_type {
            HandshakeType::CLIENT_HELLO => Ok(Handshake::ClientHello(self.client_hello(core))),
            // Asked for a certificate and having none, a client sends an empty list (RFC 5246 7.4.6).
            HandshakeType::CERTIFICATE => Ok(Handshake::Certificate(Certificate { certificate_list: Vec::new() })),
            HandshakeType::CLIENT_KEY_EXCHANGE => self.client_key_exchange(core).map(Handshake::ClientKeyExchange),
            _ => core.build_finished(),
        }
    }

    fn sent<S: Sink>(&mut self, core: &mut Core<S>, item: &Item) -> Result<(), Fatal> {
        if *item == Item::Handshake(HandshakeType::CLIENT_KEY_EXCHANGE) {
            // The session hash of RFC 7627 ends with this message.
            core.master()?;
        }
        Ok(())
    }
}

impl ClientRole {
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

    fn on_certificate_request<S: Sink>(&mut self, core: &mut Core<S>) -> Result<(), Fatal> {
        // RFC 5246 7.4.4: a fatal handshake_failure for an anonymous server to request client authentication.
        if !core.negotiated()?.params.has_certificate() {
            return Err(Fatal::alert(
                AlertDescription::HANDSHAKE_FAILURE,
                "an anonymous server requests a client's certificate",
            ));
        }
        self.certificate_requested = true;
        self.state = State::ServerHelloDone;
        Ok(())
    }

    fn on_server_hello_done<S: Sink>(&mut self, core: &mut Core<S>) {
        self.state = State::ChangeCipherSpec;
        let certificate = self.certificate_requested.then_some(Item::Handshake(HandshakeType::CERTIFICATE));
        core.outbox.plan(certificate.into_iter().chain([
            Item::Handshake(HandshakeType::CLIENT_KEY_EXCHANGE),
            Item::ChangeCipherSpec,
            Item::Handshake(HandshakeType::FINISHED),
        ]));
    }

    fn server_key(&self) -> Result<&ServerKey, Fatal> {
        self.server_key.as_deref().ok_or_else(nothing_negotiated)
    }

    fn accepts_short_signatures(&self) -> bool {
        self.config.own.short_rsa_signature == ShortFixedValue::Accept
    }
}
