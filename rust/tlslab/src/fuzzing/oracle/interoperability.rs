//! Two sides that are left alone come to something.

use super::Evidence;
use crate::scenario::Plan;
use crate::scenario::outcome::{Kind, Outcome};
use crate::scenario::verdict::Cause;

pub(super) fn judge(evidence: &Evidence<'_>) -> Option<String> {
    let is_alone = |plan: &Plan| plan.edits.is_empty() && plan.fault.is_none();
    let mut connections = evidence.connections();
    let alone = connections.find(|(plan, connection)| is_alone(plan) && broke(&connection.outcome));
    alone.map(|(_, connection)| {
        let cause = connection.outcome.cause.map_or("nothing that the trace tells", Cause::name);
        format!("a connection that was left alone ended as {}, because of {cause}", connection.outcome)
    })
}

/// Whether it failed, and not since the two want different things: a handshake that both have understood may be refused for
/// what the hellos offer, for a session, or for want of a certificate.
fn broke(outcome: &Outcome) -> bool {
    let wanted = matches!(outcome.cause, Some(Cause::Negotiation | Cause::Session));
    let refused = outcome.kind == Kind::Alert && outcome.at.as_deref() == Some("Certificate");
    outcome.failed() && !wanted && !refused
}
