//! The exchanges of many trials at once: the endpoints' exponents, drawn where the endpoints draw them, and what the
//! batch engine makes of them.

use rayon::prelude::*;
use tlslab_dh::batch::{Engine as Batch, ExchangeZeros, Exchanges, Exponents, PowerTable};
use tlslab_dh::{Group, Kernel};
use tlslab_proto::behaviour::SharedKnobs;
use tlslab_proto::crypto::Side;
use tlslab_proto::crypto::draws::Draws;
use tlslab_proto::endpoint::{drawn_exponent, exponent_bits};

use super::source::{Exchanged, Source};
use super::{Experiment, ExperimentError};

/// Trials that a thread computes at once.
const CHUNK: usize = 256;

/// The Diffie-Hellman of an experiment's trials, in batches.
pub(super) struct Engine {
    seed: u64,
    table: PowerTable,
    client: SharedKnobs,
    server: SharedKnobs,
    /// Whether the zeros of public values are counted too.
    publics: bool,
}

impl Engine {
    /// The engine of an experiment whose endpoints use `group`, and draw each exponent once.
    pub(super) fn new(
        experiment: &Experiment,
        seed: u64,
        group: &Group,
        kernel: Kernel,
        budget: usize,
    ) -> Result<Self, ExperimentError> {
        let (client, server) = (&experiment.client.shared, &experiment.server.shared);
        let each = [exponent_bits(client, group), exponent_bits(server, group)];
        // Products that would be longer than the order are reduced modulo it, where it is known.
        let [longest, product] = [each[0].max(each[1]), each[0] + each[1]];
        let reduces = product > group.bits() && group.order().is_some();
        let bits = if reduces { longest.max(group.bits()) } else { product };
        let table = PowerTable::new(&Batch::new(group, kernel)?, bits, budget)?;
        let publics = experiment.looks_at_public_values();
        Ok(Self { seed, table, client: client.clone(), server: server.clone(), publics })
    }

    fn drawn(&self, connection: u16, side: Side, index: u64) -> Vec<u8> {
        let knobs = match side {
            Side::Client => &self.client,
            Side::Server => &self.server,
        };
        drawn_exponent(knobs, self.group(), Draws::new(self.seed, index), connection, side, 0)
    }

    /// The exponents of one side, all of one length.
    fn packed(&self, connection: u16, side: Side, indices: &[u64]) -> Packed {
        let mut packed = Packed { bytes: Vec::new(), len: 0 };
        for index in indices {
            let exponent = self.drawn(connection, side, *index);
            packed.len = exponent.len();
            packed.bytes.extend(exponent);
        }
        packed
    }

    fn zeros_of_chunk(&self, connection: u16, indices: &[u64]) -> Result<Vec<ExchangeZeros>, ExperimentError> {
        let [x, y] = [Side::Client, Side::Server].map(|side| self.packed(connection, side, indices));
        let (x, y) = (x.exponents()?, y.exponents()?);
        let mut zeros = vec![ExchangeZeros::default(); indices.len()];
        if self.publics {
            self.table.exchange_zeros(&x, &y, &mut zeros)?;
        } else {
            let mut secrets = vec![0; indices.len()];
            self.table.secret_zeros(&x, &y, &mut secrets)?;
            for (zeros, z) in zeros.iter_mut().zip(secrets) {
                zeros.z = z;
            }
        }
        Ok(zeros)
    }
}

impl Source for Engine {
    fn group(&self) -> &Group {
        self.table.engine().group()
    }

    fn kernel(&self) -> Kernel {
        self.table.engine().kernel()
    }

    fn table_bytes(&self) -> usize {
        self.table.bytes()
    }

    fn publics(&self) -> [bool; 2] {
        [self.publics; 2]
    }

    fn dictates(&self) -> bool {
        false
    }

    fn exponents(&self, connection: u16, index: u64) -> [Vec<u8>; 2] {
        [Side::Client, Side::Server].map(|side| self.drawn(connection, side, index))
    }

    fn zeros(&self, connection: u16, indices: &[u64]) -> Result<Vec<ExchangeZeros>, ExperimentError> {
        let chunks = indices.par_chunks(CHUNK).map(|chunk| self.zeros_of_chunk(connection, chunk));
        Ok(chunks.collect::<Result<Vec<_>, _>>()?.concat())
    }

    fn exchanges(&self, connection: u16, indices: &[u64]) -> Result<Vec<Exchanged>, ExperimentError> {
        let [x, y] = [Side::Client, Side::Server].map(|side| self.packed(connection, side, indices));
        let mut exchanges = Exchanges::new();
        exchanges.fill(&self.table, &x.exponents()?, &y.exponents()?)?;
        let exponents = (0..indices.len()).map(|position| [x.get(position), y.get(position)]);
        let to_vec = |bytes: &[u8]| bytes.to_vec();
        let exchanged = |(exponents, values): ([&[u8]; 2], [&[u8]; 3])| Exchanged {
            exponents: exponents.map(to_vec),
            values: values.map(to_vec),
        };
        Ok(exponents.zip(exchanges.iter()).map(exchanged).collect())
    }
}

/// Exponents of one length, back to back.
struct Packed {
    bytes: Vec<u8>,
    len: usize,
}

impl Packed {
    fn exponents(&self) -> Result<Exponents<'_>, ExperimentError> {
        Ok(Exponents::new(&self.bytes, self.len)?)
    }

    fn get(&self, position: usize) -> &[u8] {
        &self.bytes[position * self.len..(position + 1) * self.len]
    }
}
