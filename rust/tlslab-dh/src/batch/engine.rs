//! A group and a kernel, and what leads from numbers to batches and back.

use std::sync::{Arc, OnceLock};

use super::BatchError;
use super::order::Order;
use super::words::Words;
use crate::group::Group;
use crate::kernel::{Kernel, Multiplier, radix};
use crate::limbs::{bit_length, copy_to_be, is_less, sub_assign};
use crate::pow::pow;

/// A group, bound to the kernel that works in it. A handle: cloning is cheap.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    group: Group,
    kernel: Kernel,
    multiplier: Multiplier,
    /// The kernel's R, in the form of the group's own arithmetic.
    form_of_r: Vec<u64>,
    /// `R^2 mod n` in the kernel's digits: it takes a number to its form.
    r_squared: Vec<u64>,
    head: Head,
    order: OnceLock<Option<Order>>,
}

/// The digits that nearly always tell the length of a number: the two highest of the modulus', and one for overflow.
struct Head {
    lowest: usize,
    digits: usize,
    of_modulus: u128,
}

impl Engine {
    /// Binds a group to a kernel.
    ///
    /// # Errors
    /// A kernel that this CPU lacks the instructions for.
    pub fn new(group: &Group, kernel: Kernel) -> Result<Self, BatchError> {
        let arithmetic = group.arithmetic();
        let multiplier = Multiplier::new(kernel, arithmetic)?;
        let (bits, digits) = (multiplier.radix_bits(), multiplier.digits());

        let r_bits = u32::try_from(bits * digits).unwrap_or(u32::MAX);
        let form_of_r = pow(arithmetic, &arithmetic.form(&[2]), &r_bits.to_be_bytes());
        let mut r_squared = vec![0; arithmetic.limbs()];
        arithmetic.mul(&arithmetic.number(&form_of_r), &form_of_r, &mut r_squared);

        let modulus = radix::split(arithmetic.modulus(), multiplier.radix_bits() as u32, digits);
        let lowest = ((arithmetic.bits() - 1) / bits).saturating_sub(1);
        let head_digits = (digits - lowest).min(3);
        let head = Head { lowest, digits: head_digits, of_modulus: 0 };
        let of_modulus = head.of(bits, |i| modulus[i]);
        Ok(Self(Arc::new(Inner {
            group: group.clone(),
            kernel,
            r_squared: radix::split(&r_squared, bits as u32, digits),
            form_of_r,
            multiplier,
            head: Head { of_modulus, ..head },
            order: OnceLock::new(),
        })))
    }

    /// The group.
    pub fn group(&self) -> &Group {
        &self.0.group
    }

    /// The kernel.
    pub fn kernel(&self) -> Kernel {
        self.0.kernel
    }

    /// Whether both are handles of one engine.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Does nothing but multiply, so many batches one after the other: to measure the kernel by. In each of the
    /// [`Kernel::lanes`] it computes g to the power of `batches + 1`; gives the leading zero bytes of that.
    pub fn multiply_repeatedly(&self, batches: usize) -> u16 {
        let multiplier = self.multiplier();
        let arithmetic = self.group().arithmetic();
        let generator = arithmetic.number(&arithmetic.form(self.group().generator()));
        let in_each_lane = |digits: Vec<u64>| {
            let mut batch = Words::zeros(multiplier.batch_words());
            multiplier.interleave(|_| &digits, &mut batch);
            batch
        };
        let factor = in_each_lane(self.digits_of_form(&generator));
        let mut power = in_each_lane(self.digits_of_number(&generator));
        let mut spare = Words::zeros(multiplier.batch_words());
        for _ in 0..batches {
            multiplier.multiply(&power, &factor, &mut spare);
            std::mem::swap(&mut power, &mut spare);
        }
        self.zeros(&power, 0)
    }

    pub(super) fn multiplier(&self) -> &Multiplier {
        &self.0.multiplier
    }

    /// See [`Inner::r_squared`].
    pub(super) fn r_squared(&self) -> &[u64] {
        &self.0.r_squared
    }

    /// The order of g, where it is known; the first call may have to look for it, see [`Group::order`].
    pub(super) fn order(&self) -> Option<&Order> {
        self.0.order.get_or_init(|| Order::of(&self.0.group)).as_ref()
    }

    /// A reduced number (in limbs) as the kernel's digits.
    pub(super) fn digits_of_number(&self, number: &[u64]) -> Vec<u64> {
        radix::split(number, self.multiplier().radix_bits() as u32, self.multiplier().digits())
    }

    /// The kernel's form of a reduced number (in limbs).
    pub(super) fn digits_of_form(&self, number: &[u64]) -> Vec<u64> {
        let mut form = vec![0; number.len()];
        self.group().arithmetic().mul(number, &self.0.form_of_r, &mut form);
        self.digits_of_number(&form)
    }

    /// The number of a lane, reduced, in limbs.
    pub(super) fn reduced(&self, batch: &[u64], lane: usize) -> Vec<u64> {
        let lanes = self.multiplier().lanes();
        let n = self.group().arithmetic().modulus();
        // It is below 2n.
        let mut number = vec![0; n.len() + 1];
        let digits = batch.iter().skip(lane).step_by(lanes).copied();
        radix::join_into(digits, self.multiplier().radix_bits() as u32, &mut number);
        let overflow = number.pop() != Some(0);
        if overflow || !is_less(&number, n) {
            sub_assign(&mut number, n);
        }
        number
    }

    /// The number of a lane, big-endian, in the bytes of `out`, which are the group's length.
    pub(super) fn write_be(&self, batch: &[u64], lane: usize, out: &mut [u8]) {
        copy_to_be(&self.reduced(batch, lane), out);
    }

    /// How many leading bytes of a lane's number are zero, in the group's length.
    ///
    /// The head tells, unless it is zero or not less than the modulus'.
    pub(super) fn zeros(&self, batch: &[u64], lane: usize) -> u16 {
        let Inner { multiplier, head, group, .. } = &*self.0;
        let lanes = multiplier.lanes();
        let value = head.of(multiplier.radix_bits(), |i| batch[i * lanes + lane]);
        let bits = if value != 0 && value < head.of_modulus {
            (u128::BITS - value.leading_zeros()) as usize + head.lowest * multiplier.radix_bits()
        } else {
            bit_length(&self.reduced(batch, lane))
        };
        // At most 1024 bytes are in a number.
        (group.len() - bits.div_ceil(8)) as u16
    }
}

impl Head {
    /// The head of a number below 2n, of which `digit` gives the digits.
    #[inline(always)]
    fn of(&self, radix_bits: usize, digit: impl Fn(usize) -> u64) -> u128 {
        // Three digits of 52 bits would not fit, but the third is a single bit; of 64 bits there are two at most.
        (0..self.digits).map(|i| u128::from(digit(self.lowest + i)) << (i * radix_bits)).sum()
    }
}
