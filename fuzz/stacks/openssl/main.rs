//! OpenSSL as a server over memory, and clients of the lab.

mod certificate;
mod wire;

use std::process::ExitCode;

use openssl::ssl::{ErrorCode, Ssl, SslContext, SslContextBuilder, SslMethod, SslStream, SslVersion};
use tlslab::fuzzing::Counterpart;
use tlslab_stack_campaign::Stack;
use wire::Wire;

/// What a campaign begins with: connections as they are every day. The client verifies no signature, which saves most
/// of its time, and nothing of what the server does.
const SEEDS: [&str; 3] = [
    r#"{"side": "client", "behaviour": {"suites": ["TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"],
        "curves": ["x25519", "secp256r1"], "signature_check": "off"}}"#,
    r#"{"side": "client", "behaviour": {"suites": ["TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"],
        "curves": ["x25519", "secp256r1"], "signature_check": "off"},
        "scenario": {"name": "two connections", "connections": [{}, {}]}}"#,
    r#"{"side": "client", "behaviour": {"suites": ["TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"],
        "curves": ["x25519", "secp256r1"], "signature_check": "off", "renegotiation": "secure"},
        "scenario": {"name": "a renegotiation", "connections": [{"renegotiates": {"by": "client"}}]}}"#,
];

/// More turns than a connection takes.
const MOST_TURNS: usize = 1000;

fn main() -> ExitCode {
    tlslab_stack_campaign::main(Server { context: context() }, &SEEDS)
}

struct Server {
    context: SslContext,
}

fn context() -> SslContext {
    let (certificate, key) = certificate::make();
    let build = || -> Result<SslContextBuilder, openssl::error::ErrorStack> {
        let mut builder = SslContextBuilder::new(SslMethod::tls())?;
        builder.set_certificate(&certificate)?;
        builder.set_private_key(&key)?;
        builder.set_cipher_list("ALL:@SECLEVEL=0")?;
        builder.set_session_id_context(b"tlslab")?;
        builder.set_min_proto_version(Some(SslVersion::TLS1))?;
        builder.set_max_proto_version(Some(SslVersion::TLS1_2))?;
        Ok(builder)
    };
    build().expect("OpenSSL takes its own settings").build()
}

impl Stack for Server {
    fn name(&self) -> String {
        openssl::version::version().to_owned()
    }

    /// One connection, until nothing moves. What is seen is where OpenSSL stood, what it says went wrong, and how the
    /// lab's side came out of it.
    fn connection(&mut self, counterpart: &mut Counterpart, seen: &mut Vec<String>) {
        let wire = Wire::default();
        let ssl = Ssl::new(&self.context).expect("OpenSSL has memory");
        let mut stream = SslStream::new(ssl, wire.clone()).expect("OpenSSL has memory");
        let mut accepted = false;
        for _ in 0..MOST_TURNS {
            let arriving = counterpart.drain();
            wire.deliver(&arriving);
            let mut data = [0; 1024];
            let done = if accepted { stream.ssl_read(&mut data) } else { stream.accept().map(|()| 0) };
            let went_on = match &done {
                Ok(count) => {
                    accepted = true;
                    // An answer, where there was a question; one that cannot be given shows in the next turn.
                    *count == 0 || stream.ssl_write(b"pong").is_ok()
                }
                Err(error) => {
                    if let Some(errors) = error.ssl_error() {
                        let reasons = errors.errors().iter().filter_map(|error| error.reason());
                        seen.push(format!("{} {:?}", stream.ssl().state_string_long(), reasons.collect::<Vec<_>>()));
                    }
                    error.code() == ErrorCode::WANT_READ
                }
            };
            let leaving = wire.take_sent();
            counterpart.feed(&leaving);
            seen.push(format!("{accepted} {} {}", counterpart.handshakes(), stream.ssl().state_string_long()));
            let still = arriving.is_empty() && leaving.is_empty() && done.is_err();
            if still || !went_on {
                break;
            }
        }
        counterpart.peer_closed();
        seen.push(format!("{accepted} {} {:?}", counterpart.handshakes(), counterpart.status()));
    }
}
