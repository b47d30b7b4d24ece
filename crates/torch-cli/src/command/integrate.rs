//! `torch integrate`.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use torch_api::git::{GitRequest, GitResponse};
use torch_api::integrate::{IntegrateOrder, IntegrateRequest, IntegrationView};
use torch_api::{Request, Response};
use torch_core::integration::IntegrationOutcome;

use super::{JsonArgs, TeamArgs};
use crate::connect::{self, Act};
use crate::error::{CommandError, Outcome};
use crate::place::Place;
use crate::render::time::Clock;
use crate::{exit, output, render, screen};

/// The largest file of measures that is read, in bytes.
const METRICS_MAX: u64 = 1 << 20;

/// Puts the work of a team's agents together on a branch, has it tested and reviewed, and lets it into the team's parent branch.
///
/// Steps: 0 check, 1 branch, 2 merge, 3 test, 4 review, 5 land, 6 verify, 7 tell. It runs in the daemon and goes on by itself after
/// commits, reviews and restarts; this command shows it where it waits for somebody, or is over. Ctrl-C ends the showing alone.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  torch integrate --dry-run
  torch integrate
  torch integrate --step 3 --test \"cargo test\"
  torch integrate --resume
  torch integrate --tests failed --note \"two of the parser\"
  torch integrate --list --json")]
pub struct IntegrateArgs {
    /// Stop behind this step; --resume goes on
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=7))]
    step: Option<u8>,
    /// Go on with the one that waits
    #[arg(long)]
    resume: bool,
    /// Make no pull request, though one could be made
    #[arg(long)]
    no_pr: bool,
    /// Show what would be merged, in which order, what conflicts, and who tests and reviews; change nothing
    #[arg(long, conflicts_with_all = ["step", "resume", "abort", "list", "tests", "metrics", "feature"])]
    dry_run: bool,
    /// End the one that is under way; nothing of it stays
    #[arg(long, conflicts_with_all = ["step", "resume", "list", "tests", "test", "metrics", "feature", "no_pr"])]
    abort: bool,
    /// List all of the team, those that are over too
    #[arg(long, conflicts_with_all = ["step", "resume", "tests", "test", "metrics", "feature", "no_pr"])]
    list: bool,
    /// Say how the tests went that you were asked to run
    #[arg(long, value_name = "VERDICT", conflicts_with_all = ["step", "resume", "test", "metrics", "feature", "no_pr"])]
    tests: Option<VerdictArg>,
    /// What to say of them
    #[arg(long, value_name = "TEXT", requires = "tests")]
    note: Option<String>,
    /// The tests' command, which torch runs with your rights, for sh -c [default: integration.test; else a role runs them]
    #[arg(long, value_name = "COMMAND")]
    test: Option<String>,
    /// A JSON file of measures, {"coverage": 81.5}: coverage, duplication, complexity, lint_errors, type_coverage, bundle_growth
    #[arg(long, value_name = "FILE")]
    metrics: Option<PathBuf>,
    /// What the tag of stable work is named after: stable-NAME-DATE
    #[arg(long, value_name = "NAME", conflicts_with = "resume")]
    feature: Option<String>,
    /// Return at once
    #[arg(long)]
    no_wait: bool,
    #[command(flatten)]
    team: TeamArgs,
    #[command(flatten)]
    json: JsonArgs,
}

/// What a second asking comes to, where the daemon went away before it answered.
#[derive(Debug, Clone, Copy)]
enum Twice {
    /// The same: one that is under way is shown, not doubled.
    Does,
    /// Another look.
    Looks,
    /// Perhaps something else.
    No,
}

/// That an integration goes on.
const BEGUN: Act<'_> = Act {
    done: "the integration is under way",
    tells: "torch integrate --list",
};

/// That an order was taken.
const TAKEN: Act<'_> = Act {
    done: "the integration was told",
    tells: "torch integrate --list",
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum VerdictArg {
    /// All is well
    Passed,
    /// Something failed
    Failed,
}

/// Runs the command.
pub(crate) fn run(args: IntegrateArgs, place: &Place) -> Outcome {
    let order = order(&args, &place.cwd)?;
    let may_twice = match order {
        IntegrateOrder::Begin { .. } | IntegrateOrder::Resume { .. } => Twice::Does,
        IntegrateOrder::List | IntegrateOrder::Preview { .. } => Twice::Looks,
        IntegrateOrder::Abort { .. } | IntegrateOrder::Tests { .. } => Twice::No,
    };
    let request = IntegrateRequest {
        team: place.team(args.team.team),
        order,
    };
    let request = Request::Git(GitRequest::Integrate(Box::new(request)));
    let ask = || connect::ask_by_any_door(place, &request);
    let answered = match may_twice {
        Twice::Does => connect::surely(BEGUN, ask),
        Twice::Looks => connect::looked(ask),
        Twice::No => connect::once(TAKEN, ask),
    };
    let answer = match answered? {
        Response::Git(answer) => *answer,
        other => return Err(CommandError::unexpected(&other)),
    };
    if args.json.json {
        match &answer {
            GitResponse::Integration(view) => output::json(view)?,
            GitResponse::Integrations { integrations } => {
                integrations.iter().try_for_each(output::json)?;
            }
            GitResponse::Preview(view) => output::json(view)?,
            _ => {}
        }
    }
    let (clock, width) = (Clock::system(), screen::width());
    let text = match &answer {
        GitResponse::Integration(view) => render::integrate::one(view, width),
        GitResponse::Integrations { integrations } => {
            render::integrate::list(integrations, &clock, width)
        }
        GitResponse::Preview(view) => render::integrate::preview(view, width),
        _ => {
            return Err(CommandError::unexpected(&Response::Git(Box::new(answer))));
        }
    };
    if !args.json.json {
        output::data(&text)?;
    }
    Ok(match &answer {
        GitResponse::Integration(view) if !args.abort => code(view),
        _ => exit::OK,
    })
}

/// 0 where all went as it may, a wait included.
fn code(view: &IntegrationView) -> u8 {
    match view.integration.outcome {
        Some(IntegrationOutcome::Aborted { .. } | IntegrationOutcome::Unverified { .. }) => {
            exit::FAILURE
        }
        _ => exit::OK,
    }
}

fn order(args: &IntegrateArgs, cwd: &Path) -> Result<IntegrateOrder, CommandError> {
    if args.list {
        return Ok(IntegrateOrder::List);
    }
    if args.abort {
        let wait = !args.no_wait;
        return Ok(IntegrateOrder::Abort { wait });
    }
    if let Some(verdict) = args.tests {
        return Ok(IntegrateOrder::Tests {
            passed: verdict == VerdictArg::Passed,
            note: args.note.clone().unwrap_or_default(),
        });
    }
    let test = args.test.clone().filter(|test| !test.trim().is_empty());
    if args.dry_run {
        return Ok(IntegrateOrder::Preview {
            no_pull_request: args.no_pr,
            test,
        });
    }
    let metrics = args.metrics.as_ref().map(|path| metrics(&cwd.join(path)));
    let metrics = metrics.transpose()?;
    let (until, wait) = (args.step.map(usize::from), !args.no_wait);
    Ok(match args.resume {
        true => IntegrateOrder::Resume {
            until,
            test,
            metrics,
            wait,
        },
        false => IntegrateOrder::Begin {
            until,
            no_pull_request: args.no_pr,
            test,
            metrics,
            feature: args.feature.clone(),
            wait,
        },
    })
}

/// Measures from a file, which the daemon reads.
fn metrics(path: &Path) -> Result<String, CommandError> {
    torch_project::read_text(path, METRICS_MAX).map_err(|error| {
        CommandError::usage(format!("failed to read the measures in {}", path.display()))
            .cause(error.to_string())
            .hint("torch integrate --help")
    })
}
