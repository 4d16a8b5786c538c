//! Windows as KB4528489 and KB4557473 describe it: platforms, updates, profiles of clients and servers, and what a
//! Windows shows when a connection fails.
//!
//! All facts are data, in `data/`: `catalogue.json` holds what the articles say, `behaviours.json` which knobs model
//! it, and `symptoms.json` what is seen. What goes beyond the articles is an `assumption` there.

mod catalogue;
mod error;
mod names;
mod profile;
mod reg;
mod registry;
mod symptoms;

pub use catalogue::{
    Availability, BuiltOn, Catalogue, Disagreement, Edition, Enforcement, KindOfUpdate, LeadingZeroUpdate, Platform,
    PlatformFacts, Source, Update, UpdateFacts, UpdateKind, UpdateName, catalogue,
};
pub use error::{CatalogueError, RegistryError};
pub use profile::{Profile, ProfileOptions, Reading, profile};
pub use reg::{MAX_BYTES as MAX_REG_BYTES, read_reg};
pub use registry::Registry;
pub use symptoms::{Ended, EndedError, Language, Symptom, SymptomKind, symptoms};
