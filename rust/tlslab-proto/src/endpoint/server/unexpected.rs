//! What becomes of a message that the server's state does not allow: a behaviour may take it all the same.

use super::{ServerRole, State};
use crate::behaviour::values::{EarlyChangeCipherSpec, EarlyFinished};
use crate::endpoint::core::Core;
use crate::endpoint::fatal::Fatal;
use crate::endpoint::role::StateMachine;
use crate::endpoint::trace::Sink;
use crate::wire::{Handshake, Message};

impl ServerRole {
    pub(super) fn on_unexpected<S: Sink>(&mut self, core: &mut Core<S>, message: Message) -> Result<(), Fatal> {
        match message {
            Message::ChangeCipherSpec if self.takes_early_change(core) => core.change_read_protection(),
            message @ Message::Handshake(Handshake::Finished(_)) if self.takes_early_finished(core) => {
                self.state = State::Finished;
                self.receive(core, message)
            }
            message => core.on_unexpected(&message, self.state.expects()),
        }
    }

    fn takes_early_change<S: Sink>(&self, core: &Core<S>) -> bool {
        let is_early = matches!(self.state, State::Certificate | State::ClientKeyExchange) && core.resumed().is_none();
        is_early && core.knobs.early_change_cipher_spec == EarlyChangeCipherSpec::Accept
    }

    fn takes_early_finished<S: Sink>(&self, core: &Core<S>) -> bool {
        match core.knobs.early_finished {
            EarlyFinished::Refuse => false,
            EarlyFinished::SkipChangeCipherSpec => self.state == State::ChangeCipherSpec,
            EarlyFinished::SkipAny => !matches!(self.state, State::ClientHello | State::Finished | State::Established),
        }
    }
}
