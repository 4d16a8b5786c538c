//! What a server does with sessions that are offered to it: RFC 7627 5.3, cell by cell.

use tlslab_proto::endpoint::session::SessionKind;

use super::{Finding, Judged, NOT_APPLICABLE, UNDECIDED};
use crate::probe::observation::Observation;
use crate::probe::step::{Offer, Purpose};

/// `resumption-ids` and `resumption-tickets`.
pub(super) fn resumption(seen: &[Observation], kind: SessionKind) -> Finding {
    let first = |seen: &&Observation| matches!(seen.purpose, Purpose::NewSession(offer) if offer.kind == kind);
    let asked = seen.iter().any(|seen| first(&seen));
    let offers: Vec<_> = seen.iter().filter_map(|seen| Some((offer_of(seen, kind)?, seen))).collect();
    let unfinished = seen.iter().any(|seen| first(&seen) && seen.late);
    let judged: Vec<_> = offers.iter().map(|(offer, seen)| (*offer, judge(*offer, seen))).collect();
    let value = match (asked, judged.is_empty()) {
        (false, _) => NOT_APPLICABLE.to_owned(),
        (true, true) if unfinished => UNDECIDED.to_owned(),
        (true, true) => "none".to_owned(),
        _ => judged.iter().map(|(offer, value)| format!("{}={value}", name(*offer))).collect::<Vec<_>>().join(","),
    };
    let wrong: Vec<_> = judged.iter().filter_map(|(offer, value)| wrong(*offer, value)).collect();
    let late = seen.iter().filter(|seen| first(seen) && seen.late);
    let by = match kind {
        SessionKind::SessionId => "session id",
        SessionKind::Ticket => "ticket",
    };
    let cell = |((offer, value), (_, seen)): (&(Offer, &'static str), &(Offer, &Observation))| {
        let cell = seen.asked?;
        Some(Judged { cell, session_ems: Some(offer.session_ems), value })
    };
    Finding {
        id: match kind {
            SessionKind::SessionId => "resumption-ids",
            SessionKind::Ticket => "resumption-tickets",
        },
        defect: (!judged.is_empty()).then_some(!wrong.is_empty()),
        summary: match (&value[..], wrong.is_empty()) {
            (NOT_APPLICABLE, _) => format!("resumption by {by} was not asked for"),
            (UNDECIDED, _) => format!("what becomes of resumption by {by} was not seen"),
            ("none", _) => format!("no session is resumed by {by}"),
            (_, true) => format!("by {by}: {}", told(&judged)),
            (_, false) => format!("by {by}: {}", wrong.join("; ")),
        },
        cells: judged.iter().zip(&offers).filter_map(cell).collect(),
        value,
        rule: "RFC 7627 5.3: a session without EMS is not resumed by a ClientHello with it, nor one with EMS by one without",
        who: "the server's maker",
        reason: None,
        evidence: late.chain(offers.into_iter().map(|(_, seen)| seen)).cloned().collect(),
    }
}

fn offer_of(seen: &Observation, kind: SessionKind) -> Option<Offer> {
    match seen.purpose {
        Purpose::Resume(offer) if offer.kind == kind && (seen.offered.is_some() || seen.late) => Some(offer),
        _ => None,
    }
}

fn judge(offer: Offer, seen: &Observation) -> &'static str {
    match seen.chosen {
        _ if seen.late => UNDECIDED,
        Some(chosen) if chosen.resumed && seen.established && offer.session_ems && offer.hello_ems && !chosen.ems => {
            "resume_without_echo"
        }
        Some(chosen) if chosen.resumed && seen.established => "resume",
        Some(_) if seen.established => "full",
        Some(_) => "broken",
        None => "abort",
    }
}

/// What the session has and the ClientHello has.
fn name(offer: Offer) -> &'static str {
    match (offer.session_ems, offer.hello_ems) {
        (true, true) => "both",
        (false, true) => "upgrade",
        (true, false) => "downgrade",
        (false, false) => "neither",
    }
}

/// What the RFC forbids. What it only advises against, such as resuming where neither has EMS, is no defect.
fn wrong(offer: Offer, value: &str) -> Option<&'static str> {
    match (name(offer), value) {
        ("upgrade", "resume") => Some("a session without EMS is resumed by a ClientHello with EMS"),
        ("downgrade", "resume") => Some("a session with EMS is resumed by a ClientHello without EMS"),
        ("both", "resume_without_echo") => Some("a session with EMS is resumed, and ServerHello lacks the extension"),
        (_, "broken") => Some("an offer to resume ends in a broken handshake"),
        _ => None,
    }
}

fn told(judged: &[(Offer, &'static str)]) -> String {
    let words = |(offer, value): &(Offer, &'static str)| {
        let has = |ems| if ems { "with" } else { "without" };
        format!("a session {} EMS and a ClientHello {} it: {value}", has(offer.session_ems), has(offer.hello_ems))
    };
    judged.iter().map(words).collect::<Vec<_>>().join("; ")
}
