//! The wire codec from outside: what it accepts it gives back unchanged, and what it refuses it names.

mod bad_input;
mod captured;
mod json;
mod round_trip;
mod strategies;
