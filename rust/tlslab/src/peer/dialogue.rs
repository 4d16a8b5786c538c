//! What is said on a socket before TLS begins.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tlslab_proto::crypto::Side;

use crate::link::tcp::{Limits, is_transient};
use crate::starttls::{Dialogue, StartTlsError};

/// How long a read waits before it looks whether it is to stop.
const POLL: Duration = Duration::from_millis(50);

/// How long a peer may take to take in what is said to it, which is short.
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);

/// Why TLS does not begin on a socket.
#[derive(Debug, thiserror::Error)]
pub enum DialogueError {
    /// The peer says the wrong thing.
    #[error(transparent)]
    Said(#[from] StartTlsError),
    /// The peer closes the connection.
    #[error("the peer closed the connection before TLS began")]
    Closed,
    /// The peer has said goodbye, and been answered.
    #[error("the peer said goodbye before TLS began")]
    Over,
    /// Time is up.
    #[error("the peer said no more in time: is the protocol the right one?")]
    TimedOut,
    /// The socket fails.
    #[error("the socket failed: {0}")]
    Socket(#[from] io::Error),
}

/// Runs one side's part until TLS begins. `crossed` is told what is said, and by whom. Gives the bytes of TLS that have
/// arrived with it.
pub(super) fn run(
    stream: &TcpStream,
    side: Side,
    dialogue: &mut Dialogue,
    limits: Limits<'_>,
    mut crossed: impl FnMut(Side, &[u8]),
) -> Result<Vec<u8>, DialogueError> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(POLL))?;
    stream.set_write_timeout(Some(WRITE_TIMEOUT))?;
    let mut buffer = [0; 4096];
    loop {
        let output = dialogue.take_output();
        if !output.is_empty() {
            crossed(side, &output);
            (&mut &*stream).write_all(&output)?;
        }
        if dialogue.is_ready() {
            return Ok(dialogue.take_rest());
        }
        if dialogue.is_over() {
            return Err(DialogueError::Over);
        }
        if Instant::now() >= limits.deadline || limits.cancelled.load(Ordering::Relaxed) {
            return Err(DialogueError::TimedOut);
        }
        match (&mut &*stream).read(&mut buffer) {
            Ok(0) => return Err(DialogueError::Closed),
            Ok(read) => {
                crossed(side.peer(), &buffer[..read]);
                dialogue.receive(&buffer[..read])?;
            }
            Err(error) if is_transient(&error) => {}
            Err(error) => return Err(error.into()),
        }
    }
}
