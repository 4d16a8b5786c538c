//! The attacker: what it passes on and what it makes up, and the endpoints that it acts through.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use tlslab_dh::{Group, GroupError};
use tlslab_proto::behaviour::lists::{CustomGroup, GroupSpec, Suite};
use tlslab_proto::behaviour::values::{Ems, Resumption, Switch, Version};
use tlslab_proto::behaviour::{ClientBehaviour, ServerBehaviour};
use tlslab_proto::crypto::certificate::Identity;
use tlslab_proto::crypto::suite::{self, Authentication};
use tlslab_proto::endpoint::diffie_hellman::{DiffieHellman, Honest};
use tlslab_proto::wire::registry::{CipherSuite, ExtensionType};
use tlslab_proto::wire::{ClientHello, Extensions, Handshake, ServerHello, ServerKeyExchange, Text};

/// How the attacker acts. The default does all that the attack takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Attacker {
    /// By which key exchange it brings both sides to the same premaster secret.
    pub key_exchange: KeyExchange,
    /// The randoms of both hellos in handshake 1.
    pub randoms: Passing,
    /// The session id or the ticket that the server hands out in handshake 1.
    pub session: Passing,
    /// EMS (RFC 7627) in handshake 1: whether each side is told that the other has it, or that it has not.
    pub ems: Truth,
    /// The Finished messages of handshake 2. Its own are what each side expects, since it knows both master secrets.
    pub finished: Passing,
    /// What it says to the server after handshake 2: the beginning of a request, which the client's own completes.
    pub sends: Text,
}

impl Default for Attacker {
    fn default() -> Self {
        Self {
            key_exchange: KeyExchange::Rsa,
            randoms: Passing::Forward,
            session: Passing::Forward,
            ems: Truth::Forward,
            finished: Passing::Forward,
            sends: "POST /transfer?to=attacker HTTP/1.1\r\nHost: server.example\r\nX-Ignored: ".into(),
        }
    }
}

/// How both sides come to the same premaster secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyExchange {
    /// RSA: the premaster secret of the client is encrypted again, to the server.
    Rsa,
    /// DHE: the client is given a group that is none, in which every secret is the server's public value; the server is
    /// given its generator for a public value, and has the same secret.
    Dhe,
}

/// Whether a value is the other side's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Passing {
    /// It is passed on.
    Forward,
    /// It is the attacker's own.
    Own,
}

/// Whether an extension is passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Truth {
    /// Each side is told what the other says.
    Forward,
    /// Each side is told that the other does not have it.
    Withhold,
}

impl Attacker {
    /// How it acts towards the server, in the stead of a client that has sent `hello`.
    pub(super) fn client(&self, hello: &ClientHello) -> ClientBehaviour {
        let mut behaviour = ClientBehaviour::default();
        let (shared, own) = (&mut behaviour.shared, &mut behaviour.own);
        // The premaster secret holds the version that the client has offered (RFC 5246 7.4.7.1).
        shared.versions = Version::ALL.into_iter().filter(|version| version.wire() <= hello.client_version).collect();
        let offered = self.suites(hello.cipher_suites.iter().copied());
        // A client without such a suite takes none; the server's part of it goes on all the same.
        shared.suites =
            if offered.is_empty() { self.suites(shared.suites.iter().map(|suite| suite.0)) } else { offered };
        shared.ems = self.ems(hello.extensions());
        shared.encrypt_then_mac = switch(hello.extensions().has(ExtensionType::ENCRYPT_THEN_MAC));
        shared.resumption = match hello.extensions().session_ticket() {
            Some(_) => Resumption::Both,
            None => Resumption::SessionId,
        };
        let name = hello.extensions().server_names().and_then(<[_]>::first);
        own.server_name = name.map(|name| String::from_utf8_lossy(&name.name).into_owned());
        behaviour
    }

    /// How it acts towards the client, in the stead of a server that has answered with `flight`; `None` where there is no
    /// answer to act by.
    ///
    /// # Errors
    /// No group is long enough for the server's public value.
    pub(super) fn server(&self, flight: &[Handshake]) -> Result<Option<ServerBehaviour>, GroupError> {
        let Some(hello) = server_hello(flight) else { return Ok(None) };
        let mut behaviour = ServerBehaviour::default();
        let (shared, own) = (&mut behaviour.shared, &mut behaviour.own);
        shared.versions = Version::from_wire(hello.server_version).into_iter().collect();
        shared.suites = vec![Suite(hello.cipher_suite)];
        shared.ems = self.ems(hello.extensions());
        shared.encrypt_then_mac = switch(hello.extensions().has(ExtensionType::ENCRYPT_THEN_MAC));
        shared.resumption = match hello.extensions().session_ticket() {
            Some(_) => Resumption::Ticket,
            None if hello.session_id.is_empty() => Resumption::None,
            None => Resumption::SessionId,
        };
        if let Some(public) = server_public(flight) {
            let group = Group::trapping(public)?;
            let (p, g) = (group.modulus().to_vec(), group.generator().to_vec());
            own.groups = vec![GroupSpec::Custom(CustomGroup { p, g })];
        }
        Ok(Some(behaviour))
    }

    /// Those suites whose key exchange is the attacker's, with a certificate.
    fn suites(&self, among: impl Iterator<Item = CipherSuite>) -> Vec<Suite> {
        let wanted = match self.key_exchange {
            KeyExchange::Rsa => suite::KeyExchange::Rsa,
            KeyExchange::Dhe => suite::KeyExchange::Dhe,
        };
        let fits = |suite: &CipherSuite| {
            let kinds = suite::params(*suite).map(|params| (params.key_exchange, params.authentication));
            kinds == Some((wanted, Authentication::Rsa))
        };
        among.filter(fits).map(Suite).collect()
    }

    fn ems(&self, told: &Extensions) -> Ems {
        match self.ems {
            Truth::Forward if told.has(ExtensionType::EXTENDED_MASTER_SECRET) => Ems::On,
            _ => Ems::Off,
        }
    }
}

/// The ServerHello of a flight.
pub(super) fn server_hello(flight: &[Handshake]) -> Option<&ServerHello> {
    flight.iter().find_map(|message| match message {
        Handshake::ServerHello(hello) => Some(hello),
        _ => None,
    })
}

/// The finite-field public value of a flight.
fn server_public(flight: &[Handshake]) -> Option<&[u8]> {
    flight.iter().find_map(|message| match message {
        Handshake::ServerKeyExchange(ServerKeyExchange::Dhe { params, .. }) => Some(&params.dh_ys[..]),
        _ => None,
    })
}

fn switch(on: bool) -> Switch {
    if on { Switch::On } else { Switch::Off }
}

/// Its certificate and its key.
pub(super) fn identity() -> &'static Identity {
    static IDENTITY: LazyLock<Identity> = LazyLock::new(|| {
        let pem = include_str!("attacker.pem");
        Identity::from_pem(pem, pem).expect("the embedded identity is sound")
    });
    &IDENTITY
}

/// Diffie-Hellman of one whose exponent is always 1: its public value is the generator, and its secret is the peer's
/// public value.
#[derive(Default)]
pub(super) struct ExponentOne(Honest);

impl DiffieHellman for ExponentOne {
    fn group(&self, p: &[u8], g: &[u8]) -> Result<Group, GroupError> {
        self.0.group(p, g)
    }

    fn exponent(&self, _group: &Group, _peer: Option<&[u8]>, _drawn: Vec<u8>) -> Vec<u8> {
        vec![1]
    }

    fn public(&self, group: &Group, exponent: &[u8]) -> Vec<u8> {
        self.0.public(group, exponent)
    }

    fn shared(&self, group: &Group, exponent: &[u8], peer: &[u8]) -> Vec<u8> {
        self.0.shared(group, exponent, peer)
    }
}
