//! A client that takes no group but those it knows: its Z has a leading zero byte by chance alone. The lab knows Z, so it
//! sees which connections tell, and a sequential test says when they are enough (Wald 1945).

use serde::{Deserialize, Serialize};

use super::heard::Heard;
use super::turn::{Aim, Turn};
use crate::probe::plan::is_dhe;
use crate::probe::step::Cell;

/// The error rates of the test.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ErrorRates {
    /// The chance at most that a client that strips zeros is said to keep them.
    pub false_alarm: f64,
    /// The chance at most that a client that keeps them is said to strip.
    pub miss: f64,
    /// The share of connections at most that end otherwise than leading zeros have them end.
    pub noise: f64,
}

impl Default for ErrorRates {
    /// One in a thousand each, with which one connection that tells decides.
    fn default() -> Self {
        Self { false_alarm: 1e-3, miss: 1e-3, noise: 1e-3 }
    }
}

/// What the test says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// The zeros are kept.
    Keep,
    /// They are stripped.
    Strip,
    /// It takes more connections.
    Open,
}

impl ErrorRates {
    /// The decision after so many connections with a leading zero byte that failed, and so many that did not.
    pub fn decide(&self, failed: u32, established: u32) -> Decision {
        let step = ((1.0 - self.noise) / self.noise).ln();
        let ratio = step * (f64::from(failed) - f64::from(established));
        // The margin is for rounding: with equal rates the bound is the step itself.
        if ratio > ((1.0 - self.miss) / self.false_alarm).ln() - 1e-9 {
            Decision::Keep
        } else if ratio < (self.miss / (1.0 - self.false_alarm)).ln() + 1e-9 {
            Decision::Strip
        } else {
            Decision::Open
        }
    }

    /// How many connections with a leading zero byte it takes at least, nothing else going wrong.
    pub fn least(&self) -> u32 {
        (1..)
            .find(|told| self.decide(0, *told) != Decision::Open && self.decide(*told, 0) != Decision::Open)
            .unwrap_or(1)
    }

    /// How many connections it takes on average, each having a leading zero byte with such a chance.
    pub fn expected(&self, chance: f64) -> f64 {
        f64::from(self.least()) / chance
    }

    /// The next connection of the test for a client that has refused the boundary group, in the first cell without EMS, and
    /// then in the first with it; `None` once both are decided.
    pub(super) fn next(&self, seen: &[Heard]) -> Option<Turn> {
        let boundary = [Aim::BoundaryGroup, Aim::BoundaryGroupLongValue];
        if seen.iter().any(|seen| boundary.contains(&seen.aim) && seen.exchange.is_some()) {
            return None;
        }
        let controls = seen.iter().filter(|seen| seen.aim == Aim::Control && seen.established);
        let cells: Vec<_> = controls.filter_map(|seen| seen.chosen).filter(|cell| is_dhe(cell.suite)).collect();
        let firsts = [false, true].into_iter().filter_map(|ems| cells.iter().copied().find(|cell| cell.ems == ems));
        let is_open = |cell: &Cell| {
            let (failed, established) = told(seen, *cell);
            self.decide(failed, established) == Decision::Open
        };
        firsts.into_iter().find(is_open).map(|cell| Turn::in_cell(Aim::ByChance, cell))
    }
}

/// How many connections with a leading zero byte failed in a cell, and how many did not.
fn told(seen: &[Heard], cell: Cell) -> (u32, u32) {
    let tells = |seen: &&Heard| {
        matches!(seen.aim, Aim::Control | Aim::ByChance)
            && seen.chosen == Some(cell)
            && !seen.late
            && seen.exchange.as_ref().is_some_and(|exchange| exchange.zeros > 0)
    };
    seen.iter().filter(tells).fold((0, 0), |(failed, established), seen| match seen.established {
        true => (failed, established + 1),
        false => (failed + 1, established),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_connection_decides_where_noise_is_as_rare_as_errors_may_be() {
        let rates = ErrorRates::default();
        assert_eq!(
            (rates.decide(1, 0), rates.decide(0, 1), rates.decide(0, 0)),
            (Decision::Keep, Decision::Strip, Decision::Open)
        );
        assert_eq!(rates.least(), 1);
        assert!((rates.expected(1.0 / 256.0) - 256.0).abs() < 1e-6);
    }

    #[test]
    fn more_noise_takes_more_connections() {
        let rates = ErrorRates { noise: 0.05, ..ErrorRates::default() };
        assert_eq!(rates.least(), 3);
        assert_eq!((rates.decide(2, 0), rates.decide(3, 0)), (Decision::Open, Decision::Keep));
        assert_eq!((rates.decide(3, 1), rates.decide(1, 4)), (Decision::Open, Decision::Strip));
    }
}
