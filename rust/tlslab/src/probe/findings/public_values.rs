//! What a server does with public values, its client's and its own.

use tlslab_dh::Group;

use super::{Finding, UNDECIDED, is_defect};
use crate::probe::invalid::InvalidPublic;
use crate::probe::observation::{Exchange, Observation};
use crate::probe::step::Purpose;

/// `short-public-value`: a public value with a leading zero byte, written with it and without.
pub(super) fn short(seen: &[Observation]) -> Finding {
    let is_short = |seen: &&Observation| {
        matches!(seen.purpose, Purpose::PaddedPublicValue | Purpose::MinimalPublicValue)
            && (seen.late || is_short_value(seen))
    };
    let evidence: Vec<_> = seen.iter().filter(is_short).cloned().collect();
    let value = super::common(evidence.iter().map(|short| match taken(short, seen) {
        Some(Taken::Used) => "accept",
        Some(Taken::Otherwise) => "miscompute",
        Some(Taken::Refused) => "reject",
        None => UNDECIDED,
    }));
    Finding {
        id: "short-public-value",
        defect: is_defect(value, &["accept"]),
        value: value.to_owned(),
        summary: match value {
            "accept" => "a public value with a leading zero byte is used as the number that it is",
            "reject" => "a public value with a leading zero byte is refused: 1 handshake in 256 fails",
            "miscompute" => {
                "a public value with a leading zero byte is used as another number: 1 handshake in 256 fails"
            }
            "mixed" => {
                "a public value with a leading zero byte is used or not as it is written with that byte or without"
            }
            _ => "what becomes of a public value with a leading zero byte was not seen",
        }
        .to_owned(),
        cells: Vec::new(),
        rule: "RFC 5246 7.4.7.2: dh_Yc is a number, and its length is its own",
        who: "the server's maker",
        reason: None,
        evidence,
    }
}

/// Whether the client's public value has a leading zero byte, written or not.
fn is_short_value(seen: &Observation) -> bool {
    seen.exchange.as_ref().is_some_and(|Exchange { group, client_public, .. }| {
        client_public.len() < group.len() || client_public.first() == Some(&0)
    })
}

/// `yc-checks`: public values that no client may have.
pub(super) fn checks(seen: &[Observation]) -> Finding {
    let invalid = |seen: &Observation| match seen.purpose {
        Purpose::InvalidPublicValue(value) => Some(value),
        _ => None,
    };
    let evidence: Vec<_> = seen.iter().filter(|seen| invalid(seen).is_some()).cloned().collect();
    // What is used otherwise has been used: the client could only guess the secret.
    let hides = hides_refusals(seen);
    let accepted = |value| {
        let mut asked = evidence.iter().filter(|seen| invalid(seen) == Some(value));
        let first = taken(asked.clone().next()?, seen)?;
        Some(asked.any(|seen| seen.established) || (first == Taken::Otherwise && !hides))
    };
    let out_of_range = InvalidPublic::OUT_OF_RANGE.map(accepted);
    let [.., minus_one, prime, above] = out_of_range;
    let outside = evidence.iter().any(|seen| invalid(seen) == Some(InvalidPublic::OutsideSubgroup) && is_outside(seen));
    let value = if out_of_range.iter().all(|accepted| *accepted == Some(false)) {
        match accepted(InvalidPublic::OutsideSubgroup).filter(|_| outside) {
            Some(false) => "subgroup",
            _ => "range",
        }
    } else if [minus_one, prime, above].into_iter().all(|accepted| accepted == Some(true)) {
        // 0 and 1 are short, and may be refused for that.
        "none"
    } else if out_of_range.contains(&Some(true)) {
        "partial"
    } else {
        UNDECIDED
    };
    let names = ["0", "1", "p - 1", "p", "p + 1"];
    let taken = names.into_iter().zip(out_of_range).filter(|(_, accepted)| *accepted == Some(true));
    let taken: Vec<_> = taken.map(|(name, _)| name).collect();
    Finding {
        id: "yc-checks",
        defect: is_defect(value, &["range", "subgroup"]),
        value: value.to_owned(),
        summary: match value {
            "range" => "public values out of range are refused".to_owned(),
            "subgroup" => "public values out of range or outside the subgroup of g are refused".to_owned(),
            "none" | "partial" => format!("public values out of range are accepted: {}", taken.join(", ")),
            _ => "whether public values out of range are refused was not seen".to_owned(),
        },
        cells: Vec::new(),
        rule: "RFC 7919 5.1: 1 < Y < p - 1 must be checked",
        who: "the server's maker",
        reason: None,
        evidence,
    }
}

/// `ys-reuse`: the server's own public value in several connections.
pub(super) fn reuse(seen: &[Observation]) -> Finding {
    let exchanges: Vec<_> = seen.iter().filter(|seen| tells_of_reuse(seen)).collect();
    let public = |seen: &Observation| seen.exchange.as_ref().map(|exchange| exchange.server_public.clone());
    let again = exchanges.iter().enumerate().find_map(|(at, later)| {
        let earlier = exchanges[..at].iter().find(|earlier| public(earlier) == public(later))?;
        Some(vec![(*earlier).clone(), (*later).clone()])
    });
    let value = match (&again, exchanges.len()) {
        (Some(_), _) => "reused",
        (None, 0 | 1) => UNDECIDED,
        (None, _) => "fresh",
    };
    Finding {
        id: "ys-reuse",
        defect: is_defect(value, &["fresh"]),
        value: value.to_owned(),
        summary: match value {
            "reused" => "the server has one public value in several connections".to_owned(),
            "fresh" => format!("the server had a public value of its own in each of {} connections", exchanges.len()),
            _ => "whether the server uses its public value again was not seen".to_owned(),
        },
        cells: Vec::new(),
        rule: "RFC 7525 6.4, RFC 9325 7.4: exponents are not reused, or stripped zeros give secrets away",
        who: "the server's administrator, or its maker",
        reason: None,
        evidence: again.unwrap_or_else(|| exchanges.into_iter().take(2).cloned().collect()),
    }
}

/// In a small group values come again by chance.
const LEAST_BITS_FOR_REUSE: usize = 256;

fn tells_of_reuse(seen: &Observation) -> bool {
    seen.exchange.as_ref().is_some_and(|exchange| exchange.group.bits() >= LEAST_BITS_FOR_REUSE)
}

/// What a server did with a public value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Taken {
    /// Both sides came to the same secret.
    Used,
    /// It was used, and the sides came to different secrets.
    Otherwise,
    /// It was refused.
    Refused,
}

/// What the server did with the public value of a connection. That it used it shows in its reaction, which is the one to a
/// Finished under other keys; how that looks it has shown in a connection whose zero byte the sides took differently.
/// `None` without such a connection, or where the connection got no further than the server's key exchange.
fn taken(asked: &Observation, seen: &[Observation]) -> Option<Taken> {
    asked.exchange.as_ref()?;
    if asked.late {
        return None;
    }
    if asked.established {
        return Some(Taken::Used);
    }
    let other_keys = seen.iter().find(|seen| {
        matches!(seen.purpose, Purpose::LeadingZero | Purpose::KeptZero)
            && !seen.established
            && !seen.late
            && seen.exchange.is_some()
    })?;
    Some(if asked.outcome == other_keys.outcome { Taken::Otherwise } else { Taken::Refused })
}

/// Whether the server shows no difference between a public value that it refuses and keys that are not its own: p + 1 seems to
/// have been used otherwise, which cannot be, since it makes a secret that the client knows, in the form that the server has.
pub(in crate::probe) fn hides_refusals(seen: &[Observation]) -> bool {
    let above = Purpose::InvalidPublicValue(InvalidPublic::AbovePrime);
    let Some(asked) = seen.iter().find(|seen| seen.purpose == above) else { return false };
    let knows_form = asked.asked.is_some_and(|cell| super::settled(seen, cell).is_some());
    knows_form && taken(asked, seen) == Some(Taken::Otherwise)
}

/// Whether the client's public value really is no power of g.
fn is_outside(seen: &Observation) -> bool {
    let outside = |group: &Group, public: &[u8]| group.in_subgroup(public) == Some(false) && public.first() != Some(&0);
    seen.exchange.as_ref().is_some_and(|exchange| {
        exchange.group.bits() <= super::group::MOST_BITS_TO_TEST && outside(&exchange.group, &exchange.client_public)
    })
}
