//! `torch compliance replay DATE`.

use clap::{Args, Subcommand};
use jiff::civil::Date;
use torch_core::Timestamp;

use super::JsonArgs;
use super::violations::{date, day};
use crate::error::{CommandError, Outcome};
use crate::place::Place;
use crate::render::compliance as render;
use crate::render::time::Clock;
use crate::{exit, offline, output};

/// Checks afterwards how the rules of communication were applied.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  torch compliance replay 2026-11-21")]
pub struct ComplianceArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Judges a day's messages again by the rules that held then, and shows what was slow
    #[command(
        after_help = "Examples:\n  torch compliance replay 2026-11-21\n  torch compliance replay 2026-11-21 --json"
    )]
    Replay(ReplayArgs),
}

#[derive(Debug, Args)]
struct ReplayArgs {
    /// The day: 2026-11-21
    #[arg(value_name = "DATE", value_parser = date)]
    date: Date,
    #[command(flatten)]
    json: JsonArgs,
}

/// Runs the command.
pub(crate) fn run(args: &ComplianceArgs, place: &Place) -> Outcome {
    let Command::Replay(args) = &args.command;
    let clock = Clock::system();
    let (from, until) = day(args.date, &clock.zone)?;
    let from = from.unwrap_or(Timestamp(0));
    let until = until
        .unwrap_or(Timestamp(u64::MAX))
        .min(torch_process::clock::now().after(ONE));
    let report = offline::replay(place, from, until)?;
    if args.json.json {
        output::json(&report)?;
    } else {
        output::prose(&render::replay(
            &args.date.to_string(),
            &report,
            &clock,
            crate::screen::width(),
        ))?;
    }
    if report.differing.is_empty() && report.unknown.is_empty() {
        return Ok(exit::OK);
    }
    Ok(exit::FAILURE)
}

/// What happens in this moment belongs to today.
const ONE: std::time::Duration = std::time::Duration::from_millis(1);

/// The registry's error, for a day without a registry.
pub(crate) fn no_registry(place: &Place) -> CommandError {
    CommandError::other(format!("there is no journal in {}", place.home.display()))
        .hint("torch doctor")
}
