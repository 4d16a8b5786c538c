//! The lab around the protocol: scenarios, experiments, links and peers.
#![forbid(unsafe_code)]

pub mod attack;
pub mod capture;
pub mod diagnose;
pub mod experiment;
pub mod ftp;
pub mod fuzzing;
pub mod link;
pub mod peer;
pub mod probe;
pub mod scenario;
pub mod starttls;
pub mod targets;
pub mod vectors;
pub mod windows;
