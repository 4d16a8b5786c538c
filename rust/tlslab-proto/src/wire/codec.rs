//! The presentation language (RFC 5246 4): big-endian numbers, variable-length vectors, and a reader that cannot
//! overrun.

use std::ops::RangeInclusive;

use super::bytes::Bytes;
use super::error::{DecodeError, EncodeError};

/// A value that can be written to the wire.
pub trait Encode {
    /// Appends the encoding to `out`. On an error `out` holds a part of it.
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError>;

    /// The encoding alone.
    fn to_bytes(&self) -> Result<Vec<u8>, EncodeError> {
        let mut out = Vec::new();
        self.encode(&mut out)?;
        Ok(out)
    }
}

/// A value whose bytes explain themselves, without knowing what was negotiated.
pub trait Decode: Sized {
    /// What the value is called in errors.
    const NAME: &'static str;

    /// Reads one value off the front of `r`.
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError>;

    /// Reads the one value that `bytes` holds, and refuses bytes after it.
    fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        Reader::new(bytes).all(Self::NAME, Self::decode)
    }
}

/// A big-endian number of fixed size.
pub trait Number: Copy {
    /// Bytes on the wire, 4 at most.
    const SIZE: usize;

    /// The value whose big-endian bytes, `SIZE` of them, read `number`.
    fn from_number(number: u32) -> Self;

    /// The value as a number, less than 2^(8 * `SIZE`).
    fn to_number(self) -> u32;

    /// Appends the number to `out`.
    fn put(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_number().to_be_bytes()[4 - Self::SIZE..]);
    }
}

macro_rules! numbers {
    ($($int:ty)*) => { $(
        impl Number for $int {
            const SIZE: usize = size_of::<Self>();
            fn from_number(number: u32) -> Self {
                number as Self
            }
            fn to_number(self) -> u32 {
                self.into()
            }
        }
    )* };
}
numbers!(u8 u16 u32);

/// A cursor over bytes. Every read names its field, and fails rather than overruns.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// A reader at the front of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Whether everything has been read.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next `n` bytes.
    pub fn take(&mut self, n: usize, field: &'static str) -> Result<&'a [u8], DecodeError> {
        let missing = DecodeError::Missing { field, needed: n, had: self.rest.len() };
        let (taken, rest) = self.rest.split_at_checked(n).ok_or(missing)?;
        self.rest = rest;
        Ok(taken)
    }

    /// The next `N` bytes, by value.
    pub fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], DecodeError> {
        let missing = DecodeError::Missing { field, needed: N, had: self.rest.len() };
        let (taken, rest) = self.rest.split_first_chunk().ok_or(missing)?;
        self.rest = rest;
        Ok(*taken)
    }

    /// The next number.
    pub fn number<N: Number>(&mut self, field: &'static str) -> Result<N, DecodeError> {
        Ok(N::from_number(self.big_endian(N::SIZE, field)?))
    }

    /// The next `size` bytes, 4 at most, as a number.
    fn big_endian(&mut self, size: usize, field: &'static str) -> Result<u32, DecodeError> {
        Ok(self.take(size, field)?.iter().fold(0, |number, byte| number << 8 | u32::from(*byte)))
    }

    /// Everything that is left.
    pub fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.rest)
    }

    /// Values until the end. `item` must read at least a byte.
    pub fn list<T>(mut self, mut item: impl FnMut(&mut Self) -> Result<T, DecodeError>) -> Result<Vec<T>, DecodeError> {
        let mut items = Vec::new();
        while !self.is_empty() {
            items.push(item(&mut self)?);
        }
        Ok(items)
    }

    /// The one value called `what` that reaches to the end.
    pub fn all<T>(
        mut self,
        what: &'static str,
        value: impl FnOnce(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<T, DecodeError> {
        let value = value(&mut self)?;
        self.finish(what)?;
        Ok(value)
    }

    /// Refuses bytes after the end of `what`.
    pub fn finish(&self, what: &'static str) -> Result<(), DecodeError> {
        match self.rest.len() {
            0 => Ok(()),
            extra => Err(DecodeError::Trailing { what, extra }),
        }
    }
}

/// A variable-length vector, declared as the RFCs do: `T field<floor..ceiling>` (RFC 5246 4.3).
///
/// The ceiling says how many bytes the length prefix takes. Reading enforces floor and ceiling; writing, only what
/// the prefix can say.
#[derive(Debug)]
pub struct Vector {
    field: &'static str,
    bytes: RangeInclusive<usize>,
}

impl Vector {
    /// Declares `field`, such as `ClientHello.session_id`, to be `bytes` long.
    pub const fn new(field: &'static str, bytes: RangeInclusive<usize>) -> Self {
        Self { field, bytes }
    }

    /// Bytes of the length prefix.
    const fn prefix(&self) -> usize {
        match *self.bytes.end() {
            0..=0xff => 1,
            0x100..=0xffff => 2,
            _ => 3,
        }
    }

    /// A reader of the vector's contents.
    pub fn read<'a>(&self, r: &mut Reader<'a>) -> Result<Reader<'a>, DecodeError> {
        let got = r.big_endian(self.prefix(), self.field)? as usize;
        if !self.bytes.contains(&got) {
            let (min, max) = (*self.bytes.start(), *self.bytes.end());
            return Err(DecodeError::BadLength { field: self.field, got, min, max });
        }
        Ok(Reader::new(r.take(got, self.field)?))
    }

    /// The contents of an opaque vector.
    pub fn read_bytes(&self, r: &mut Reader<'_>) -> Result<Bytes, DecodeError> {
        Ok(self.read(r)?.rest().into())
    }

    /// The numbers of a vector of numbers.
    pub fn read_numbers<N: Number>(&self, r: &mut Reader<'_>) -> Result<Vec<N>, DecodeError> {
        let contents = self.read(r)?;
        let got = contents.rest.len();
        if !got.is_multiple_of(N::SIZE) {
            return Err(DecodeError::NotMultiple { field: self.field, got, of: N::SIZE });
        }
        contents.list(|r| r.number(self.field))
    }

    /// Writes the length prefix, and the contents by `contents`.
    pub fn write(
        &self,
        out: &mut Vec<u8>,
        contents: impl FnOnce(&mut Vec<u8>) -> Result<(), EncodeError>,
    ) -> Result<(), EncodeError> {
        let prefix = self.prefix();
        let start = out.len() + prefix;
        out.resize(start, 0);
        contents(out)?;
        let (got, max) = (out.len() - start, (1 << (8 * prefix)) - 1);
        if got > max {
            return Err(EncodeError { field: self.field, got, max });
        }
        out[start - prefix..start].copy_from_slice(&(got as u32).to_be_bytes()[4 - prefix..]);
        Ok(())
    }

    /// Writes an opaque vector.
    pub fn write_bytes(&self, out: &mut Vec<u8>, bytes: &[u8]) -> Result<(), EncodeError> {
        self.write(out, |out| {
            out.extend_from_slice(bytes);
            Ok(())
        })
    }

    /// Writes a vector of numbers.
    pub fn write_numbers<N: Number>(&self, out: &mut Vec<u8>, numbers: &[N]) -> Result<(), EncodeError> {
        self.write(out, |out| {
            numbers.iter().for_each(|number| number.put(out));
            Ok(())
        })
    }

    /// Writes a vector of other values, each by `item`.
    pub fn write_list<T>(
        &self,
        out: &mut Vec<u8>,
        items: &[T],
        mut item: impl FnMut(&T, &mut Vec<u8>) -> Result<(), EncodeError>,
    ) -> Result<(), EncodeError> {
        self.write(out, |out| items.iter().try_for_each(|value| item(value, out)))
    }
}
