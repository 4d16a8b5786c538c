//! Fuzzing: inputs that are scenarios, oracles that judge what happened in them, and campaigns that look for an input
//! that an oracle objects to.
//!
//! An input is data: two behaviours, a scenario with its edits and faults, and a seed. It runs as any experiment's trial
//! does, through the same endpoints, and gives the same bytes each time.

mod bytes;
mod campaign;
mod configs;
mod counterpart;
mod edits;
mod finding;
mod generate;
mod input;
mod maker;
mod minimise;
mod mutate;
pub mod oracle;
mod palette;
mod reached;
pub mod seeded;
mod signal;

pub use bytes::bytes_of;
pub use campaign::{Campaign, CampaignOptions, Mutator, Progress, Summary};
pub use counterpart::{Counterpart, Part, PartError};
pub use finding::Finding;
pub use generate::generate;
pub use input::{Execution, Input, InputError};
pub use maker::Maker;
pub use minimise::minimise;
pub use mutate::mutate;
pub use palette::Palette;
pub use reached::Reached;
