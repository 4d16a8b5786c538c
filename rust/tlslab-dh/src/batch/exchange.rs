//! Whole exchanges: X, Y and Z of two exponents that are both known.

use super::table::check_output;
use super::{BatchError, Exponents, PowerTable};
use crate::limbs;

/// The public values and secrets of a number of exchanges; its memory is used again by the next [`Exchanges::fill`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exchanges {
    len: usize,
    x: Vec<u8>,
    y: Vec<u8>,
    z: Vec<u8>,
}

/// How many leading bytes of an exchange's values are zero.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct ExchangeZeros {
    /// Of the public value X = g^x.
    pub x: u16,
    /// Of the public value Y = g^y.
    pub y: u16,
    /// Of the secret Z = g^(xy).
    pub z: u16,
}

impl Exchanges {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Computes the exchanges of exponents x and y, pair by pair, in place of what was here.
    ///
    /// # Errors
    /// Those of [`PowerTable::secret_exponents`].
    pub fn fill(&mut self, table: &PowerTable, x: &Exponents<'_>, y: &Exponents<'_>) -> Result<(), BatchError> {
        let xy = table.secret_exponents(x, y)?;
        table.check(x)?;
        table.check(y)?;
        self.len = table.engine().group().len();
        for (exponents, out) in [(x, &mut self.x), (y, &mut self.y), (&xy, &mut self.z)] {
            out.resize(exponents.count() * self.len, 0);
            table.powers(exponents, out)?;
        }
        Ok(())
    }

    /// Of each exchange in turn X, Y and Z: big-endian, padded to the group's length.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = [&[u8]; 3]> {
        (0..self.count()).map(|index| {
            let value = index * self.len..(index + 1) * self.len;
            [&self.x[value.clone()], &self.y[value.clone()], &self.z[value]]
        })
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.x.len().checked_div(self.len).unwrap_or(0)
    }
}

impl PowerTable {
    /// The products `x y`, pair by pair: the exponents of the secrets. Where a product may be longer than the table,
    /// all are reduced modulo the order of g, if that is known and not too long; then one may be 0.
    ///
    /// # Errors
    /// [`BatchError::UnequalCounts`], [`BatchError::OtherBase`], [`BatchError::ExponentTooLong`].
    pub fn secret_exponents(&self, x: &Exponents<'_>, y: &Exponents<'_>) -> Result<Exponents<'static>, BatchError> {
        if x.count() != y.count() {
            return Err(BatchError::UnequalCounts { x: x.count(), y: y.count() });
        }
        if !self.is_of_generator() {
            return Err(BatchError::OtherBase);
        }
        let (bits, capacity) = (x.bits() + y.bits(), self.exponent_bits());
        let too_long = BatchError::ExponentTooLong { bits, capacity };
        let order = match bits > capacity {
            false => None,
            true => Some(self.engine().order().filter(|order| order.bits() <= capacity).ok_or(too_long)?),
        };
        let len = order.map_or(bits, |order| order.bits()).div_ceil(8).max(1);
        let mut bytes = vec![0; x.count() * len];
        for ((x, y), out) in x.iter().zip(y.iter()).zip(bytes.chunks_exact_mut(len)) {
            let product = limbs::multiply(&limbs::from_be(x), &limbs::from_be(y));
            let exponent = order.map_or_else(|| product.clone(), |order| order.reduce(&product));
            limbs::copy_to_be(&exponent, out);
        }
        Ok(Exponents::computed(bytes, len))
    }

    /// How many leading bytes of each secret are zero; public values are not computed.
    ///
    /// # Errors
    /// Those of [`PowerTable::secret_exponents`], and [`BatchError::WrongOutputLength`].
    pub fn secret_zeros(&self, x: &Exponents<'_>, y: &Exponents<'_>, out: &mut [u16]) -> Result<(), BatchError> {
        check_output(x.count(), out.len())?;
        self.zeros(&self.secret_exponents(x, y)?, out)
    }

    /// How many leading bytes of X, Y and Z are zero, for each exchange.
    ///
    /// # Errors
    /// Those of [`PowerTable::secret_exponents`], and [`BatchError::WrongOutputLength`].
    pub fn exchange_zeros(
        &self,
        x: &Exponents<'_>,
        y: &Exponents<'_>,
        out: &mut [ExchangeZeros],
    ) -> Result<(), BatchError> {
        check_output(x.count(), out.len())?;
        let xy = self.secret_exponents(x, y)?;
        let mut zeros = [vec![0; out.len()], vec![0; out.len()], vec![0; out.len()]];
        for (exponents, zeros) in [x, y, &xy].into_iter().zip(&mut zeros) {
            self.zeros(exponents, zeros)?;
        }
        for (index, out) in out.iter_mut().enumerate() {
            *out = ExchangeZeros { x: zeros[0][index], y: zeros[1][index], z: zeros[2][index] };
        }
        Ok(())
    }
}
