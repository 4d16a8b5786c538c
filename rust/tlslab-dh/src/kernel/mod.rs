//! The kernels: Montgomery multiplication for the instructions that a CPU has, picked at run time.
//!
//! | kernel | needs | numbers at once | digits | a product of 2048 bits |
//! | --- | --- | --- | --- | --- |
//! | [`Kernel::Portable`] | nothing | 1 | 64 bits | 830 ns |
//! | [`Kernel::Avx2`] | AVX2 | 4 | 27 bits | 470 ns |
//! | [`Kernel::Ifma`] | AVX-512 F and IFMA | 8 | 52 bits | 103 ns |
//!
//! The times are by `examples/kernels.rs`, on one core of an AMD EPYC of the Zen 5 generation; the vector kernels' are
//! those of a batch, divided by its numbers. Results are the same with each kernel.
//!
//! The vector kernels are one algorithm, [`vector`], over one small trait, [`lanes`]; so are the estimates of
//! [`fraction`]. A kernel's type is the proof that the CPU has its instructions, since only a test of the CPU makes a
//! value of it; so the algorithms are safe code, and `unsafe` stays within the operations of `avx2` and `ifma`.

#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "vector instructions")]
mod avx2;
pub(crate) mod fraction;
#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "vector instructions")]
mod ifma;
#[cfg(target_arch = "x86_64")]
mod lanes;
mod multiplier;
pub(crate) mod portable;
#[cfg_attr(target_arch = "x86_64", expect(unsafe_code, reason = "an instruction that takes an address"))]
mod prefetch;
pub(crate) mod radix;
#[cfg(test)]
mod tests;
#[cfg(target_arch = "x86_64")]
mod vector;

use std::fmt;

pub(crate) use multiplier::Multiplier;
pub(crate) use prefetch::prefetch;

/// A way to multiply modulo p. Which one changes the speed, and no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kernel {
    /// One number at a time, in plain integer code: on any CPU.
    Portable,
    /// Four numbers at a time, on x86-64 with AVX2.
    Avx2,
    /// Eight numbers at a time, on x86-64 with AVX-512 F and IFMA.
    Ifma,
}

/// Why a kernel cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KernelError {
    /// No kernel has this name.
    #[error("no kernel is named {name:?}; the names are {}", Kernel::ALL.map(Kernel::name).join(", "))]
    UnknownName {
        /// The name that was asked for.
        name: String,
    },
    /// This CPU lacks the instructions.
    #[error("this CPU has no {kernel} kernel; it has {}", Kernel::available_names())]
    NotSupported {
        /// The kernel that was asked for.
        kernel: Kernel,
    },
}

impl Kernel {
    /// All kernels, the slowest first.
    pub const ALL: [Self; 3] = [Self::Portable, Self::Avx2, Self::Ifma];

    /// The fastest kernel that this CPU has.
    pub fn detect() -> Self {
        Self::available().last().copied().unwrap_or(Self::Portable)
    }

    /// The kernels that this CPU has, the slowest first; [`Kernel::Portable`] is always among them.
    pub fn available() -> Vec<Self> {
        Self::ALL.into_iter().filter(|kernel| kernel.is_supported()).collect()
    }

    /// The kernel's name: `portable`, `avx2` or `ifma`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            Self::Avx2 => "avx2",
            Self::Ifma => "ifma",
        }
    }

    /// The kernel of that name.
    ///
    /// # Errors
    /// A name that no kernel has, or a kernel that this CPU lacks the instructions for.
    pub fn by_name(name: &str) -> Result<Self, KernelError> {
        let kernel = Self::ALL.into_iter().find(|kernel| kernel.name() == name);
        kernel.ok_or_else(|| KernelError::UnknownName { name: name.to_owned() })?.supported()
    }

    /// How many numbers it multiplies at once.
    pub fn lanes(self) -> usize {
        match self {
            Self::Portable => 1,
            Self::Avx2 => 4,
            Self::Ifma => 8,
        }
    }

    /// The kernel, if this CPU has the instructions.
    pub(crate) fn supported(self) -> Result<Self, KernelError> {
        if self.is_supported() { Ok(self) } else { Err(KernelError::NotSupported { kernel: self }) }
    }

    #[cfg(target_arch = "x86_64")]
    fn is_supported(self) -> bool {
        match self {
            Self::Portable => true,
            Self::Avx2 => avx2::Avx2::detect().is_some(),
            Self::Ifma => ifma::Ifma::detect().is_some(),
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn is_supported(self) -> bool {
        self == Self::Portable
    }

    fn available_names() -> String {
        Self::available().into_iter().map(Self::name).collect::<Vec<_>>().join(", ")
    }
}

impl fmt::Display for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
