//! `torch restore`.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use torch_daemon::care::{Locked, Plan};

use super::{JsonArgs, backup};
use crate::error::{CommandError, Outcome};
use crate::exit;
use crate::offline;
use crate::output::{self, Enter};
use crate::place::Place;
use crate::render;
use crate::render::time::Clock;

/// How it goes on.
const NEXT: &str = "next: torch daemon start";

/// Puts a backup in place of the registry's database.
///
/// Takes the newest backup that verifies, or FILE, says what is missing between it and now, and asks. Nothing is
/// deleted: the database that stood there is kept as torch.db.damaged-TIME, or torch.db.before-restore-TIME where it
/// was in order. The daemon must not run, nor agents, which start it again: torch stop --all. Agents that were
/// started after the backup was made are unknown to torch afterwards; their worktrees and branches stay.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  torch restore --list\n  torch restore --yes")]
pub struct RestoreArgs {
    /// The backup, by its path or its name in the registry's backups; default: the newest that verifies
    #[arg(value_name = "FILE", conflicts_with_all = ["list", "as_is", "afresh"])]
    file: Option<PathBuf>,
    /// Lists the backups instead, newest first
    #[arg(long)]
    list: bool,
    /// Goes on with the database as it is, although it is older than what was written; it must verify
    #[arg(long, conflicts_with_all = ["list", "afresh"])]
    as_is: bool,
    /// Moves the old registry's database, backups and exports aside, so that the next start begins a new one
    #[arg(long, conflicts_with = "list")]
    afresh: bool,
    /// Does not ask
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    json: JsonArgs,
}

/// Runs the command.
pub(crate) fn run(args: &RestoreArgs, place: &Place) -> Outcome {
    if args.list {
        return backup::list(args.json, place);
    }
    offline::for_a_person(place, "the registry's restore")?;
    let locked = Locked::take(&place.home).map_err(|failure| in_use((*failure).into()))?;
    if args.afresh {
        return begin_afresh(args, &locked);
    }
    if args.as_is {
        return accept(args, &locked);
    }
    let plan = locked.plan(args.file.as_deref())?;
    let clock = Clock::system();
    output::notice(render::keep::plan(&plan, &clock).trim_end());
    confirm(args, "Restore this backup?", &again(args))?;
    let restored = locked.restore(&plan, clock.now)?;
    if args.json.json {
        output::json(&summary(&plan, &restored.kept))?;
    } else {
        output::data(&render::keep::kept("restored", &restored.kept))?;
        output::notice(NEXT);
    }
    Ok(exit::OK)
}

fn accept(args: &RestoreArgs, locked: &Locked) -> Outcome {
    let question = "Go on with the database as it is? What was written after it is given up.";
    confirm(args, question, "torch restore --as-is --yes")?;
    let accepted = locked.accept(torch_process::clock::now())?;
    if args.json.json {
        output::json(&json!({ "entries": accepted.content.entries, "kept": accepted.kept }))?;
    } else {
        output::data(&render::keep::kept(
            "the database was accepted as it is",
            &accepted.kept,
        ))?;
        output::notice(NEXT);
    }
    Ok(exit::OK)
}

fn begin_afresh(args: &RestoreArgs, locked: &Locked) -> Outcome {
    let question = "Begin a new registry? Teams, messages and history of the old one are then unknown to torch.";
    confirm(args, question, "torch restore --afresh --yes")?;
    let kept = locked.begin_afresh(torch_process::clock::now())?;
    if args.json.json {
        output::json(&json!({ "kept": kept }))?;
    } else {
        output::data(&render::keep::kept(
            "the next start begins a new registry",
            &kept,
        ))?;
    }
    Ok(exit::OK)
}

/// A daemon that is ended alone comes back: the agents' wrappers and commands start it again.
fn in_use(mut failed: CommandError) -> CommandError {
    let stop = "torch daemon stop";
    for hint in failed.hints.iter_mut().filter(|hint| *hint == stop) {
        failed
            .causes
            .push("agents start it again, so they are ended first".to_owned());
        *hint = format!("torch stop --all && {stop}");
    }
    failed
}

/// Asks a person; without one, `--yes` must have said it.
fn confirm(args: &RestoreArgs, question: &str, again: &str) -> Result<(), CommandError> {
    if args.yes {
        return Ok(());
    }
    if !output::can_ask() {
        let failed = CommandError::usage("nobody can be asked: this is no terminal");
        return Err(failed.hint(again));
    }
    if output::ask(question, Enter::No)? {
        return Ok(());
    }
    Err(CommandError::other("nothing was changed").hint("torch restore --list"))
}

fn again(args: &RestoreArgs) -> String {
    match &args.file {
        Some(file) => format!("torch restore {} --yes", torch_process::quote::shell(file)),
        None => "torch restore --yes".to_owned(),
    }
}

fn summary(plan: &Plan, kept: &[PathBuf]) -> serde_json::Value {
    json!({
        "backup": plan.backup.path,
        "entries": plan.content.entries,
        "messages": plan.content.messages,
        "missing_entries": plan.missing_entries(),
        "missing_messages": plan.missing_messages(),
        "from": plan.content.last,
        "until": plan.known_until(),
        "kept": kept,
    })
}
