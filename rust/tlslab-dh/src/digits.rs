//! The binary digits of π and e, from which the primes of RFC 2409, RFC 3526 and RFC 7919 are made.
//!
//! A fraction is a number below one in fixed point: its limbs, little-endian, are the digits after the binary point.
//! Each term of a series is rounded down, which costs less than a unit in the last place; one guard limb absorbs the
//! few thousand terms.

use crate::limbs::{add_assign, divide_assign, sub_assign};

/// The first `64 * len` binary digits of the fraction π/4, by Machin's formula: 4 arctan(1/5) - arctan(1/239).
pub(crate) fn quarter_pi(len: usize) -> Vec<u64> {
    let mut sum = arctan_of_inverse(4, 5, len + 1);
    sub_assign(&mut sum, &arctan_of_inverse(1, 239, len + 1));
    sum.split_off(1)
}

/// The first `64 * len` binary digits of the fraction e/4, by the series of the exponential function: Σ (1/4) / k!.
pub(crate) fn quarter_e(len: usize) -> Vec<u64> {
    let mut sum = vec![0; len + 1];
    let mut term = vec![0; len + 1];
    term[len] = 1 << 62;
    for k in 1.. {
        add_assign(&mut sum, &term);
        divide_assign(0, &mut term, k);
        if is_zero(&term) {
            break;
        }
    }
    sum.split_off(1)
}

/// The fraction `scale * arctan(1/x)`, by its Taylor series; `scale` is less than `x`.
fn arctan_of_inverse(scale: u64, x: u64, len: usize) -> Vec<u64> {
    let mut power = vec![0; len];
    divide_assign(scale, &mut power, x);
    let mut sum = power.clone();
    for k in 1.. {
        divide_assign(0, &mut power, x * x);
        if is_zero(&power) {
            break;
        }
        let mut term = power.clone();
        divide_assign(0, &mut term, 2 * k + 1);
        if k % 2 == 0 {
            add_assign(&mut sum, &term);
        } else {
            sub_assign(&mut sum, &term);
        }
    }
    sum
}

fn is_zero(limbs: &[u64]) -> bool {
    limbs.iter().all(|&limb| limb == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first bits are those of the standard library's constants.
    #[test]
    fn the_digits_begin_as_the_constants_do() {
        let as_f64 = |fraction: Vec<u64>| fraction[fraction.len() - 1] as f64 / 2f64.powi(64);
        assert_eq!(as_f64(quarter_pi(3)), std::f64::consts::FRAC_PI_4);
        assert_eq!(as_f64(quarter_e(3)), std::f64::consts::E / 4.0);
    }

    #[test]
    fn more_digits_continue_fewer() {
        assert_eq!(quarter_pi(40)[30..], quarter_pi(10));
        assert_eq!(quarter_e(40)[30..], quarter_e(10));
    }
}
