//! Which connections a probe of a client waits for: a function of what was seen so far, as that of a server is.

use tlslab_proto::behaviour::values::{IntegerEncoding, PremasterZeros, RequestCertificate, Version};
use tlslab_proto::wire::registry::CipherSuite;

use super::heard::Heard;
use super::turn::{Aim, Turn};
use crate::probe::findings::rules_left;
use crate::probe::plan::{Plan, is_dhe, other_suites_of};
use crate::probe::step::Cell;

/// Connections over the boundary group in one cell, until the byte after the zero has shown its top bit as it takes to tell
/// a signed integer: each does with a chance of one half.
const MOST_FOR_A_SIGN: usize = 32;

/// The next connection, after these.
pub fn next(seen: &[Heard]) -> Option<Turn> {
    let Some(first) = seen.first() else {
        let suites = [Plan::default().suites_of(Version::Tls12), other_suites_of(Version::Tls12)].concat();
        return Some(Turn::new(Aim::Control, &Version::ALL, &suites, true));
    };
    let cells = controls(first);
    cells
        .iter()
        .find_map(|cell| of_a_version(*cell, seen))
        .or_else(|| shares(seen))
        .or_else(|| sessions(seen))
        .or_else(|| policies(seen))
        .or_else(|| other_suites(seen))
}

/// The first suite of each version that the client may speak, with EMS if it offers it, and without: one of finite-field
/// Diffie-Hellman, or where the client offers none, one of another key exchange for the rest that can be asked.
fn controls(first: &Heard) -> Vec<Cell> {
    let versions = Version::ALL.into_iter().rev().filter(|version| version.wire() <= first.hello.version);
    let other = |version| other_suites_of(version).into_iter().find(|suite| first.hello.suites.contains(suite));
    let has_dhe = Version::ALL.into_iter().any(|version| !offered(first, version).is_empty());
    let suite = |version| match has_dhe {
        true => offered(first, version).first().copied(),
        false => other(version),
    };
    let uses: &[bool] = if first.hello.ems { &[true, false] } else { &[false] };
    versions
        .filter_map(|version| Some((version, suite(version)?)))
        .flat_map(|(version, suite)| uses.iter().map(move |ems| Cell { version, suite, ems: *ems }))
        .collect()
}

/// The suites that the client offers and the lab runs, in a version.
fn offered(first: &Heard, version: Version) -> Vec<CipherSuite> {
    let runs = Plan::default().suites_of(version);
    first.hello.suites.iter().copied().filter(|suite| is_dhe(*suite) && runs.contains(suite)).collect()
}

/// A control, and then the boundary group.
fn of_a_version(cell: Cell, seen: &[Heard]) -> Option<Turn> {
    let control = seen.iter().find(|seen| seen.aim == Aim::Control && seen.chosen == Some(cell));
    let Some(control) = control.or_else(|| asked(seen, Aim::Control, cell).next()) else {
        return Some(Turn::in_cell(Aim::Control, cell));
    };
    (control.established && is_dhe(cell.suite)).then(|| boundary(cell, seen))?
}

/// Connections over the boundary group; where those cannot be explained by what becomes of Z, over the one for clients that
/// do not take short public values.
fn boundary(cell: Cell, seen: &[Heard]) -> Option<Turn> {
    let over = asked(seen, Aim::BoundaryGroup, cell).chain(asked(seen, Aim::KeptZero, cell));
    over_a_boundary(cell, seen, Aim::BoundaryGroup, Aim::KeptZero, Turn::with_boundary_group).or_else(|| {
        let long = Turn::with_boundary_group_for_long_values;
        let next = || over_a_boundary(cell, seen, Aim::BoundaryGroupLongValue, Aim::KeptZeroLongValue, long);
        (!are_explained(over)).then(next)?
    })
}

/// One connection over such a group. Where it fails, another whose server keeps the byte; then others until the byte after the
/// zero has shown its top bit.
fn over_a_boundary(cell: Cell, seen: &[Heard], stripped: Aim, kept: Aim, over: fn(Turn) -> Turn) -> Option<Turn> {
    let again = over(Turn::in_cell(stripped, cell));
    let made: Vec<_> = asked(seen, stripped, cell).collect();
    if made.is_empty() {
        return Some(again);
    }
    let differed = made.iter().any(|seen| seen.exchange.is_some() && !seen.established);
    if differed && asked(seen, kept, cell).next().is_none() {
        return Some(over(Turn::in_cell(kept, cell)).with_premaster(PremasterZeros::Keep));
    }
    let rules = rules(made.iter().copied().chain(asked(seen, kept, cell)))?;
    // As long as none was finished, failures may have quite another reason, which a signed integer would explain by chance.
    let none_finished = !are_explained(made.iter().copied().chain(asked(seen, kept, cell)));
    let or_signed = |rule| rules.contains(&PremasterZeros::SignByte) && (rules.contains(&rule) || none_finished);
    let is_open = [PremasterZeros::Strip, PremasterZeros::StripOne, PremasterZeros::Keep].into_iter().any(or_signed);
    (is_open && made.len() < MOST_FOR_A_SIGN).then_some(again)
}

/// Whether what becomes of Z explains these connections, of which one at least was finished.
fn are_explained<'a>(seen: impl Iterator<Item = &'a Heard>) -> bool {
    let seen: Vec<_> = seen.collect();
    let finished = seen.iter().any(|seen| seen.established && seen.exchange.as_ref().is_some_and(|it| it.zeros > 0));
    finished && rules(seen.into_iter()).is_some_and(|rules| !rules.is_empty())
}

/// What these connections leave open; `None` where none of them came to a key exchange.
fn rules<'a>(seen: impl Iterator<Item = &'a Heard>) -> Option<Vec<PremasterZeros>> {
    let told: Vec<_> = seen.filter(|seen| seen.exchange.is_some() && !seen.late).collect();
    (!told.is_empty()).then(|| rules_left(told))
}

/// Public values of the server that begin with a zero byte.
fn shares(seen: &[Heard]) -> Option<Turn> {
    let cell = established(seen).filter(|cell| is_dhe(cell.suite))?;
    let short = |aim, encoding| Turn::in_cell(aim, cell).with_short_public(encoding);
    unasked(
        seen,
        [
            short(Aim::PaddedPublicValue, IntegerEncoding::Padded),
            short(Aim::MinimalPublicValue, IntegerEncoding::Minimal),
        ],
    )
}

/// What the client does with sessions: with one that has EMS, and with one that has not.
fn sessions(seen: &[Heard]) -> Option<Turn> {
    let cell = established(seen).filter(|cell| cell.ems)?;
    let with = |aim| Turn::in_cell(aim, cell).with_sessions();
    // The client may offer the session that it has, which is not to be resumed here.
    let without = Turn::in_cell(Aim::NewSessionWithoutEms, Cell { ems: false, ..cell }).with_sessions().resuming_none();
    let turns = [with(Aim::NewSession), with(Aim::ResumeWithoutEcho).without_echo(), without, with(Aim::Upgrade)];
    unasked(seen, turns)
}

/// Certificates and renegotiation.
fn policies(seen: &[Heard]) -> Option<Turn> {
    let cell = established(seen)?;
    let turn = |aim| Turn::in_cell(aim, cell);
    let turns = [
        turn(Aim::CertificateRequest).with_request(RequestCertificate::Full),
        turn(Aim::NewSessionForRequest).with_sessions(),
        turn(Aim::AbbreviatedRequest).with_sessions().with_request(RequestCertificate::Always),
        turn(Aim::Renegotiation).renegotiating(true),
        turn(Aim::LegacyRenegotiation).renegotiating(false),
    ];
    unasked(seen, turns)
}

/// The boundary group under every other suite, where it was taken under the first.
fn other_suites(seen: &[Heard]) -> Option<Turn> {
    let first = seen.first()?;
    let over = |cell: Cell| asked(seen, Aim::BoundaryGroup, cell).chain(asked(seen, Aim::KeptZero, cell));
    let took = |cell: &Cell| are_explained(over(*cell));
    controls(first).into_iter().filter(took).find_map(|cell| {
        let others = offered(first, cell.version).into_iter().map(|suite| Cell { suite, ..cell });
        let mut others = others.filter(|other| *other != cell);
        others.find_map(|other| {
            asked(seen, Aim::BoundaryGroup, other)
                .next()
                .is_none()
                .then(|| Turn::in_cell(Aim::BoundaryGroup, other).with_boundary_group())
        })
    })
}

/// The first cell in which a handshake came to its end, one whose server has a certificate if there is one.
fn established(seen: &[Heard]) -> Option<Cell> {
    seen.iter().filter(|seen| seen.aim == Aim::Control && seen.established).find_map(|seen| seen.chosen)
}

/// The first of these that was not asked for.
fn unasked<const N: usize>(seen: &[Heard], turns: [Turn; N]) -> Option<Turn> {
    turns.into_iter().find(|turn| seen.iter().all(|seen| seen.aim != turn.aim))
}

/// The connections that were made for this in this cell.
fn asked(seen: &[Heard], aim: Aim, cell: Cell) -> impl Iterator<Item = &Heard> {
    seen.iter().filter(move |seen| seen.aim == aim && seen.asked == Some(cell))
}
