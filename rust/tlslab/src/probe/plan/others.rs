//! A server without finite-field Diffie-Hellman: what is not about that can be asked under other suites.

use tlslab_proto::behaviour::SharedKnobs;
use tlslab_proto::behaviour::values::Version;
use tlslab_proto::crypto::suite;
use tlslab_proto::wire::registry::CipherSuite;

use super::{Plan, cells, is_dhe};
use crate::probe::observation::Observation;
use crate::probe::step::{Purpose, Step};

/// Each version with EMS, and one without.
pub(super) const MOST_FOR_A_VERSION: usize = 2;

/// Offers all other suites, version by version until one is taken; then the same without EMS.
pub(super) fn next(plan: &Plan, seen: &[Observation]) -> Option<Step> {
    if !cells(seen).is_empty() {
        return None;
    }
    let made = |version, ems| {
        let mut others = seen.iter().filter(|seen| seen.purpose == Purpose::OtherKeyExchange);
        others.find(|seen| seen.version == version && seen.ems_offered == ems)
    };
    let step = |version, ems| Step::new(Purpose::OtherKeyExchange, version, &other_suites_of(version), ems);
    for version in plan.versions.iter().copied() {
        match (made(version, true), made(version, false)) {
            (None, _) => return Some(step(version, true)),
            (Some(with), None) if with.chosen.is_some() => return Some(step(version, false)),
            (Some(with), _) if with.chosen.is_some() => return None,
            _ => {}
        }
    }
    None
}

/// The suites of a version that the lab offers by default, but for those of finite-field Diffie-Hellman.
pub(in crate::probe) fn other_suites_of(version: Version) -> Vec<CipherSuite> {
    let fits = |suite: &CipherSuite| {
        !is_dhe(*suite) && suite::params(*suite).is_some_and(|params| params.min_version() <= version.wire())
    };
    SharedKnobs::default().suites.into_iter().map(|suite| suite.0).filter(fits).collect()
}
