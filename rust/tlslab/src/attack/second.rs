//! Handshakes 2 and 3: the client resumes and is asked to authenticate, and all of it goes through the relay.

use serde::Serialize;
use tlslab_proto::crypto::Side;
use tlslab_proto::crypto::certificate::Fingerprint;
use tlslab_proto::endpoint::Status;
use tlslab_proto::wire::Text;

use super::parties::{Parties, TracedClient, TracedServer, finish, hand_over, settle, view};
use super::relay::{Relay, Sessions};
use super::{Legs, TripleHandshake};
use crate::link::Observer;
use crate::scenario::application::When;
use crate::scenario::connection::Recorder;

/// More turns than the second connection takes.
const MAX_TURNS: usize = 1_000;

/// Data, and who the server's application takes for its sender: whoever has authenticated on the connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Attribution {
    /// The certificate of who has; `None` if nobody has.
    pub client_certificate: Option<Fingerprint>,
    /// All that has arrived.
    pub data: Text,
}

/// Both ends of the second connection, and what is between them.
struct Second {
    client: TracedClient,
    server: TracedServer,
    relay: Relay,
    /// What happens at the client.
    near: Recorder,
    /// What happens at the server.
    far: Recorder,
}

/// Runs the second connection.
pub(super) fn run(
    parties: &Parties,
    attack: &TripleHandshake,
    sessions: Option<Sessions>,
) -> (Legs, Option<Attribution>) {
    let mut second = Second {
        client: parties.client(1),
        server: parties.server(1),
        relay: Relay::new(attack.attacker.finished, sessions),
        near: Recorder::default(),
        far: Recorder::default(),
    };
    second.pump();
    second.inject(&attack.attacker.sends);
    second.renegotiate(attack);
    second.client.send(&attack.client_sends);
    second.pump();
    second.finish()
}

impl Second {
    /// Lets both sides do what they can, until nothing moves.
    fn pump(&mut self) {
        for _ in 0..MAX_TURNS {
            let sent = settle(&mut self.client, &mut self.near);
            crossed(Side::Client, &sent, &mut self.near);
            let passed = self.relay.pass(Side::Client, &sent);
            hand_over(&passed, &mut self.server, &mut self.far);

            let answered = settle(&mut self.server, &mut self.far);
            crossed(Side::Server, &answered, &mut self.far);
            let passed = self.relay.pass(Side::Server, &answered);
            hand_over(&passed, &mut self.client, &mut self.near);
            if sent.is_empty() && answered.is_empty() {
                return;
            }
        }
    }

    /// The attacker speaks as the client.
    fn inject(&mut self, data: &Text) {
        let Some(records) = self.relay.inject(data) else { return };
        hand_over(&records, &mut self.server, &mut self.far);
        self.pump();
    }

    /// Begins handshake 3, if there is one to begin. Who cannot, or must not, goes on without.
    fn renegotiate(&mut self, attack: &TripleHandshake) {
        let renegotiation = attack.renegotiates;
        let resumed = self.server.established().is_some_and(|established| established.resumed.is_some());
        if renegotiation.when == When::Resumed && !resumed {
            return;
        }
        let _ = match renegotiation.by {
            Side::Client => self.client.renegotiate(),
            Side::Server => self.server.request_renegotiation(renegotiation.request_certificate),
        };
        self.pump();
    }

    fn finish(mut self) -> (Legs, Option<Attribution>) {
        let stands = [self.client.status(), self.server.status()].map(|status| *status == Status::Established);
        let attributed = stands[1].then(|| Attribution {
            client_certificate: self.server.established().and_then(|established| established.client_certificate),
            data: self.server.take_received().into(),
        });
        self.client.close();
        self.pump();
        let (client, server) = (view(&self.client), view(&self.server));
        let legs = Legs {
            client: finish(self.near, &self.client, &[client], stands[0]),
            server: finish(self.far, &self.server, &[server], stands[1]),
        };
        (legs, attributed)
    }
}

/// Keeps what a side has sent to the attacker.
fn crossed(sender: Side, bytes: &[u8], recorder: &mut Recorder) {
    if !bytes.is_empty() {
        recorder.crossed(sender, bytes);
    }
}
