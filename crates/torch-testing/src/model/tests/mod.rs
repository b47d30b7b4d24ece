//! The fake model over HTTP, as a program meets it.

mod apis;
mod behaviour;
mod client;
mod limits;
