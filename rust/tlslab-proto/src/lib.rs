//! TLS 1.0 to 1.2 as sans-I/O endpoints: bytes in, bytes and trace events out.
#![forbid(unsafe_code)]

pub mod behaviour;
pub mod crypto;
pub mod endpoint;
pub mod record;
pub mod wire;
