//! Whether a server has Extended Master Secret.

use super::{Finding, UNDECIDED};
use crate::probe::observation::Observation;

/// `ems`: off, on or required.
pub(super) fn ems(seen: &[Observation]) -> Finding {
    let survey =
        |offered: bool| seen.iter().filter(move |seen| seen.purpose.is_survey() && seen.ems_offered == offered);
    let with = survey(true).find(|seen| seen.chosen.is_some());
    let has_ems = survey(true).find(|seen| seen.chosen.is_some_and(|chosen| chosen.ems));
    // In the same version and key exchange, or it may be those that were refused.
    let without = has_ems.and_then(|with| {
        survey(false).find(|without| (without.purpose, without.version) == (with.purpose, with.version))
    });
    let late = seen.iter().find(|seen| seen.purpose.is_survey() && seen.late);
    let value = match (with, has_ems, without) {
        (None, ..) => UNDECIDED,
        (Some(_), None, _) => "off",
        // It may be required, or not.
        (_, Some(_), Some(without)) if without.chosen.is_none() && without.late => UNDECIDED,
        (_, Some(_), Some(without)) if without.chosen.is_none() => "required",
        (_, Some(_), _) => "on",
    };
    Finding {
        id: "ems",
        // RFC 7627 obliges none to have it.
        defect: (value != UNDECIDED).then_some(false),
        value: value.to_owned(),
        summary: match value {
            "off" => "Extended Master Secret is not supported, so that KB4528489's first remedy is not to be had here",
            "on" => "Extended Master Secret is supported",
            "required" => "Extended Master Secret is required",
            _ => "whether Extended Master Secret is supported was not seen",
        }
        .to_owned(),
        cells: Vec::new(),
        rule: "RFC 7627 5.1; KB4528489 prefers EMS on both sides to all other remedies",
        who: "the server's administrator, or its maker",
        reason: None,
        evidence: [has_ems.or(with).or(late), without].into_iter().flatten().cloned().collect(),
    }
}
