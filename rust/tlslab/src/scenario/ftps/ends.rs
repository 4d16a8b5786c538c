//! The two ends of a connection on a wire in memory, which is plain until it is TLS.

use tlslab_proto::crypto::Side;
use tlslab_proto::endpoint::trace::Sink;
use tlslab_proto::endpoint::{ClientRole, Endpoint, Role, ServerRole, Status, Step};

use crate::link::Observer;
use crate::link::fault::{FaultKind, Wire};
use crate::scenario::connection::Pair;

/// How far an end is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// Its bytes are not TLS yet.
    Plain,
    /// They are, and wait: the handshake has not been asked for.
    Waiting,
    /// They are those of the endpoint.
    Tls,
}

/// One end.
pub(super) struct End<R, S> {
    pub(super) endpoint: Endpoint<R, S>,
    pub(super) mode: Mode,
    /// Whether it closes once everything is sent.
    pub(super) closes: bool,
    /// Bytes to send that are not TLS.
    pub(super) plain: Vec<u8>,
    /// Bytes that arrived and are not TLS.
    pub(super) arrived: Vec<u8>,
    /// Whether nothing arrives any more, the other end having closed or the wire being gone.
    pub(super) has_ended: bool,
    has_closed: bool,
}

impl<R: Role, S: Sink> End<R, S> {
    fn new(endpoint: Endpoint<R, S>, mode: Mode) -> Self {
        Self {
            endpoint,
            mode,
            closes: false,
            plain: Vec::new(),
            arrived: Vec::new(),
            has_ended: false,
            has_closed: false,
        }
    }

    fn step(&mut self, observer: &mut impl Observer<S>) -> bool {
        let mut moved = false;
        while self.mode == Mode::Tls && self.endpoint.step() != Step::Blocked {
            observer.stepped(self.endpoint.side(), self.endpoint.trace());
            moved = true;
        }
        moved
    }

    /// Takes in what arrives.
    fn take(&mut self, arriving: &[u8]) {
        match self.mode {
            Mode::Plain => self.arrived.extend_from_slice(arriving),
            Mode::Waiting | Mode::Tls => self.endpoint.receive(arriving),
        }
    }

    /// Whether everything is sent that it means to send, and it closes.
    fn is_done(&self) -> bool {
        self.closes || matches!(self.endpoint.status(), Status::Ended(_))
    }

    fn see_the_end(&mut self) {
        if !self.has_ended {
            self.has_ended = true;
            self.endpoint.peer_closed();
        }
    }
}

/// Both ends, and what is between them.
pub(super) struct Ends<S> {
    pub(super) client: End<ClientRole, S>,
    pub(super) server: End<ServerRole, S>,
    wire: Wire,
}

impl<S: Sink> Ends<S> {
    pub(super) fn new(pair: Pair<S>, mode: Mode) -> Self {
        Self { client: End::new(pair.client, mode), server: End::new(pair.server, mode), wire: pair.wire }
    }

    /// Both endpoints as they are now.
    pub(super) fn into_pair(self) -> Pair<S> {
        Pair { client: self.client.endpoint, server: self.server.endpoint, wire: self.wire }
    }

    /// Moves what either end has to send, as far as it goes. Gives whether anything happened.
    pub(super) fn advance(&mut self, observer: &mut impl Observer<S>) -> bool {
        let Self { client, server, wire } = self;
        let there = cross(client, server, wire, observer);
        let moved = cross(server, client, wire, observer) | there;
        moved || self.arrive_late(observer)
    }

    /// Hands over what the wire has delayed. Gives whether there was anything.
    fn arrive_late(&mut self, observer: &mut impl Observer<S>) -> bool {
        let Some((sender, bytes)) = self.wire.release() else { return false };
        observer.crossed(sender, &bytes);
        match sender {
            Side::Client => self.server.take(&bytes),
            Side::Server => self.client.take(&bytes),
        }
        true
    }
}

fn cross<A: Role, B: Role, S: Sink>(
    from: &mut End<A, S>,
    to: &mut End<B, S>,
    wire: &mut Wire,
    observer: &mut impl Observer<S>,
) -> bool {
    let mut moved = !from.has_closed && from.step(observer);
    let mut bytes = std::mem::take(&mut from.plain);
    bytes.extend(from.endpoint.take_output());
    if from.has_closed {
        bytes.clear();
    }
    let arriving = wire.carry(from.endpoint.side(), &bytes);
    if !arriving.is_empty() {
        observer.crossed(from.endpoint.side(), &arriving);
        moved = true;
    }
    to.take(&arriving);
    // What arrived is dealt with before the end is seen.
    moved |= to.step(observer);
    if wire.failed() == Some(FaultKind::Drop) && !(from.has_ended && to.has_ended) {
        from.see_the_end();
        to.see_the_end();
        moved = true;
    }
    if from.is_done() && !from.has_closed && !wire.delays(from.endpoint.side()) {
        from.has_closed = true;
        moved = true;
        if wire.failed().is_none() {
            to.see_the_end();
        }
    }
    moved
}
