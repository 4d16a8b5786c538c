//! What a probe found out about a client: functions of what it heard.

use tlslab_proto::endpoint::session::SessionKind;
use tlslab_proto::endpoint::trace::ResumptionReason;

use super::heard::{Answered, Heard, OfferMade};
use super::turn::Aim;
use crate::probe::findings::{
    Finding, Judged, NOT_APPLICABLE, UNDECIDED, common, is_defect, judge_zeros, out_of_time, zeros_words,
};
use crate::probe::observation::Renegotiated;
use crate::probe::step::Cell;

const MAKER: &str = "the client's maker";

/// What tells about Z.
const ABOUT_Z: [Aim; 6] = [
    Aim::Control,
    Aim::BoundaryGroup,
    Aim::KeptZero,
    Aim::BoundaryGroupLongValue,
    Aim::KeptZeroLongValue,
    Aim::ByChance,
];

/// All that can be found out about a client from these connections.
pub fn of_a_client(seen: &[Heard]) -> Vec<Finding<Heard>> {
    let mut findings = vec![
        leading_zeros(seen, false),
        leading_zeros(seen, true),
        short_public_value(seen),
        group(seen),
        ems(seen),
        resumption(seen),
        echo(seen),
        upgrade(seen),
        client_certificate(seen),
        abbreviated_request(seen),
        renegotiation(seen),
    ];
    for finding in &mut findings {
        finding.reason = out_of_time(&finding.evidence, |seen| seen.late.then_some(seen.connection));
    }
    findings
}

/// A finding without cells.
fn finding(
    id: &'static str,
    (value, summary): (&str, &str),
    sound: &[&str],
    (rule, who): (&'static str, &'static str),
    evidence: Vec<Heard>,
) -> Finding<Heard> {
    Finding {
        id,
        defect: is_defect(value, sound),
        value: value.to_owned(),
        summary: summary.to_owned(),
        cells: Vec::new(),
        rule,
        who,
        reason: None,
        evidence,
    }
}

fn with_aim(seen: &[Heard], aims: &[Aim]) -> Vec<Heard> {
    seen.iter().filter(|seen| aims.contains(&seen.aim)).cloned().collect()
}

/// Whether a session was resumed, or it may have been about to be.
fn is_resumed_or_late(seen: &Heard) -> bool {
    seen.late || seen.offered.is_some_and(|offered| offered.resumed)
}

/// `leading-zeros` and `leading-zeros-ems`.
fn leading_zeros(seen: &[Heard], ems: bool) -> Finding<Heard> {
    let about_z = |seen: &&Heard| {
        let tells = seen.exchange.is_some() || seen.late;
        ABOUT_Z.contains(&seen.aim) && tells && seen.chosen.is_some_and(|cell| cell.ems == ems)
    };
    let seen: Vec<_> = seen.iter().filter(about_z).collect();
    let tells = |seen: &&&Heard| seen.exchange.as_ref().is_some_and(|exchange| exchange.zeros > 0);
    let mut cells: Vec<Cell> = Vec::new();
    for cell in seen.iter().filter(tells).filter_map(|seen| seen.chosen) {
        if !cells.contains(&cell) {
            cells.push(cell);
        }
    }
    let judge = |cell: Cell| {
        let in_cell = seen.iter().filter(|seen| seen.chosen == Some(cell));
        // A client that does not take a short public value has failed for that over the group that makes it short.
        let had_long = seen.iter().any(|seen| seen.chosen == Some(cell) && seen.aim == Aim::BoundaryGroupLongValue);
        let in_cell = in_cell.filter(|seen| !(had_long && matches!(seen.aim, Aim::BoundaryGroup | Aim::KeptZero)));
        Judged { cell, session_ems: None, value: judge_zeros(in_cell.copied()) }
    };
    let judged: Vec<_> = cells.into_iter().map(judge).collect();
    let value = match common(judged.iter().map(|judged| judged.value)) {
        NOT_APPLICABLE if !seen.is_empty() => UNDECIDED,
        value => value,
    };
    let with = if ems { "with EMS" } else { "without EMS" };
    Finding {
        id: if ems { "leading-zeros-ems" } else { "leading-zeros" },
        defect: is_defect(value, &["strip"]),
        value: value.to_owned(),
        summary: format!("{with}: {}", zeros_words(value)),
        cells: judged,
        rule: crate::probe::findings::zeros_rule(ems),
        who: MAKER,
        reason: None,
        evidence: seen.iter().filter(|seen| seen.late || tells(seen)).map(|seen| (*seen).clone()).collect(),
    }
}

/// `short-public-value`: a client that refuses one does so before it sends its own.
fn short_public_value(seen: &[Heard]) -> Finding<Heard> {
    let evidence = with_aim(seen, &[Aim::PaddedPublicValue, Aim::MinimalPublicValue]);
    let value = common(evidence.iter().map(|seen| match (&seen.exchange, seen.established) {
        (_, true) => "accept",
        _ if seen.late => UNDECIDED,
        (Some(_), false) => "miscompute",
        (None, false) => "reject",
    }));
    let summary = match value {
        "accept" => "a public value with a leading zero byte is used as the number that it is",
        "reject" => "a public value with a leading zero byte is refused: 1 handshake in 256 fails",
        "miscompute" => "a public value with a leading zero byte is used as another number: 1 handshake in 256 fails",
        "mixed" => "a public value with a leading zero byte is used or not as it is written with that byte or without",
        _ => "what becomes of a public value with a leading zero byte was not seen",
    };
    finding(
        "short-public-value",
        (value, summary),
        &["accept"],
        ("RFC 5246 7.4.3: dh_Ys is a number, and its length is its own", MAKER),
        evidence,
    )
}

/// `group`: which groups the client takes.
fn group(seen: &[Heard]) -> Finding<Heard> {
    let mut evidence = with_aim(seen, &[Aim::BoundaryGroup, Aim::BoundaryGroupLongValue]);
    // One that was taken tells; that another was refused may have had some other reason.
    evidence.sort_by_key(|seen| seen.exchange.is_none());
    let lists = seen.iter().any(|seen| seen.hello.lists_groups);
    let (value, summary) = match evidence.first() {
        Some(first) if first.exchange.is_some() && lists => {
            ("any", "the client takes a group without a name, though it lists groups of RFC 7919")
        }
        Some(first) if first.exchange.is_some() => ("any", "the client takes a group without a name"),
        Some(first) if first.late => (UNDECIDED, "whether the client takes a group without a name was not seen"),
        Some(_) if lists => ("named", "the client takes none but the groups of RFC 7919 that it lists"),
        Some(_) => ("refuses", "the client refuses a group without a name"),
        None => (UNDECIDED, "which groups the client takes was not seen"),
    };
    finding("group", (value, summary), &[value], ("RFC 7919 4", MAKER), evidence.into_iter().take(1).collect())
}

/// `ems`: off, on or required.
fn ems(seen: &[Heard]) -> Finding<Heard> {
    let control =
        |ems: bool| move |seen: &&Heard| seen.aim == Aim::Control && seen.asked.is_some_and(|asked| asked.ems == ems);
    let offers = seen.iter().find(|seen| seen.hello.ems);
    let with = seen.iter().find(|seen| seen.established && seen.chosen.is_some_and(|cell| cell.ems));
    let without = with.and_then(|with| {
        seen.iter().filter(control(false)).find(|without| without.hello.version == with.hello.version)
    });
    let (value, summary) = match (seen.first(), offers, without) {
        (None, ..) => (UNDECIDED, "whether Extended Master Secret is offered was not seen"),
        (_, None, _) => {
            ("off", "Extended Master Secret is not offered, so that KB4528489's first remedy is not to be had here")
        }
        (_, Some(_), Some(without)) if without.late => {
            (UNDECIDED, "whether Extended Master Secret is required was not seen")
        }
        (_, Some(_), Some(without)) if !without.established => ("required", "Extended Master Secret is required"),
        (_, Some(_), _) => ("on", "Extended Master Secret is offered"),
    };
    let evidence = [offers.or(seen.first()), without].into_iter().flatten().cloned().collect();
    let rule = "RFC 7627 5.1; KB4528489 prefers EMS on both sides to all other remedies";
    finding("ems", (value, summary), &[value], (rule, "the client's administrator, or its maker"), evidence)
}

/// `resumption`: by what the client offers a session with EMS.
fn resumption(seen: &[Heard]) -> Finding<Heard> {
    let evidence = with_aim(seen, &[Aim::ResumeWithoutEcho]);
    let (value, summary) = match evidence.first().map(|seen| seen.offered) {
        None => (NOT_APPLICABLE, "whether sessions are offered was not seen"),
        Some(None) if evidence.iter().any(|seen| seen.late) => (UNDECIDED, "whether sessions are offered was not seen"),
        Some(None) => ("none", "no session is offered again"),
        Some(Some(OfferMade { kind: SessionKind::SessionId, .. })) => ("session_id", "sessions are offered by id"),
        Some(Some(OfferMade { kind: SessionKind::Ticket, .. })) => ("ticket", "sessions are offered by ticket"),
    };
    finding("resumption", (value, summary), &[value], ("RFC 5246 7.3, RFC 5077 3.1", MAKER), evidence)
}

/// `resumption-echo`: what the client does where the extension is missing in an abbreviated handshake.
fn echo(seen: &[Heard]) -> Finding<Heard> {
    let mut evidence = with_aim(seen, &[Aim::ResumeWithoutEcho]);
    evidence.retain(is_resumed_or_late);
    let (value, summary) = match evidence.first() {
        None => (NOT_APPLICABLE, "no session with EMS was resumed"),
        Some(seen) if seen.established => (
            "ignore",
            "a session with EMS is resumed although ServerHello lacks the extension: a downgrade goes unseen",
        ),
        Some(seen) if seen.late => (UNDECIDED, "what becomes of the missing extension was not seen"),
        Some(_) => ("enforce", "a session with EMS is not resumed where ServerHello lacks the extension"),
    };
    let rule = "RFC 7627 5.3: the client must abort where the extension is missing";
    finding("resumption-echo", (value, summary), &["enforce"], (rule, MAKER), evidence)
}

/// `resumption-upgrade`: whether the client offers a session without EMS. KB4528489's updates have it offer none.
fn upgrade(seen: &[Heard]) -> Finding<Heard> {
    let mut evidence = with_aim(seen, &[Aim::Upgrade, Aim::NewSessionWithoutEms]);
    evidence.retain(|seen| seen.aim == Aim::Upgrade || seen.late);
    let left = seen.iter().any(|seen| seen.aim == Aim::NewSessionWithoutEms && seen.established);
    let offered = |seen: &Heard| seen.offered.is_some_and(|offered| offered.reason == ResumptionReason::Upgrade);
    let (value, summary) = match evidence.first().filter(|_| left) {
        None => (NOT_APPLICABLE, "whether a session without EMS is offered was not seen"),
        Some(seen) if seen.late => (UNDECIDED, "whether a session without EMS is offered was not seen"),
        Some(seen) if offered(seen) => {
            ("offer", "a session without EMS is offered, which RFC 7627 5.3 advises against")
        }
        Some(_) => ("never", "a session without EMS is not offered"),
    };
    finding("resumption-upgrade", (value, summary), &["offer", "never"], ("RFC 7627 5.3", MAKER), evidence)
}

/// `client-certificate`: how the client answers a CertificateRequest.
fn client_certificate(seen: &[Heard]) -> Finding<Heard> {
    let evidence = with_aim(seen, &[Aim::CertificateRequest]);
    let (value, summary) = match evidence.first().and_then(|seen| seen.certificate) {
        _ if evidence.iter().any(|seen| seen.late) => (UNDECIDED, "how a CertificateRequest is answered was not seen"),
        None => (NOT_APPLICABLE, "how a CertificateRequest is answered was not seen"),
        Some(Answered::Certificate) => {
            ("certificate", "a CertificateRequest is answered by a certificate and its proof")
        }
        Some(Answered::Empty) => ("empty", "a CertificateRequest is answered by an empty list"),
        Some(Answered::Unproved) => ("unproved", "a certificate is sent without the proof of its key"),
        Some(Answered::Nothing) => ("nothing", "a CertificateRequest is not answered"),
    };
    let rule = "RFC 5246 7.4.6, 7.4.8: a Certificate, if an empty one, and for one that is not the proof of its key";
    finding("client-certificate", (value, summary), &["certificate", "empty"], (rule, MAKER), evidence)
}

/// `certificate-in-resumption`: what the client does with a CertificateRequest in an abbreviated handshake.
fn abbreviated_request(seen: &[Heard]) -> Finding<Heard> {
    let mut evidence = with_aim(seen, &[Aim::AbbreviatedRequest]);
    evidence.retain(is_resumed_or_late);
    let (value, summary) = match evidence.first() {
        None => (NOT_APPLICABLE, "no session was resumed with a CertificateRequest"),
        Some(seen) if seen.late => (UNDECIDED, "what becomes of a CertificateRequest was not seen"),
        Some(seen) if seen.certificate != Some(Answered::Nothing) => {
            ("answer", "a CertificateRequest in an abbreviated handshake is answered")
        }
        // The lab waits for a Certificate, and says so to a client that goes on without.
        Some(seen) if seen.outcome.ends_with(":server") => {
            ("ignore", "a CertificateRequest in an abbreviated handshake is passed over")
        }
        Some(_) => ("refuse", "a CertificateRequest in an abbreviated handshake is refused"),
    };
    let rule = "RFC 5246 7.3: an abbreviated handshake has no place for it";
    finding("certificate-in-resumption", (value, summary), &["refuse", "ignore", "answer"], (rule, MAKER), evidence)
}

/// `renegotiation`: what becomes of a HelloRequest.
fn renegotiation(seen: &[Heard]) -> Finding<Heard> {
    let of = |aim| seen.iter().find(move |seen| seen.aim == aim && seen.renegotiation.is_some());
    let (secure, legacy) = (of(Aim::Renegotiation), of(Aim::LegacyRenegotiation));
    let is_done = |seen: Option<&Heard>| seen.is_some_and(|seen| seen.renegotiation == Some(Renegotiated::Done));
    let signals = secure.is_none_or(|seen| seen.hello.renegotiation_info);
    let (value, summary) = match secure.and_then(|seen| seen.renegotiation) {
        _ if is_done(legacy) || (is_done(secure) && !signals) => ("legacy", "the client renegotiates without RFC 5746"),
        None => (NOT_APPLICABLE, "what becomes of a HelloRequest was not seen"),
        Some(Renegotiated::Done) => ("secure", "the client renegotiates, with RFC 5746 only"),
        Some(Renegotiated::Refused) => ("refuse", "the client refuses to renegotiate, by a warning"),
        Some(Renegotiated::Ignored) => ("ignore", "the client does not answer a HelloRequest"),
        Some(Renegotiated::Ended) => ("abort", "the client ends a connection on a HelloRequest"),
    };
    let about = |aim| matches!(aim, Aim::Renegotiation | Aim::LegacyRenegotiation);
    let late = seen.iter().filter(|seen| about(seen.aim) && seen.late);
    let evidence = [secure, legacy].into_iter().flatten().chain(late).cloned().collect();
    let rule = "RFC 5746 3.4, 4.2: without renegotiation_info there is no renegotiation";
    finding("renegotiation", (value, summary), &["secure", "refuse", "ignore", "abort"], (rule, MAKER), evidence)
}
