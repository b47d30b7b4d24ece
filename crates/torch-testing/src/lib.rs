//! What end-to-end tests stand on: the real programs in a world of their own, and waiting with a deadline.
//!
//! A [`World`] is one test's own machine: a folder with a registry, a home, a git repository and tmux sockets, and an
//! environment that knows nothing of the caller's. Tests with worlds run side by side. A world that is dropped stops
//! its team, ends its daemon and tmux servers, and fails the test if a process of it is left.
//!
//! A [`RealWorld`] is one whose agents are the real programs, in front of a fake model server.
//!
//! A program that runs in a pane is tested by itself in a [`TmuxPane`].
//!
//! Everything here panics where it can't go on, with what a person needs to see why: that is what a test wants.

mod agent;
mod binaries;
mod end;
mod journal;
mod ledger;
mod message;
pub mod model;
mod pane;
pub mod program;
mod ran;
mod real;
mod repository;
mod script;
mod tagged;
mod terminal;
mod tmux;
mod wait;
mod world;

pub use agent::{Agent, Pane};
pub use binaries::example;
#[cfg(target_os = "linux")]
pub use end::processes_of;
pub use ledger::Entry;
pub use message::Message;
pub use pane::TmuxPane;
pub use ran::Ran;
pub use real::{REAL_DEADLINE, RealSetup, RealWorld};
pub use repository::make_repository;
pub use script::SCRIPTED;
pub use tagged::{Tagged, tagged};
pub use terminal::Terminal;
pub use wait::{DEADLINE, poll, until};
pub use world::World;
