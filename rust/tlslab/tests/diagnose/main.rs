//! Evidence: captures of all kinds are read alike, whatever their order and damage, and exported events.

mod captures;
mod events;
mod files;
mod weighing;
