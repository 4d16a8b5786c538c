//! Handshakes in memory whose inputs an independent implementation has taken too: run by the test that compares, and
//! by the example that writes the inputs down.

use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};
use tlslab_dh::{Group, GroupError};
use tlslab_proto::behaviour::lists::Suite;
use tlslab_proto::behaviour::values::{Ems, Version};
use tlslab_proto::behaviour::{ClientBehaviour, ServerBehaviour};
use tlslab_proto::crypto::draws::Draws;
use tlslab_proto::endpoint::diffie_hellman::{ChosenSecret, DiffieHellman};
use tlslab_proto::endpoint::session::SessionStores;
use tlslab_proto::endpoint::trace::Event;
use tlslab_proto::endpoint::{
    Client, ClientConfig, Endpoint, Environment, Role, Server, ServerConfig, Signatures, Status, Step,
};
use tlslab_proto::wire::Bytes;
use tlslab_proto::wire::registry::CipherSuite;

/// The seed of every handshake; its trial is its place in the list.
const SEED: u64 = 20_190_709;

const SUITES: [(Version, CipherSuite); 5] = [
    (Version::Tls10, CipherSuite::TLS_DHE_RSA_WITH_AES_128_CBC_SHA),
    (Version::Tls11, CipherSuite::TLS_DHE_RSA_WITH_AES_256_CBC_SHA),
    (Version::Tls12, CipherSuite::TLS_DHE_RSA_WITH_AES_128_CBC_SHA256),
    (Version::Tls12, CipherSuite::TLS_DHE_RSA_WITH_AES_128_GCM_SHA256),
    (Version::Tls12, CipherSuite::TLS_DHE_RSA_WITH_AES_256_GCM_SHA384),
];

/// What a handshake is made of: all that follows can be computed from it.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct Inputs {
    pub version: Version,
    pub suite: CipherSuite,
    pub ems: bool,
    /// How many leading zero bytes Z has.
    pub zeros: usize,
    pub client_exponent: Bytes,
    pub server_exponent: Bytes,
    /// The records of the four flights: the client's, the server's, the client's, the server's.
    pub flights: Vec<Bytes>,
}

/// Runs the handshakes: each suite with and without EMS, with a Z of full length and with one that is a byte short.
/// With the inputs of each come the traces of its client and its server.
pub fn run_all() -> Vec<(Inputs, [Vec<Event>; 2])> {
    let mut runs = Vec::new();
    for (version, suite) in SUITES {
        for ems in [false, true] {
            for zeros in [0, 1] {
                runs.push(run(runs.len() as u64, version, suite, ems, zeros));
            }
        }
    }
    runs
}

fn run(trial: u64, version: Version, suite: CipherSuite, ems: bool, zeros: usize) -> (Inputs, [Vec<Event>; 2]) {
    let (mut client, mut server) = (ClientBehaviour::default(), ServerBehaviour::default());
    for shared in [&mut client.shared, &mut server.shared] {
        shared.versions = vec![version];
        shared.suites = vec![Suite(suite)];
        shared.ems = if ems { Ems::On } else { Ems::Off };
    }
    let exponents = [KnownExponent::new(zeros), KnownExponent::new(zeros)].map(Arc::new);
    let environment = |exponent: &Arc<KnownExponent>| Environment {
        draws: Draws::new(SEED, trial),
        connection: 0,
        diffie_hellman: exponent.clone(),
        signatures: Signatures::Real,
        edits: Arc::from([]),
        sessions: SessionStores::default(),
        now: 0,
    };
    let client = ClientConfig::new(&client).expect("the behaviour has no contradiction");
    let server = ServerConfig::new(&server).expect("the behaviour has no contradiction");
    let mut client = Client::<Vec<Event>>::new(Arc::new(client), environment(&exponents[0]));
    let mut server = Server::<Vec<Event>>::new(Arc::new(server), environment(&exponents[1]));

    let mut flights = Vec::new();
    // Two round trips make a full handshake; in the third the client reads the last flight.
    for _ in 0..3 {
        exchange(&mut client, &mut server, &mut flights);
        exchange(&mut server, &mut client, &mut flights);
    }
    assert_eq!((client.status(), server.status()), (&Status::Established, &Status::Established));

    let [client_exponent, server_exponent] = exponents.map(|exponent| exponent.used());
    let inputs = Inputs { version, suite, ems, zeros, client_exponent, server_exponent, flights };
    (inputs, [std::mem::take(client.trace()), std::mem::take(server.trace())])
}

/// Lets `from` do what it can, and hands what it sends to `to`.
fn exchange<A: Role, B: Role>(
    from: &mut Endpoint<A, Vec<Event>>,
    to: &mut Endpoint<B, Vec<Event>>,
    flights: &mut Vec<Bytes>,
) {
    while from.step() != Step::Blocked {}
    let flight = from.take_output();
    if !flight.is_empty() {
        to.receive(&flight);
        flights.push(flight.into());
    }
}

/// Diffie-Hellman whose exponent is known afterwards.
struct KnownExponent {
    provider: ChosenSecret,
    exponent: Mutex<Vec<u8>>,
}

impl KnownExponent {
    fn new(zeros: usize) -> Self {
        Self { provider: ChosenSecret::with_leading_zeros(zeros), exponent: Mutex::default() }
    }

    fn used(&self) -> Bytes {
        self.exponent.lock().expect("no thread has panicked").clone().into()
    }
}

impl DiffieHellman for KnownExponent {
    fn group(&self, p: &[u8], g: &[u8]) -> Result<Group, GroupError> {
        self.provider.group(p, g)
    }

    fn exponent(&self, group: &Group, peer: Option<&[u8]>, drawn: Vec<u8>) -> Vec<u8> {
        let exponent = self.provider.exponent(group, peer, drawn);
        self.exponent.lock().expect("no thread has panicked").clone_from(&exponent);
        exponent
    }

    fn public(&self, group: &Group, exponent: &[u8]) -> Vec<u8> {
        self.provider.public(group, exponent)
    }

    fn shared(&self, group: &Group, exponent: &[u8], peer: &[u8]) -> Vec<u8> {
        self.provider.shared(group, exponent, peer)
    }
}
