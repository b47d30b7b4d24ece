//! The commands `torch` and `scm`: they read arguments, ask the daemon through `torch-api`, and render its answers.
//!
//! No rules of their own: what may be sent, started or stopped is the daemon's to say. Nothing here runs on tokio.
//! Tasks: one thread that waits for Ctrl-C during `torch auto` and `torch status --watch` ([`interrupt`]). Channels: none.
//!
//! - [`command`]: one file per command, with its arguments.
//! - [`connect`]: connecting, and starting or replacing the daemon.
//! - [`render`]: pure functions from views to text.
//! - [`screen`]: the terminal as a screen of its own, for `--watch`.
//! - [`error`], [`exit`]: the one error of every command, and the exit codes.

use std::ffi::{OsStr, OsString};
use std::process::ExitCode;

pub mod cli;
pub mod command;
pub mod connect;
pub mod error;
pub mod exit;
pub mod interrupt;
mod new_file;
pub mod offline;
pub mod output;
mod own_roles;
pub mod place;
pub mod render;
mod sandbox;
pub mod screen;
pub mod search;
mod service;

/// Runs `torch` with these arguments, the program's name first.
pub fn torch(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    // An agent waits for its hook at every turn: no parser is built for it.
    if args.get(1).map(OsString::as_os_str) == Some(OsStr::new("hook")) {
        return ExitCode::from(command::hook::run(args.get(2..).unwrap_or_default()));
    }
    finish(cli::torch(&args), &args)
}

/// Runs `scm` with these arguments, the program's name first.
pub fn scm(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    finish(cli::scm(&args), &args)
}

fn finish(outcome: error::Outcome, args: &[OsString]) -> ExitCode {
    let failed = |error| output::report(&error, output::Shape::of(args));
    ExitCode::from(outcome.unwrap_or_else(failed))
}
