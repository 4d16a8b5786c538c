//! The order of messages (RFC 5246 7.3, RFC 5077 3.1).

use tlslab_proto::crypto::Side;
use tlslab_proto::endpoint::Established;
use tlslab_proto::wire::Message;

use super::{Completed, Evidence, received};

pub(super) fn judge(evidence: &Evidence<'_>) -> Option<String> {
    evidence.completed.iter().find_map(out_of_order)
}

/// A message that may, or has to, come next.
#[derive(Clone, Copy)]
struct Next {
    name: &'static str,
    may_lack: bool,
}

const fn must(name: &'static str) -> Next {
    Next { name, may_lack: false }
}

const fn may(name: &'static str) -> Next {
    Next { name, may_lack: true }
}

fn out_of_order(Completed { side, agreed, events, .. }: &Completed<'_>) -> Option<String> {
    let order = match (side, agreed.resumed.is_some()) {
        (Side::Client, true) => vec![must("ServerHello"), may("NewSessionTicket")],
        (Side::Client, false) => full_server(agreed),
        (Side::Server, true) => vec![must("ClientHello")],
        (Side::Server, false) => {
            vec![must("ClientHello"), may("Certificate"), must("ClientKeyExchange"), may("CertificateVerify")]
        }
    };
    let order = order.into_iter().chain([must("ChangeCipherSpec"), must("Finished")]);
    let names: Vec<&str> = received(events).into_iter().filter(|message| counts(message)).map(Message::name).collect();
    let got = names.join(", ");
    (!follows(&names, order)).then(|| format!("the {side} has finished a handshake in which it got {got}"))
}

/// What the server sends in a full handshake.
fn full_server(agreed: &Established) -> Vec<Next> {
    let suite = agreed.suite.to_string();
    let anonymous = suite.contains("_anon_");
    let ephemeral = suite.contains("DHE_") || anonymous;
    let mut order = vec![must("ServerHello")];
    order.extend((!anonymous).then_some(must("Certificate")));
    order.extend(ephemeral.then_some(must("ServerKeyExchange")));
    order.extend([may("CertificateRequest"), must("ServerHelloDone"), may("NewSessionTicket")]);
    order
}

/// Whether it is a step of the handshake: alerts mean the same everywhere, a HelloRequest is ignored, and so is a heartbeat;
/// in a renegotiation data goes on.
fn counts(message: &Message) -> bool {
    !matches!(message.name(), "Alert" | "HelloRequest" | "ApplicationData" | "Heartbeat")
}

fn follows(names: &[&str], order: impl Iterator<Item = Next>) -> bool {
    let mut names = names.iter().peekable();
    for next in order {
        let is_there = names.next_if(|name| **name == next.name).is_some();
        if !is_there && !next.may_lack {
            return false;
        }
    }
    names.next().is_none()
}
