//! What a report claims to have found, beside the knobs of the peer that it is about.

use rayon::prelude::*;
use serde_json::{Value, json};
use tlslab::probe::Report;
use tlslab::probe::client::Heard;
use tlslab_proto::behaviour::values::Version;
use tlslab_proto::behaviour::{ClientBehaviour, ServerBehaviour};

/// A knob, what it is, and what was found.
pub struct Claim {
    pub finding: &'static str,
    pub knob: String,
    pub found: String,
}

/// Judges this many peers, and holds all that is claimed of them to be right.
#[allow(dead_code, reason = "the example that writes the table counts what is wrong, and goes on")]
pub fn assert_right(peers: u64, least: usize, judge: impl Fn(u64) -> (Vec<Claim>, String) + Sync) {
    let judged: Vec<_> = (0..peers).into_par_iter().map(|peer| (peer, judge(peer))).collect();
    let claims = judged.iter().map(|(_, (claims, _))| claims.len()).sum::<usize>();
    let wrong: Vec<_> = judged
        .iter()
        .flat_map(|(peer, (claims, about))| claims.iter().map(move |claim| (peer, claim, about)))
        .filter(|(_, claim, _)| claim.knob != claim.found)
        .map(|(peer, Claim { finding, knob, found }, about)| {
            format!("{finding}: {found} was found, and it is {knob}: peer {peer}, {about}\n")
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {claims}:\n{}", wrong.len(), wrong[..wrong.len().min(3)].concat());
    assert!(claims > least, "{claims} claims");
}

/// The claims of a report on a server.
pub fn of_a_server(behaviour: &ServerBehaviour, report: &Report) -> Vec<Claim> {
    let knobs = behaviour.to_full_value();
    let knob = |name: &str| text(&knobs[name]);
    let mut claims = zeros("leading-zeros", &knobs["premaster_zeros"], report);
    claims.extend(zeros("leading-zeros-ems", &knobs["premaster_zeros_ems"], report));
    let mut claim = |finding: &'static str, knob: String| {
        let found = report.finding(finding).expect("there is one").value.clone();
        claims.push(Claim { finding, knob, found });
    };
    claim("ems", knob("ems"));
    if report.connections.iter().any(|seen| seen.established) {
        claim("short-public-value", knob("short_public_value"));
        claim("yc-checks", knob("public_value_check"));
        let fresh = knobs["exponent_reuse"] == "fresh";
        claim("ys-reuse", if fresh { "fresh" } else { "reused" }.to_owned());
        // Where nothing is resumed there are only full handshakes to ask in.
        let resumes = report.connections.iter().any(|seen| seen.chosen.is_some_and(|chosen| chosen.resumed));
        let only_full = knob("request_certificate") == "always" && !resumes;
        claim("client-certificate", if only_full { "full".to_owned() } else { knob("request_certificate") });
        // Without RFC 5746 a server that renegotiates securely alone does not at all.
        let is_mute = knob("renegotiation") == "secure" && knob("renegotiation_info") == "off";
        claim("renegotiation", if is_mute { "refuse".to_owned() } else { knob("renegotiation") });
    }
    for (finding, kind) in [("resumption-ids", "session_id"), ("resumption-tickets", "ticket")] {
        let sound = report.finding(finding).expect("there is one");
        for judged in &sound.cells {
            // A server that knows no EMS sees neither of them.
            let policy = match (judged.session_ems, judged.cell.ems) {
                (Some(true), true) => continue,
                (Some(false), true) => "resume_upgrade",
                (Some(true), false) => "resume_downgrade",
                _ => "resume_legacy",
            };
            let refuses = knob("ems") == "required" && !judged.cell.ems;
            let knob = if refuses { "abort".to_owned() } else { knob(policy) };
            claims.push(Claim { finding, knob, found: judged.value.to_owned() });
        }
        let handed_out = knob("resumption") == kind || knob("resumption") == "both";
        if sound.value != "not_applicable" {
            let knob = if handed_out { "some" } else { "none" }.to_owned();
            let found = if sound.value == "none" { "none" } else { "some" }.to_owned();
            claims.push(Claim { finding, knob, found });
        }
    }
    claims
}

/// The knob of each version, beside the first suite's cell, where everything about zeros is asked.
fn zeros<O>(finding: &'static str, knob: &Value, report: &Report<O>) -> Vec<Claim> {
    let cells = &report.finding(finding).expect("there is one").cells;
    let first = |version| cells.iter().find(|judged| judged.cell.version == version);
    let claim = |version| {
        let found = first(version)?.value.to_owned();
        let knob = text(knob.get(json!(version).as_str()?).unwrap_or(knob));
        Some(Claim { finding, knob, found })
    };
    Version::ALL.into_iter().filter_map(claim).collect()
}

fn text(value: &Value) -> String {
    value.as_str().expect("the knob is a word").to_owned()
}

/// The claims of a report on a client.
pub fn of_a_client(behaviour: &ClientBehaviour, report: &Report<Heard>) -> Vec<Claim> {
    let knobs = behaviour.to_full_value();
    let knob = |name: &str| text(&knobs[name]);
    let found = |finding: &str| report.finding(finding).expect("there is one").value.clone();
    let mut claims = Vec::new();
    if knob("group_check") != "named" {
        claims.extend(zeros("leading-zeros", &knobs["premaster_zeros"], report));
        claims.extend(zeros("leading-zeros-ems", &knobs["premaster_zeros_ems"], report));
        // A second zero byte is for chance to bring, which it seldom does.
        for claim in claims.iter_mut().filter(|claim| claim.found == "strip") {
            if claim.knob == "strip_one" {
                claim.knob = "strip".to_owned();
            }
        }
    }
    let mut claim = |finding: &'static str, knob: String| {
        if found(finding) != "not_applicable" {
            claims.push(Claim { finding, knob, found: found(finding) });
        }
    };
    claim("ems", knob("ems"));
    if knob("verified_bytes") == "wire" || knob("signature_check") == "off" {
        claim("short-public-value", knob("short_public_value"));
    }
    claim(
        "resumption",
        match &knob("resumption")[..] {
            "both" => "ticket".to_owned(),
            other => other.to_owned(),
        },
    );
    let enforces = knob("ems") == "required";
    claim("resumption-echo", if enforces { "enforce".to_owned() } else { knob("resumed_ems_check") });
    if knob("resumption") != "none" {
        claim("resumption-upgrade", knob("offer_without_ems"));
    }
    let has_none = knobs["certificates"].as_array().is_none_or(Vec::is_empty);
    claim(
        "client-certificate",
        match &knob("certificate_answer")[..] {
            "omit" => "nothing",
            _ if has_none => "empty",
            "unproved" => "unproved",
            _ => "certificate",
        }
        .to_owned(),
    );
    let skips = knob("resumed_certificate_request") == "refuse" && knob("on_unexpected") == "ignore";
    let silent = knob("resumed_certificate_request") == "answer" && knob("certificate_answer") == "omit";
    let request = if skips || silent { "ignore".to_owned() } else { knob("resumed_certificate_request") };
    claim("certificate-in-resumption", request);
    let is_mute = knob("renegotiation") == "secure" && knob("renegotiation_info") == "off";
    claim("renegotiation", if is_mute { "refuse".to_owned() } else { knob("renegotiation") });
    claims
}
