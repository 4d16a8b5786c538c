//! Both endpoints in memory. There is no clock: a connection has timed out when nothing is in flight and both sides
//! wait.

use tlslab_proto::endpoint::trace::Sink;
use tlslab_proto::endpoint::{Client, Endpoint, Role, Server, Status, Step};

use super::Observer;

/// More steps than any connection of the lab takes, edits included: an endless one is cut off here.
const MAX_STEPS: usize = 100_000;

/// Runs both endpoints until nothing moves any more.
pub fn run<S: Sink>(client: &mut Client<S>, server: &mut Server<S>, observer: &mut impl Observer<S>) {
    let mut steps = 0;
    loop {
        let moved = advance(client, server, observer) + advance(server, client, observer);
        steps += moved;
        if moved == 0 || steps > MAX_STEPS {
            return;
        }
    }
}

/// Steps `from` until it is blocked, and hands what it sends to `to`. Gives the number of steps.
fn advance<S: Sink, A: Role, B: Role>(
    from: &mut Endpoint<A, S>,
    to: &mut Endpoint<B, S>,
    observer: &mut impl Observer<S>,
) -> usize {
    let mut steps = 0;
    while from.step() != Step::Blocked && steps < MAX_STEPS {
        observer.stepped(from.side(), from.trace());
        steps += 1;
    }
    deliver(from, to, observer);
    steps
}

/// Hands what `from` has sent to `to`. Gives whether there was anything.
pub fn deliver<S: Sink, A: Role, B: Role>(
    from: &mut Endpoint<A, S>,
    to: &mut Endpoint<B, S>,
    observer: &mut impl Observer<S>,
) -> bool {
    let bytes = from.take_output();
    if !bytes.is_empty() {
        observer.crossed(from.side(), &bytes);
        to.receive(&bytes);
    }
    !bytes.is_empty()
}

/// Whether both sides may send application data.
pub fn established<S: Sink>(client: &Client<S>, server: &Server<S>) -> bool {
    *client.status() == Status::Established && *server.status() == Status::Established
}
