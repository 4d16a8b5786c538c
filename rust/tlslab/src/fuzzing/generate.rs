//! Inputs made of nothing but bytes: most of them get past the first flight.

use arbitrary::{Result, Unstructured};
use serde_json::Map;
use tlslab_proto::behaviour::{ClientBehaviour, ServerBehaviour};
use tlslab_proto::crypto::Side;

use super::edits;
use super::input::Input;
use super::palette::{Palette, cheap_groups};
use crate::link::fault::{Fault, FaultKind};
use crate::scenario::application::{Renegotiation, When};
use crate::scenario::{Forget, Plan, Scenario};

/// The most connections of a scenario that is made up.
const MOST_CONNECTIONS: usize = 3;

/// An input whose sides act as `client` and `server` do where the palette has no other value for a knob.
///
/// # Errors
/// The bytes have run out in the middle of it.
pub fn generate(
    u: &mut Unstructured<'_>,
    palette: Palette,
    client: &ClientBehaviour,
    server: &ServerBehaviour,
) -> Result<Input> {
    let client = palette.knobs(u, client)?;
    let server = self::server(u, palette, server)?;
    Ok(Input::new(client, server, scenario(u)?, u.arbitrary()?))
}

/// A server that acts as `server` does where the palette has no other value, in groups that cost next to nothing if it has
/// none of its own.
pub(super) fn server(u: &mut Unstructured<'_>, palette: Palette, server: &ServerBehaviour) -> Result<ServerBehaviour> {
    if server.own.groups != ServerBehaviour::default().own.groups {
        return palette.knobs(u, server);
    }
    let server = server.with(&cheap_groups(u)?).unwrap_or_else(|_| server.clone());
    palette.knobs(u, &server)
}

pub(super) fn scenario(u: &mut Unstructured<'_>) -> Result<Scenario> {
    let count = u.int_in_range(1..=MOST_CONNECTIONS)?;
    let connections = (0..count).map(|number| plan(u, number)).collect::<Result<_>>()?;
    Ok(Scenario { name: "fuzzed".to_owned(), connections })
}

/// What happens in a connection with this number.
pub(super) fn plan(u: &mut Unstructured<'_>, number: usize) -> Result<Plan> {
    let mut plan = Plan::default();
    if u.ratio(1, 4)? {
        plan.renegotiates = Some(renegotiation(u)?);
    }
    if number > 0 && u.ratio(1, 6)? {
        plan.forgets = vec![*u.choose(&[Forget::ClientSessions, Forget::ServerSessions, Forget::TicketKey])?];
    }
    if number > 0 && u.ratio(1, 8)? {
        plan.seconds_before = *u.choose(&[1, 9, 11, 90_000])?;
    }
    if number > 0 && u.ratio(1, 4)? {
        (plan.client, plan.server) = overrides(u)?;
    }
    match u.int_in_range(0..=9)? {
        0..=4 => {}
        5..=8 => plan.edits = edits::some(u)?,
        _ => plan.fault = Some(fault(u)?),
    }
    Ok(plan)
}

fn renegotiation(u: &mut Unstructured<'_>) -> Result<Renegotiation> {
    Ok(Renegotiation {
        by: side(u)?,
        when: if u.ratio(1, 4)? { When::Resumed } else { When::Always },
        request_certificate: None,
    })
}

/// What a side does otherwise in one connection: a client that falls back, or one of either that has EMS no more, or has
/// come to it.
fn overrides(u: &mut Unstructured<'_>) -> Result<(Map<String, serde_json::Value>, Map<String, serde_json::Value>)> {
    let knobs = |value: serde_json::Value| value.as_object().cloned().unwrap_or_default();
    let none = Map::new;
    Ok(match u.int_in_range(0..=4)? {
        0 => (knobs(serde_json::json!({ "versions": ["TLSv1.0", "TLSv1.1"], "fallback_scsv": "on" })), none()),
        1 => (knobs(serde_json::json!({ "ems": "off", "offer_downgrade": "offer" })), none()),
        2 => (knobs(serde_json::json!({ "ems": "on", "offer_without_ems": "offer" })), none()),
        3 => (none(), knobs(serde_json::json!({ "ems": "off" }))),
        _ => (none(), knobs(serde_json::json!({ "ems": "on" }))),
    })
}

pub(super) fn side(u: &mut Unstructured<'_>) -> Result<Side> {
    Ok(if u.arbitrary()? { Side::Client } else { Side::Server })
}

fn fault(u: &mut Unstructured<'_>) -> Result<Fault> {
    let kind = match u.int_in_range(0..=3)? {
        0 => FaultKind::Drop,
        1 => FaultKind::Silence,
        2 => FaultKind::Corrupt { mask: u.int_in_range(1..=255)? },
        _ => FaultKind::Delay,
    };
    Ok(Fault { sender: side(u)?, after_bytes: u.int_in_range(0..=3000)?, kind })
}
