//! What a probe found: functions of its observations. None of them can see how the peer was told to act.

mod ems;
mod group;
mod policies;
mod public_values;
mod sessions;
mod transfers;
mod zeros;

use serde::Serialize;
use tlslab_proto::endpoint::session::SessionKind;

use super::observation::Observation;
use super::step::Cell;

pub(super) use public_values::hides_refusals;
pub use zeros::premaster_rules;
pub(super) use zeros::{AboutZ, judge as judge_zeros, rule as zeros_rule, rules_left, settled, words as zeros_words};

/// Nothing was seen that tells.
pub const UNDECIDED: &str = "undecided";
/// It does not arise.
pub const NOT_APPLICABLE: &str = "not_applicable";

/// Something found out about the peer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding<O = Observation> {
    /// Its name, which stays.
    pub id: &'static str,
    /// Whether it is a defect; `None` where that is not decided, or does not arise.
    pub defect: Option<bool>,
    /// What was found.
    pub value: String,
    /// The same in words.
    pub summary: String,
    /// What was found in each version and suite, where it may differ.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cells: Vec<Judged>,
    /// The rule that it is about.
    pub rule: &'static str,
    /// Who must repair a defect.
    pub who: &'static str,
    /// What kept it from being found out as a whole: connections that ran out of time, which are no evidence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The connections that tell.
    pub evidence: Vec<O>,
}

/// What was found in one version and suite.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Judged {
    /// The version, the suite and whether EMS was used.
    #[serde(flatten)]
    pub cell: Cell,
    /// Where a session was offered, whether it had EMS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_ems: Option<bool>,
    /// What was found.
    pub value: &'static str,
}

/// All that can be found out about a server from these connections.
pub fn of_a_server(seen: &[Observation]) -> Vec<Finding> {
    let mut findings = vec![
        zeros::leading_zeros(seen, false),
        zeros::leading_zeros(seen, true),
        zeros::second_zero(seen),
        public_values::short(seen),
        public_values::checks(seen),
        public_values::reuse(seen),
        group::group(seen),
        ems::ems(seen),
        sessions::resumption(seen, SessionKind::SessionId),
        sessions::resumption(seen, SessionKind::Ticket),
        policies::client_certificate(seen),
        policies::renegotiation(seen),
    ];
    findings.extend(transfers::reuse(seen));
    for finding in &mut findings {
        finding.reason = out_of_time(&finding.evidence, |seen| seen.late.then_some(seen.connection));
        finding.evidence.truncate(MOST_EVIDENCE);
    }
    findings
}

/// As many connections are shown for a finding; the report has all.
const MOST_EVIDENCE: usize = 64;

/// Which of these connections ran out of time, each after one before it that had: none of them tells anything.
pub(super) fn out_of_time<O>(evidence: &[O], late: impl Fn(&O) -> Option<u16>) -> Option<String> {
    let late: Vec<_> = evidence.iter().filter_map(|seen| Some(late(seen)?.to_string())).collect();
    (!late.is_empty()).then(|| {
        format!("no answer within the time allowed, twice, and so no evidence: connection {}", late.join(", "))
    })
}

/// One value for all of these: theirs, if those that are decided agree.
pub(super) fn common<'a>(values: impl IntoIterator<Item = &'a str>) -> &'a str {
    let mut found = NOT_APPLICABLE;
    for value in values {
        found = match (found, value) {
            (NOT_APPLICABLE | UNDECIDED, value) => value,
            (found, UNDECIDED) => found,
            (found, value) if found == value => found,
            _ => return "mixed",
        };
    }
    found
}

/// Whether this is a defect, `sound` being what is none.
pub(super) fn is_defect(value: &str, sound: &[&str]) -> Option<bool> {
    match value {
        UNDECIDED | NOT_APPLICABLE => None,
        value => Some(!sound.contains(&value)),
    }
}
