//! Which connections a probe of a server makes. A plan is a function of what was seen so far: the first stage that has
//! something left to ask says what comes next.

mod others;
mod policies;
mod public_values;
mod sessions;
mod survey;
mod transfers;
mod zeros;

use serde::{Deserialize, Serialize};
use tlslab_proto::behaviour::lists::Suite;
use tlslab_proto::behaviour::values::Version;
use tlslab_proto::crypto::suite::{self, KeyExchange};
use tlslab_proto::wire::registry::CipherSuite;

pub(super) use others::other_suites_of;

use super::findings::settled;
use super::observation::Observation;
use super::step::{Cell, Purpose, Step};

/// What a probe asks about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Plan {
    /// The versions that are tried, in this order.
    pub versions: Vec<Version>,
    /// The suites that are tried; of these, all of finite-field Diffie-Hellman.
    pub suites: Vec<Suite>,
    /// The server's name for the server_name extension.
    pub server_name: Option<String>,
    /// Whether the server is one of FTP, whose data connections are tried too.
    pub transfers: bool,
}

impl Default for Plan {
    /// Everything that the lab speaks, the newest version first.
    fn default() -> Self {
        let suites = CipherSuite::REGISTERED.iter().copied().filter(|suite| is_dhe(*suite)).map(Suite).collect();
        Self { versions: Version::ALL.into_iter().rev().collect(), suites, server_name: None, transfers: false }
    }
}

/// A part of a plan: the next connection that it wants, if it wants one.
type Stage = fn(&Plan, &[Observation]) -> Option<Step>;

const STAGES: &[Stage] =
    &[survey::next, others::next, zeros::next, public_values::next, sessions::next, policies::next, transfers::next];

impl Plan {
    /// The next connection, after these.
    pub fn next(&self, seen: &[Observation]) -> Option<Step> {
        let mut step = STAGES.iter().find_map(|stage| stage(self, seen))?;
        // Some groups have a leading zero byte in every Z, which is to be no hindrance in what is not about it.
        let form = step.asked().filter(|_| !step.purpose.is_about_z()).and_then(|cell| settled(seen, cell));
        if let Some(form) = form {
            step = step.with_premaster(form);
        }
        step.client.own.server_name.clone_from(&self.server_name);
        Some(step)
    }

    /// How many connections there can be at most.
    pub fn most_connections(&self) -> usize {
        let suites: usize = self.versions.iter().map(|version| self.suites_of(*version).len()).sum();
        let versions = self.versions.len();
        suites * (survey::MOST_FOR_A_SUITE + zeros::MOST_FOR_A_SUITE)
            + versions * (survey::MOST_FOR_A_VERSION + others::MOST_FOR_A_VERSION + zeros::MOST_FOR_A_VERSION)
            + public_values::MOST
            + sessions::MOST
            + policies::MOST
            + if self.transfers { transfers::MOST } else { 0 }
    }

    /// The suites that can be asked for in a version.
    pub(super) fn suites_of(&self, version: Version) -> Vec<CipherSuite> {
        let fits = |suite: &CipherSuite| {
            suite::params(*suite).is_some_and(|params| params.min_version() <= version.wire() && is_dhe(*suite))
        };
        self.suites.iter().map(|suite| suite.0).filter(fits).collect()
    }
}

/// Whether a suite is one of finite-field Diffie-Hellman.
pub(super) fn is_dhe(suite: CipherSuite) -> bool {
    suite::params(suite).is_some_and(|params| params.key_exchange == KeyExchange::Dhe)
}

/// The cells of finite-field Diffie-Hellman in which a handshake came to its end, in the order in which they were seen.
pub(super) fn cells(seen: &[Observation]) -> Vec<Cell> {
    distinct(seen.iter().filter(|seen| seen.purpose.is_about_z() && seen.established))
}

/// The cells of these connections.
fn distinct<'a>(seen: impl Iterator<Item = &'a Observation>) -> Vec<Cell> {
    let mut cells = Vec::new();
    for cell in seen.filter_map(Observation::cell) {
        if !cells.contains(&cell) {
            cells.push(cell);
        }
    }
    cells
}

/// The cells for what is not about Diffie-Hellman: those of another key exchange will do where there are no others.
fn any_cells(seen: &[Observation]) -> Vec<Cell> {
    let cells = cells(seen);
    let others = seen.iter().filter(|seen| seen.purpose == Purpose::OtherKeyExchange && seen.established);
    if cells.is_empty() { distinct(others) } else { cells }
}

/// The first of them whose server has a certificate, or else the first: an anonymous server may not ask for the client's.
fn authenticated(seen: &[Observation]) -> Option<Cell> {
    let cells = any_cells(seen);
    let has_certificate = |cell: &&Cell| suite::params(cell.suite).is_some_and(|params| params.has_certificate());
    cells.iter().find(has_certificate).or(cells.first()).copied()
}

/// The connection that was made for this in this cell. What matters is what was asked: what the server made of it is for
/// the findings to judge.
fn asked(seen: &[Observation], purpose: Purpose, cell: Cell) -> Option<&Observation> {
    seen.iter().find(|seen| seen.purpose == purpose && seen.asked == Some(cell))
}
