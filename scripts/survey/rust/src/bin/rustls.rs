//! rustls as a server or a client: rustls server PORT CERT KEY, or rustls client PORT.

#![forbid(unsafe_code)]

use std::env;
use std::error::Error;
use std::io::{self, Read};
use std::net::{TcpListener, TcpStream};
use std::ops::DerefMut;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::version::TLS12;
use rustls::{
    ClientConfig, ClientConnection, ConnectionCommon, DigitallySignedStruct, ServerConfig, ServerConnection, SideData,
    SignatureScheme, Stream,
};

const PATIENCE: Duration = Duration::from_secs(10);

/// Takes any certificate; signatures have to be right.
#[derive(Debug)]
struct AnyCertificate(CryptoProvider);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

fn talk<S: SideData>(mut connection: impl DerefMut<Target = ConnectionCommon<S>>, mut socket: TcpStream) {
    let talked = socket.set_read_timeout(Some(PATIENCE)).and_then(|()| {
        let mut stream = Stream::new(&mut connection, &mut socket);
        let mut buffer = [0; 4096];
        while stream.read(&mut buffer)? > 0 {}
        stream.conn.send_close_notify();
        stream.conn.write_tls(stream.sock).map(drop)
    });
    if let Err(error) = talked {
        eprintln!("{error}");
    }
}

fn serve(port: u16, certificate: &str, key: &str) -> Result<(), Box<dyn Error>> {
    let chain = CertificateDer::pem_file_iter(certificate)?.collect::<Result<_, _>>()?;
    let builder = ServerConfig::builder_with_protocol_versions(&[&TLS12]).with_no_client_auth();
    let mut config = builder.with_single_cert(chain, PrivateKeyDer::from_pem_file(key)?)?;
    config.ticketer = aws_lc_rs::Ticketer::new()?;
    let config = Arc::new(config);
    for socket in TcpListener::bind(("127.0.0.1", port))?.incoming() {
        let (socket, connection) = (socket?, ServerConnection::new(config.clone())?);
        thread::spawn(move || talk(connection, socket));
    }
    Ok(())
}

fn connect(port: u16) -> Result<(), Box<dyn Error>> {
    let verifier = Arc::new(AnyCertificate(aws_lc_rs::default_provider()));
    let builder = ClientConfig::builder_with_protocol_versions(&[&TLS12]);
    let config = builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth();
    let config = Arc::new(config);
    loop {
        let socket = TcpStream::connect(("127.0.0.1", port))?;
        let connection = ClientConnection::new(config.clone(), ServerName::try_from("localhost")?)?;
        talk(connection, socket);
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["server", port, certificate, key] => serve(port.parse()?, certificate, key),
        ["client", port] => connect(port.parse()?),
        _ => Err(io::Error::other("rustls server PORT CERT KEY, or rustls client PORT").into()),
    }
}
