//! Resumption, cell by cell of RFC 7627 5.3: a connection that leaves a session, and one that offers it.

use tlslab_proto::behaviour::values::{Offering, Resumption};
use tlslab_proto::endpoint::session::SessionKind;

use super::{Plan, any_cells, authenticated};
use crate::probe::observation::Observation;
use crate::probe::step::{Cell, Offer, Purpose, Step};

pub(super) const MOST: usize = 16;

pub(super) fn next(_: &Plan, seen: &[Observation]) -> Option<Step> {
    let cells = any_cells(seen);
    let first = authenticated(seen)?;
    // Both uses of EMS in the first version and suite, as far as they are to be had.
    let has = |ems| cells.contains(&Cell { ems, ..first });
    [SessionKind::SessionId, SessionKind::Ticket].into_iter().find_map(|kind| {
        [(true, true), (false, true), (true, false), (false, false)]
            .into_iter()
            .filter(|(session_ems, hello_ems)| has(*session_ems) && has(true) >= *hello_ems)
            .find_map(|(session_ems, hello_ems)| {
                let offer = Offer { kind, session_ems, hello_ems };
                next_of(Cell { ems: session_ems, ..first }, offer, seen)
            })
    })
}

/// Each offer has a session of its own: a server forgets one on which it aborts.
fn next_of(cell: Cell, offer: Offer, seen: &[Observation]) -> Option<Step> {
    let with = |purpose| seen.iter().find(|seen| seen.purpose == purpose);
    let Some(first) = with(Purpose::NewSession(offer)) else {
        return Some(resuming(Step::in_cell(Purpose::NewSession(offer), cell), offer));
    };
    let session = first.session.clone().filter(|session| session.kind() == offer.kind)?;
    if with(Purpose::Resume(offer)).is_some() {
        return None;
    }
    let again = Cell { ems: offer.hello_ems, ..cell };
    let step = resuming(Step::in_cell(Purpose::Resume(offer), again), offer);
    Some(Step { session: Some(session), ..step })
}

/// A client that offers whatever it has.
fn resuming(mut step: Step, offer: Offer) -> Step {
    step.client.shared.resumption = match offer.kind {
        SessionKind::SessionId => Resumption::SessionId,
        SessionKind::Ticket => Resumption::Ticket,
    };
    step.client.own.offer_without_ems = Offering::Offer;
    step.client.own.offer_downgrade = Offering::Offer;
    step
}
