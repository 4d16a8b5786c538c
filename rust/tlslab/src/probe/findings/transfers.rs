//! What an FTP server makes of the sessions of its data connections.

use super::{Finding, UNDECIDED, is_defect};
use crate::ftp::ClientDataSessions;
use crate::probe::observation::Observation;
use crate::probe::step::Purpose;

/// `ftps-reuse`; `None` where the server is not asked for transfers.
pub(super) fn reuse(seen: &[Observation]) -> Option<Finding> {
    let of = |rule| seen.iter().find(move |seen| seen.purpose == Purpose::Transfer(rule));
    let (resumed, full) = (of(ClientDataSessions::Resume), of(ClientDataSessions::Full));
    let is_complete = |seen: &Observation| seen.outcome.ends_with(":ftp:complete");
    let value = match (resumed?, full) {
        (resumed, Some(full)) if resumed.late || full.late => UNDECIDED,
        (resumed, Some(full)) => match (is_complete(resumed), is_complete(full)) {
            (true, true) => "any",
            (true, false) => "required",
            (false, true) => "breaks",
            (false, false) => UNDECIDED,
        },
        (_, None) => UNDECIDED,
    };
    Some(Finding {
        id: "ftps-reuse",
        defect: is_defect(value, &["any"]),
        value: value.to_owned(),
        summary: match value {
            "any" => "data connections are served, whether the client offers a session or not",
            "required" => "data connections must resume a session, which nobody is entitled to: cause 3 of KB4528489",
            "breaks" => "data connections break where the client offers a session: cause 3 of KB4528489",
            _ => "whether data connections must resume a session was not seen: no transfer was complete",
        }
        .to_owned(),
        cells: Vec::new(),
        rule: "RFC 5246 7.3, F.1.4: resumption is at the discretion of both sides; RFC 4217 10 leaves it open",
        who: "the server's administrator, or its maker",
        reason: None,
        evidence: [resumed, full].into_iter().flatten().cloned().collect(),
    })
}
