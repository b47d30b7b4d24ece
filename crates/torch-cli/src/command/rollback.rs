//! `torch rollback`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use torch_api::rollback::{RollbackOrder, RollbackRequest, RollbackResponse, RollbackView};
use torch_api::{Request, Response};
use torch_core::rollback::Verdict;

use super::given::Given;
use super::{JsonArgs, TeamArgs};
use crate::connect;
use crate::error::{CommandError, ErrorKind, Outcome};
use crate::output::{self, Enter};
use crate::place::Place;
use crate::{exit, render};

/// Takes work back: commits of the parent branch, files, or all down to the last good commit.
///
/// The last good commit is the newest verified integration; without one the newest tag stable-* on the parent branch; without one
/// the newest commit of it whose message begins with "Integration:" or "stable:". It is never the bad commit, nor one that has it.
/// Nothing is rewritten but by `emergency --force`; no file that somebody has changed is touched.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  torch rollback plan")]
pub struct RollbackArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Shows the last good commit, what would be taken back, and by which command; changes nothing
    #[command(
        after_help = "Examples:\n  torch rollback plan\n  torch rollback plan --bad 3f2a91c --json"
    )]
    Plan(PlanArgs),
    /// Reverts commits of the parent branch by new commits on top of it, and shows the difference
    ///
    /// They are made in memory: a conflict names the files and changes nothing. A merge is reverted as what it brought. Where the
    /// parent branch is checked out, that worktree is brought along if nobody has uncommitted work there.
    #[command(
        after_help = "Examples:\n  torch rollback revert 3f2a91c\n  torch rollback revert 3f2a91c..main\n  torch rollback revert --to-last-good"
    )]
    Revert(RevertArgs),
    /// Restores files as they were at the last good commit, as a commit in one worktree
    ///
    /// Other files of the worktree keep their changes. A file that the good commit does not have is removed.
    #[command(
        after_help = "Examples:\n  torch rollback files src/parser.rs\n  torch rollback files docs --from v1.2 --role developer"
    )]
    Files(FilesArgs),
    /// Makes a branch rollback/YYYYMMDD_HHMMSS at the last good commit; nothing else moves
    #[command(
        after_help = "Examples:\n  torch rollback branch\n  torch rollback branch --keep 3f2a91c --keep 77ab01d"
    )]
    Branch(BranchArgs),
    /// Brings the parent branch back to the content of the last good commit, and tells all agents at once
    ///
    /// A branch rollback/emergency-YYYYMMDD-HHMM is made there. Everything above it is reverted; with --force, which only a person at a
    /// terminal can confirm, the branch itself is put back, and its remote by a push under a lease. What it leaves is kept under a
    /// hidden reference, and the answer names the command that brings it back.
    #[command(
        after_help = "Examples:\n  torch rollback emergency\n  torch rollback emergency --bad 3f2a91c --yes\n  torch rollback emergency --force"
    )]
    Emergency(EmergencyArgs),
    /// Checks the parent branch after a rollback: where it stands, the tests, and the commands of [rollback] in your settings
    ///
    /// The commands run as you, in a worktree of torch's own. What is not configured is shown as not checked.
    #[command(
        after_help = "Examples:\n  torch rollback verify\n  torch rollback verify --test 'cargo test'"
    )]
    Verify(VerifyArgs),
    /// Lists what was taken back so far, and how long it took
    #[command(after_help = "Example:\n  torch rollback list --json")]
    List(ListArgs),
}

#[derive(Debug, Clone, Default, Args)]
struct Common {
    #[command(flatten)]
    team: TeamArgs,
    #[command(flatten)]
    json: JsonArgs,
}

#[derive(Debug, Clone, Default, Args)]
struct BadArgs {
    /// A commit that is bad: neither it nor what has it is good; default: the parent branch's newest
    #[arg(long, value_name = "COMMIT")]
    bad: Option<String>,
}

#[derive(Debug, Args)]
struct PlanArgs {
    #[command(flatten)]
    bad: BadArgs,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
struct RevertArgs {
    /// Commits, or ranges A..B
    #[arg(
        value_name = "COMMIT",
        required_unless_present = "to_last_good",
        conflicts_with_all = ["to_last_good", "bad"]
    )]
    commits: Vec<String>,
    /// All commits above the last good one
    #[arg(long)]
    to_last_good: bool,
    #[command(flatten)]
    bad: BadArgs,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
struct FilesArgs {
    /// Files and folders
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    /// As they were at this commit; default: the last good one
    #[arg(long, value_name = "COMMIT", conflicts_with = "bad")]
    from: Option<String>,
    /// In the worktree of this role; default: the calling agent's, or the one that holds the current directory
    #[arg(long, value_name = "ROLE")]
    role: Option<String>,
    #[command(flatten)]
    bad: BadArgs,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
struct BranchArgs {
    /// A commit, or a range A..B, that is picked onto it; in the order given
    #[arg(long, value_name = "COMMIT")]
    keep: Vec<String>,
    #[command(flatten)]
    bad: BadArgs,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
struct EmergencyArgs {
    /// Puts the branch itself back, and its remote; you are asked to type the branch's name
    #[arg(long, conflicts_with = "yes")]
    force: bool,
    /// Does it without asking
    #[arg(long, short = 'y')]
    yes: bool,
    #[command(flatten)]
    bad: BadArgs,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
struct VerifyArgs {
    /// The command (sh -c) that runs the tests; default: the setting integration.test, where integration.run_tests is on
    #[arg(long, value_name = "CMD")]
    test: Option<String>,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
struct ListArgs {
    #[command(flatten)]
    common: Common,
}

/// Runs the command.
pub(crate) fn run(args: RollbackArgs, place: &Place) -> Outcome {
    match args.command {
        Command::Plan(args) => ask(place, args.common, args.bad.bad, RollbackOrder::Plan),
        Command::Revert(args) => {
            let commits = args.commits;
            ask(
                place,
                args.common,
                args.bad.bad,
                RollbackOrder::Revert { commits },
            )
        }
        Command::Files(args) => {
            let order = RollbackOrder::Files {
                // Of a named role the paths are its worktree's; here they are those of this directory.
                paths: match args.role {
                    Some(_) => args.paths,
                    None => args.paths.iter().map(|path| place.cwd.join(path)).collect(),
                },
                from: args.from,
                role: args.role,
            };
            ask(place, args.common, args.bad.bad, order)
        }
        Command::Branch(args) => {
            let keep = args.keep;
            ask(
                place,
                args.common,
                args.bad.bad,
                RollbackOrder::Branch { keep },
            )
        }
        Command::Emergency(args) => emergency(args, place),
        Command::Verify(args) => {
            let test = args.test;
            ask(place, args.common, None, RollbackOrder::Verify { test })
        }
        Command::List(args) => ask(place, args.common, None, RollbackOrder::List),
    }
}

fn ask(place: &Place, common: Common, bad: Option<String>, order: RollbackOrder) -> Outcome {
    let answer = answered(place, &common.team, (bad, order))?;
    if common.json.json {
        match &answer {
            RollbackResponse::Plan(plan) => output::json(plan)?,
            RollbackResponse::Done(view) => output::json(view)?,
            RollbackResponse::List(list) => {
                list.rollbacks.iter().try_for_each(output::json)?;
            }
        }
    } else {
        let width = crate::screen::width();
        output::data(&match &answer {
            RollbackResponse::Plan(plan) => render::rollback::plan(plan, width),
            RollbackResponse::Done(view) => render::rollback::done(view, width),
            RollbackResponse::List(list) => render::rollback::list(list),
        })?;
    }
    Ok(match &answer {
        RollbackResponse::Done(view) => code(view),
        _ => exit::OK,
    })
}

fn answered(
    place: &Place,
    team: &TeamArgs,
    (bad, order): (Option<String>, RollbackOrder),
) -> Result<RollbackResponse, CommandError> {
    let request = RollbackRequest {
        team: place.team(team.team.clone()),
        bad,
        order,
    };
    let request = Request::Rollback(Box::new(request));
    match connect::ask(&mut connect::connect(place)?, &request)? {
        Response::Rollback(answer) => Ok(*answer),
        other => Err(CommandError::unexpected(&other)),
    }
}

fn code(view: &RollbackView) -> u8 {
    match view.verdict {
        None | Some(Verdict::Success) => exit::OK,
        Some(Verdict::Partial) => exit::PARTIAL,
        Some(Verdict::Unchecked) => exit::UNCHECKED,
        Some(Verdict::Failed) => exit::FAILURE,
    }
}

/// Nobody is there to ask; by force nothing else is proposed that would do something.
fn nobody_to_ask(force: bool) -> CommandError {
    let cause = "standard input or standard error is no terminal";
    match force {
        true => {
            let text = "torch rollback emergency --force was refused";
            CommandError::new(ErrorKind::Refused, text)
                .cause("only a person at a terminal puts a branch itself back: its name has to be typed, and nobody can be asked here")
                .cause(cause)
                .hint("torch rollback plan")
        }
        false => {
            let text = "torch rollback emergency asks first, and nobody can be asked here";
            let hint = Given::ours().and("--yes").line();
            CommandError::usage(text).cause(cause).hint(hint)
        }
    }
}

/// Shows what would be done, and asks; for a branch that is put back the answer is its name.
fn emergency(args: EmergencyArgs, place: &Place) -> Outcome {
    let bad = args.bad.bad;
    if args.yes {
        let order = RollbackOrder::Emergency { force: None };
        return ask(place, args.common, bad, order);
    }
    if !output::can_ask() {
        return Err(nobody_to_ask(args.force));
    }
    let team = &args.common.team;
    let seen = answered(place, team, (bad.clone(), RollbackOrder::Plan))?;
    let RollbackResponse::Plan(plan) = seen else {
        return Err(CommandError::other(
            "the daemon answered something else than a plan",
        ));
    };
    let width = crate::screen::width();
    let shown = match args.force {
        true if plan.leaves.is_empty() => {
            let text = format!("{} is at its last good commit already", plan.parent);
            return Err(CommandError::other(text).hint("torch rollback verify"));
        }
        true => render::rollback::forced(&plan, width),
        false => render::rollback::plan(&plan, width),
    };
    output::notice(shown.trim_end());
    let force = match args.force {
        true => {
            let remote = plan.push.as_ref().map(|push| {
                let (remote, branch) = (&push.remote, &push.branch);
                format!(", and {remote}/{branch} is overwritten")
            });
            let question = format!(
                "{} leaves these commits{}. Type the branch's name to do it:",
                plan.parent,
                remote.unwrap_or_default()
            );
            let typed = output::typed(&question)?;
            if typed != plan.parent {
                output::notice("nothing was taken back");
                return Ok(exit::FAILURE);
            }
            Some(typed)
        }
        false => {
            let question = format!(
                "Revert all of this on {}, and tell all agents?",
                plan.parent
            );
            if !output::ask(&question, Enter::No)? {
                output::notice("nothing was taken back");
                return Ok(exit::FAILURE);
            }
            None
        }
    };
    ask(place, args.common, bad, RollbackOrder::Emergency { force })
}
