//! What a vector kernel provides: a few operations on a vector of independent 64-bit lanes.

/// A set of vector instructions, and the proof that this CPU has them: a value exists only where it does.
///
/// A *block* is one digit of each lane, as it lies in memory. Digits have [`Lanes::RADIX_BITS`] bits; sums of products
/// may fill the 64 bits of their lane. All methods are inlined into an entry that enables the instructions.
pub(crate) trait Lanes: Copy {
    /// One 64-bit number in each lane.
    type Vector: Copy;
    /// A vector in memory.
    type Block;
    /// Bits in a digit.
    const RADIX_BITS: u32;

    /// The words of a batch as blocks.
    fn blocks(words: &[u64]) -> &[Self::Block];
    /// The words of a batch as blocks, to be written.
    fn blocks_mut(words: &mut [u64]) -> &mut [Self::Block];

    /// Zero in each lane.
    fn zero(self) -> Self::Vector;
    /// The same word in each lane.
    fn splat(self, word: u64) -> Self::Vector;
    /// Reads a block.
    fn load(self, block: &Self::Block) -> Self::Vector;
    /// Writes a block.
    fn store(self, vector: Self::Vector, block: &mut Self::Block);

    /// `a + b`, modulo 2^64.
    fn add(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// The low [`Lanes::RADIX_BITS`] bits of a sum: its digit.
    fn digit(self, sum: Self::Vector) -> Self::Vector;
    /// What a sum carries to the next digit.
    fn carry(self, sum: Self::Vector) -> Self::Vector;
    /// The digit of `sum * by`, of which only the digits count.
    fn digit_of_product(self, sum: Self::Vector, by: Self::Vector) -> Self::Vector;

    /// `sum` plus the part of the product of two digits that belongs to their own place.
    fn add_low(self, sum: Self::Vector, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// `sum` plus the part of the product of two digits that belongs to the next place. Where a lane has room for a
    /// whole product, [`Lanes::add_low`] has added it and this adds nothing.
    fn add_high(self, sum: Self::Vector, a: Self::Vector, b: Self::Vector) -> Self::Vector;

    /// `sum` plus the product of two digits, divided by the radix and rounded down.
    fn add_quotient(self, sum: Self::Vector, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// Whether any lane is outside `low` to `high`; all are below 2^63.
    fn any_outside(self, vector: Self::Vector, low: Self::Vector, high: Self::Vector) -> bool;
}
