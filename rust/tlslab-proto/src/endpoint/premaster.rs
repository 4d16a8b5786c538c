//! From a shared secret to a premaster secret, and the ways of getting it wrong.

use tlslab_dh::{Group, leading_zero_bytes};

use super::fatal::Fatal;
use crate::behaviour::values::{FixedLengthZeros, IntegerEncoding, PremasterZeros, PublicValueCheck, ShortPublicValue};
use crate::wire::registry::AlertDescription;
use tlslab_dh::trimmed;

/// The premaster secret of `z`, which is padded to the length of the prime (RFC 5246 8.1.2).
pub fn premaster_secret(z: &[u8], zeros: PremasterZeros) -> &[u8] {
    let leading = leading_zero_bytes(z);
    match zeros {
        PremasterZeros::Strip => &z[leading..],
        PremasterZeros::Keep => z,
        PremasterZeros::StripOne => &z[leading.min(1)..],
        PremasterZeros::SignByte => {
            let needs_sign_byte = z.get(leading).is_some_and(|first| first & 0x80 != 0);
            // Where the prime leaves no room for a sign byte, a signed integer would grow by one; the premaster secret
            // of such a stack is the secret itself.
            &z[leading - usize::from(needs_sign_byte && leading > 0)..]
        }
    }
}

/// A value of fixed length, with its leading zero bytes or without.
pub(super) fn fixed_length(value: &[u8], zeros: FixedLengthZeros) -> &[u8] {
    match zeros {
        FixedLengthZeros::Keep => value,
        FixedLengthZeros::Strip => trimmed(value),
    }
}

/// A public value, which has the length of the prime, as it is written.
pub(super) fn encode_public(public: &[u8], encoding: IntegerEncoding) -> &[u8] {
    match encoding {
        IntegerEncoding::Padded => public,
        IntegerEncoding::Minimal => trimmed(public),
    }
}

/// `value` padded on the left with zeros to `len` bytes, if it is shorter.
pub(super) fn pad_left(value: &[u8], len: usize) -> Vec<u8> {
    let mut padded = vec![0; len.saturating_sub(value.len())];
    padded.extend_from_slice(value);
    padded
}

/// The integer that an endpoint uses for a peer's public value.
///
/// # Errors
/// illegal_parameter where the behaviour's checks refuse the value (RFC 7919 5.1).
pub(super) fn accept_public(
    group: &Group,
    public: &[u8],
    check: PublicValueCheck,
    short: ShortPublicValue,
) -> Result<Vec<u8>, Fatal> {
    let refuse = |reason| Err(Fatal::alert(AlertDescription::ILLEGAL_PARAMETER, reason));
    let in_range = match check {
        PublicValueCheck::None => true,
        PublicValueCheck::Range | PublicValueCheck::Subgroup => group.in_range(public),
    };
    if !in_range {
        return refuse("the peer's Diffie-Hellman public value is not between 2 and p - 2");
    }
    if check == PublicValueCheck::Subgroup && group.in_subgroup(public) == Some(false) {
        return refuse("the peer's Diffie-Hellman public value is not in the subgroup of order (p - 1) / 2");
    }
    let value = trimmed(public);
    if value.len() >= group.len() {
        return Ok(value.to_vec());
    }
    match short {
        ShortPublicValue::Accept => Ok(value.to_vec()),
        ShortPublicValue::Reject => refuse("the peer's Diffie-Hellman public value is shorter than the prime"),
        ShortPublicValue::Miscompute => {
            let mut shifted = value.to_vec();
            shifted.resize(group.len(), 0);
            Ok(shifted)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_becomes_of_leading_zeros() {
        let cases: [(&[u8], [&[u8]; 4]); 4] = [
            // Z, then strip, keep, strip_one, sign_byte.
            (&[1, 2], [&[1, 2], &[1, 2], &[1, 2], &[1, 2]]),
            (&[0, 2, 3], [&[2, 3], &[0, 2, 3], &[2, 3], &[2, 3]]),
            (&[0, 0x82, 3], [&[0x82, 3], &[0, 0x82, 3], &[0x82, 3], &[0, 0x82, 3]]),
            (&[0, 0, 0xff], [&[0xff], &[0, 0, 0xff], &[0, 0xff], &[0, 0xff]]),
        ];
        let rules = [PremasterZeros::Strip, PremasterZeros::Keep, PremasterZeros::StripOne, PremasterZeros::SignByte];
        for (z, expected) in cases {
            for (rule, premaster) in rules.into_iter().zip(expected) {
                assert_eq!(premaster_secret(z, rule), premaster, "{rule:?} of {z:?}");
            }
        }
    }

    #[test]
    fn padding_restores_the_length() {
        assert_eq!(pad_left(&[1], 3), [0, 0, 1]);
        assert_eq!(pad_left(&[1, 2, 3], 2), [1, 2, 3]);
    }
}
