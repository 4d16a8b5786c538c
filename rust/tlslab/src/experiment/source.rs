//! Where the exchanges of a run's trials come from.

use std::sync::Arc;

use tlslab_dh::batch::ExchangeZeros;
use tlslab_dh::{Group, Kernel};

use super::ExperimentError;
use super::precomputed::Precomputed;
use crate::scenario::connection::Setup;

/// An exchange in full.
#[derive(Debug, Clone)]
pub(super) struct Exchanged {
    /// The client's exponent and the server's.
    pub(super) exponents: [Vec<u8>; 2],
    /// X, Y and Z, in the length of the prime.
    pub(super) values: [Vec<u8>; 3],
}

/// The exchanges of a seed's trials, computed in batches.
pub(super) trait Source: Sync {
    /// The group.
    fn group(&self) -> &Group;

    /// The kernel that the batches are computed with.
    fn kernel(&self) -> Kernel;

    /// What the tables of powers take, in bytes.
    fn table_bytes(&self) -> usize;

    /// Whether the zeros of X, and those of Y, are counted.
    fn publics(&self) -> [bool; 2];

    /// Whether the endpoints are given their exponents, in place of those that they draw.
    fn dictates(&self) -> bool;

    /// The exponents of a trial, the client's and the server's.
    fn exponents(&self, connection: u16, index: u64) -> [Vec<u8>; 2];

    /// The leading zero bytes of trials' exchanges, found as a run finds them.
    fn zeros(&self, connection: u16, indices: &[u64]) -> Result<Vec<ExchangeZeros>, ExperimentError>;

    /// The exchanges of trials in full.
    fn exchanges(&self, connection: u16, indices: &[u64]) -> Result<Vec<Exchanged>, ExperimentError>;
}

/// A setup for one trial's connection: with the exchange that its source tells, sharing nothing with the batches.
pub(super) fn setup_of(setup: &Setup, source: Option<&dyn Source>, connection: u16, index: u64) -> Setup {
    let Some(source) = source else { return setup.clone() };
    singly(setup, source.group(), source.exponents(connection, index), source.dictates())
}

/// A setup whose exchange is computed by powers of single numbers, and Z as a power of the peer's public value.
pub(super) fn singly(setup: &Setup, group: &Group, exponents: [Vec<u8>; 2], dictates: bool) -> Setup {
    let exchanged = Exchanged::singly(group, exponents);
    let precomputed = Precomputed::new(setup.diffie_hellman.clone(), group.clone(), exchanged, dictates);
    Setup { diffie_hellman: Arc::new(precomputed), ..setup.clone() }
}

impl Exchanged {
    /// The exchange of two exponents by powers of single numbers.
    pub(super) fn singly(group: &Group, exponents: [Vec<u8>; 2]) -> Self {
        let [x, y] = exponents.each_ref().map(|exponent| group.pow_g(exponent));
        let z = group.pow(&y, &exponents[0]);
        Self { exponents, values: [x, y, z] }
    }
}
