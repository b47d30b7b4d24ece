//! `torch agent-run SPEC`: the first process of an agent's pane.

use std::path::PathBuf;

use clap::Args;

use crate::error::Outcome;

/// Runs an agent's program in this pane, as the launch file says.
#[derive(Debug, Args)]
#[command(after_help = "Started by the daemon; not meant to be called by hand.")]
pub struct AgentRunArgs {
    /// The launch file, JSON
    #[arg(value_name = "SPEC")]
    spec: PathBuf,
}

/// Runs the command.
pub(crate) fn run(args: &AgentRunArgs) -> Outcome {
    let torch = || crate::connect::autostart::torch_program().ok();
    Ok(torch_runner::run(&args.spec, torch))
}
