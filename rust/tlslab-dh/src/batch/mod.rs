//! Powers and products by the thousand: what an experiment of millions of exchanges needs.
//!
//! An [`Engine`] binds a [`Group`](crate::Group) to a [`Kernel`](crate::Kernel). A [`PowerTable`] has the powers of one
//! base and gives those of many exponents at once, in full or as a count of leading zero bytes; [`Exchanges`] are made
//! of them. A [`Tile`] multiplies each of some powers, its [`Rows`], by each of others, its [`Columns`].
//!
//! All are shared by threads; each call works on the caller's thread, and its results depend neither on the kernel nor
//! on how the work is cut into calls.
//!
//! ```
//! use tlslab_dh::{Group, Kernel};
//! use tlslab_dh::batch::{DEFAULT_BUDGET, Engine, Exponents, PowerTable};
//!
//! let group = Group::by_name("modp1024")?;
//! let engine = Engine::new(&group, Kernel::detect())?;
//! let table = PowerTable::new(&engine, 64, DEFAULT_BUDGET)?;
//! let (x, y) = ([3, 0xff, 5, 0xee], [7, 1, 9, 1]);
//! let mut zeros = [0; 2];
//! table.secret_zeros(&Exponents::new(&x, 2)?, &Exponents::new(&y, 2)?, &mut zeros)?;
//! let z = group.pow(&group.pow_g(&x[2..]), &y[2..]);
//! assert_eq!(usize::from(zeros[1]), tlslab_dh::leading_zero_bytes(&z));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod census;
mod engine;
mod error;
mod exchange;
mod exponents;
mod fractions;
mod order;
mod table;
mod words;

pub use census::{Columns, Rows, Tile, ZeroCounts};
pub use engine::Engine;
pub use error::BatchError;
pub use exchange::{ExchangeZeros, Exchanges};
pub use exponents::Exponents;
pub use table::{DEFAULT_BUDGET, PowerTable};
