//! Whether a probe tells the truth, over simulated peers.

mod claims;
mod client;
mod random;
mod server;
mod stalls;
