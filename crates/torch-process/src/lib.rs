//! The only crate that spawns processes and that reads facts about them; it also reads the clock.
//!
//! Working directory, environment, deadline and process group of a command are not optional: a child gets exactly
//! the environment that it is given, runs in a process group of its own, and the whole group is ended at the
//! deadline. [`run`] and [`run_async`] are for commands that end, [`spawn_piped`] for a long-lived child spoken to
//! over pipes, [`spawn_detached`] for the daemon, [`spawn_foreground`] for the program of a pane.
//!
//! Tasks and channels: [`spawn_piped`] starts one task that keeps the tail of the child's standard error;
//! [`run_async`] runs [`run`] on tokio's blocking pool and ends the child when it is dropped.

mod await_end;
pub mod clock;
mod command;
mod detached;
mod end;
pub mod env;
mod error;
mod exit;
pub mod facts;
mod foreground;
pub mod launch;
pub mod listen;
mod piped;
pub mod quote;
mod run;
pub mod search;
#[cfg(test)]
mod tests;
pub mod traces;
#[cfg(target_os = "linux")]
pub mod usage;

pub use await_end::await_end;
pub use command::{CommandSpec, Output};
pub use detached::{DetachedChild, become_daemon, spawn_detached};
pub use end::{end, recreate_socket};
pub use env::Environment;
pub use error::ProcessError;
pub use foreground::{ProcessGroup, exec, spawn_foreground};
pub use piped::{PipedChild, spawn_piped};
pub use run::{OUTPUT_MAX, run, run_async, run_while};
