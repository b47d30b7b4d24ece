//! `torch doctor`.

mod checks;
mod machine;
mod programs;

use clap::Args;

use super::JsonArgs;
use crate::error::Outcome;
use crate::exit;
use crate::output;
use crate::place::Place;
use crate::render::doctor::{Verdict, doctor};

/// Checks what torch needs on this machine.
///
/// Changes nothing and starts nothing.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  torch doctor\n\nExits with 1 if a check fails; warnings are no failure."
)]
pub struct DoctorArgs {
    /// Also asks each agent program for its version
    #[arg(long)]
    deep: bool,
    #[command(flatten)]
    json: JsonArgs,
}

/// Runs the command.
pub(crate) fn run(args: &DoctorArgs, place: &Place) -> Outcome {
    let depth = if args.deep {
        programs::Depth::Versions
    } else {
        programs::Depth::Presence
    };
    let checks = checks::all(place, depth);
    if args.json.json {
        for check in &checks {
            output::json(check)?;
        }
    } else {
        output::data(&doctor(&checks))?;
    }
    let failed = checks.iter().any(|check| check.verdict == Verdict::Fail);
    Ok(if failed { exit::FAILURE } else { exit::OK })
}
