//! What group a server has.

use tlslab_dh::Group;

use super::{Finding, UNDECIDED, is_defect};
use crate::probe::observation::Observation;

/// RFC 9325 4.5: DH keys have at least so many bits.
const LEAST_BITS: usize = 2048;

/// Whether a longer modulus is a safe prime is not tested: it takes too long.
pub(super) const MOST_BITS_TO_TEST: usize = 4096;

/// `group`: the groups that the server chose.
pub(super) fn group(seen: &[Observation]) -> Finding {
    let mut groups: Vec<&Group> = Vec::new();
    let mut evidence = Vec::new();
    for connection in seen {
        let Some(exchange) = &connection.exchange else { continue };
        if !groups.contains(&&exchange.group) {
            groups.push(&exchange.group);
            evidence.push(connection.clone());
        }
    }
    let worst = groups.iter().map(|group| kind(group)).max();
    let value = worst.map_or(UNDECIDED, Kind::name);
    let told: Vec<_> = groups.iter().map(|group| words(group)).collect();
    Finding {
        id: "group",
        defect: is_defect(value, &["named", "unknown"]),
        value: value.to_owned(),
        summary: if told.is_empty() { "no group was seen".to_owned() } else { told.join("; ") },
        cells: Vec::new(),
        rule: "RFC 9325 4.5: 2048 bits at least; RFC 7919 1: a group with a name is one that others have checked",
        who: "the server's administrator",
        reason: None,
        evidence,
    }
}

/// What there is to say about a group, the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// It has a name.
    Named,
    /// It has none, and nothing is wrong with it.
    Unknown,
    /// It is too short.
    Weak,
    /// Its modulus is no safe prime.
    Unsafe,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Named => "named",
            Self::Unknown => "unknown",
            Self::Weak => "weak",
            Self::Unsafe => "unsafe",
        }
    }
}

fn kind(group: &Group) -> Kind {
    if group.name().is_none() && group.bits() <= MOST_BITS_TO_TEST && !group.is_safe_prime() {
        Kind::Unsafe
    } else if group.bits() < LEAST_BITS {
        Kind::Weak
    } else if group.name().is_some() {
        Kind::Named
    } else {
        Kind::Unknown
    }
}

fn words(group: &Group) -> String {
    let bits = group.bits();
    match (kind(group), group.name()) {
        (Kind::Unsafe, _) => format!("a group of {bits} bits whose modulus is no safe prime"),
        (_, Some(name)) => format!("{name}, {bits} bits"),
        (_, None) if bits > MOST_BITS_TO_TEST => format!("a group of {bits} bits without a name, its modulus untested"),
        (_, None) => format!("a group of {bits} bits without a name, its modulus a safe prime"),
    }
}
