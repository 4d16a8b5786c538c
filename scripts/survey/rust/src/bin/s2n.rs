//! s2n-tls as a server or a client: s2n server PORT CERT KEY DH, or s2n client PORT CERT, with the server's certificate.

#![forbid(unsafe_code)]

use std::env;
use std::error::Error;
use std::fs;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use s2n_tls::callbacks::{SessionTicket, SessionTicketCallback};
use s2n_tls::config::{Builder, Config};
use s2n_tls::connection::{Connection, ModifiedBuilder};
use s2n_tls::security::Policy;
use s2n_tls_tokio::{TlsAcceptor, TlsConnector, TlsStream};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// The last policy that puts DHE first: TLS 1.0 to 1.2, without ECDHE.
const POLICY: &str = "20150214";

const PATIENCE: Duration = Duration::from_secs(10);

/// The session that the last connection of a client left.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Option<Vec<u8>>>>);

impl SessionTicketCallback for Kept {
    fn on_session_ticket(&self, _connection: &mut Connection, ticket: &SessionTicket) {
        let mut data = vec![0; ticket.len().unwrap_or_default()];
        if ticket.data(&mut data).is_ok() {
            *self.0.lock().unwrap() = Some(data);
        }
    }
}

fn config() -> Result<Builder, s2n_tls::error::Error> {
    let mut builder = Config::builder();
    builder.set_security_policy(&Policy::from_version(POLICY)?)?;
    // A peer that errs is kept waiting for half a minute else.
    builder.set_max_blinding_delay(1)?;
    Ok(builder)
}

async fn talk(mut stream: TlsStream<TcpStream>) {
    let mut buffer = [0; 4096];
    while matches!(timeout(PATIENCE, stream.read(&mut buffer)).await, Ok(Ok(1..))) {}
}

fn said(error: impl std::fmt::Display) {
    eprintln!("{error}");
}

async fn serve(port: u16, files: &[String]) -> Result<(), Box<dyn Error>> {
    let [certificate, key, group] = files else { return Err("give a certificate, a key and a group".into()) };
    let mut builder = config()?;
    builder.load_pem(&fs::read(certificate)?, &fs::read(key)?)?;
    builder.add_dhparams(&fs::read(group)?)?;
    builder.add_session_ticket_key(b"survey", &[7; 32], SystemTime::now())?;
    let acceptor = TlsAcceptor::new(builder.build()?);
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    loop {
        let (socket, _) = listener.accept().await?;
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            match timeout(PATIENCE, acceptor.accept(socket)).await {
                Ok(Ok(stream)) => talk(stream).await,
                Ok(Err(error)) => said(error),
                Err(error) => said(error),
            }
        });
    }
}

async fn connect(port: u16, certificate: &str) -> Result<(), Box<dyn Error>> {
    let kept = Kept::default();
    let mut builder = config()?;
    builder.set_session_ticket_callback(kept.clone())?;
    builder.trust_pem(&fs::read(certificate)?)?;
    let config = builder.build()?;
    loop {
        let session = kept.0.lock().unwrap().take();
        let with_session = ModifiedBuilder::new(config.clone(), |connection| match &session {
            Some(session) => connection.set_session_ticket(session),
            None => Ok(connection),
        });
        let socket = TcpStream::connect(("127.0.0.1", port)).await?;
        let connector = TlsConnector::new(with_session);
        match timeout(PATIENCE, connector.connect("localhost", socket)).await {
            Ok(Ok(stream)) => talk(stream).await,
            Ok(Err(error)) => said(error),
            Err(error) => said(error),
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match &arguments[..] {
        [side, port, files @ ..] if side == "server" => runtime.block_on(serve(port.parse()?, files)),
        [side, port, certificate] if side == "client" => runtime.block_on(connect(port.parse()?, certificate)),
        _ => Err("s2n server PORT CERT KEY DH, or s2n client PORT CERT".into()),
    }
}
