//! Clients and servers against each other: what they agree on, how they fail, and what makes them fail.

mod bad_messages;
mod bad_records;
mod channel_binding;
mod client_authentication;
mod edits;
mod exponents;
mod extensions;
mod heartbeat;
mod lookalikes;
mod negotiation;
mod parameters;
mod premaster_zeros;
mod pump;
mod reactions;
mod record_edits;
mod renegotiation;
mod renegotiation_binding;
mod resumption;
mod resumption_table;
mod round_trip;
mod state_table;
mod trust;
