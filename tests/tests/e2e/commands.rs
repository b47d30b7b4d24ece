//! The commands beside `auto` and `scm`, run as people and agents run them.

mod agents;
mod daemon;
mod exports;
mod messages;
mod people;
mod registry;
