//! The application's part in a connection: what both sides do whenever the endpoints have nothing more to do.

use serde::{Deserialize, Serialize};
use tlslab_proto::behaviour::values::RequestCertificate;
use tlslab_proto::crypto::Side;
use tlslab_proto::endpoint::trace::Sink;

use super::Plan;
use super::connection::Pair;

/// A renegotiation that the application begins once the first handshake is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Renegotiation {
    /// Who begins it: a client by a ClientHello, a server by a HelloRequest. One that cannot, RFC 5746 or RFC 7627
    /// forbidding it to, goes on without.
    pub by: Side,
    /// After which handshakes.
    #[serde(default, skip_serializing_if = "When::is_always")]
    pub when: When,
    /// When the server asks for a certificate in it, in place of its knob; only where the server begins it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_certificate: Option<RequestCertificate>,
}

/// After which handshakes an application renegotiates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// After any.
    #[default]
    Always,
    /// After one that has resumed a session.
    Resumed,
}

impl When {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
    fn is_always(&self) -> bool {
        *self == Self::Always
    }
}

/// Why a server's application refuses a client whose handshake was fine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// The client has not authenticated, which the application demands.
    NoClientCertificate,
}

/// How far the application's part is.
#[derive(Debug, Clone, Default)]
pub(super) struct Application {
    next: Step,
    refusal: Option<Refusal>,
}

/// What it does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Step {
    #[default]
    Renegotiate,
    ClientSends,
    ServerAnswers,
    ClientCloses,
    Nothing,
}

impl Application {
    /// Does what comes next, nothing being in flight. Gives whether there was something.
    pub(super) fn act<S: Sink>(&mut self, plan: &Plan, pair: &mut Pair<S>) -> bool {
        if !pair.established() {
            return false;
        }
        match self.next {
            Step::Renegotiate => {
                self.next = Step::ClientSends;
                renegotiate(plan, pair) || self.act(plan, pair)
            }
            Step::ClientSends => {
                pair.client.send(&plan.client_sends);
                self.next = Step::ServerAnswers;
                true
            }
            Step::ServerAnswers if pair.server.take_received() == plan.client_sends[..] => {
                self.refusal = refusal(plan, pair);
                match self.refusal {
                    // As a web server does that answers 403 and closes.
                    Some(_) => pair.server.close(),
                    None => pair.server.send(&plan.server_sends),
                }
                self.next = if self.refusal.is_some() { Step::Nothing } else { Step::ClientCloses };
                true
            }
            Step::ClientCloses if pair.client.take_received() == plan.server_sends[..] => {
                pair.client.close();
                self.next = Step::Nothing;
                true
            }
            _ => false,
        }
    }

    /// Whether it has done all that it had to do.
    pub(super) fn is_done(&self) -> bool {
        self.next == Step::Nothing
    }

    /// Why the server's application refused the client, if it has.
    pub(super) fn refusal(&self) -> Option<Refusal> {
        self.refusal
    }
}

/// Begins the renegotiation of the plan, if there is one to begin.
fn renegotiate<S: Sink>(plan: &Plan, pair: &mut Pair<S>) -> bool {
    let Some(Renegotiation { by, when, request_certificate }) = plan.renegotiates else { return false };
    let resumed = pair.server.established().is_some_and(|established| established.resumed.is_some());
    if when == When::Resumed && !resumed {
        return false;
    }
    match by {
        Side::Client => pair.client.renegotiate().is_ok(),
        Side::Server => pair.server.request_renegotiation(request_certificate).is_ok(),
    }
}

fn refusal<S: Sink>(plan: &Plan, pair: &Pair<S>) -> Option<Refusal> {
    let authenticated = pair.server.established().is_some_and(|established| established.client_certificate.is_some());
    (plan.demands_certificate && !authenticated).then_some(Refusal::NoClientCertificate)
}
