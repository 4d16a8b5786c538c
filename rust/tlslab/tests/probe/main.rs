//! Whether a probe tells the truth, over simulated peers.

mod claims;
mod random;
mod server;
