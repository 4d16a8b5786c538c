//! One connection of a server, from its acceptance to its end.

use std::net::TcpStream;
use std::sync::Arc;
use std::time::Instant;

use tlslab_proto::crypto::draws::Draws;
use tlslab_proto::endpoint::diffie_hellman::Honest;
use tlslab_proto::endpoint::trace::Event;
use tlslab_proto::endpoint::{Ending, Environment, Server, Signatures, Status};

use super::accept::Slot;
use super::{Mode, ServeOptions, Shared, echo, http, talk};
use crate::link::Observer;
use crate::link::tcp::{Bounds, Drive, Limits, Link};
use crate::peer::{dialogue, ftp, now};
use crate::scenario::connection::{Connection, Recorder};
use crate::scenario::outcome::{Outcome, View};
use crate::starttls::{Dialogue, StartTls};

/// As many events as are kept of a connection of which few bytes are, and how many bytes go with a further one.
const KEPT_EVENTS: usize = 500;
const BYTES_OF_AN_EVENT: usize = 128;

/// How many bytes of answers may wait for a client that does not read.
const BACKLOG: usize = 256 << 10;

/// What the applications of a server work with.
pub(super) struct Conversation<'a> {
    pub(super) link: Link<'a>,
    pub(super) server: Server<Vec<Event>>,
    pub(super) recorder: Recorder,
}

/// One connection, and with FTP its data connections. `None` where the socket does not do what sockets do.
pub(super) fn converse(stream: &TcpStream, shared: &Shared, slot: &Slot, number: u64) -> Option<Connection> {
    stream.set_nonblocking(false).ok()?;
    let limits = Limits { deadline: Instant::now() + shared.options.timeout, cancelled: slot.cancelled() };
    let environment = Environment {
        draws: Draws::new(shared.options.seed, number),
        connection: 0,
        diffie_hellman: Arc::new(Honest::with_groups(shared.config.groups().to_vec())),
        signatures: Signatures::Real,
        edits: Arc::new([]),
        sessions: shared.sessions.clone(),
        now: now(),
    };
    if let Some(serving) = &shared.ftp {
        return ftp::converse(stream, limits, &shared.config, environment, serving, || slot.set_established());
    }
    let mut server = Server::new(shared.config.clone(), environment);
    let kept_bytes = shared.options.kept_bytes;
    let kept_events = KEPT_EVENTS.max(kept_bytes / BYTES_OF_AN_EVENT);
    let mut recorder = Recorder::over(stream, server.side()).with_room(kept_events, kept_bytes);
    let handshake_deadline = limits.deadline.min(Instant::now() + shared.options.handshake_timeout);
    let in_handshake = Limits { deadline: handshake_deadline, ..limits };
    let mut dialogue = shared.options.starttls.map(StartTls::server);
    if let Some(dialogue) = &mut dialogue {
        let crossed = |sender, bytes: &[u8]| recorder.crossed(sender, bytes);
        match dialogue::run(stream, server.side(), dialogue, in_handshake, crossed) {
            Ok(arrived) => server.receive(&arrived),
            Err(_) => server.peer_closed(),
        }
    }
    let framing = shared.options.starttls.and_then(StartTls::framing);
    let link = Link::new(stream, in_handshake).ok()?.bounded(bounds(&shared.options)).framed(framing);
    Some(Conversation { link, server, recorder }.run(shared, slot, limits.deadline, dialogue))
}

fn bounds(options: &ServeOptions) -> Bounds {
    Bounds { idle: Some(options.idle_timeout), received: options.max_bytes, backlog: BACKLOG }
}

impl Conversation<'_> {
    /// Handshake, application, end.
    fn run(mut self, shared: &Shared, slot: &Slot, deadline: Instant, dialogue: Option<Dialogue>) -> Connection {
        let handshake =
            self.link.drive(&mut self.server, &mut self.recorder, |server| *server.status() == Status::Established);
        self.link.set_deadline(deadline);
        if handshake == Drive::Reached {
            slot.set_established();
            match (&shared.options.mode, dialogue.filter(Dialogue::goes_on)) {
                (Mode::Talk, Some(dialogue)) => talk::serve(&mut self, dialogue),
                (Mode::Http, _) => http::serve(&mut self),
                (Mode::Echo | Mode::Talk | Mode::Ftp { .. }, _) => echo::serve(&mut self),
            }
        }
        self.end()
    }

    fn end(mut self) -> Connection {
        let server = &mut self.server;
        let alerted =
            matches!(server.status(), Status::Ended(Ending::AlertSent(_) | Ending::AlertReceived(_) | Ending::Aborted));
        let view = View { side: server.side(), status: server.status(), expects: server.expects() };
        let established = server.established();
        let satisfied = established.is_some() && !alerted;
        let outcome = Outcome::of(&[view], established, satisfied);
        server.close();
        self.link.drive(server, &mut self.recorder, |_| true);
        self.link.close();
        self.recorder.finish(outcome)
    }
}
