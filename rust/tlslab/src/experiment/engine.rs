//! The exchanges of many trials at once: the endpoints' exponents, drawn where the endpoints draw them, and what the
//! batch engine makes of them.

use std::ops::Range;

use rayon::prelude::*;
use tlslab_dh::batch::{Engine as Batch, ExchangeZeros, Exchanges, Exponents, PowerTable};
use tlslab_dh::{Group, Kernel};
use tlslab_proto::behaviour::SharedKnobs;
use tlslab_proto::crypto::Side;
use tlslab_proto::crypto::draws::Draws;
use tlslab_proto::endpoint::{drawn_exponent, exponent_bits};

use super::{Experiment, ExperimentError};

/// Trials that a thread computes at once.
const CHUNK: usize = 256;

/// Smaller groups have exponents that endpoints draw again, and nothing to gain.
const MIN_GROUP_BITS: usize = 256;

/// The Diffie-Hellman of an experiment's trials, in batches.
pub(super) struct Engine {
    table: PowerTable,
    client: SharedKnobs,
    server: SharedKnobs,
    /// Whether the zeros of public values are counted too.
    publics: bool,
}

/// Which trials' exchanges are meant: some indices of a seed, in one connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Exchange {
    pub(super) seed: u64,
    pub(super) connection: u16,
}

impl Engine {
    /// The engine of an experiment whose endpoints use `group`, or `None` for a group that is too small to be worth it.
    pub(super) fn new(
        experiment: &Experiment,
        group: &Group,
        kernel: Kernel,
        budget: usize,
    ) -> Result<Option<Self>, ExperimentError> {
        if group.bits() < MIN_GROUP_BITS {
            return Ok(None);
        }
        let (client, server) = (&experiment.client.shared, &experiment.server.shared);
        let each = [exponent_bits(client, group), exponent_bits(server, group)];
        // Products are reduced modulo the order where they would be longer than it.
        let longest = each[0].max(each[1]);
        let bits = if each[0] + each[1] > group.bits() { longest.max(group.bits()) } else { each[0] + each[1] };
        let table = PowerTable::new(&Batch::new(group, kernel)?, bits, budget)?;
        let publics = experiment.looks_at_public_values();
        Ok(Some(Self { table, client: client.clone(), server: server.clone(), publics }))
    }

    /// The group.
    pub(super) fn group(&self) -> &Group {
        self.table.engine().group()
    }

    /// The kernel that the engine works with.
    pub(super) fn kernel(&self) -> Kernel {
        self.table.engine().kernel()
    }

    /// The leading zero bytes of the exchanges of trials.
    pub(super) fn zeros(&self, exchange: Exchange, indices: &[u64]) -> Result<Vec<ExchangeZeros>, ExperimentError> {
        let chunks: Vec<Vec<ExchangeZeros>> = indices
            .par_chunks(CHUNK)
            .map(|chunk| {
                let mut zeros = vec![ExchangeZeros::default(); chunk.len()];
                let (x, y) = self.exponents(exchange, chunk);
                let (x, y) = (Exponents::new(&x.bytes, x.len)?, Exponents::new(&y.bytes, y.len)?);
                if self.publics {
                    self.table.exchange_zeros(&x, &y, &mut zeros)?;
                } else {
                    let mut secrets = vec![0; chunk.len()];
                    self.table.secret_zeros(&x, &y, &mut secrets)?;
                    for (zeros, z) in zeros.iter_mut().zip(secrets) {
                        zeros.z = z;
                    }
                }
                Ok(zeros)
            })
            .collect::<Result<_, ExperimentError>>()?;
        Ok(chunks.concat())
    }

    /// The exchanges of trials in full: the client's exponents and the server's, and X, Y and Z of each.
    pub(super) fn exchanges(
        &self,
        exchange: Exchange,
        indices: &[u64],
    ) -> Result<(Packed, Packed, Exchanges), ExperimentError> {
        let (x, y) = self.exponents(exchange, indices);
        let mut exchanges = Exchanges::new();
        exchanges.fill(&self.table, &Exponents::new(&x.bytes, x.len)?, &Exponents::new(&y.bytes, y.len)?)?;
        Ok((x, y, exchanges))
    }

    fn exponents(&self, exchange: Exchange, indices: &[u64]) -> (Packed, Packed) {
        let packed = |knobs, side| {
            let mut packed = Packed { bytes: Vec::new(), len: 0 };
            for index in indices {
                let draws = Draws::new(exchange.seed, *index);
                let exponent = drawn_exponent(knobs, self.table.engine().group(), draws, exchange.connection, side, 0);
                packed.len = exponent.len();
                packed.bytes.extend(exponent);
            }
            packed
        };
        (packed(&self.client, Side::Client), packed(&self.server, Side::Server))
    }
}

/// Exponents of one length, back to back.
pub(super) struct Packed {
    bytes: Vec<u8>,
    len: usize,
}

impl Packed {
    /// The exponent of the trial at `position`.
    pub(super) fn get(&self, position: usize) -> &[u8] {
        let range: Range<usize> = position * self.len..(position + 1) * self.len;
        &self.bytes[range]
    }
}
