//! `torch commit -m MESSAGE [PATH…]`.

use std::path::PathBuf;

use clap::Args;
use torch_api::{CommitRequest, Request, Response};

use super::{JsonArgs, TeamArgs};
use crate::connect;
use crate::error::{CommandError, ErrorKind, Outcome};
use crate::exit;
use crate::output;
use crate::place::Place;
use crate::render;

const EXAMPLES: &str = "Examples:
  torch commit -m \"parser: reject empty input\"
  torch commit -m \"docs: say how to install\" README.md docs
  torch commit --role developer -m \"finish what the agent left\"

The daemon commits, outside of the sandbox that an agent's program may have: its shell can often write
files and not git's own. All changes are staged but ignored files and torch's own folder; with PATHs
only those. The author is the role, the committer you. The repository's hooks run as they do for you,
and nothing is signed. Refused are conflicts, a merge or rebase under way, and a branch that is not
the agent's; then nothing has changed. Asked again with the same message, it answers the same commit.";

/// Commits what was changed in an agent's worktree, with the role as the author.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct CommitArgs {
    /// What changed, and why; several are paragraphs
    #[arg(
        long,
        short = 'm',
        value_name = "MESSAGE",
        required = true,
        allow_hyphen_values = true
    )]
    message: Vec<String>,
    /// Files and folders to commit; default: all changes
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Commits all changes, as it does without PATHs
    #[arg(long, short = 'a', conflicts_with = "paths")]
    all: bool,
    /// In the worktree of this role; default: the calling agent's, or the one that holds the current directory
    #[arg(long, value_name = "ROLE")]
    role: Option<String>,
    #[command(flatten)]
    team: TeamArgs,
    #[command(flatten)]
    json: JsonArgs,
}

/// Runs the command.
pub(crate) fn run(args: CommitArgs, place: &Place) -> Outcome {
    let message = args.message.join("\n\n");
    if message.trim().is_empty() {
        return Err(CommandError::usage("the commit has no message")
            .hint("torch commit -m \"what changed, and why\""));
    }
    let request = CommitRequest {
        team: place.team(args.team.team),
        // Of a named role the paths are its worktree's; here they are those of this directory.
        paths: match args.role {
            Some(_) => args.paths,
            None => args.paths.iter().map(|path| place.cwd.join(path)).collect(),
        },
        role: args.role,
        message,
    };
    let answer = connect::ask_by_any_door(place, &Request::Commit(Box::new(request)));
    let answer = answer.map_err(|mut error| {
        if error.kind == ErrorKind::Unreachable {
            // Asked once more, it is the same commit.
            error.causes.push(
                "whether the commit was made, the same command tells: it is made once".to_owned(),
            );
        }
        error
    })?;
    let Response::Committed(view) = answer else {
        return Err(CommandError::unexpected(&answer));
    };
    if args.json.json {
        output::json(&view)?;
    } else {
        output::data(&render::commit::made(&view))?;
    }
    Ok(exit::OK)
}
