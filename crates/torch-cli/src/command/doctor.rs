//! `torch doctor`.

mod agents;
mod checks;
pub(super) mod in_use;
mod machine;
pub(crate) mod probe;
mod programs;

use clap::Args;

use super::JsonArgs;
use super::agents::installed::Ask;
use crate::error::Outcome;
use crate::exit;
use crate::output;
use crate::place::Place;
use crate::render::doctor::{Verdict, doctor};

const EXAMPLES: &str = "Examples:
  torch doctor
  torch doctor --probe
  torch doctor --probe claude codex --ask-model

Without --probe nothing is changed, and nothing started but programs that are asked for their version;
what they say is remembered for a day (torch/versions.json in the cache folder). With --probe each program is launched as for a
team, with your login and settings as they are, in a registry, a tmux server and a repository of its
own, which are gone afterwards. It says whether the program comes to its prompt, which of its hooks
came, whether it took torch's MCP server, and what works from inside its shell's sandbox, where it
has a command for that. No dialog is answered and no model is asked.

--ask-model sends one prompt per program: torch's briefing, whose spec asks for two commands in the
shell, a new file and two calls of torch's tools. What counts is what arrives at torch. The program
keeps its own record of that conversation, as of any other.";

/// Checks what torch needs on this machine, and with --probe what works from inside the agent programs.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct DoctorArgs {
    /// Launches the programs for real, and says which of their doors to torch work
    #[arg(long)]
    probe: bool,
    /// With --probe: also what only the model can show, with one prompt per program on your account
    #[arg(long, requires = "probe")]
    ask_model: bool,
    /// Asks each agent program for its version, also where its executable is the same as within the last day
    #[arg(long, conflicts_with = "probe")]
    fresh: bool,
    /// The programs to be probed [default: all that are installed]
    #[arg(value_name = "PROGRAM", requires = "probe")]
    programs: Vec<String>,
    #[command(flatten)]
    json: JsonArgs,
}

/// Runs the command.
pub(crate) fn run(args: &DoctorArgs, place: &Place) -> Outcome {
    if args.probe {
        let probe = probe::Probe {
            programs: args.programs.clone(),
            ask_model: args.ask_model,
            json: args.json.json,
        };
        return probe::run(&probe, place);
    }
    let checks = checks::all(place, Ask::fresh(args.fresh));
    if args.json.json {
        for check in &checks {
            output::json(check)?;
        }
    } else {
        output::data(&doctor(&checks, crate::screen::width()))?;
    }
    let failed = checks.iter().any(|check| check.verdict == Verdict::Fail);
    Ok(if failed { exit::FAILURE } else { exit::OK })
}
