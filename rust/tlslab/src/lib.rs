//! The lab around the protocol: scenarios, experiments, links and peers.
#![forbid(unsafe_code)]

pub mod vectors;
