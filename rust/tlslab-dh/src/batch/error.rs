//! What can be wrong with a batch; all of it is found before any work starts.

use crate::kernel::KernelError;

/// Why a batch is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BatchError {
    /// The kernel is not for this CPU.
    #[error(transparent)]
    Kernel(#[from] KernelError),
    /// No table is small enough.
    #[error(
        "a memory budget of {budget} bytes is too small: the smallest table for exponents of {exponent_bits} bits \
         modulo {modulus_bits} bits takes {minimum}"
    )]
    BudgetTooSmall {
        /// The budget, in bytes.
        budget: usize,
        /// The least that works, in bytes.
        minimum: usize,
        /// The exponents' length in bits.
        exponent_bits: usize,
        /// The modulus' length in bits.
        modulus_bits: usize,
    },
    /// A table for exponents of no bits.
    #[error("a table for exponents of 0 bits was asked for: the least is 1")]
    NoExponentBits,
    /// Exponents of no bytes, or a buffer that does not end with an exponent.
    #[error("{bytes} bytes are no whole number of exponents of {len} bytes")]
    RaggedExponents {
        /// The buffer's length in bytes.
        bytes: usize,
        /// An exponent's length in bytes.
        len: usize,
    },
    /// An exponent is zero.
    #[error("exponent {index} of {count} is zero: the least is 1")]
    ZeroExponent {
        /// Which it is, from 0.
        index: usize,
        /// How many there are.
        count: usize,
    },
    /// An exponent (or a product of two, where it cannot be reduced) is longer than the table.
    #[error("an exponent of {bits} bits is too long for a table for {capacity} bits")]
    ExponentTooLong {
        /// The exponent's length in bits.
        bits: usize,
        /// The table's, in bits.
        capacity: usize,
    },
    /// Two lists that belong together differ in length.
    #[error("{x} exponents x were given, and {y} exponents y")]
    UnequalCounts {
        /// How many there are of the first.
        x: usize,
        /// How many there are of the second.
        y: usize,
    },
    /// Exchanges by the powers of another base than g.
    #[error("exchanges need the table of g, and this is the table of another base")]
    OtherBase,
    /// Rows and columns of two engines.
    #[error("rows and columns of one tile are made by one engine, and these are of two")]
    OtherEngine,
    /// The place for the results does not have their length.
    #[error("the results need a place of {needed}: {given} was given")]
    WrongOutputLength {
        /// The length that is needed.
        needed: usize,
        /// The length that was given.
        given: usize,
    },
    /// A census in a group of which the order of g is unknown.
    #[error("a census needs the order of g, which is unknown: p is no safe prime")]
    UnknownOrder,
}
