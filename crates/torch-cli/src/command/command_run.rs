//! `torch command-run`: what stands between the daemon and a command that it runs for an integration.

use std::path::PathBuf;

use clap::Args;
use torch_core::Process;
use torch_runner::CommandRun;

use crate::error::{CommandError, Outcome};

/// Runs a command of an integration, and ends it with the daemon.
#[derive(Debug, Args)]
#[command(after_help = "Started by the daemon; not meant to be called by hand.")]
pub struct CommandRunArgs {
    /// The daemon's process id
    #[arg(value_name = "PID")]
    pid: u32,
    /// The daemon's start time
    #[arg(value_name = "START")]
    start: u64,
    /// The run's name
    #[arg(value_name = "RUN")]
    run: String,
    /// Where the run is recorded
    #[arg(value_name = "FILE")]
    record: PathBuf,
    /// The command, for sh -c
    #[arg(value_name = "COMMAND", allow_hyphen_values = true)]
    command: String,
}

/// Runs the command.
pub(crate) fn run(args: CommandRunArgs) -> Outcome {
    let failed = || CommandError::other("the command of an integration could not be run");
    let folder = std::env::current_dir().map_err(|error| failed().because(&error))?;
    let spec = CommandRun {
        daemon: Process {
            pid: args.pid,
            start: args.start,
        },
        run: args.run,
        record: args.record,
        command: args.command,
        folder,
        env: std::env::vars_os().collect(),
    };
    torch_runner::run_command(&spec).map_err(|error| failed().because(&error))
}
