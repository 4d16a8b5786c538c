//! A server of FTP: TLS begins on its control connection once AUTH TLS is granted (RFC 4217 4).

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use tlslab_proto::behaviour::ClientBehaviour;

use super::dial::Dialled;
use super::tcp::Open;
use crate::ftp::{Action, ClientDataSessions, ClientRules, ReplyReader};
use crate::link::tcp::is_transient;
use crate::peer::{FtpOptions, PeerError, ftp_connect, open};

/// How long one read waits.
const POLL: Duration = Duration::from_millis(50);

/// The control connection of the server at `address`, its TLS being about to begin.
pub(super) fn opener(address: &str) -> Box<Open> {
    let address = address.to_owned();
    Box::new(move |timeout| {
        let deadline = Instant::now() + timeout;
        let stream = open(&address, timeout)?;
        stream.set_read_timeout(Some(POLL)).map_err(PeerError::Socket)?;
        let mut replies = ReplyReader::default();
        expect(&stream, &mut replies, 220, &address, deadline)?;
        (&stream).write_all(b"AUTH TLS\r\n").map_err(PeerError::Socket)?;
        expect(&stream, &mut replies, 234, &address, deadline)?;
        Ok(stream)
    })
}

/// Waits for a reply, which must have this code.
fn expect(
    mut stream: &TcpStream,
    replies: &mut ReplyReader,
    code: u16,
    address: &str,
    deadline: Instant,
) -> Result<(), PeerError> {
    let refused = |reason: String| PeerError::Address { address: address.to_owned(), reason };
    let mut buffer = [0; 4096];
    loop {
        match replies.next_reply()? {
            Some(reply) if reply.code == code => return Ok(()),
            Some(reply) => return Err(refused(format!("the server says {reply} where FTP over TLS has {code}"))),
            None if Instant::now() >= deadline => return Err(refused(format!("the server does not say {code}"))),
            None => {}
        }
        match stream.read(&mut buffer) {
            Ok(0) => return Err(refused("the server hangs up before TLS begins".to_owned())),
            Ok(read) => replies.push(&buffer[..read]),
            Err(error) if is_transient(&error) => {}
            Err(error) => return Err(PeerError::Socket(error)),
        }
    }
}

/// Lists the directory in which a login as anonymous begins.
pub(super) fn list(
    client: &ClientBehaviour,
    address: &str,
    seed: u64,
    data_sessions: ClientDataSessions,
    timeout: Duration,
    cancelled: &AtomicBool,
) -> Result<Dialled, PeerError> {
    let rules = ClientRules { data_sessions };
    let options = FtpOptions { seed, rules, actions: vec![Action::List(String::new())], timeout };
    let connection = ftp_connect(client, address, &options, cancelled)?;
    Ok(Dialled { connection, session: None })
}
