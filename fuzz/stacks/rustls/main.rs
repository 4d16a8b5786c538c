//! rustls as a server over memory, and clients of the lab.

use std::io::{Read, Write};
use std::process::ExitCode;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{Error, ServerConfig, ServerConnection};
use tlslab::fuzzing::Counterpart;
use tlslab_proto::crypto::certificate::Identity;
use tlslab_stack_campaign::Stack;

/// The version in Cargo.toml: rustls does not tell.
const NAME: &str = "rustls 0.23.46";

/// What a campaign begins with: connections as they are every day. The client verifies no signature, which saves most
/// of its time, and nothing of what the server does.
const SEEDS: [&str; 3] = [
    r#"{"side": "client", "behaviour": {"suites": ["TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"],
        "curves": ["x25519", "secp256r1"], "signature_check": "off"}}"#,
    r#"{"side": "client", "behaviour": {"suites": ["TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"],
        "curves": ["secp256r1"], "signature_check": "off", "resumption": "session_id"},
        "scenario": {"name": "two connections", "connections": [{}, {}]}}"#,
    r#"{"side": "client", "behaviour": {"suites": ["TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"],
        "curves": ["x25519", "secp256r1"], "signature_check": "off", "resumption": "ticket"},
        "scenario": {"name": "two connections", "connections": [{}, {}]}}"#,
];

/// More turns than a connection takes.
const MOST_TURNS: usize = 1000;

fn main() -> ExitCode {
    let config = config().expect("rustls takes the lab's identity");
    tlslab_stack_campaign::main(Server { config: Arc::new(config) }, &SEEDS)
}

/// A server with the lab's own key, which signs faster than an RSA key does.
fn config() -> Result<ServerConfig, Box<dyn std::error::Error>> {
    let key = include_bytes!("../../../rust/tlslab-proto/src/crypto/lab_ecdsa.pem");
    let chain = Identity::lab_ecdsa().chain.iter().map(|certificate| CertificateDer::from(certificate.clone()));
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain.collect(), PrivateKeyDer::from_pem_slice(key)?)?;
    config.ticketer = ring::Ticketer::new()?;
    Ok(config)
}

struct Server {
    config: Arc<ServerConfig>,
}

impl Stack for Server {
    fn name(&self) -> String {
        NAME.to_owned()
    }

    /// One connection, until nothing moves. What is seen is how far rustls is, what it says went wrong, and how the
    /// lab's side came out of it.
    fn connection(&mut self, counterpart: &mut Counterpart, seen: &mut Vec<String>) {
        let mut tls = ServerConnection::new(self.config.clone()).expect("rustls takes its own settings");
        for _ in 0..MOST_TURNS {
            let arriving = counterpart.drain();
            let taken = take(&mut tls, &arriving);
            let leaving = leaving(&mut tls);
            counterpart.feed(&leaving);
            let (kind, suite) = (tls.handshake_kind(), tls.negotiated_cipher_suite().map(|suite| suite.suite()));
            seen.push(format!("{} {kind:?} {suite:?} {taken:?}", counterpart.handshakes()));
            if taken.is_err() || (arriving.is_empty() && leaving.is_empty()) {
                break;
            }
        }
        counterpart.peer_closed();
        seen.push(format!("{} {:?} {:?}", counterpart.handshakes(), tls.handshake_kind(), counterpart.status()));
    }
}

/// Takes what arrives, and answers where there was data. Gives whether there was.
fn take(tls: &mut ServerConnection, mut arriving: &[u8]) -> Result<bool, Error> {
    let mut answered = false;
    while !arriving.is_empty() {
        // It takes no more after a close_notify.
        if !matches!(tls.read_tls(&mut arriving), Ok(1..)) {
            break;
        }
        let state = tls.process_new_packets()?;
        let mut data = vec![0; state.plaintext_bytes_to_read()];
        if !data.is_empty() && tls.reader().read_exact(&mut data).is_ok() {
            answered |= tls.writer().write_all(b"pong").is_ok();
        }
    }
    Ok(answered)
}

/// What is to be sent, alerts included.
fn leaving(tls: &mut ServerConnection) -> Vec<u8> {
    let mut leaving = Vec::new();
    while tls.wants_write() && matches!(tls.write_tls(&mut leaving), Ok(1..)) {}
    leaving
}
