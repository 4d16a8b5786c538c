//! Experiments: many trials of one scenario, and what their counts say.

mod audit;
mod binomial;
mod blocks;
mod census;
mod class;
mod classes;
mod definition;
mod engine;
mod engines;
mod expected;
mod forced;
mod options;
mod part;
mod precomputed;
mod report;
mod runner;
mod source;
pub mod statistics;
mod stop;
mod tally;
mod tier;
mod tile;
mod trial;
mod whitelist;
mod wire;

pub(crate) use definition::simulated_unless_needed;
pub use definition::{Experiment, ExperimentError, SignatureChoice};
pub use forced::{Class, Forced};
pub use options::{Fidelity, FidelityChoice, RunOptions};
pub use part::{Part, PartClass, PartError, Zeros};
pub use report::{ClassCount, ExponentSource, IntervalKind, Report, Timing};
pub use runner::{Codes, Monitor, Prepared};
pub use stop::{StopRules, Stopped};
pub use trial::Replay;
