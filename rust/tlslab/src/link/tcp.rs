//! One endpoint over a TCP connection, with deadlines.
//!
//! Two habits keep a peer's alert from getting lost. A failed write does not end the connection: what the peer has sent
//! is still read. And a connection is not closed while input may be unread, since TCP would answer that with a reset
//! which throws away what the peer has not read yet.
//!
//! A third keeps two sides that both have much to say from waiting for each other: while the socket does not take what
//! is to be written, it is read.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tlslab_proto::endpoint::trace::Sink;
use tlslab_proto::endpoint::{Endpoint, Role, Status, Step};

use super::socket::Closing;
use super::{Framing, Observer};

/// How long a read waits before it looks whether it is to stop.
const POLL: Duration = Duration::from_millis(50);

/// As much as is read at once, in bytes.
const READ_LEN: usize = 1 << 16;

/// How long a link sleeps that can neither write nor read.
const STALLED: Duration = Duration::from_millis(1);

/// How many bytes of answers may wait for a peer that does not read, where nothing else is said.
const MAX_BACKLOG: usize = 1 << 20;

/// How long a closed connection lingers for what the peer still sends.
const LINGER: Duration = Duration::from_millis(500);

/// As much as the peer may send after the end; more is not waited for. It is more than the longest handshake message,
/// which is refused at its header while its sender is still busy writing it.
const LINGER_BYTES: usize = 1 << 25;

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

/// What a peer may use up of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// For how long nothing may move; `None` for as long as the connection may go on.
    pub idle: Option<Duration>,
    /// How many bytes it may send.
    pub received: u64,
    /// How many bytes of answers may wait for it, before what it sends is not read any more either.
    pub backlog: usize,
}

impl Default for Bounds {
    /// Bytes and silence without bounds, and a backlog of 1 MiB.
    fn default() -> Self {
        Self { idle: None, received: u64::MAX, backlog: MAX_BACKLOG }
    }
}

/// An endpoint's socket.
pub struct Link<'a> {
    stream: &'a TcpStream,
    limits: Limits<'a>,
    bounds: Bounds,
    /// When the last byte moved.
    moved: Instant,
    received: u64,
    framing: Option<Box<dyn Framing>>,
    /// What the endpoint has sent, and the socket has not taken yet.
    unsent: VecDeque<u8>,
    /// What is read goes through here.
    buffer: Vec<u8>,
    write_failed: bool,
    read_ended: bool,
}

impl<'a> Link<'a> {
    /// A link over a connected socket.
    ///
    /// # Errors
    /// The socket does not take a timeout.
    pub fn new(stream: &'a TcpStream, limits: Limits<'a>) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(POLL))?;
        Ok(Self {
            stream,
            limits,
            bounds: Bounds::default(),
            moved: Instant::now(),
            received: 0,
            framing: None,
            unsent: VecDeque::new(),
            buffer: vec![0; READ_LEN],
            write_failed: false,
            read_ended: false,
        })
    }

    /// The link with bounds for what its peer may use up.
    pub fn bounded(self, bounds: Bounds) -> Self {
        Self { bounds, ..self }
    }

    /// The link with something that carries its records.
    pub fn framed(self, framing: Option<Box<dyn Framing>>) -> Self {
        Self { framing, ..self }
    }

    /// Sets when time is up.
    pub fn set_deadline(&mut self, deadline: Instant) {
        self.limits.deadline = deadline;
    }

    /// Steps the endpoint and moves its bytes until `reached` says so, the connection ends or time is up.
    pub fn drive<R: Role, S: Sink>(
        &mut self,
        endpoint: &mut Endpoint<R, S>,
        observer: &mut impl Observer<S>,
        mut reached: impl FnMut(&mut Endpoint<R, S>) -> bool,
    ) -> Drive {
        self.settle(endpoint, observer);
        // What the application has said already is its own affair; what it says from here on answers the peer.
        let most_unsent = self.unsent.len().saturating_add(self.bounds.backlog);
        loop {
            self.flush();
            if matches!(endpoint.status(), Status::Ended(_)) {
                if self.unsent.is_empty() || self.is_over() {
                    return Drive::Ended;
                }
            } else {
                let reached = reached(endpoint);
                // Whatever the application did in there is sent before the link waits or returns.
                let has_more = endpoint.prepare();
                if reached && !has_more && self.unsent.is_empty() {
                    return Drive::Reached;
                }
                if self.is_over() {
                    return Drive::TimedOut;
                }
                if has_more {
                    self.settle(endpoint, observer);
                    continue;
                }
            }
            if self.read_ended || self.unsent.len() > most_unsent {
                thread::sleep(STALLED);
            } else {
                self.read(endpoint, observer);
                self.settle(endpoint, observer);
            }
        }
    }

    /// Whether the socket has refused something that was to be sent.
    pub fn write_failed(&self) -> bool {
        self.write_failed
    }

    /// Closes the connection once the peer has had its say, or soon.
    pub fn close(mut self) {
        // Failing here means that there is no connection any more.
        let _ = self.stream.shutdown(Shutdown::Write);
        let _ = self.stream.set_nonblocking(false);
        let until = self.limits.deadline.min(Instant::now() + LINGER);
        let mut drained = 0;
        while Instant::now() < until && drained < LINGER_BYTES && !self.limits.cancelled.load(Ordering::Relaxed) {
            match (&mut &*self.stream).read(&mut self.buffer) {
                Ok(0) => return,
                Ok(read) => drained += read,
                Err(error) if is_transient(&error) => {}
                Err(_) => return,
            }
        }
    }

    fn is_over(&self) -> bool {
        let now = Instant::now();
        now >= self.limits.deadline
            || self.limits.cancelled.load(Ordering::Relaxed)
            || self.bounds.idle.is_some_and(|idle| now.saturating_duration_since(self.moved) >= idle)
            || self.received > self.bounds.received
    }

    /// Steps the endpoint until it is blocked or time is up, and takes what it sends.
    fn settle<R: Role, S: Sink>(&mut self, endpoint: &mut Endpoint<R, S>, observer: &mut impl Observer<S>) {
        let handshaking = endpoint.handshakes() == 0;
        while endpoint.step() != Step::Blocked {
            observer.stepped(endpoint.side(), endpoint.trace());
            if self.is_over() {
                break;
            }
        }
        let mut output = endpoint.take_output();
        if let Some(framing) = self.framing.as_mut().filter(|_| !output.is_empty()) {
            output = framing.wrap(output, handshaking);
        }
        if !output.is_empty() {
            observer.crossed(endpoint.side(), &output);
        }
        if !self.write_failed {
            self.unsent.extend(&output);
        }
    }

    /// Writes as much as the socket takes at once. While something is left the socket does not block.
    fn flush(&mut self) {
        if self.unsent.is_empty() {
            return;
        }
        if self.write().is_err() {
            self.write_failed = true;
            self.unsent.clear();
        }
        // A socket that does not let itself be switched does not let itself be read either: that ends the connection.
        let _ = self.stream.set_nonblocking(!self.unsent.is_empty());
    }

    fn write(&mut self) -> io::Result<()> {
        self.stream.set_nonblocking(true)?;
        while !self.unsent.is_empty() {
            match (&mut &*self.stream).write(self.unsent.as_slices().0) {
                Ok(written) => {
                    self.unsent.drain(..written);
                    self.moved = Instant::now();
                }
                Err(error) if is_transient(&error) => break,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Hands the endpoint what has arrived; waits for it a little.
    fn read<R: Role, S: Sink>(&mut self, endpoint: &mut Endpoint<R, S>, observer: &mut impl Observer<S>) {
        match (&mut &*self.stream).read(&mut self.buffer) {
            Ok(read @ 1..) => {
                let bytes = &self.buffer[..read];
                self.moved = Instant::now();
                self.received = self.received.saturating_add(read as u64);
                observer.crossed(endpoint.side().peer(), bytes);
                match &mut self.framing {
                    Some(framing) => endpoint.receive(&framing.unwrap(bytes)),
                    None => endpoint.receive(bytes),
                }
            }
            Err(error) if is_transient(&error) => {
                if !self.unsent.is_empty() {
                    thread::sleep(STALLED);
                }
            }
            ended @ (Ok(0) | Err(_)) => {
                observer.closed(if ended.is_ok() { Closing::Finished } else { Closing::Reset });
                self.read_ended = true;
                endpoint.peer_closed();
            }
        }
    }
}

/// Whether a socket may do later what it does not do now.
pub(crate) fn is_transient(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}
