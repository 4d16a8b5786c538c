//! When a server asks for a certificate, and what it makes of a wish to renegotiate.

use super::{Finding, NOT_APPLICABLE, UNDECIDED, is_defect};
use crate::probe::observation::{Observation, Renegotiated};
use crate::probe::step::Purpose;

/// `client-certificate`: in which handshakes the server asks.
pub(super) fn client_certificate(seen: &[Observation]) -> Finding {
    let mut surveys = seen.iter().filter(|seen| seen.purpose.is_survey() && seen.chosen.is_some());
    // An anonymous server may not ask, so one connection in which it does counts more than others.
    let full = surveys.clone().find(|seen| seen.certificate_requests.first() == Some(&true)).or(surveys.next());
    let resumed = seen.iter().find(|seen| seen.chosen.is_some_and(|chosen| chosen.resumed));
    let declined =
        seen.iter().find(|seen| seen.purpose == Purpose::DeclinedOffer && (seen.chosen.is_some() || seen.late));
    let second = seen.iter().find(|seen| seen.certificate_requests.len() > 1);
    let asks = |seen: Option<&Observation>, handshake: usize| {
        seen.and_then(|seen| seen.certificate_requests.get(handshake).copied()).unwrap_or(false)
    };
    let value = if full.is_none() {
        UNDECIDED
    } else if asks(resumed, 0) {
        "always"
    } else if asks(full, 0) {
        "full"
    } else if asks(declined, 0) {
        "after_declined_resumption"
    } else if declined.is_some_and(|declined| declined.late) {
        UNDECIDED
    } else if asks(second, 1) {
        "in_renegotiation"
    } else {
        "never"
    };
    let required = asks(full, 0) && full.is_some_and(|full| !full.established && !full.late);
    let answer = if required { ", and refuses a client without one" } else { "" };
    Finding {
        id: "client-certificate",
        defect: is_defect(value, &["never", "full", "in_renegotiation"]),
        summary: match value {
            "always" => "the server asks for a certificate in abbreviated handshakes too, which have no place for it",
            "full" => "the server asks for a certificate in full handshakes",
            "after_declined_resumption" => {
                "the server asks for a certificate only in a full handshake after an offer to resume: cause 2 of KB4528489"
            }
            "in_renegotiation" => "the server asks for a certificate when it is renegotiated with",
            "never" => "the server asks for no certificate",
            _ => "whether the server asks for a certificate was not seen",
        }
        .to_owned()
            + answer,
        value: value.to_owned(),
        cells: Vec::new(),
        rule: "RFC 5246 7.3, 7.4.4: a CertificateRequest belongs to a full handshake, and a client need not offer a session",
        who: "the server's maker",
        reason: None,
        evidence: [full, declined, resumed, second].into_iter().flatten().cloned().collect(),
    }
}

/// `renegotiation`: what becomes of a client's wish.
pub(super) fn renegotiation(seen: &[Observation]) -> Finding {
    let of = |purpose| seen.iter().find(move |seen| seen.purpose == purpose && seen.renegotiation.is_some());
    let (secure, legacy) = (of(Purpose::Renegotiation), of(Purpose::LegacyRenegotiation));
    let about = |purpose| matches!(purpose, Purpose::Renegotiation | Purpose::LegacyRenegotiation);
    let late = seen.iter().filter(|seen| about(seen.purpose) && seen.late);
    let speaks_rfc_5746 = secure.and_then(|seen| seen.chosen).map(|chosen| chosen.renegotiation_info);
    let with = secure.and_then(|seen| seen.renegotiation);
    let without = legacy.and_then(|seen| seen.renegotiation);
    let is_done = |outcome| outcome == Some(Renegotiated::Done);
    let value = match (with, without) {
        _ if is_done(without) || (is_done(with) && speaks_rfc_5746 == Some(false)) => "legacy",
        (Some(Renegotiated::Done), Some(_)) => "secure",
        (Some(Renegotiated::Refused), _) => "refuse",
        (Some(Renegotiated::Ignored), _) => "ignore",
        (Some(Renegotiated::Ended), _) => "abort",
        _ => UNDECIDED,
    };
    let told = match speaks_rfc_5746 {
        Some(false) => "; the server does not speak RFC 5746",
        _ => "",
    };
    Finding {
        id: "renegotiation",
        defect: is_defect(value, &["secure", "refuse", "ignore", "abort"]),
        summary: match value {
            "legacy" => "the server renegotiates without RFC 5746",
            "secure" => "the server renegotiates, with RFC 5746 only",
            "refuse" => "the server refuses to renegotiate, by a warning",
            "ignore" => "the server does not answer a wish to renegotiate",
            "abort" => "the server ends a connection whose client wants to renegotiate",
            NOT_APPLICABLE | UNDECIDED => "what becomes of a wish to renegotiate was not seen",
            _ => value,
        }
        .to_owned()
            + told,
        value: value.to_owned(),
        cells: Vec::new(),
        rule: "RFC 5746 3.6, 4.4: without renegotiation_info there is no renegotiation",
        who: "the server's administrator, or its maker",
        reason: None,
        evidence: [secure, legacy].into_iter().flatten().chain(late).cloned().collect(),
    }
}
