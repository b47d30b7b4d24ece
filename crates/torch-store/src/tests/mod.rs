//! Tests on real files in a temporary folder.

mod atomic;
mod backup;
mod chain;
mod compliance;
mod damage;
mod export;
mod full;
mod git;
mod ledger;
mod lists;
mod open;
mod plan;
mod round_trip;
mod sample;
mod schedule;
mod sweep;
