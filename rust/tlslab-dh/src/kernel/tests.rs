//! Every kernel's products, against crypto-bigint and against each other.

use crypto_bigint::{BoxedUint, ConcatenatingMul, NonZero};
use proptest::collection::vec;
use proptest::prelude::*;

use super::{Kernel, KernelError, Multiplier, radix};
use crate::limbs;
use crate::montgomery::Montgomery;

/// A big-endian number in whole limbs.
fn boxed(bytes: &[u8]) -> BoxedUint {
    BoxedUint::from_be_slice(bytes, 64 * bytes.len().div_ceil(8).max(1) as u32).unwrap()
}

/// A number in 64-bit limbs.
fn number(limbs: &[u64]) -> BoxedUint {
    boxed(&limbs::to_be(limbs, 8 * limbs.len()))
}

fn remainder(number: &BoxedUint, n: &BoxedUint) -> Vec<u8> {
    let remainder = number.rem_vartime(&NonZero::new(n.clone()).unwrap());
    crate::zeros::trimmed(&remainder.to_be_bytes()).to_vec()
}

/// `bits` bits: the highest and the lowest, and what `fill` has between.
fn odd(bits: usize, fill: impl Fn(usize) -> u8) -> Vec<u8> {
    let len = bits.div_ceil(8);
    let mut bytes: Vec<u8> = (0..len).map(fill).collect();
    let highest = (bits - 1) % 8;
    bytes[0] = bytes[0] & ((1 << highest) - 1) | 1 << highest;
    bytes[len - 1] |= 1;
    bytes
}

/// The moduli of a length: the largest, the least, and one between.
fn moduli(bits: usize) -> [Vec<u8>; 3] {
    [odd(bits, |_| 0xff), odd(bits, |_| 0), odd(bits, |i| (i as u8).wrapping_mul(0x9d) ^ 0x5a)]
}

/// Operands at the edges: 0, 1, n-1, long runs of ones and of zeros; and those from n to 2n-1 that products may be.
fn edges(n: &[u64], kernel: Kernel) -> Vec<Vec<u64>> {
    let (mut one, mut minus_one) = (vec![0; n.len()], n.to_vec());
    (one[0], minus_one[0]) = (1, minus_one[0] - 1);
    // Runs of ones with a gap, kept below n by their highest limb.
    let top = n.len() - 1;
    let mut ones = vec![u64::MAX; n.len()];
    ones[top] = n[top] / 2;
    let mut gap = ones.clone();
    gap[top / 2] = 0;
    let mut edges = vec![vec![0; n.len()], one, minus_one, ones, gap];
    edges.iter_mut().for_each(|edge| edge.push(0));
    if kernel != Kernel::Portable {
        for mut edge in edges.clone() {
            limbs::add_assign(&mut edge, n);
            edges.push(edge);
        }
    }
    edges
}

/// Multiplies all pairs of operands (in limbs), and demands of each product that it is right and in range.
fn check_products(kernel: Kernel, modulus: &[u8], operands: &[Vec<u64>]) {
    let arithmetic = Montgomery::new(modulus);
    let multiplier = Multiplier::new(kernel, &arithmetic).unwrap();
    let (lanes, count, bits) = (multiplier.lanes(), multiplier.digits(), multiplier.radix_bits());
    let n = boxed(modulus);
    let bound = if kernel == Kernel::Portable {
        n.clone()
    } else {
        number(&[arithmetic.modulus(), &[0]].concat()).shl_vartime(1).unwrap()
    };
    let r = BoxedUint::one_with_precision((bits * count + 64) as u32).shl_vartime((bits * count) as u32).unwrap();
    let digits: Vec<Vec<u64>> = operands.iter().map(|operand| radix::split(operand, bits as u32, count)).collect();

    let mut product = vec![0; multiplier.batch_words()];
    for (shift, b) in digits.iter().enumerate() {
        for rotation in (0..digits.len()).step_by(lanes) {
            // Another operand in each lane; the other factor is shared by them, or another in each lane too.
            let a: Vec<usize> = (0..lanes).map(|lane| (rotation + lane) % digits.len()).collect();
            let other: Vec<usize> = (0..lanes).map(|lane| (shift + lane) % digits.len()).collect();
            let interleaved = |which: &[usize]| -> Vec<u64> {
                (0..count).flat_map(|digit| which.iter().map(move |&i| (i, digit))).map(|(i, d)| digits[i][d]).collect()
            };
            for shared in [true, false] {
                match shared {
                    true => multiplier.multiply_by_one(&interleaved(&a), b, &mut product),
                    false => multiplier.multiply(&interleaved(&a), &interleaved(&other), &mut product),
                }
                for lane in 0..lanes {
                    let right = if shared { shift } else { other[lane] };
                    let lane_digits = product.iter().skip(lane).step_by(lanes).copied();
                    assert!(lane_digits.clone().all(|digit| bits == 64 || digit >> bits == 0), "carried");
                    let mut out = vec![0; arithmetic.limbs() + 1];
                    radix::join_into(lane_digits, bits as u32, &mut out);
                    let out = number(&out);
                    assert!(out < bound, "{kernel}: {} bits, out of range", arithmetic.bits());
                    let expected = number(&operands[a[lane]]).concatenating_mul(&number(&operands[right]));
                    let context =
                        || format!("{kernel}, {modulus:x?}, {:x?}, {:x?}", operands[a[lane]], operands[right]);
                    assert_eq!(remainder(&out.concatenating_mul(&r), &n), remainder(&expected, &n), "{}", context());
                }
            }
        }
    }
}

#[test]
fn kernels_are_found_by_name() {
    for kernel in Kernel::available() {
        assert_eq!(Kernel::by_name(kernel.name()), Ok(kernel));
    }
    assert_eq!(Kernel::available()[0], Kernel::Portable);
    assert_eq!(Kernel::available().last(), Some(&Kernel::detect()));
    let message = Kernel::by_name("neon").unwrap_err().to_string();
    assert_eq!(message, r#"no kernel is named "neon"; the names are portable, avx2, ifma"#);
}

#[test]
fn a_kernel_that_the_cpu_lacks_is_refused() {
    for kernel in Kernel::ALL {
        let found = Kernel::by_name(kernel.name());
        if Kernel::available().contains(&kernel) {
            assert_eq!(found, Ok(kernel));
        } else {
            assert_eq!(found, Err(KernelError::NotSupported { kernel }));
        }
    }
    let message = KernelError::NotSupported { kernel: Kernel::Ifma }.to_string();
    assert!(message.starts_with("this CPU has no ifma kernel; it has portable"), "{message}");
}

/// Prints the kernels that this CPU lacks, which no test here can reach.
#[test]
fn skipped_kernels_are_named() {
    let available = Kernel::available();
    for kernel in Kernel::ALL {
        let state = if available.contains(&kernel) { "tested" } else { "SKIPPED: not on this CPU" };
        println!("kernel {kernel}: {state}");
        assert_eq!(Multiplier::new(kernel, &Montgomery::new(&[0xff; 9])).is_ok(), available.contains(&kernel));
    }
    assert!(available.contains(&Kernel::Portable));
}

/// All lengths about the borders of all kernels' digits, passes and limbs.
#[test]
fn edge_products_are_right_at_every_length() {
    let long = [1022, 1023, 1024, 1025, 2046, 2047, 2048, 2049, 3072, 4096, 4159];
    for bits in (16..=330).chain(long) {
        for modulus in moduli(bits) {
            for kernel in Kernel::available() {
                check_products(kernel, &modulus, &edges(&limbs::from_be(&modulus), kernel));
            }
        }
    }
}

/// The longest modulus, all ones, with operands of all ones: the largest sums that a column can have.
#[test]
fn the_largest_sums_do_not_overflow() {
    for bits in [8189, 8190, 8191, 8192] {
        let modulus = odd(bits, |_| 0xff);
        for kernel in Kernel::available() {
            check_products(kernel, &modulus, &edges(&limbs::from_be(&modulus), kernel));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_products_are_right(
        bits in 16usize..1500,
        fill in vec(any::<u8>(), 1..200),
        operands in vec(vec(any::<u64>(), 24), 1..12),
    ) {
        let modulus = odd(bits, |i| fill[i % fill.len()]);
        let arithmetic = Montgomery::new(&modulus);
        let reduced: Vec<Vec<u64>> = operands
            .iter()
            .map(|operand| [arithmetic.number(&arithmetic.form_of_limbs(operand)), vec![0]].concat())
            .collect();
        for kernel in Kernel::available() {
            check_products(kernel, &modulus, &reduced);
        }
    }
}
