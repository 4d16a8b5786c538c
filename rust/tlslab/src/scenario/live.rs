//! A simulated connection to step through: each message is shown before it is sent, and can be changed then.

use serde::Serialize;
use tlslab_proto::crypto::Side;
use tlslab_proto::crypto::draws::Draws;
use tlslab_proto::endpoint::edit::{Change, Edit, EditError};
use tlslab_proto::endpoint::trace::Event;
use tlslab_proto::endpoint::{Endpoint, Role, Step};
use tlslab_proto::wire::Message;

use super::Plan;
use super::application::Application;
use super::connection::{Connection, Pair, Recorder, Setup};
use super::stores::Stores;
use crate::link::fault::Wire;
use crate::link::{Observer, memory};

/// A connection that advances message by message.
pub struct Live {
    pair: Pair<Vec<Event>>,
    plan: Plan,
    recorder: Recorder,
    /// Whose turn it is to send. As on a memory link, a flight is delivered once its sender has nothing more to send.
    turn: Side,
    /// Whether that side's message is shown and not yet sent.
    is_pending: bool,
    application: Application,
}

/// A message that is about to be sent.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Pending {
    /// Who sends it.
    pub sender: Side,
    /// The messages that leave in its place: itself, unless it was changed.
    pub messages: Vec<Message>,
}

impl Live {
    /// The connection with this number in a trial, nothing having been sent yet.
    pub fn new(setup: &Setup, draws: Draws, number: u16, plan: Plan, stores: &mut Stores) -> Self {
        Self {
            pair: setup.pair(draws, number, &plan, stores),
            plan,
            recorder: Recorder::default(),
            turn: Side::Client,
            is_pending: false,
            application: Application::default(),
        }
    }

    /// Sends the message that was shown, if there is one, and shows the next one. `None` once the connection is over.
    pub fn step(&mut self) -> Option<Pending> {
        let (pair, recorder) = (&mut self.pair, &mut self.recorder);
        if std::mem::take(&mut self.is_pending) {
            match self.turn {
                Side::Client => emit(&mut pair.client, recorder),
                Side::Server => emit(&mut pair.server, recorder),
            }
        }
        let mut idle = 0;
        loop {
            let (pair, recorder) = (&mut self.pair, &mut self.recorder);
            let (is_pending, delivered) = match self.turn {
                Side::Client => take_turn(&mut pair.client, &mut pair.server, &mut pair.wire, recorder),
                Side::Server => take_turn(&mut pair.server, &mut pair.client, &mut pair.wire, recorder),
            };
            if is_pending {
                self.is_pending = true;
                return self.pending();
            }
            self.turn = self.turn.peer();
            idle = if delivered { 0 } else { idle + 1 };
            if idle >= 2 {
                let Pair { client, server, wire } = &mut self.pair;
                if memory::arrive_late(client, server, wire, &mut self.recorder) {
                    // What arrived may have something follow.
                } else if self.pair.wire.shows_its_end() {
                    self.pair.client.peer_closed();
                    self.pair.server.peer_closed();
                } else if !self.application.act(&self.plan, &mut self.pair) {
                    return None;
                }
                (idle, self.turn) = (0, Side::Client);
            }
        }
    }

    /// The message that the next [`step`](Self::step) sends, changes included.
    pub fn pending(&self) -> Option<Pending> {
        let sender = self.turn;
        let messages = match sender {
            Side::Client => self.pair.client.prepared(),
            Side::Server => self.pair.server.prepared(),
        };
        messages.filter(|_| self.is_pending).map(|messages| Pending { sender, messages })
    }

    /// Changes the message that was shown.
    ///
    /// # Errors
    /// No message is shown, or the change does not fit it; nothing is changed then.
    pub fn edit(&mut self, change: Change) -> Result<(), EditError> {
        match (self.is_pending, self.turn) {
            (true, Side::Client) => self.pair.client.edit(change),
            (true, Side::Server) => self.pair.server.edit(change),
            (false, _) => Err(EditError::NothingPrepared),
        }
    }

    /// All changes so far, as edits with which the connection can be run again from the same seed.
    pub fn edits(&self) -> Vec<Edit> {
        [self.pair.client.edits_by_hand(), self.pair.server.edits_by_hand()].concat()
    }

    /// What happened so far, with the outcome as it stands.
    pub fn connection(&self) -> Connection {
        self.recorder.clone().finish(self.pair.outcome_of(&self.application))
    }
}

/// Lets an endpoint deal with what arrived until it has a message to send, and hands over what it has sent when it has
/// none. Gives whether there is a message, and whether anything was handed over.
fn take_turn<A: Role, B: Role>(
    from: &mut Endpoint<A, Vec<Event>>,
    to: &mut Endpoint<B, Vec<Event>>,
    wire: &mut Wire,
    recorder: &mut Recorder,
) -> (bool, bool) {
    loop {
        if from.prepare() {
            return (true, false);
        }
        if from.step() == Step::Blocked {
            return (false, memory::deliver(from, to, wire, recorder));
        }
        recorder.stepped(from.side(), from.trace());
    }
}

fn emit<R: Role>(endpoint: &mut Endpoint<R, Vec<Event>>, recorder: &mut Recorder) {
    endpoint.step();
    recorder.stepped(endpoint.side(), endpoint.trace());
}
