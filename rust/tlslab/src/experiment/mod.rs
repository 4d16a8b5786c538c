//! Experiments: many trials of one scenario, and what their counts say.

mod binomial;
mod definition;
mod expected;
mod forced;
mod report;
mod runner;
pub mod statistics;
mod trial;
mod whitelist;

pub use definition::{Experiment, ExperimentError, SignatureChoice};
pub use report::{Report, Stopped, Timing};
pub use runner::{Monitor, RunOptions};
pub use trial::Replay;
