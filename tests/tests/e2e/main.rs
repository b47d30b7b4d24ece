//! End-to-end tests: the real programs, real tmux, real git, each test in a world of its own (see torch-testing).
//!
//! The demo agents' ledgers are the oracle: what an agent's program really received, whatever torch believes.

mod abuse;
mod activity;
mod auto;
mod bad_input;
mod broker;
mod choice;
mod commands;
mod credit;
mod delivery;
mod doors;
mod edges;
mod endurance;
mod forbidden;
mod hostile;
mod identity;
mod integrate;
mod isolation;
mod lane;
mod open;
mod payloads;
mod place;
mod plan;
mod policy;
mod project_rules;
mod recovery;
mod rollback;
mod roster;
mod rules;
mod schedule;
mod snapshot;
mod unattended;
mod watch;
mod whole;
mod worktrees;
