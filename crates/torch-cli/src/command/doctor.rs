//! `torch doctor`.

mod agents;
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
#[command(after_help = "Example:\n  torch doctor")]
pub struct DoctorArgs {
    #[command(flatten)]
    json: JsonArgs,
}

/// Runs the command.
pub(crate) fn run(args: &DoctorArgs, place: &Place) -> Outcome {
    let checks = checks::all(place);
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
