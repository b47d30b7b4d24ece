//! `torch worktree add`, `clean` and `repair`.

use std::path::PathBuf;

use clap::Args;
use torch_api::worktree::{CleanScope, RemovedView};
use torch_api::{Request, Response};

use super::super::JsonArgs;
use super::super::given::Given;
use super::told_here;
use crate::connect;
use crate::error::{CommandError, Outcome};
use crate::exit;
use crate::output::{self, Enter};
use crate::place::Place;
use crate::render::worktree;

/// The arguments of `torch worktree add`.
#[derive(Debug, Args)]
pub(super) struct AddArgs {
    /// Its name: up to 32 of a-z, 0-9, _ and -; its branch is FEATURE-NAME
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    json: JsonArgs,
}

/// The arguments of `torch worktree clean`.
#[derive(Debug, Args)]
pub(super) struct CleanArgs {
    /// Those of one team, by name; default: those of the repository here, of its team and of no team
    #[arg(long, value_name = "NAME", conflicts_with = "all")]
    team: Option<String>,
    /// Those of all repositories
    #[arg(long)]
    all: bool,
    /// Deletes their branches as well, which are merged
    #[arg(long)]
    branch: bool,
    /// Changes nothing: only says what would be removed, and why the others stay
    #[arg(long)]
    dry_run: bool,
    /// Removes them without asking
    #[arg(long, short = 'y')]
    yes: bool,
    #[command(flatten)]
    json: JsonArgs,
}

/// The arguments of `torch worktree repair`.
#[derive(Debug, Args)]
pub(super) struct RepairArgs {
    /// Where moved worktrees are now
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    json: JsonArgs,
}

pub(super) fn add(args: AddArgs, place: &Place) -> Outcome {
    let request = Request::WorktreeAdd {
        project: place.cwd.clone(),
        name: args.name,
    };
    match connect::ask(&mut connect::connect(place)?, &request)? {
        Response::Worktrees { worktrees, .. } => {
            for made in &worktrees {
                match args.json.json {
                    true => output::json(made)?,
                    false => output::data(&worktree::added(made))?,
                }
            }
            Ok(exit::OK)
        }
        other => Err(CommandError::unexpected(&other)),
    }
}

pub(super) fn clean(args: CleanArgs, place: &Place) -> Outcome {
    let mut client = connect::connect(place)?;
    let mut ask = |dry_run: bool| -> Result<Vec<RemovedView>, CommandError> {
        let request = Request::WorktreeClean {
            scope: scope(&args, place),
            branch: args.branch,
            dry_run,
        };
        match connect::ask(&mut client, &request)? {
            Response::WorktreesRemoved { worktrees } => Ok(worktrees),
            other => Err(CommandError::unexpected(&other)),
        }
    };
    let mut found = None;
    if args.dry_run || !args.yes {
        let looked = ask(true)?;
        let goes = looked.iter().any(|one| one.failure.is_none());
        if args.dry_run || !goes {
            found = Some(looked);
        } else if !confirmed(&looked, &scope(&args, place))? {
            output::notice("nothing was removed");
            return Ok(exit::FAILURE);
        }
    }
    let found = match found {
        Some(found) => found,
        None => ask(false)?,
    };
    if !args.json.json {
        let told: Vec<_> = found.iter().map(|one| told_here(one, place)).collect();
        let scope = scope(&args, place);
        output::data(&worktree::cleaned(&told, &scope, crate::screen::width()))?;
        return Ok(exit::OK);
    }
    for one in &found {
        output::json(one)?;
    }
    Ok(exit::OK)
}

fn scope(args: &CleanArgs, place: &Place) -> CleanScope {
    match &args.team {
        _ if args.all => CleanScope::All,
        Some(name) => CleanScope::Team { name: name.clone() },
        None => CleanScope::Repository {
            directory: place.cwd.clone(),
        },
    }
}

fn confirmed(looked: &[RemovedView], scope: &CleanScope) -> Result<bool, CommandError> {
    let width = crate::screen::error_width();
    output::notice(worktree::cleaned(looked, scope, width).trim_end());
    if !output::can_ask() {
        let text = "torch worktree clean asks first, and nobody can be asked here";
        return Err(CommandError::usage(text)
            .cause("standard input or standard error is no terminal")
            .hint(Given::ours().and("--yes").line()));
    }
    output::ask("Remove them?", Enter::No)
}

pub(super) fn repair(args: RepairArgs, place: &Place) -> Outcome {
    let places = args.paths.iter().map(|path| {
        let path = place.cwd.join(path);
        path.canonicalize().unwrap_or(path)
    });
    let request = Request::WorktreeRepair {
        project: place.cwd.clone(),
        places: places.collect(),
    };
    match connect::ask(&mut connect::connect(place)?, &request)? {
        Response::WorktreesRepaired { mended } => {
            if args.json.json {
                output::json(&mended)?;
            } else if mended.is_empty() {
                output::data("nothing had to be mended\n")?;
            } else {
                output::prose(&format!("{}\n", mended.join("\n")))?;
            }
            Ok(exit::OK)
        }
        other => Err(CommandError::unexpected(&other)),
    }
}
