//! One endpoint over a TCP connection, with deadlines.
//!
//! Two habits keep a peer's alert from getting lost. A failed write does not end the connection: what the peer has sent
//! is still read. And a connection is not closed while input may be unread, since TCP would answer that with a reset
//! which throws away what the peer has not read yet.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tlslab_proto::endpoint::trace::Sink;
use tlslab_proto::endpoint::{Endpoint, Role, Status, Step};

use super::Observer;

/// How long a read waits before it looks whether it is to stop.
const POLL: Duration = Duration::from_millis(50);

/// How long a closed connection lingers for what the peer still sends.
const LINGER: Duration = Duration::from_millis(500);

/// As much as the peer may send after the end; more is not waited for.
const LINGER_BYTES: usize = 1 << 20;

/// Until when a connection may go on.
#[derive(Debug, Clone, Copy)]
pub struct Limits<'a> {
    /// When time is up.
    pub deadline: Instant,
    /// Set from outside to stop.
    pub cancelled: &'a AtomicBool,
}

/// Why driving a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drive {
    /// What was waited for is there.
    Reached,
    /// The endpoint's connection has ended.
    Ended,
    /// Time is up, or it was told to stop.
    TimedOut,
}

/// An endpoint's socket.
pub struct Link<'a> {
    stream: &'a TcpStream,
    limits: Limits<'a>,
    write_failed: bool,
}

impl<'a> Link<'a> {
    /// A link over a connected socket.
    ///
    /// # Errors
    /// The socket does not take a timeout.
    pub fn new(stream: &'a TcpStream, limits: Limits<'a>) -> std::io::Result<Self> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(POLL))?;
        stream.set_write_timeout(Some(POLL))?;
        Ok(Self { stream, limits, write_failed: false })
    }

    /// Steps the endpoint and moves its bytes until `reached` says so, the connection ends or time is up.
    pub fn drive<R: Role, S: Sink>(
        &mut self,
        endpoint: &mut Endpoint<R, S>,
        observer: &mut impl Observer<S>,
        mut reached: impl FnMut(&mut Endpoint<R, S>) -> bool,
    ) -> Drive {
        let mut buffer = vec![0; 1 << 14];
        loop {
            while endpoint.step() != Step::Blocked {
                observer.stepped(endpoint.side(), endpoint.trace());
            }
            let output = endpoint.take_output();
            if !output.is_empty() {
                observer.crossed(endpoint.side(), &output);
                self.write(&output);
            }
            if matches!(endpoint.status(), Status::Ended(_)) {
                return Drive::Ended;
            }
            let reached = reached(endpoint);
            // Whatever the application did in there is sent before the link waits or returns.
            if endpoint.prepare() {
                continue;
            }
            if reached {
                return Drive::Reached;
            }
            if self.is_over() {
                return Drive::TimedOut;
            }
            match self.stream.read(&mut buffer) {
                Ok(0) => endpoint.peer_closed(),
                Ok(read) => {
                    observer.crossed(endpoint.side().peer(), &buffer[..read]);
                    endpoint.receive(&buffer[..read]);
                }
                Err(error) if is_transient(&error) => {}
                Err(_) => endpoint.peer_closed(),
            }
        }
    }

    /// Closes the connection once the peer has had its say, or soon.
    pub fn close(self) {
        // Failing to shut down means that there is no connection any more.
        let _ = self.stream.shutdown(Shutdown::Write);
        let until = self.limits.deadline.min(Instant::now() + LINGER);
        let mut buffer = [0; 1 << 12];
        let mut drained = 0;
        while Instant::now() < until && drained < LINGER_BYTES && !self.limits.cancelled.load(Ordering::Relaxed) {
            let mut stream = self.stream;
            match stream.read(&mut buffer) {
                Ok(0) => return,
                Ok(read) => drained += read,
                Err(error) if is_transient(&error) => {}
                Err(_) => return,
            }
        }
    }

    fn is_over(&self) -> bool {
        Instant::now() >= self.limits.deadline || self.limits.cancelled.load(Ordering::Relaxed)
    }

    fn write(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && !self.write_failed {
            let mut stream = self.stream;
            match stream.write(bytes) {
                Ok(written) => bytes = &bytes[written..],
                Err(error) if is_transient(&error) && !self.is_over() => {}
                Err(_) => self.write_failed = true,
            }
        }
    }
}

fn is_transient(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}
