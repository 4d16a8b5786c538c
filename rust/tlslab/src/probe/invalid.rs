//! Public values that no client has, to see which a server checks for.

use serde::Serialize;
use tlslab_dh::{Group, GroupError};
use tlslab_proto::endpoint::diffie_hellman::{DiffieHellman, Honest};

/// A public value that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum InvalidPublic {
    /// 0: every secret is 0.
    Zero,
    /// 1: every secret is 1.
    One,
    /// p - 1: every secret is 1 or p - 1.
    MinusOne,
    /// p, which is 0.
    Prime,
    /// p + 1, which is 1.
    AbovePrime,
    /// p - g^x, which in a group of a safe prime is no power of g if g is a square.
    OutsideSubgroup,
}

impl InvalidPublic {
    /// All but the last, which RFC 7919 5.1 does not have a server check for.
    pub const OUT_OF_RANGE: [Self; 5] = [Self::Zero, Self::One, Self::MinusOne, Self::Prime, Self::AbovePrime];
}

/// A client with such a public value. Its secret is the one that a server without checks has, or has in half of all cases.
pub(super) struct WithInvalidPublic {
    honest: Honest,
    value: InvalidPublic,
}

impl WithInvalidPublic {
    pub(super) fn new(value: InvalidPublic) -> Self {
        Self { honest: Honest::default(), value }
    }
}

impl DiffieHellman for WithInvalidPublic {
    fn group(&self, p: &[u8], g: &[u8]) -> Result<Group, GroupError> {
        self.honest.group(p, g)
    }

    /// One whose public value is not short too, which a server may refuse for that.
    fn exponent(&self, group: &Group, _peer: Option<&[u8]>, drawn: Vec<u8>) -> Vec<u8> {
        let is_long = |power: &[u8]| difference(group.modulus(), power).first() != Some(&0);
        let found = group.exponent_with_secret(group.generator(), &drawn, 64, is_long);
        found.map_or(drawn, |(exponent, _)| exponent)
    }

    fn public(&self, group: &Group, exponent: &[u8]) -> Vec<u8> {
        let p = group.modulus();
        match self.value {
            InvalidPublic::Zero => number(0, p.len()),
            InvalidPublic::One => number(1, p.len()),
            InvalidPublic::MinusOne => difference(p, &number(1, p.len())),
            InvalidPublic::Prime => p.to_vec(),
            InvalidPublic::AbovePrime => successor(p),
            InvalidPublic::OutsideSubgroup => difference(p, &group.pow_g(exponent)),
        }
    }

    fn shared(&self, group: &Group, exponent: &[u8], peer: &[u8]) -> Vec<u8> {
        match self.value {
            InvalidPublic::Zero | InvalidPublic::Prime => number(0, group.len()),
            InvalidPublic::One | InvalidPublic::MinusOne | InvalidPublic::AbovePrime => number(1, group.len()),
            InvalidPublic::OutsideSubgroup => group.pow(peer, exponent),
        }
    }
}

/// A small number in so many bytes.
fn number(value: u8, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    if let Some(last) = bytes.last_mut() {
        *last = value;
    }
    bytes
}

/// `a - b`, for `a >= b` of the same length.
fn difference(a: &[u8], b: &[u8]) -> Vec<u8> {
    let mut borrow = 0;
    let mut bytes: Vec<u8> = a
        .iter()
        .zip(b)
        .rev()
        .map(|(&a, &b)| {
            let digit = i16::from(a) - i16::from(b) - borrow;
            borrow = i16::from(digit < 0);
            digit.to_le_bytes()[0]
        })
        .collect();
    bytes.reverse();
    bytes
}

/// `a + 1`, in the length of `a` unless it is all ones.
fn successor(a: &[u8]) -> Vec<u8> {
    let ones = a.iter().rev().take_while(|&&byte| byte == 0xff).count();
    let mut bytes = a.to_vec();
    let at = bytes.len() - ones;
    bytes[at..].fill(0);
    match at.checked_sub(1) {
        Some(last) => bytes[last] += 1,
        None => bytes.insert(0, 1),
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_carries_and_borrows() {
        assert_eq!(difference(&[1, 0, 0], &[0, 0, 1]), [0, 0xff, 0xff]);
        assert_eq!(difference(&[5, 7], &[5, 7]), [0, 0]);
        assert_eq!(successor(&[1, 0xff]), [2, 0]);
        assert_eq!(successor(&[0xff, 0xff]), [1, 0, 0]);
        assert_eq!(number(1, 3), [0, 0, 1]);
    }

    #[test]
    fn only_one_of_the_values_is_in_range() {
        let group = Group::by_name("ffdhe2048").expect("it has this name");
        let public = |value| WithInvalidPublic::new(value).public(&group, &[3]);
        for value in InvalidPublic::OUT_OF_RANGE {
            assert!(!group.in_range(&public(value)), "{value:?}");
        }
        let outside = public(InvalidPublic::OutsideSubgroup);
        assert!(group.in_range(&outside));
        assert_eq!(group.in_subgroup(&outside), Some(false));
    }
}
