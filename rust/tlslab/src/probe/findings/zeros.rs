//! What a peer does with leading zero bytes of Z. The lab's side knows Z and the premaster secret that it made of it, and
//! saw whether the peer came to the same: each connection rules out some of the ways to make one.

use tlslab_proto::behaviour::values::PremasterZeros;
use tlslab_proto::endpoint::premaster_secret;

use super::{Finding, Judged, NOT_APPLICABLE, UNDECIDED, common, is_defect};
use crate::probe::observation::{Exchange, Observation};
use crate::probe::plan::cells;
use crate::probe::step::{Cell, Purpose};

const RULE: &str = "RFC 4346 8.1.2, RFC 5246 8.1.2: leading bytes of Z that are all zero are stripped";
const RULE_EMS: &str = "RFC 7627 4: only label and seed of the PRF change, so RFC 5246 8.1.2 holds with EMS too";

const ALL: [PremasterZeros; 4] =
    [PremasterZeros::Strip, PremasterZeros::Keep, PremasterZeros::StripOne, PremasterZeros::SignByte];

/// The ways of making a premaster secret of Z that these connections leave open for the peer. None are left where it did
/// what none of them explains. Each comes with whether the handshake was finished.
pub fn premaster_rules<'a>(seen: impl IntoIterator<Item = (&'a Exchange, bool)>) -> Vec<PremasterZeros> {
    let seen: Vec<_> = seen.into_iter().collect();
    let explains = |rule: PremasterZeros| {
        seen.iter().all(|(exchange, established)| {
            (premaster_secret(&exchange.z, rule) == &exchange.premaster[..]) == *established
        })
    };
    ALL.into_iter().filter(|rule| explains(*rule)).collect()
}

/// `leading-zeros` and `leading-zeros-ems`.
pub(super) fn leading_zeros(seen: &[Observation], ems: bool) -> Finding {
    let cells: Vec<_> = cells(seen).into_iter().filter(|cell| cell.ems == ems).collect();
    let judged: Vec<_> = cells
        .iter()
        .map(|cell| Judged { cell: *cell, session_ems: None, value: judge(in_cell(seen, *cell)) })
        .collect();
    let with_ems = |seen: &Observation| seen.chosen.map_or(seen.ems_offered, |chosen| chosen.ems);
    // Suites that were not even seen, since the server did not answer in time.
    let unseen = seen.iter().filter(|seen| seen.purpose == Purpose::Survey && seen.late && with_ems(seen) == ems);
    let value = match common(judged.iter().map(|judged| judged.value)) {
        NOT_APPLICABLE if unseen.clone().next().is_some() => UNDECIDED,
        value => value,
    };
    let tells = |seen: &&Observation| seen.late || seen.exchange.as_ref().is_some_and(|exchange| exchange.zeros > 0);
    Finding {
        id: if ems { "leading-zeros-ems" } else { "leading-zeros" },
        defect: is_defect(value, &["strip"]),
        summary: format!("{}: {}", if ems { "with EMS" } else { "without EMS" }, words(value)),
        value: value.to_owned(),
        reason: None,
        evidence: cells.iter().flat_map(|cell| in_cell(seen, *cell)).filter(tells).chain(unseen).cloned().collect(),
        cells: judged,
        rule: rule(ems),
        who: "the server's maker",
    }
}

/// `second-zero`.
pub(super) fn second_zero(seen: &[Observation]) -> Finding {
    let evidence: Vec<_> = seen
        .iter()
        .filter(|seen| seen.purpose == Purpose::TwoZeros)
        .filter(|seen| seen.late || seen.exchange.as_ref().is_some_and(|exchange| exchange.zeros > 1))
        .cloned()
        .collect();
    let strips = |seen: &Observation| match (seen.established, seen.late) {
        (true, _) => "strip",
        (false, false) => "keep",
        (false, true) => UNDECIDED,
    };
    let judge = |seen: &Observation| Some(Judged { cell: seen.asked?, session_ems: None, value: strips(seen) });
    let judged: Vec<_> = evidence.iter().filter_map(judge).collect();
    let value = common(judged.iter().map(|judged| judged.value));
    Finding {
        id: "second-zero",
        defect: is_defect(value, &["strip"]),
        value: value.to_owned(),
        summary: match value {
            "strip" => "where Z has two leading zero bytes, both are stripped",
            "keep" => "where Z has two leading zero bytes, one of them stays",
            "mixed" => "where Z has two leading zero bytes, it depends on the version what becomes of the second",
            _ => "what becomes of a second leading zero byte was not seen",
        }
        .to_owned(),
        cells: judged,
        rule: RULE,
        who: "the server's maker",
        reason: None,
        evidence,
    }
}

/// The connections that were about Z in a cell, the survey's control among them.
fn in_cell(seen: &[Observation], cell: Cell) -> impl Iterator<Item = &Observation> {
    let is_in_cell = move |seen: &Observation| seen.cell().or(seen.asked) == Some(cell);
    seen.iter().filter(move |seen| seen.purpose.is_about_z() && is_in_cell(seen))
}

/// What a connection tells about Z.
pub(in crate::probe) trait AboutZ {
    /// What came of Diffie-Hellman.
    fn exchange(&self) -> Option<&Exchange>;
    /// Whether the handshake was finished.
    fn established(&self) -> bool;
    /// Whether the lab's own deadline cut it off.
    fn late(&self) -> bool;
}

impl AboutZ for Observation {
    fn exchange(&self) -> Option<&Exchange> {
        self.exchange.as_ref()
    }

    fn established(&self) -> bool {
        self.established
    }

    fn late(&self) -> bool {
        self.late
    }
}

/// The ways of making a premaster secret that these connections leave open. One that was cut off rules out none.
pub(in crate::probe) fn rules_left<'a, S: AboutZ + 'a>(seen: impl IntoIterator<Item = &'a S>) -> Vec<PremasterZeros> {
    let told = seen.into_iter().filter(|seen| !seen.late());
    premaster_rules(told.filter_map(|seen| Some((seen.exchange()?, seen.established()))))
}

/// The way of making a premaster secret that the server has in a cell, if no other is left.
pub(in crate::probe) fn settled(seen: &[Observation], cell: Cell) -> Option<PremasterZeros> {
    match rules_left(in_cell(seen, cell))[..] {
        [rule] => Some(rule),
        _ => None,
    }
}

/// What these connections say, in one word.
pub(in crate::probe) fn judge<'a, S: AboutZ + 'a>(seen: impl IntoIterator<Item = &'a S>) -> &'static str {
    let seen: Vec<_> = seen.into_iter().collect();
    let rules = rules_left(seen.iter().copied());
    match rules[..] {
        // Had it come to its end, it might have ruled out any of them.
        [_, _, ..] if seen.iter().any(|seen| seen.late()) => UNDECIDED,
        [PremasterZeros::StripOne] => "strip_one",
        [PremasterZeros::SignByte] => "sign_byte",
        // Where the byte after the zero had its top bit set, a signed integer would have been kept too.
        [PremasterZeros::Keep] | [PremasterZeros::Keep, PremasterZeros::SignByte] => "keep",
        _ if rules.contains(&PremasterZeros::Strip) && !rules.contains(&PremasterZeros::Keep) => "strip",
        _ => UNDECIDED,
    }
}

/// The rule about leading zeros.
pub(in crate::probe) fn rule(ems: bool) -> &'static str {
    if ems { RULE_EMS } else { RULE }
}

/// The same word in many.
pub(in crate::probe) fn words(value: &str) -> &'static str {
    match value {
        "strip" => "leading zero bytes of Z are stripped, as they must be",
        "keep" => "leading zero bytes of Z are kept: 1 handshake in 256 fails over TLS_DHE_*",
        "strip_one" => "one leading zero byte of Z is stripped and a second is kept: 1 handshake in 65,536 fails",
        "sign_byte" => "Z is taken for a signed integer: 1 handshake in 512 fails",
        "mixed" => "what becomes of leading zero bytes of Z depends on the version or the suite",
        NOT_APPLICABLE => "no handshake over Diffie-Hellman was finished",
        _ => "what becomes of leading zero bytes of Z is undecided",
    }
}
