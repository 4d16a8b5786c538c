//! Leading zero bytes of Z: one connection for each cell whose Z has one, and its control is the survey's.

use tlslab_proto::behaviour::values::PremasterZeros;

use super::{Plan, asked, cells, distinct};
use crate::probe::observation::Observation;
use crate::probe::step::{Cell, Purpose, Share, Step};

pub(super) const MOST_FOR_A_SUITE: usize = 4;
pub(super) const MOST_FOR_A_VERSION: usize = 4;

/// A second zero byte takes some 2^17 modular products: with longer primes, minutes.
const MOST_BITS_FOR_TWO_ZEROS: usize = 3072;

const ONE_ZERO: Share = Share::Secret { zeros: 1, top_bit: Some(false) };
const TWO_ZEROS: Share = Share::Secret { zeros: 2, top_bit: Some(false) };
const SIGN_BYTE: Share = Share::Secret { zeros: 1, top_bit: Some(true) };

pub(super) fn next(_: &Plan, seen: &[Observation]) -> Option<Step> {
    let cells = cells(seen);
    let first = |cells: &[Cell]| cells.iter().find_map(|cell| first_zero(*cell, seen));
    first(&cells).or_else(|| first(&in_question(seen))).or_else(|| firsts(&cells).find_map(|cell| more(cell, seen)))
}

/// The cells in which no handshake came to its end, and Z had a zero byte all the same, since the group has no others: what
/// the server makes of it may be why.
fn in_question(seen: &[Observation]) -> Vec<Cell> {
    let has_zeros = |seen: &Observation| seen.exchange.as_ref().is_some_and(|exchange| exchange.zeros > 0);
    let failed = |seen: &&Observation| seen.purpose == Purpose::Survey && !seen.established && !seen.late;
    distinct(seen.iter().filter(failed).filter(|seen| has_zeros(seen)))
}

/// One zero byte, stripped; where that fails, the same kept.
fn first_zero(cell: Cell, seen: &[Observation]) -> Option<Step> {
    match asked(seen, Purpose::LeadingZero, cell) {
        None => Some(Step::in_cell(Purpose::LeadingZero, cell).with_share(ONE_ZERO)),
        Some(first) if !first.established && asked(seen, Purpose::KeptZero, cell).is_none() => Some(kept(cell)),
        Some(_) => None,
    }
}

/// One zero byte, kept.
pub(super) fn kept(cell: Cell) -> Step {
    Step::in_cell(Purpose::KeptZero, cell).with_share(ONE_ZERO).with_premaster(PremasterZeros::Keep)
}

/// Two zero bytes and a sign byte, where one zero byte went well.
fn more(cell: Cell, seen: &[Observation]) -> Option<Step> {
    let first = asked(seen, Purpose::LeadingZero, cell).filter(|first| first.established)?;
    // Where one zero byte could not be had, two cannot.
    let bits = first.exchange.as_ref().filter(|exchange| exchange.zeros == 1)?.group.bits();
    let wanted = [(Purpose::SignByte, SIGN_BYTE), (Purpose::TwoZeros, TWO_ZEROS)];
    let (purpose, share) = wanted.into_iter().find(|(purpose, _)| {
        asked(seen, *purpose, cell).is_none() && (*purpose == Purpose::SignByte || bits <= MOST_BITS_FOR_TWO_ZEROS)
    })?;
    Some(Step::in_cell(purpose, cell).with_share(share))
}

/// The first cell of each version, with EMS and without.
fn firsts(cells: &[Cell]) -> impl Iterator<Item = Cell> {
    let is_first = |(at, cell): &(usize, &Cell)| {
        !cells[..*at].iter().any(|earlier| (earlier.version, earlier.ems) == (cell.version, cell.ems))
    };
    cells.iter().enumerate().filter(is_first).map(|(_, cell)| *cell)
}
