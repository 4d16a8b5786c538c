//! When a server asks for a certificate, and what it makes of a wish to renegotiate.

use tlslab_proto::behaviour::values::{Offering, Renegotiation, RenegotiationSignal, Resumption};
use tlslab_proto::endpoint::session::{ClientSession, Handle, MasterSecret, Session};

use super::{Plan, authenticated};
use crate::probe::observation::Observation;
use crate::probe::step::{Cell, Purpose, Step};

pub(super) const MOST: usize = 3;

pub(super) fn next(_: &Plan, seen: &[Observation]) -> Option<Step> {
    let cell = authenticated(seen)?;
    [declined(cell), renegotiating(Purpose::Renegotiation, cell), renegotiating(Purpose::LegacyRenegotiation, cell)]
        .into_iter()
        .find(|step| seen.iter().all(|seen| seen.purpose != step.purpose))
}

/// An offer of a session that no server knows.
fn declined(cell: Cell) -> Step {
    let mut step = Step::in_cell(Purpose::DeclinedOffer, cell);
    step.client.shared.resumption = Resumption::SessionId;
    step.client.own.offer_without_ems = Offering::Offer;
    let session = Session {
        version: cell.version,
        suite: cell.suite,
        master_secret: MasterSecret([0; 48]),
        ems: cell.ems,
        client_certificate: None,
        server_name: None,
        created_at: 0,
    };
    let handle = Handle::SessionId([0x5a; 32].into());
    Step { session: Some(ClientSession { handle, session }), ..step }
}

/// A client that renegotiates, with RFC 5746 or as if it had never heard of it.
fn renegotiating(purpose: Purpose, cell: Cell) -> Step {
    let mut step = Step::in_cell(purpose, cell);
    step.client.shared.renegotiation = Renegotiation::Legacy;
    if purpose == Purpose::LegacyRenegotiation {
        step.client.own.renegotiation_info = RenegotiationSignal::Off;
    }
    Step { renegotiates: true, ..step }
}
