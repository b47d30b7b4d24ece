//! The pane's first process, torch's own wrapper around an agent program, and the command behind the programs' hooks.
//!
//! **Invariant:** no shell ever runs in an agent's pane. From the moment the program has ended, everything typed or
//! pasted into the pane is read and thrown away, neither run nor echoed.
//!
//! **Invariant:** what the program left behind is ended with it. The wrapper is a child subreaper (Linux), so that
//! double-forked processes come back to it; elsewhere only its descendants at that moment are found.
//!
//! **Invariant:** the program starts with no signal blocked and none ignored that the wrapper itself needs: caught
//! signals alone are reset by `exec`.
//!
//! **Invariant:** the daemon is never an agent's: one that the wrapper starts has a session, a log and an environment
//! of its own, and is not ended with the agent.
//!
//! Tasks and channels: one thread takes the signals, one, once the program has ended, throws input away, one sleeps
//! until the daemon has ended; all send to the wrapper over one channel, and the last gets the started daemon back
//! over another. Nothing is polled, but for a look every 5 s while the daemon is to stay away.

mod command_run;
mod daemon;
mod ended;
mod hand_over;
mod hook;
mod signals;
mod spool;
mod status_line;
mod terminal;
mod wrapper;

use std::io::Write as _;
use std::path::{Path, PathBuf};

pub use command_run::{CommandRun, CommandRunError, run_command};
pub use daemon::FindTorch;
pub use hand_over::{HandOverFrom, hand_over};
pub use hook::{HOOK_INPUT_MAX, hook};
pub use spool::append;
pub use status_line::{Chain, status_line};

/// Why the wrapper could not begin.
#[derive(Debug, thiserror::Error)]
pub enum RunnerError {
    /// The file with its orders could not be read.
    #[error("failed to read the launch file `{}`", path.display())]
    ReadSpec {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It does not hold orders.
    #[error("failed to parse the launch file `{}`", path.display())]
    ParseSpec {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// The launch was run before: somebody respawned the pane as it was. torch, which lost it, starts the agent anew.
    #[error("the launch in `{}` was run already; torch starts the agent in another window", path.display())]
    RunBefore {
        /// The file.
        path: PathBuf,
    },
    /// Signals could not be caught, or orphans not be adopted.
    #[error("failed to set up the wrapper's signals")]
    Signals(#[source] std::io::Error),
}

/// Runs the program that the [`torch_core::launch::LaunchSpec`] in `spec_path` names, and stays in its pane until it
/// is told to end by SIGHUP, SIGTERM, SIGINT or SIGQUIT. The exit code is 0 then, and 1, with a line on standard
/// error, where the orders could not be read. `torch` finds the program that starts the daemon again.
pub fn run(spec_path: &Path, torch: FindTorch) -> u8 {
    match wrapper::run(spec_path, torch) {
        Ok(()) => 0,
        Err(error) => {
            let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
            let text = format!("Error: {error}{}", cause.unwrap_or_default());
            // Without a standard error there is nobody to tell.
            writeln!(std::io::stderr(), "{text}").ok();
            1
        }
    }
}
