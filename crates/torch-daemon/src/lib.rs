//! The daemon: it owns the state, executes effects and serves the socket.
//!
//! One loop: [`event`] has everything that can happen and everything that can be done, [`state`] turns
//! the one into the other without IO, the host commits and executes. Its tasks and channels are listed in
//! `host/mod.rs`; [`catalog`] has the agent programs, [`role_files`] the roles, [`project_files`] what a project's own files state, [`offline`] reads the registry while no daemon runs, [`care`] backs it up and restores it.

pub mod brief;
pub mod broker;
pub mod care;
pub mod catalog;
mod crash;
pub mod event;
mod failure;
pub mod git_hooks;
mod host;
pub mod integrate;
pub mod lane;
pub mod matrix;
pub mod offline;
mod outbox;
mod own_team;
pub mod past;
pub mod project_files;
pub mod project_folder;
pub mod replay;
pub mod role_files;
pub mod rollback;
mod run;
mod service;
pub mod state;
pub mod templates;
mod view;
mod words;
pub mod worktrees;

pub use host::acts;
pub use run::{EXIT_LOCKED, Options, hint, run};
pub use service::Service;
