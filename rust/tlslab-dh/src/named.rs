//! The named groups: RFC 7919 (`ffdhe`), RFC 3526 and RFC 2409 (`modp`), all with generator 2.

use std::sync::OnceLock;

use crate::digits::{quarter_e, quarter_pi};
use crate::group::Group;
use crate::limbs;

/// The generator of each named group. Every prime here is 7 modulo 8, so 2 is a square and generates the subgroup of
/// order (p-1)/2.
pub(crate) const GENERATOR: [u8; 1] = [2];

/// The number whose digits a prime is made of.
#[derive(Clone, Copy)]
enum Digits {
    /// π: RFC 2409 and RFC 3526.
    Pi,
    /// e: RFC 7919.
    E,
}

/// A named group's prime, by the formula that its RFC publishes:
/// `p = 2^bits - 2^(bits-64) + (floor(2^(bits-130) * digits) + offset) * 2^64 - 1`.
#[derive(Clone, Copy)]
struct Named {
    name: &'static str,
    bits: usize,
    digits: Digits,
    offset: u64,
}

const NAMED: [Named; 13] = [
    Named { name: "ffdhe2048", bits: 2048, digits: Digits::E, offset: 560_316 },
    Named { name: "ffdhe3072", bits: 3072, digits: Digits::E, offset: 2_625_351 },
    Named { name: "ffdhe4096", bits: 4096, digits: Digits::E, offset: 5_736_041 },
    Named { name: "ffdhe6144", bits: 6144, digits: Digits::E, offset: 15_705_020 },
    Named { name: "ffdhe8192", bits: 8192, digits: Digits::E, offset: 10_965_728 },
    Named { name: "modp768", bits: 768, digits: Digits::Pi, offset: 149_686 },
    Named { name: "modp1024", bits: 1024, digits: Digits::Pi, offset: 129_093 },
    Named { name: "modp1536", bits: 1536, digits: Digits::Pi, offset: 741_804 },
    Named { name: "modp2048", bits: 2048, digits: Digits::Pi, offset: 124_476 },
    Named { name: "modp3072", bits: 3072, digits: Digits::Pi, offset: 1_690_314 },
    Named { name: "modp4096", bits: 4096, digits: Digits::Pi, offset: 240_904 },
    Named { name: "modp6144", bits: 6144, digits: Digits::Pi, offset: 929_484 },
    Named { name: "modp8192", bits: 8192, digits: Digits::Pi, offset: 4_743_158 },
];

/// The names of [`NAMED`], in its order.
pub(crate) const NAMES: [&str; NAMED.len()] = {
    let mut names = [""; NAMED.len()];
    let mut i = 0;
    while i < names.len() {
        names[i] = NAMED[i].name;
        i += 1;
    }
    names
};

/// Each named group is made once, at its first use, and its tables are shared by the whole process.
static GROUPS: [OnceLock<Group>; NAMED.len()] = [const { OnceLock::new() }; NAMED.len()];

/// The group of that name.
pub(crate) fn by_name(name: &str) -> Option<Group> {
    NAMES.iter().position(|&known| known == name).map(group)
}

/// The named group whose prime is `modulus` (minimal, big-endian), where there is one.
pub(crate) fn by_modulus(modulus: &[u8]) -> Option<Group> {
    // Only a prime with the ends of these is worth making theirs for.
    const END: [u8; 8] = [0xff; 8];
    if !modulus.starts_with(&END) || !modulus.ends_with(&END) {
        return None;
    }
    (0..NAMED.len()).filter(|&i| NAMED[i].bits == 8 * modulus.len()).map(group).find(|group| group.modulus() == modulus)
}

fn group(index: usize) -> Group {
    let named = NAMED[index];
    GROUPS[index].get_or_init(|| Group::from_named(named.name, &named.prime())).clone()
}

impl Named {
    /// The prime, big-endian.
    ///
    /// `2^(bits-130) * digits` is a quarter of the constant, shifted left by `bits - 128`: whole limbs. So the formula
    /// puts the first digits of π/4 or e/4, plus `offset - 1`, between two limbs of ones.
    fn prime(&self) -> Vec<u8> {
        let inner = self.bits / 64 - 2;
        let mut middle = match self.digits {
            Digits::Pi => quarter_pi(inner),
            Digits::E => quarter_e(inner),
        };
        limbs::add_assign(&mut middle, &[self.offset - 1]);
        let limbs = [&[u64::MAX], middle.as_slice(), &[u64::MAX]].concat();
        limbs::to_be(&limbs, self.bits / 8)
    }
}
