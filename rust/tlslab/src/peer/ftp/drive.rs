//! A core of FTP, its control connection and its data connections, one at a time.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tlslab_proto::endpoint::trace::Event;
use tlslab_proto::endpoint::{Ending, Endpoint, Role, Status};
use tlslab_proto::wire::Bytes;

use crate::ftp::over_tls::{self, Told};
use crate::ftp::{Closing, Core, DataEnd, Effect};
use crate::link::Observer;
use crate::link::tcp::{Drive, Limits, Link, is_transient};
use crate::scenario::connection::{Connection, Recorder};
use crate::scenario::ftps::FtpSession;
use crate::scenario::outcome::{Outcome, View};

/// How long a read waits before it looks whether it is to stop.
const POLL: Duration = Duration::from_millis(50);

/// An endpoint that keeps its trace.
pub(super) type Traced<R> = Endpoint<R, Vec<Event>>;

/// How one side makes data connections.
pub(super) trait DataConnections<R, C> {
    /// Connects, or begins to listen, as the core wants.
    fn prepare(&mut self, effect: &Effect, core: &mut C);
    /// The connection, as soon as it is there; `None` if it does not come.
    fn open(&mut self, limits: Limits<'_>) -> Option<TcpStream>;
    /// The endpoint of the next data connection.
    fn endpoint(&mut self) -> Traced<R>;
}

/// A session of FTP.
pub(super) struct Session<'a, C, D> {
    pub(super) core: C,
    pub(super) data: D,
    pub(super) limits: Limits<'a>,
    /// What the core wants done of the control connection once the data connection is done with.
    waiting: VecDeque<Effect>,
    /// Data connections, with the positions of their transfers.
    past: Vec<(usize, Connection)>,
}

impl<'a, C: Core, D> Session<'a, C, D> {
    pub(super) fn new(core: C, data: D, limits: Limits<'a>) -> Self {
        Self { core, data, limits, waiting: VecDeque::new(), past: Vec::new() }
    }

    /// Runs the session on a connected socket, and gives what happened and the core. `secured` is called once TLS is
    /// about to begin.
    ///
    /// # Errors
    /// The socket does not take a timeout.
    pub(super) fn run<R: Role>(
        mut self,
        stream: &TcpStream,
        mut control: Traced<R>,
        secured: impl FnOnce(),
    ) -> io::Result<(Connection, C)>
    where
        D: DataConnections<R, C>,
    {
        let mut recorder = Recorder::over(stream, control.side());
        if self.run_in_clear(stream, &mut control, &mut recorder)? {
            secured();
            self.run_secured(stream, &mut control, &mut recorder)?;
        } else {
            control.peer_closed();
        }
        let outcome = outcome_of(&control);
        let session = FtpSession::new(self.core.transfers(), self.past, self.core.dialogue());
        let mut connection = recorder.finish(outcome);
        connection.ftp = Some(session);
        Ok((connection, self.core))
    }

    /// Until the handshake is to begin. Gives whether it is.
    fn run_in_clear<R: Role>(
        &mut self,
        stream: &TcpStream,
        control: &mut Traced<R>,
        recorder: &mut Recorder,
    ) -> io::Result<bool> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(POLL))?;
        stream.set_write_timeout(Some(Duration::from_secs(5)))?;
        let mut buffer = [0; 4096];
        loop {
            while let Some(effect) = self.core.next() {
                match effect {
                    Effect::Send(bytes) => {
                        recorder.crossed(control.side(), &bytes);
                        if (&mut &*stream).write_all(&bytes).is_err() {
                            self.core.control_ended();
                        }
                    }
                    Effect::Secure => return Ok(true),
                    Effect::Close => {
                        Link::new(stream, self.limits)?.close();
                        return Ok(false);
                    }
                    _ => {}
                }
            }
            match (&mut &*stream).read(&mut buffer) {
                Ok(read @ 1..) => {
                    recorder.crossed(control.side().peer(), &buffer[..read]);
                    self.core.control_received(&buffer[..read]);
                }
                Err(error) if is_transient(&error) && !is_over(self.limits) => {}
                Err(error) if is_transient(&error) => self.core.timed_out(),
                Ok(0) | Err(_) => self.core.control_ended(),
            }
        }
    }

    fn run_secured<R: Role>(
        &mut self,
        stream: &TcpStream,
        control: &mut Traced<R>,
        recorder: &mut Recorder,
    ) -> io::Result<()>
    where
        D: DataConnections<R, C>,
    {
        let mut link = Link::new(stream, self.limits)?;
        let mut is_secured = false;
        let mut goes_on = true;
        while goes_on {
            let core = &mut self.core;
            let how = link.drive(control, recorder, |control| {
                let secured = *control.status() == Status::Established && !std::mem::replace(&mut is_secured, true);
                if secured {
                    core.control_secured();
                }
                let received = control.take_received();
                if !received.is_empty() {
                    core.control_received(&received);
                }
                secured || !received.is_empty()
            });
            goes_on = how == Drive::Reached;
            if how == Drive::Ended {
                core.control_received(&control.take_received());
                core.control_ended();
            } else if how == Drive::TimedOut {
                core.timed_out();
            }
            while let Some(effect) = self.waiting.pop_front().or_else(|| self.core.next()) {
                match effect {
                    Effect::Send(bytes) => control.send(&bytes),
                    Effect::SecureData => {
                        // The client waits for the word to begin.
                        link.drive(control, recorder, |_| true);
                        self.transfer(control.master_secret());
                    }
                    Effect::Close => {
                        control.close();
                        goes_on = false;
                    }
                    other => self.data.prepare(&other, &mut self.core),
                }
            }
            link.drive(control, recorder, |_| true);
        }
        link.close();
        Ok(())
    }

    /// A data connection from its handshake to its end. `master` is the master secret of the control connection.
    fn transfer<R: Role>(&mut self, master: Option<&Bytes>)
    where
        D: DataConnections<R, C>,
    {
        let position = self.core.transfers().len();
        let stream = self.data.open(self.limits);
        let Some(stream) = &stream else { return self.core.data_ended(DataEnd::Failed) };
        let Ok(mut link) = Link::new(stream, self.limits) else { return self.core.data_ended(DataEnd::Failed) };
        let mut endpoint = self.data.endpoint();
        let mut recorder = Recorder::over(stream, endpoint.side());
        let (mut told, mut closing) = (Told::default(), None);
        let (core, waiting) = (&mut self.core, &mut self.waiting);
        let mut act = |endpoint: &mut Traced<R>| {
            told.data(endpoint, master, core);
            while let Some(effect) = core.next() {
                match effect {
                    Effect::SendData(bytes) => endpoint.send(&bytes),
                    Effect::CloseData(how) => {
                        over_tls::close(endpoint, how);
                        closing = Some(how);
                    }
                    other => waiting.push_back(other),
                }
            }
            closing.is_some()
        };
        let how = link.drive(&mut endpoint, &mut recorder, &mut act);
        // What came in together with the end is told too.
        act(&mut endpoint);
        match (how, closing) {
            (Drive::TimedOut, _) => self.core.data_ended(DataEnd::TimedOut),
            (Drive::Reached, Some(Closing::Notify)) if link.write_failed() => self.core.data_ended(DataEnd::Failed),
            (Drive::Reached, Some(Closing::Notify)) => self.core.data_sent(),
            _ => {}
        }
        let outcome = outcome_of(&endpoint);
        if closing != Some(Closing::Abrupt) {
            endpoint.close();
            link.drive(&mut endpoint, &mut recorder, |_| true);
            link.close();
        }
        self.past.push((position, recorder.finish(outcome)));
    }
}

/// Whether time is up.
pub(super) fn is_over(limits: Limits<'_>) -> bool {
    Instant::now() >= limits.deadline || limits.cancelled.load(Ordering::Relaxed)
}

/// The outcome of a connection of which one endpoint is the lab's.
fn outcome_of<R: Role>(endpoint: &Traced<R>) -> Outcome {
    let view = View { side: endpoint.side(), status: endpoint.status(), expects: endpoint.expects() };
    let sound = matches!(endpoint.status(), Status::Established | Status::Ended(Ending::Closed));
    let established = endpoint.established();
    let satisfied = established.is_some() && sound;
    Outcome::of(&[view], established, satisfied)
}
