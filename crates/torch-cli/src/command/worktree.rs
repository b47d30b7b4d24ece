//! `torch worktree`.

mod tidy;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use torch_api::worktree::{PortsView, RemovedView, WorktreeView};
use torch_api::{Client, Request, Response};

use super::given::Given;
use super::{JsonArgs, TeamArgs};
use crate::connect;
use crate::error::{CommandError, ErrorKind, Outcome};
use crate::exit;
use crate::output::{self, Enter};
use crate::place::Place;
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
    /// Lists the agents' worktrees with what is in them, and those that belong to no team any more
    #[command(after_help = "Example:\n  torch worktree list --team myapp")]
    List(ListArgs),
    /// Makes a worktree for yourself, with a branch, files and ports of its own
    #[command(
        after_help = "Example:\n  cd ~/app && torch worktree add login\n\nWhat it gets beside its branch: the settings worktree.copy, link, setup and ports (torch config)."
    )]
    Add(tidy::AddArgs),
    /// Removes the worktrees whose work is merged, where nothing is left that is not saved and no agent runs
    #[command(
        after_help = "Examples:\n  torch worktree clean --dry-run\n  torch worktree clean --branch --yes\n\nWhat is removed is kept all the same: torch undelete brings it back."
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
    /// One team, by name; default: all, and what no team has
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
        show(removed, args.json)?;
    }
    Ok(exit::OK)
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
    let unknown = connect::ask(client, &request(&args, place, true)).err();
    if unknown.is_none_or(|error| error.kind != ErrorKind::Usage) {
        return Ok(args);
    }
    let here = common_dir(&place.team(None).cwd);
    let all = fetch(client, None)?.0.into_iter();
    let mut own = all.filter(|found| found.team.is_none() && found.role == args.role);
    let found = own
        .find(|found| is_added(&found.path) && here.is_some() && common_dir(&found.path) == here);
    Ok(match found {
        Some(found) => RemoveArgs {
            role: found.path.display().to_string(),
            ..args
        },
        None => args,
    })
}

/// Whether `torch worktree add` made it: it lies in `PROJECT.own/worktrees`. What a team left goes by its path only.
fn is_added(path: &Path) -> bool {
    let of = path.ancestors().nth(2).and_then(Path::file_name);
    of.is_some_and(|of| of.to_string_lossy().ends_with(".own"))
}

/// The folder that all worktrees of a repository share, seen from the top of one of them.
fn common_dir(top: &Path) -> Option<PathBuf> {
    let entry = top.join(".git");
    if entry.is_dir() {
        return entry.canonicalize().ok();
    }
    let text = std::fs::read_to_string(entry).ok()?;
    let own = Path::new(text.trim().strip_prefix("gitdir: ")?);
    own.parent()?.parent()?.canonicalize().ok()
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

fn show(removed: &RemovedView, json: JsonArgs) -> Result<(), CommandError> {
    if json.json {
        output::json(removed)
    } else {
        output::data(&worktree::removed(removed))
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
