//! `torch demo-agent`: the built-in agent, started by the daemon or by hand.

use std::path::PathBuf;

use clap::Args;

use crate::error::Outcome;

/// The built-in agent: a small real terminal program that works through a spec by script, without a model.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  torch demo-agent --scenario scenario.toml")]
pub struct DemoAgentArgs {
    /// The settings file with the hooks
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// The conversation's id, a UUID
    #[arg(
        // As Claude Code calls it.
        long = "session-id",
        value_name = "UUID",
        default_value = "00000000-0000-4000-8000-000000000000"
    )]
    conversation: String,
    /// A file that scripts it
    #[arg(long, value_name = "FILE")]
    scenario: Option<PathBuf>,
    /// Where it notes what it really received
    #[arg(long, value_name = "FILE")]
    ledger: Option<PathBuf>,
    /// Where it keeps its transcript
    #[arg(long, value_name = "FILE")]
    transcript: Option<PathBuf>,
}

/// Runs the command.
pub(crate) fn run(args: DemoAgentArgs) -> Outcome {
    Ok(torch_demo::run(&torch_demo::Options {
        settings: args.settings,
        conversation: args.conversation,
        scenario: args.scenario,
        ledger: args.ledger,
        transcript: args.transcript,
    }))
}
