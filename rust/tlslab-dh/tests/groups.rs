//! The named groups are those of the RFCs, and custom ones are what they should be.

use tlslab_dh::{Group, GroupError};

/// The primes of tlslite-ng, confirmed by OpenSSL: see data/generate.py.
fn known_primes() -> Vec<(&'static str, Vec<u8>)> {
    let lines = include_str!("data/primes.txt").lines();
    lines.map(|line| line.split_once(' ').unwrap()).map(|(name, p)| (name, from_hex(p))).collect()
}

fn from_hex(hex: &str) -> Vec<u8> {
    assert!(hex.len().is_multiple_of(2));
    (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap()).collect()
}

/// `2^bits - 1 - below`, big-endian.
fn below_power(bits: usize, below: u8) -> Vec<u8> {
    let mut bytes = vec![0xff; bits / 8];
    bytes[bits / 8 - 1] -= below;
    bytes
}

#[test]
fn named_primes_are_those_of_other_implementations() {
    let known = known_primes();
    assert_eq!(known.iter().map(|(name, _)| *name).collect::<Vec<_>>(), Group::names());
    for (name, p) in known {
        let group = Group::by_name(name).unwrap();
        assert_eq!(group.modulus(), p, "{name}");
        assert_eq!(group.name(), Some(name));
        assert_eq!((group.bits(), group.len()), (8 * p.len(), p.len()));
        assert!(name.ends_with(&group.bits().to_string()));
        assert_eq!(group.generator(), [2]);
    }
}

#[test]
fn an_unknown_name_is_refused_with_the_names() {
    let message = Group::by_name("ffdhe1024").unwrap_err().to_string();
    assert!(message.contains("\"ffdhe1024\""), "{message}");
    assert!(Group::names().iter().all(|name| message.contains(name)), "{message}");
}

#[test]
fn a_named_group_is_recognised_by_its_numbers() {
    for (name, p) in known_primes() {
        let padded = [[0, 0].as_slice(), &p].concat();
        let group = Group::custom(&padded, &[0, 2]).unwrap();
        assert_eq!(group.name(), Some(name));
        assert_eq!(group, Group::by_name(name).unwrap());
        let other = Group::custom(&p, &[3]).unwrap();
        assert_eq!((other.name(), other.modulus()), (None, p.as_slice()));
        assert_ne!(other, group);
    }
    // The ends of a named prime do not make one.
    assert_eq!(Group::custom(&[0xff; 256], &[2]).unwrap().name(), None);
}

#[test]
fn bad_numbers_are_refused() {
    let custom = |p: &[u8], g: &[u8]| Group::custom(p, g).unwrap_err();
    assert_eq!(custom(&[], &[2]), GroupError::ModulusTooShort { bits: 0 });
    assert_eq!(custom(&[0, 0x7f, 0xff], &[2]), GroupError::ModulusTooShort { bits: 15 });
    let too_long = [[1].as_slice(), &[0xff; 1024]].concat();
    assert_eq!(custom(&too_long, &[2]), GroupError::ModulusTooLong { bits: 8193 });
    assert_eq!(custom(&[0xff, 0xfe], &[2]), GroupError::EvenModulus { bits: 16, last_byte: 0xfe });
    assert_eq!(custom(&[0xff, 0xff], &[0, 0]), GroupError::GeneratorTooSmall { generator: 0 });
    assert_eq!(custom(&[0xff, 0xff], &[0, 1]), GroupError::GeneratorTooSmall { generator: 1 });
    let too_large = GroupError::GeneratorTooLarge { generator_bits: 16, modulus_bits: 16 };
    assert_eq!(custom(&[0xff, 0xff], &[0xff, 0xfe]), too_large);
    assert_eq!(custom(&[0xff, 0xff], &[1; 9]), GroupError::GeneratorTooLarge { generator_bits: 65, modulus_bits: 16 });
}

#[test]
fn the_limits_are_allowed() {
    assert!(Group::custom(&[0x80, 0x01], &[2]).is_ok());
    assert_eq!(Group::custom(&[0, 0xff, 0xff], &[0xff, 0xfd]).unwrap().generator(), [0xff, 0xfd]);
    assert_eq!(Group::custom(&[0xff; 1024], &[2]).unwrap().bits(), 8192);
}

#[test]
fn short_exponents_are_those_of_rfc_7919() {
    let of_name = |name| Group::by_name(name).unwrap().short_exponent_bits();
    assert_eq!(
        ["ffdhe2048", "ffdhe3072", "ffdhe4096", "ffdhe6144", "ffdhe8192"].map(of_name),
        [225, 275, 325, 375, 400]
    );
    assert_eq!(["modp768", "modp1024", "modp1536", "modp8192"].map(of_name), [225, 225, 225, 400]);
    let of_bits = |bits| Group::custom(&below_power(bits, 0), &[2]).unwrap().short_exponent_bits();
    assert_eq!([16, 224, 232, 2056, 8184].map(of_bits), [15, 223, 225, 275, 400]);
}

/// In a named group of prime p, (p-1)/2 is the order of 2.
#[test]
fn the_order_of_a_named_generator_is_half() {
    for name in ["modp768", "modp1024", "ffdhe2048", "modp2048", "ffdhe3072", "modp4096"] {
        let group = Group::by_name(name).unwrap();
        let order = group.order().unwrap();
        assert_eq!(group.bits() - 1, 8 * order.len() - order[0].leading_zeros() as usize);
        assert_eq!(group.in_subgroup(&[2]), Some(true), "{name}");
        assert!(group.pow_g(order).ends_with(&[0, 1]), "{name}: g to its order is 1");
    }
}

/// The order of a custom generator of a safe prime, against a count of its powers; it is p-1 or (p-1)/2.
#[test]
fn the_order_of_a_custom_generator_is_counted() {
    let mut seen = [0, 0];
    for p in [0x804bu32, 0xfef3, 0x1_0007, 0xff_fec3] {
        for g in [2u32, 3, 5, 7, p - 2] {
            let group = Group::custom(&p.to_be_bytes(), &g.to_be_bytes()).unwrap();
            let powers = (1..p).scan(1, |power, _| {
                *power = *power * u64::from(g) % u64::from(p);
                Some(*power)
            });
            let order = 1 + powers.take_while(|&power| power != 1).count() as u32;
            let claimed = group.order().unwrap().iter().fold(0, |sum, &byte| sum << 8 | u32::from(byte));
            assert_eq!(claimed, order, "{p:#x} {g}");
            seen[usize::from(order == p - 1)] += 1;
        }
    }
    assert!(seen.iter().all(|&groups| groups > 0), "both orders occur: {seen:?}");
}

/// Only a safe prime has a known order: not a composite number, nor a prime of which (p-1)/2 is none.
#[test]
fn other_orders_are_unknown() {
    for p in [0x8087u32, 0x1_00a3] {
        let group = Group::custom(&p.to_be_bytes(), &[2]).unwrap();
        assert!(!group.is_safe_prime());
        assert_eq!((group.order(), group.in_subgroup(&[4])), (None, None));
    }
}

#[test]
fn the_range_of_public_values_is_that_of_rfc_7919() {
    let p = below_power(2048, 58);
    let group = Group::custom(&p, &[2]).unwrap();
    let below_p = |n: u8| below_power(2048, 58 + n);
    for outside in [vec![], vec![0], vec![1], vec![0, 0, 1], below_p(1), below_p(0), vec![0xff; 256], vec![1; 257]] {
        assert!(!group.in_range(&outside));
    }
    for inside in [vec![2], vec![0, 0, 2], below_p(2), [[0].as_slice(), &below_p(2)].concat()] {
        assert!(group.in_range(&inside));
    }
}

#[test]
fn the_subgroup_is_that_of_the_squares() {
    let group = Group::by_name("modp768").unwrap();
    // 3 modulo 4: -1 is no square, so just one of y and -y is.
    let mut minus_four = group.modulus().to_vec();
    minus_four[95] -= 4;
    assert_eq!(group.in_subgroup(&[4]), Some(true));
    assert_eq!(group.in_subgroup(&[1]), Some(true));
    assert_eq!(group.in_subgroup(&minus_four), Some(false));
    assert_eq!(group.in_subgroup(&[0]), Some(false));
    // A square, but not reduced: 2^1000.
    assert_eq!(group.in_subgroup(&[[1].as_slice(), &[0; 125]].concat()), Some(false));
}

#[test]
fn a_group_crosses_threads() {
    fn shared<T: Send + Sync + Clone + 'static>(_: &T) {}
    let group = Group::by_name("modp1024").unwrap();
    shared(&group);
    let powers: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..3).map(|_| scope.spawn(|| (0..40u8).map(|x| group.pow_g(&[x, 7])).collect::<Vec<_>>())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(powers.iter().all(|of_thread| *of_thread == powers[0]));
}
