//! Both endpoints in memory. There is no clock: a connection has timed out when nothing is in flight and both sides
//! wait.

use tlslab_proto::crypto::Side;
use tlslab_proto::endpoint::trace::Sink;
use tlslab_proto::endpoint::{Client, Endpoint, Role, Server, Status, Step};

use super::Observer;
use super::fault::Wire;

/// More steps than any connection of the lab takes, edits included: an endless one is cut off here.
const MAX_STEPS: usize = 100_000;

/// Runs both endpoints over a wire until nothing moves any more.
pub fn run<S: Sink>(client: &mut Client<S>, server: &mut Server<S>, wire: &mut Wire, observer: &mut impl Observer<S>) {
    let mut steps = 0;
    loop {
        let moved = advance(client, server, wire, observer) + advance(server, client, wire, observer);
        steps += moved;
        let stalled = moved == 0 && !arrive_late(client, server, wire, observer);
        if stalled && wire.shows_its_end() {
            client.peer_closed();
            server.peer_closed();
        } else if stalled || steps > MAX_STEPS {
            return;
        }
    }
}

/// Hands over what the wire has delayed. Gives whether there was anything.
pub fn arrive_late<S: Sink>(
    client: &mut Client<S>,
    server: &mut Server<S>,
    wire: &mut Wire,
    observer: &mut impl Observer<S>,
) -> bool {
    let Some((sender, bytes)) = wire.release() else { return false };
    observer.crossed(sender, &bytes);
    match sender {
        Side::Client => server.receive(&bytes),
        Side::Server => client.receive(&bytes),
    }
    true
}

/// Steps `from` until it is blocked, and hands what it sends to `to`. Gives the number of steps.
fn advance<S: Sink, A: Role, B: Role>(
    from: &mut Endpoint<A, S>,
    to: &mut Endpoint<B, S>,
    wire: &mut Wire,
    observer: &mut impl Observer<S>,
) -> usize {
    let mut steps = 0;
    while from.step() != Step::Blocked && steps < MAX_STEPS {
        observer.stepped(from.side(), from.trace());
        steps += 1;
    }
    deliver(from, to, wire, observer);
    steps
}

/// Hands `to` what of it arrives that `from` has sent. Gives whether there was anything to send.
pub fn deliver<S: Sink, A: Role, B: Role>(
    from: &mut Endpoint<A, S>,
    to: &mut Endpoint<B, S>,
    wire: &mut Wire,
    observer: &mut impl Observer<S>,
) -> bool {
    let bytes = from.take_output();
    let arriving = wire.carry(from.side(), &bytes);
    if !arriving.is_empty() {
        observer.crossed(from.side(), &arriving);
        to.receive(&arriving);
    }
    !bytes.is_empty()
}

/// Whether both sides may send application data.
pub fn established<S: Sink>(client: &Client<S>, server: &Server<S>) -> bool {
    *client.status() == Status::Established && *server.status() == Status::Established
}
