//! Finite-field Diffie-Hellman for tlslab: groups, modular arithmetic and probabilities. It knows no TLS.
//!
//! Numbers cross this crate's border as big-endian bytes, as they do on the wire. Nothing here runs in constant time:
//! exponents steer branches and table look-ups. That is fine in a lab, whose secrets are made up, and nowhere else.
//!
//! [`Group`] computes one power at a time; [`batch`] computes millions, with the vector instructions of the CPU.
//!
//! ```
//! use tlslab_dh::Group;
//!
//! let group = Group::by_name("ffdhe2048")?;
//! let (x, y) = ([0x1d; 29], [0x2e; 29]);
//! let z = group.pow(&group.pow_g(&x), &y);
//! assert_eq!(z, group.pow(&group.pow_g(&y), &x));
//! assert_eq!(z.len(), 256);
//! # Ok::<(), tlslab_dh::GroupError>(())
//! ```

#![deny(unsafe_code)]

pub mod batch;
mod digits;
mod fixed_base;
mod group;
mod kernel;
mod limbs;
mod montgomery;
mod named;
mod order;
mod pow;
mod prime;
mod public_value;
mod search;
mod sum;
mod trap;
mod zeros;

pub use group::{Group, GroupError, MAX_MODULUS_BITS, MIN_MODULUS_BITS};
pub use kernel::{Kernel, KernelError};
pub use sum::sum;
pub use zeros::{leading_zero_bytes, trimmed};
