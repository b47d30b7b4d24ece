//! `torch worktree`.

mod tidy;

use std::path::Path;

use clap::{Args, Subcommand};
use torch_api::worktree::{PortsView, RemovedView, WorktreeView};
use torch_api::{Client, Request, Response};

use super::given::Given;
use super::{JsonArgs, TeamArgs};
use crate::connect;
use crate::error::{CommandError, ErrorKind, Outcome};
use crate::exit;
use crate::output::{self, Enter};
use crate::place::{Place, common_dir};
use crate::render::time::Clock;
use crate::render::worktree::{self, Goes};

/// Lists the agents' worktrees, makes others, and removes them with everything in them kept.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  torch worktree list")]
pub struct WorktreeArgs {
    #[command(subcommand)]
    command: Command,
}

/// The commands of `torch worktree`.
#[derive(Debug, Subcommand)]
enum Command {
    /// Lists the agents' worktrees with what is in them, and those that belong to no team, your own ones among them
    #[command(after_help = "Example:\n  torch worktree list --team myapp")]
    List(ListArgs),
    /// Makes a worktree for yourself, with a branch, files and ports of its own
    #[command(
        after_help = "Example:\n  cd ~/app && torch worktree add login\n\nWhat it gets beside its branch: the settings worktree.copy, link, setup and ports (torch config)."
    )]
    Add(tidy::AddArgs),
    /// Removes the worktrees whose work is merged, where nothing is left that is not saved and no agent runs
    #[command(
        after_help = "Examples:\n  torch worktree clean --dry-run\n  torch worktree clean --branch --yes\n  torch worktree clean --all --dry-run\n\nWhat is removed is kept all the same: torch undelete brings it back."
    )]
    Clean(tidy::CleanArgs),
    /// Mends worktrees that were moved by hand, or whose project was
    #[command(after_help = "Example:\n  cd ~/app && torch worktree repair ~/elsewhere/developer")]
    Repair(tidy::RepairArgs),
    /// Removes an agent's worktree; everything in it but ignored files is kept, and torch undelete brings it back
    #[command(
        after_help = "Examples:\n  torch worktree remove developer\n  torch worktree remove developer --branch --yes"
    )]
    Remove(RemoveArgs),
}

/// The arguments of `torch worktree list`.
#[derive(Debug, Args)]
struct ListArgs {
    /// Those of one team, by name; default: those of all teams, and those that no team has
    #[arg(long, value_name = "NAME")]
    team: Option<String>,
    #[command(flatten)]
    json: JsonArgs,
}

/// The arguments of `torch worktree remove`.
#[derive(Debug, Args)]
struct RemoveArgs {
    /// The role; or the name or path of a worktree that belongs to no team, as the list shows it
    #[arg(value_name = "ROLE")]
    role: String,
    /// Deletes the agent's home branch as well; its tip is kept
    #[arg(long)]
    branch: bool,
    /// Removes it without asking
    #[arg(long, short = 'y')]
    yes: bool,
    #[command(flatten)]
    team: TeamArgs,
    #[command(flatten)]
    json: JsonArgs,
}

/// Runs the command.
pub(crate) fn run(args: WorktreeArgs, place: &Place) -> Outcome {
    match args.command {
        Command::List(args) => list(args, place),
        Command::Add(args) => tidy::add(args, place),
        Command::Clean(args) => tidy::clean(args, place),
        Command::Repair(args) => tidy::repair(args, place),
        Command::Remove(args) => remove(args, place),
    }
}

fn list(args: ListArgs, place: &Place) -> Outcome {
    let (worktrees, ports) = fetch(&mut connect::connect(place)?, args.team)?;
    if args.json.json {
        for worktree in &worktrees {
            output::json(worktree)?;
        }
    } else {
        output::data(&worktree::list(&worktrees, crate::screen::width()))?;
        output::data(&worktree::ports(ports.as_ref()))?;
    }
    Ok(exit::OK)
}

type Listed = (Vec<WorktreeView>, Option<PortsView>);

fn fetch(client: &mut Client, team: Option<String>) -> Result<Listed, CommandError> {
    match connect::ask(client, &Request::WorktreeList { team })? {
        Response::Worktrees { worktrees, ports } => Ok((worktrees, ports)),
        other => Err(CommandError::unexpected(&other)),
    }
}

fn remove(args: RemoveArgs, place: &Place) -> Outcome {
    let mut client = connect::connect(place)?;
    let args = by_place(args, place, &mut client)?;
    if !args.yes && !confirmed(&args, place, &mut client)? {
        output::notice("nothing was removed");
        return Ok(exit::FAILURE);
    }
    let response = connect::ask(&mut client, &request(&args, place, false))?;
    let Response::WorktreesRemoved { worktrees } = &response else {
        return Err(CommandError::unexpected(&response));
    };
    for removed in worktrees {
        show(removed, args.json, place)?;
    }
    Ok(exit::OK)
}

/// As it is told here: of the repository in which the command runs, nothing has to be said.
pub(super) fn told_here(removed: &RemovedView, place: &Place) -> RemovedView {
    let mut told = removed.clone();
    let here = common_dir(&place.cwd);
    told.project = told
        .project
        .filter(|project| here.is_none() || common_dir(project) != here);
    told
}

/// The name of a worktree of this repository that no team has, and no role, stands for its path.
fn by_place(
    args: RemoveArgs,
    place: &Place,
    client: &mut Client,
) -> Result<RemoveArgs, CommandError> {
    if args.role.contains('/') || args.team.team.is_some() {
        return Ok(args);
    }
    // Why a role's own can't be removed is said where it is removed.
    let unknown = match connect::ask(client, &request(&args, place, true)) {
        Err(error) if error.kind == ErrorKind::Usage => error,
        _ => return Ok(args),
    };
    let here = common_dir(&place.cwd);
    let all = fetch(client, None)?.0.into_iter();
    let mut own = all.filter(|found| found.team.is_none() && found.role == args.role);
    let found = own
        .find(|found| is_added(&found.path) && here.is_some() && common_dir(&found.path) == here);
    match found {
        Some(found) => Ok(RemoveArgs {
            role: found.path.display().to_string(),
            ..args
        }),
        None => Err(nothing_there(unknown, &args.role, place, client)),
    }
}

/// That no worktree has this name; where one that had it is kept, what brings it back.
fn nothing_there(
    unknown: CommandError,
    name: &str,
    place: &Place,
    client: &mut Client,
) -> CommandError {
    let request = Request::KeptList {
        team: place.team(None),
        role: Some(name.to_owned()),
    };
    // Where it can't be read, nothing is said of it.
    let newest = match connect::ask(client, &request) {
        Ok(Response::Kept { kept }) => kept.into_iter().next(),
        _ => None,
    };
    match newest {
        Some(kept) => {
            let when = Clock::system().ago(kept.at);
            CommandError::usage(format!("there is no worktree {name:?} any more"))
                .cause(format!("it was removed {when}, by {}", kept.why))
                .hint(format!("torch undelete {}", kept.short))
        }
        None => CommandError {
            hints: vec!["torch worktree list".to_owned()],
            ..unknown
        },
    }
}

/// Whether `torch worktree add` made it: it lies in `PROJECT.own/worktrees`. What a team left goes by its path only.
fn is_added(path: &Path) -> bool {
    let of = path.ancestors().nth(2).and_then(Path::file_name);
    of.is_some_and(|of| of.to_string_lossy().ends_with(".own"))
}

fn request(args: &RemoveArgs, place: &Place, dry_run: bool) -> Request {
    let path = args.role.contains('/').then(|| place.cwd.join(&args.role));
    let path = path.map(|path| path.canonicalize().unwrap_or(path));
    Request::WorktreeRemove {
        team: place.team(args.team.team.clone()),
        role: path.map_or_else(|| args.role.clone(), |path| path.display().to_string()),
        branch: args.branch,
        dry_run,
    }
}

fn show(removed: &RemovedView, json: JsonArgs, place: &Place) -> Result<(), CommandError> {
    if json.json {
        output::json(removed)
    } else {
        output::data(&worktree::removed(&told_here(removed, place)))
    }
}

/// Asks with what is in the worktree and where it will be kept; what can't be removed is said before anybody is asked.
fn confirmed(args: &RemoveArgs, place: &Place, client: &mut Client) -> Result<bool, CommandError> {
    let goes = match args.branch {
        true => Goes::WithBranch,
        false => Goes::Worktree,
    };
    match connect::ask(client, &request(args, place, true))? {
        Response::Worktrees { worktrees, .. } => {
            for found in &worktrees {
                output::notice(worktree::before(found, goes).trim_end());
            }
        }
        other => return Err(CommandError::unexpected(&other)),
    }
    if !output::can_ask() {
        let text = "torch worktree remove asks first, and nobody can be asked here";
        return Err(CommandError::usage(text)
            .cause("standard input or standard error is no terminal")
            .hint(Given::ours().and("--yes").line()));
    }
    output::ask("Remove it?", Enter::No)
}
