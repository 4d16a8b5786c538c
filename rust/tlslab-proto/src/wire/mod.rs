//! Bytes to messages and back: a total, lossless codec. Nothing here knows a state, a key or a behaviour.

pub mod registry;
