//! What a report claims to have found, beside the knobs of the peer that it is about.

use serde_json::{Value, json};
use tlslab::probe::Report;
use tlslab_proto::behaviour::values::Version;
use tlslab_proto::behaviour::{Behaviour, OwnKnobs};

/// A knob, what it is, and what was found.
pub struct Claim {
    pub finding: &'static str,
    pub knob: String,
    pub found: String,
}

/// The claims of a report on a server.
pub fn of_a_server<Own: OwnKnobs>(behaviour: &Behaviour<Own>, report: &Report) -> Vec<Claim> {
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
fn zeros(finding: &'static str, knob: &Value, report: &Report) -> Vec<Claim> {
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
