//! Tests on real files in a temporary folder.

mod atomic;
mod chain;
mod compliance;
mod export;
mod lists;
mod open;
mod round_trip;
mod sample;
mod schedule;
