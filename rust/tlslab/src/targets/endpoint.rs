//! Targets of one endpoint: whatever its peer sends.

use tlslab_proto::crypto::Side;
use tlslab_proto::endpoint::{Client, Endpoint, Role, Server, Status, Step};

use super::setting::{self, Setting};

/// More steps than so many bytes take: each of a few messages, and of what answers them.
const STEPS_PER_BYTE: usize = 4;
const MOST_STEPS: usize = 1000;

/// What an endpoint has come to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reached {
    pub(super) handshakes: u32,
    status: Status,
    sent: Vec<u8>,
    application_data: Vec<u8>,
}

pub(super) fn client(bytes: &[u8]) {
    however_it_arrives(Side::Client, bytes);
}

pub(super) fn server(bytes: &[u8]) {
    however_it_arrives(Side::Server, bytes);
}

/// Where an endpoint gets by a target's bytes, all at once and in two parts.
fn however_it_arrives(side: Side, bytes: &[u8]) {
    let Some((selector, bytes)) = bytes.split_first() else { return };
    let settings = setting::all();
    let setting = &settings[usize::from(*selector) % settings.len()];
    let halves = bytes.split_at(bytes.len() / 2);
    let at_once = reach(setting, side, &[bytes]);
    assert_eq!(
        at_once,
        reach(setting, side, &[halves.0, halves.1]),
        "bytes that arrive in two halves do something else"
    );
}

/// Where the endpoint of a side gets when its peer sends these pieces, and no more.
pub(super) fn reach(setting: &Setting, side: Side, pieces: &[&[u8]]) -> Reached {
    let mut pair = setting.pair();
    let begins = setting.plan().renegotiates.is_some_and(|renegotiation| renegotiation.by == side);
    match side {
        // One that may not begin a renegotiation goes on without.
        Side::Client => pump(&mut pair.client, pieces, |client: &mut Client<()>| {
            let _ = begins && client.renegotiate().is_ok();
        }),
        Side::Server => pump(&mut pair.server, pieces, |server: &mut Server<()>| {
            let _ = begins && server.request_renegotiation(None).is_ok();
        }),
    }
}

/// Steps through the pieces; `once_established` is called after the first handshake.
fn pump<R: Role>(
    endpoint: &mut Endpoint<R, ()>,
    pieces: &[&[u8]],
    once_established: impl FnOnce(&mut Endpoint<R, ()>),
) -> Reached {
    let mut once_established = Some(once_established);
    let mut steps = 0;
    let most = MOST_STEPS + STEPS_PER_BYTE * pieces.iter().map(|piece| piece.len()).sum::<usize>();
    for piece in pieces {
        endpoint.receive(piece);
        while endpoint.step() != Step::Blocked {
            steps += 1;
            assert!(steps < most, "an endpoint goes on after {most} steps");
            if *endpoint.status() == Status::Established
                && let Some(act) = once_established.take()
            {
                act(endpoint);
            }
        }
    }
    endpoint.peer_closed();
    while endpoint.step() != Step::Blocked {
        steps += 1;
        assert!(steps < most, "an endpoint goes on after {most} steps");
    }
    assert_ne!(*endpoint.status(), Status::Handshaking, "an endpoint waits for a peer that has closed");
    Reached {
        handshakes: endpoint.handshakes(),
        status: endpoint.status().clone(),
        sent: endpoint.take_output(),
        application_data: endpoint.take_received(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// The seeds are worth what they reach. They are bytes: of a lab that draws or encodes something else they would
    /// stop at the first flight.
    #[test]
    fn seeds_finish_their_handshakes() {
        let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds");
        for (number, setting) in (0..).zip(setting::all()) {
            for side in [Side::Client, Side::Server] {
                let file = seeds.join(side.to_string()).join(setting.name);
                let bytes = std::fs::read(&file).unwrap();
                assert_eq!(bytes[0], number, "{}", file.display());
                let reached = reach(setting, side, &[&bytes[1..]]).handshakes;
                let expected = match setting.name {
                    "refused" => 0,
                    _ if setting.plan().renegotiates.is_some() => 2,
                    _ => 1,
                };
                assert_eq!(reached, expected, "{}: handshakes; `make fuzz-seeds` writes it again", file.display());
            }
        }
    }
}
