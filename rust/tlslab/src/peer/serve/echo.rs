//! What arrives is sent back.

use super::conversation::Conversation;

/// Echoes until the connection ends or a limit does.
pub(super) fn serve(conversation: &mut Conversation<'_>) {
    let Conversation { link, server, recorder } = conversation;
    link.drive(server, recorder, |server| {
        let received = server.take_received();
        if !received.is_empty() {
            server.send(&received);
        }
        false
    });
}
