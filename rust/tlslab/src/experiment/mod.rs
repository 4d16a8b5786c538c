//! Experiments: many trials of one scenario, and what their counts say.

mod audit;
mod binomial;
mod class;
mod definition;
mod engine;
mod expected;
mod forced;
mod precomputed;
mod report;
mod runner;
pub mod statistics;
mod stop;
mod tally;
mod tier;
mod trial;
mod whitelist;
mod wire;

pub use definition::{Experiment, ExperimentError, SignatureChoice};
pub use report::{ClassCount, IntervalKind, Report, Timing};
pub use runner::{FidelityChoice, Monitor, RunOptions};
pub use stop::{StopRules, Stopped};
pub use trial::Replay;
