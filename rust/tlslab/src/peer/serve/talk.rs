//! The protocol in which TLS was asked for goes on.

use super::conversation::Conversation;
use crate::starttls::Dialogue;

/// Answers until one side says goodbye, or the client says what it must not say.
pub(super) fn serve(conversation: &mut Conversation<'_>, mut dialogue: Dialogue) {
    let Conversation { link, server, recorder } = conversation;
    dialogue.set_secured();
    let mut is_over = false;
    link.drive(server, recorder, |server| {
        let received = server.take_received();
        is_over |= dialogue.receive(&received).is_err() || dialogue.is_over();
        let output = dialogue.take_output();
        if !output.is_empty() {
            server.send(&output);
        }
        is_over
    });
}
