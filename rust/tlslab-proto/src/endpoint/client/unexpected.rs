//! What becomes of a message that the client's state does not allow: a behaviour may take it all the same.

use super::{ClientRole, State};
use crate::behaviour::values::{EarlyChangeCipherSpec, EarlyFinished, ResumedRequest};
use crate::endpoint::core::Core;
use crate::endpoint::fatal::Fatal;
use crate::endpoint::role::StateMachine;
use crate::endpoint::trace::Sink;
use crate::wire::{Handshake, Message};

impl ClientRole {
    pub(super) fn on_unexpected<S: Sink>(&mut self, core: &mut Core<S>, message: Message) -> Result<(), Fatal> {
        match message {
            Message::Handshake(Handshake::CertificateRequest(request)) if self.takes_resumed_request(core) => {
                self.on_abbreviated_request(core, &request)
            }
            Message::ChangeCipherSpec if self.takes_early_change(core) => core.change_read_protection(),
            message @ Message::Handshake(Handshake::Finished(_)) if self.takes_early_finished(core) => {
                self.state = State::Finished;
                self.receive(core, message)
            }
            message => core.on_unexpected(&message, self.state.expects()),
        }
    }

    /// Whether a CertificateRequest is taken in an abbreviated handshake. It is once.
    fn takes_resumed_request<S: Sink>(&self, core: &Core<S>) -> bool {
        let may_be_abbreviated = match self.state {
            State::FullOrAbbreviated => true,
            State::NewSessionTicket | State::ChangeCipherSpec => core.resumed().is_some(),
            _ => false,
        };
        let takes = self.config.own.resumed_certificate_request != ResumedRequest::Refuse;
        takes && may_be_abbreviated && self.answer.is_none()
    }

    fn takes_early_change<S: Sink>(&self, core: &Core<S>) -> bool {
        let is_early = matches!(
            self.state,
            State::Certificate
                | State::ServerKeyExchange
                | State::CertificateRequestOrServerHelloDone
                | State::ServerHelloDone
        );
        is_early && core.knobs.early_change_cipher_spec == EarlyChangeCipherSpec::Accept
    }

    fn takes_early_finished<S: Sink>(&self, core: &Core<S>) -> bool {
        match core.knobs.early_finished {
            EarlyFinished::Refuse => false,
            EarlyFinished::SkipChangeCipherSpec => self.state == State::ChangeCipherSpec,
            EarlyFinished::SkipAny => !matches!(self.state, State::ServerHello | State::Finished | State::Established),
        }
    }
}
