//! The Diffie-Hellman exponents that endpoints draw. Whoever computes many exchanges at once draws them here too.

use tlslab_dh::Group;

use crate::behaviour::SharedKnobs;
use crate::behaviour::values::{ExponentLength, ExponentReuse, ExponentRule};
use crate::crypto::Side;
use crate::crypto::draws::{Draws, Purpose};

/// How many bits the exponents of a behaviour have in `group`.
pub fn exponent_bits(knobs: &SharedKnobs, group: &Group) -> usize {
    match knobs.exponent_length {
        ExponentLength::Rule(ExponentRule::Short) => group.short_exponent_bits(),
        // 64 bits more than the order make every power of g as likely as any other, to 2^-64.
        ExponentLength::Rule(ExponentRule::Full) => group.bits() + 64,
        ExponentLength::Bits(bits) => usize::from(bits),
    }
}

/// The exponent that `side` draws in a connection of a trial, big endian. `occurrence` is 0 but in a renegotiation, and
/// for tiny groups, where an exponent whose public value no peer may accept is drawn again.
pub fn drawn_exponent(
    knobs: &SharedKnobs,
    group: &Group,
    draws: Draws,
    connection: u16,
    side: Side,
    occurrence: u32,
) -> Vec<u8> {
    let connection = match knobs.exponent_reuse {
        ExponentReuse::Fresh => connection,
        ExponentReuse::WithinTrial => 0,
    };
    let bits = exponent_bits(knobs, group);
    let mut exponent = vec![0; bits.div_ceil(8)];
    draws.endpoint(connection, side).fill(Purpose::DhExponent, occurrence, &mut exponent);
    if let Some(first) = exponent.first_mut() {
        *first &= 0xff >> (8 * bits.div_ceil(8) - bits);
    }
    exponent
}
