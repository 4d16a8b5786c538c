//! Diagnosis: evidence of failures is read, and weighed under each explanation that the lab can run.

mod assumptions;
mod bench;
mod chances;
mod classes;
mod condition;
mod events;
mod evidence;
mod explanation;
mod key_log;
mod likelihood;
mod observation;
mod outlook;
mod prediction;
mod strata;
mod text;
mod traffic;
mod weigh;

pub use assumptions::Assumptions;
pub use events::{Direction, Event, EventsError, Export, read as read_events};
pub use evidence::{Capture, Counted, Evidence, EvidenceError, Example, read, read_capture};
pub use explanation::Explanation;
pub use key_log::KeyLog;
pub use observation::{Ending, Exchange, How, Keys, Observation, Over, Premaster, Stage, Verdict};
pub use prediction::{Predicted, Prediction};
pub use traffic::Broken;
pub use weigh::{Case, Counts, Ended, Parts, Weighed, Weighing, weigh};
