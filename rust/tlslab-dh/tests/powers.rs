//! Powers, against Python's pow() and against crypto-bigint.

mod common;

use common::expected;
use proptest::collection::vec;
use proptest::prelude::*;
use tlslab_dh::Group;

fn from_hex(hex: &str) -> Vec<u8> {
    let even = if hex.len().is_multiple_of(2) { hex.to_owned() } else { format!("0{hex}") };
    (0..even.len()).step_by(2).map(|i| u8::from_str_radix(&even[i..i + 2], 16).unwrap()).collect()
}

/// data/powers.txt is by Python: see data/generate.py.
#[test]
fn known_powers() {
    let mut of_two = 0;
    for line in include_str!("data/powers.txt").lines() {
        let [name, base, exponent, power] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let group = Group::by_name(name).unwrap();
        let (base, exponent, power) = (from_hex(base), from_hex(exponent), from_hex(power));
        let padded = [vec![0; group.len() - power.len()], power].concat();
        assert_eq!(group.pow(&base, &exponent), padded, "{name}");
        if base == group.generator() {
            // Before and after its table is built.
            for _ in 0..20 {
                assert_eq!(group.pow_g(&exponent), padded, "{name}");
            }
            of_two += 1;
        }
    }
    assert_eq!(of_two, 12);
}

/// Operands at the edges: 0, 1, 2, p-1, p, p+1, long runs of ones; exponents with leading zeros.
#[test]
fn edges_agree_with_crypto_bigint() {
    for p_len in [2, 7, 8, 9, 16, 96, 129] {
        let p = [vec![0xff; p_len - 1], vec![0xf1]].concat();
        let group = Group::custom(&p, &[3]).unwrap();
        let (mut minus_one, mut plus_one) = (p.clone(), p.clone());
        (minus_one[p_len - 1], plus_one[p_len - 1]) = (0xf0, 0xf2);
        let ones = vec![0xff; 3 * p_len + 1];
        let operands = [vec![], vec![0], vec![1], vec![2], minus_one, p.clone(), plus_one, ones, vec![0; 40]];
        for base in &operands {
            for exponent in &operands {
                assert_eq!(group.pow(base, exponent), expected(&p, base, exponent), "{base:x?}^{exponent:x?}");
            }
        }
        for exponent in operands.iter().cycle().take(40) {
            assert_eq!(group.pow_g(exponent), expected(&p, &[3], exponent), "g^{exponent:x?}");
        }
        let padded = [vec![0; 300], vec![0x12, 0x34]].concat();
        assert_eq!(group.pow_g(&padded), group.pow_g(&[0x12, 0x34]));
    }
}

/// Exponents of every length about the borders of the tables.
#[test]
fn every_exponent_length_agrees() {
    let group = Group::by_name("modp768").unwrap();
    for len in (0..=100).cycle().take(250) {
        let exponent: Vec<u8> = (0..len).map(|i| (i as u8).wrapping_mul(0x9d) ^ 0xa5).collect();
        assert_eq!(group.pow_g(&exponent), expected(group.modulus(), &[2], &exponent), "{len} bytes");
    }
}

#[test]
fn a_wanted_secret_is_found() {
    let group = Group::by_name("ffdhe2048").unwrap();
    let peer = group.pow_g(&[0x5a; 29]);
    let start = [0xff; 29];
    let (exponent, secret) = group.exponent_with_secret(&peer, &start, 10_000, |z| z[0] == 0).unwrap();
    assert_eq!(secret[0], 0);
    assert_eq!(group.pow(&peer, &exponent), secret);

    // It is the first, and the limit counts the exponents tried.
    let mut steps = 0u32;
    let mut walked = start.to_vec();
    while group.pow(&peer, &walked)[0] != 0 {
        steps += 1;
        let carried = u128::from(steps) - 1;
        walked = [vec![1], vec![0; 13], carried.to_be_bytes().to_vec()].concat();
    }
    assert_eq!(exponent, walked);
    assert!(steps > 0);
    assert_eq!(group.exponent_with_secret(&peer, &start, steps, |z| z[0] == 0), None);
    assert!(group.exponent_with_secret(&peer, &start, steps + 1, |z| z[0] == 0).is_some());
}

#[test]
fn powers_of_two_bases_are_found_together() {
    let group = Group::by_name("modp768").unwrap();
    let peer = group.pow_g(&[0x5a; 29]);
    let wanted = |[z, x]: [&[u8]; 2]| z[0] == 0 && x[0] < 16;
    let bases = [&peer[..], group.generator()];
    let (exponent, [secret, public]) = group.exponent_with_powers(bases, &[7; 29], 1 << 20, wanted).unwrap();
    assert!(wanted([&secret, &public]));
    assert_eq!((group.pow(&peer, &exponent), group.pow_g(&exponent)), (secret, public));
}

#[test]
fn a_walk_may_start_at_zero() {
    let group = Group::by_name("modp768").unwrap();
    let found = group.exponent_with_secret(&[5], &[0, 0], 9, |z| z[95] == 125).unwrap();
    assert_eq!(found, (vec![3], [vec![0; 95], vec![125]].concat()));
    assert_eq!(group.exponent_with_secret(&[5], &[], 0, |_| true), None);
}

/// An odd modulus of 16 to 2048 bits, its top bit set.
fn odd_modulus() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 2..=256).prop_map(|mut p| {
        let last = p.len() - 1;
        p[0] |= 0x80;
        p[last] |= 1;
        p
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn powers_agree_with_crypto_bigint(
        p in odd_modulus(),
        shift in 0u32..8,
        base in vec(any::<u8>(), 0..600),
        exponent in vec(any::<u8>(), 0..70),
    ) {
        // Lengths in bits that are no whole bytes, too, so long as 16 are left.
        let mut p = p;
        if p.len() > 2 {
            p[0] >>= shift;
        }
        let group = Group::custom(&p, &[3]).unwrap();
        prop_assert_eq!(group.pow(&base, &exponent), expected(&p, &base, &exponent));
        for _ in 0..18 {
            prop_assert_eq!(group.pow_g(&exponent), group.pow(&[3], &exponent));
        }
    }

    #[test]
    fn both_sides_agree(x in vec(any::<u8>(), 1..40), y in vec(any::<u8>(), 1..40)) {
        let group = Group::by_name("modp1024").unwrap();
        prop_assert_eq!(group.pow(&group.pow_g(&x), &y), group.pow(&group.pow_g(&y), &x));
    }
}
