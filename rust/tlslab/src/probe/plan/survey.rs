//! Which suites a server takes, in which versions, with EMS and without.

use tlslab_proto::behaviour::values::Version;
use tlslab_proto::wire::registry::CipherSuite;

use super::Plan;
use crate::probe::observation::Observation;
use crate::probe::step::{Purpose, Step};

pub(super) const MOST_FOR_A_SUITE: usize = 2;
/// The refusals at the end.
pub(super) const MOST_FOR_A_VERSION: usize = 2;

/// Offers what the server has not chosen yet, until it refuses; then the same without EMS.
pub(super) fn next(plan: &Plan, seen: &[Observation]) -> Option<Step> {
    plan.versions.iter().find_map(|version| {
        [true, false].into_iter().find_map(|ems| {
            let left = left(plan, seen, *version, ems);
            (!left.is_empty()).then(|| Step::new(Purpose::Survey, *version, &left, ems))
        })
    })
}

/// The suites that are left to ask about.
fn left(plan: &Plan, seen: &[Observation], version: Version, ems: bool) -> Vec<CipherSuite> {
    let of = |ems: bool| {
        seen.iter()
            .filter(move |seen| seen.purpose == Purpose::Survey && seen.version == version && seen.ems_offered == ems)
    };
    if of(ems).any(|seen| seen.chosen.is_none()) {
        return Vec::new();
    }
    let chosen: Vec<_> = of(ems).filter_map(|seen| seen.chosen).map(|chosen| chosen.suite).collect();
    let mut left = plan.suites_of(version);
    if !ems {
        // Where the server knows no EMS, the connections that offered it were without it already.
        let with: Vec<_> = of(true).filter_map(|seen| seen.chosen).collect();
        left.retain(|suite| with.is_empty() || with.iter().any(|chosen| chosen.suite == *suite && chosen.ems));
    }
    left.retain(|suite| !chosen.contains(suite));
    left
}
