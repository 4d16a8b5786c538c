//! A Diffie-Hellman group: an odd modulus and a generator, with what is known about them.

use std::fmt;
use std::sync::{Arc, OnceLock};

use crate::fixed_base::FixedBase;
use crate::montgomery::Montgomery;
use crate::named;
use crate::pow;
use crate::prime;
use crate::zeros::trimmed;

/// The shortest modulus that [`Group::custom`] takes, in bits.
pub const MIN_MODULUS_BITS: usize = 16;
/// The longest modulus that [`Group::custom`] takes, in bits: that of ffdhe8192.
pub const MAX_MODULUS_BITS: usize = 8192;

/// Modulus sizes in bits, and the exponents in bits that RFC 7919 (section 5.2 and appendix A) calls as strong.
const SHORT_EXPONENTS: [(usize, usize); 5] = [(2048, 225), (3072, 275), (4096, 325), (6144, 375), (8192, 400)];

/// A finite-field Diffie-Hellman group: the powers of a generator g modulo p.
///
/// A handle: cloning is cheap, and clones share the tables that make [`Group::pow_g`] fast. Two groups are equal when
/// their modulus and generator are.
#[derive(Clone)]
pub struct Group(Arc<Inner>);

struct Inner {
    name: Option<&'static str>,
    modulus: Vec<u8>,
    modulus_minus_one: Vec<u8>,
    generator: Vec<u8>,
    arithmetic: Montgomery,
    fixed_base: FixedBase,
    order: OnceLock<Option<Vec<u8>>>,
}

/// Why there is no such group.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GroupError {
    /// No group has this name.
    #[error("no group is named {name:?}; the names are {}", named::NAMES.join(", "))]
    UnknownName {
        /// The name that was asked for.
        name: String,
    },
    /// The modulus is too short to stand for anything.
    #[error("a modulus of {bits} bits is too short: the least is {MIN_MODULUS_BITS}")]
    ModulusTooShort {
        /// The modulus' length in bits.
        bits: usize,
    },
    /// The modulus is longer than any group in use.
    #[error("a modulus of {bits} bits is too long: the most is {MAX_MODULUS_BITS}")]
    ModulusTooLong {
        /// The modulus' length in bits.
        bits: usize,
    },
    /// The modulus is even, so no prime.
    #[error("a modulus must be odd: this one, of {bits} bits, ends in the byte {last_byte:#04x}")]
    EvenModulus {
        /// The modulus' length in bits.
        bits: usize,
        /// Its last byte.
        last_byte: u8,
    },
    /// The generator is 0 or 1.
    #[error("a generator must be at least 2: this one is {generator}")]
    GeneratorTooSmall {
        /// The generator, 0 or 1.
        generator: u8,
    },
    /// The generator is p-1 or more.
    #[error(
        "a generator must be at most p-2: this one, of {generator_bits} bits, is not, with p of {modulus_bits} bits"
    )]
    GeneratorTooLarge {
        /// The generator's length in bits.
        generator_bits: usize,
        /// The modulus' length in bits.
        modulus_bits: usize,
    },
}

#[expect(clippy::len_without_is_empty, reason = "the length is the modulus', which is never empty")]
impl Group {
    /// The named group: one of [`Group::names`].
    ///
    /// # Errors
    /// [`GroupError::UnknownName`].
    pub fn by_name(name: &str) -> Result<Self, GroupError> {
        named::by_name(name).ok_or_else(|| GroupError::UnknownName { name: name.to_owned() })
    }

    /// The names of the named groups: RFC 7919's `ffdhe2048` to `ffdhe8192`, RFC 2409's `modp768` and `modp1024`,
    /// RFC 3526's `modp1536` to `modp8192`.
    pub fn names() -> &'static [&'static str] {
        &named::NAMES
    }

    /// The group of a modulus and a generator, big-endian; leading zeros are ignored. Where they are those of a named
    /// group, it is that group. Whether the modulus is prime is not asked: see [`Group::is_safe_prime`].
    ///
    /// # Errors
    /// A modulus that is even or outside [`MIN_MODULUS_BITS`] to [`MAX_MODULUS_BITS`], a generator outside 2 to p-2.
    pub fn custom(p_be: &[u8], g_be: &[u8]) -> Result<Self, GroupError> {
        let (modulus, generator) = (trimmed(p_be), trimmed(g_be));
        check_modulus(modulus)?;
        check_generator(generator, modulus)?;
        let named = if generator == named::GENERATOR { named::by_modulus(modulus) } else { None };
        Ok(named.unwrap_or_else(|| Self::new(None, modulus, generator)))
    }

    /// A named group; its prime is known to be a good one.
    pub(crate) fn from_named(name: &'static str, prime: &[u8]) -> Self {
        Self::new(Some(name), prime, &named::GENERATOR)
    }

    fn new(name: Option<&'static str>, modulus: &[u8], generator: &[u8]) -> Self {
        let arithmetic = Montgomery::new(modulus);
        Self(Arc::new(Inner {
            name,
            modulus: modulus.to_vec(),
            modulus_minus_one: minus_one(modulus),
            generator: generator.to_vec(),
            fixed_base: FixedBase::new(arithmetic.form(generator), bit_length(modulus)),
            arithmetic,
            order: OnceLock::new(),
        }))
    }

    /// The name, where the group has one.
    pub fn name(&self) -> Option<&'static str> {
        self.0.name
    }

    /// p, big-endian, without leading zeros.
    pub fn modulus(&self) -> &[u8] {
        &self.0.modulus
    }

    /// g, big-endian, without leading zeros.
    pub fn generator(&self) -> &[u8] {
        &self.0.generator
    }

    /// The length of p in bytes, which is that of a padded public value or secret.
    pub fn len(&self) -> usize {
        self.0.modulus.len()
    }

    /// The length of p in bits.
    pub fn bits(&self) -> usize {
        bit_length(&self.0.modulus)
    }

    /// The order of g (how many different powers it has), big-endian, or `None` where it is unknown: where p is not a
    /// safe prime. Of a safe prime it is (p-1)/2 if g is a square, as in all named groups, and p-1 if not.
    ///
    /// The first call on a custom group tests for primes: see [`Group::is_safe_prime`].
    pub fn order(&self) -> Option<&[u8]> {
        self.0.order.get_or_init(|| self.find_order()).as_deref()
    }

    /// Whether p is a safe prime: p and (p-1)/2 are prime.
    ///
    /// Of the named groups that is known. A custom p is tested at the first call, by Miller-Rabin to the first 40
    /// prime bases: for a safe prime about a second of a core at 4096 bits, and eight times that at 8192; for nearly
    /// all others one exponentiation. The bases are fixed, so a composite number made to deceive this test can.
    pub fn is_safe_prime(&self) -> bool {
        self.order().is_some()
    }

    /// The exponent length in bits that RFC 7919 (section 5.2, appendix A) gives for a modulus of this size: for other
    /// sizes that of the next longer group there; never more than [`Group::bits`] - 1.
    pub fn short_exponent_bits(&self) -> usize {
        short_exponent_bits(self.bits())
    }

    pub(crate) fn arithmetic(&self) -> &Montgomery {
        &self.0.arithmetic
    }

    pub(crate) fn fixed_base(&self) -> &FixedBase {
        &self.0.fixed_base
    }

    /// p-1, big-endian.
    pub(crate) fn modulus_minus_one(&self) -> &[u8] {
        &self.0.modulus_minus_one
    }

    fn find_order(&self) -> Option<Vec<u8>> {
        let half = prime::half(&self.0.modulus);
        if self.name().is_some() {
            return Some(half);
        }
        if !prime::is_safe_prime(&self.0.modulus, prime::BASES.len()) {
            return None;
        }
        let arithmetic = self.arithmetic();
        let generator_is_square = pow::pow(arithmetic, self.fixed_base().base(), &half) == arithmetic.one();
        Some(if generator_is_square { half } else { self.modulus_minus_one().to_vec() })
    }
}

/// See [`Group::short_exponent_bits`].
pub(crate) fn short_exponent_bits(modulus_bits: usize) -> usize {
    let listed = SHORT_EXPONENTS.iter().find(|(size, _)| modulus_bits <= *size);
    let (_, bits) = listed.unwrap_or(&SHORT_EXPONENTS[SHORT_EXPONENTS.len() - 1]);
    *bits.min(&(modulus_bits - 1))
}

/// The length in bits of a trimmed big-endian number.
pub(crate) fn bit_length(trimmed_be: &[u8]) -> usize {
    trimmed_be.first().map_or(0, |first| 8 * trimmed_be.len() - first.leading_zeros() as usize)
}

/// Whether `a < b`, both trimmed and big-endian.
pub(crate) fn is_less(a: &[u8], b: &[u8]) -> bool {
    (a.len(), a) < (b.len(), b)
}

/// `odd - 1`.
fn minus_one(odd: &[u8]) -> Vec<u8> {
    let mut even = odd.to_vec();
    even[odd.len() - 1] &= 0xfe;
    even
}

fn check_modulus(modulus: &[u8]) -> Result<(), GroupError> {
    let bits = bit_length(modulus);
    match modulus.last() {
        _ if bits < MIN_MODULUS_BITS => Err(GroupError::ModulusTooShort { bits }),
        _ if bits > MAX_MODULUS_BITS => Err(GroupError::ModulusTooLong { bits }),
        Some(&last_byte) if last_byte % 2 == 0 => Err(GroupError::EvenModulus { bits, last_byte }),
        _ => Ok(()),
    }
}

fn check_generator(generator: &[u8], modulus: &[u8]) -> Result<(), GroupError> {
    match *generator {
        [] => Err(GroupError::GeneratorTooSmall { generator: 0 }),
        [1] => Err(GroupError::GeneratorTooSmall { generator: 1 }),
        _ if !is_less(generator, &minus_one(modulus)) => Err(GroupError::GeneratorTooLarge {
            generator_bits: bit_length(generator),
            modulus_bits: bit_length(modulus),
        }),
        _ => Ok(()),
    }
}

impl PartialEq for Group {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || (self.modulus(), self.generator()) == (other.modulus(), other.generator())
    }
}

impl Eq for Group {}

impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "Group({name})"),
            None => write!(f, "Group(custom, {} bits)", self.bits()),
        }
    }
}
