//! Experiments: many trials of one scenario, and what their counts say.

mod binomial;
pub mod statistics;
