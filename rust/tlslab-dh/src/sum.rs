//! Sums of numbers of any size.

use crate::zeros::trimmed;

/// `a + b`, big-endian and without leading zeros.
pub fn sum(a_be: &[u8], b_be: &[u8]) -> Vec<u8> {
    let (a, b) = (trimmed(a_be), trimmed(b_be));
    let mut carry = 0;
    let mut sum: Vec<u8> = (0..=a.len().max(b.len()))
        .map(|position| {
            let byte = |number: &[u8]| u16::from(number.iter().rev().nth(position).copied().unwrap_or(0));
            carry = (carry >> 8) + byte(a) + byte(b);
            carry as u8
        })
        .collect();
    sum.reverse();
    trimmed(&sum).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_carry() {
        let cases: [(&[u8], &[u8], &[u8]); 5] = [
            (&[], &[0, 0], &[]),
            (&[0, 7], &[], &[7]),
            (&[0x12, 0xff], &[1], &[0x13, 0]),
            (&[1], &[0xff, 0xff], &[1, 0, 0]),
            (&[0xff, 0xff], &[0xff, 0xff], &[1, 0xff, 0xfe]),
        ];
        for (a, b, expected) in cases {
            assert_eq!(sum(a, b), expected);
        }
    }
}
