//! `torch plan edit`: a file of its own for each edit, which stays where it is when it was not taken in.

use std::path::{Path, PathBuf};

use clap::Args;
use torch_api::task::{TasksOrder, TasksView};
use torch_core::RoleName;
use torch_plan::file::{self, FileFault};
use torch_process::{ProcessGroup, quote, spawn_foreground};

use super::kept::Edit;
use super::{JsonArgs, TeamArgs, ask, of_team};
use crate::error::{CommandError, Outcome};
use crate::exit;
use crate::output;
use crate::place::{Place, variable};
use crate::render;

/// The largest file of a plan, in bytes; the daemon takes no larger one.
const FILE_MAX: u64 = 4 << 20;

/// The arguments of `torch plan edit`.
#[derive(Debug, Args)]
pub(super) struct EditArgs {
    /// Takes this file in instead of opening an editor; so is an edit taken up that was kept
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// Only says what would differ
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    team: TeamArgs,
    #[command(flatten)]
    json: JsonArgs,
}

/// Runs the command.
pub(super) fn run(args: EditArgs, place: &Place) -> Outcome {
    match args.from.clone() {
        Some(from) => given(&place.cwd.join(from), &args, place),
        None => opened(&args, place),
    }
}

/// Takes a file in: one that anybody wrote as it stands, an edit that was kept as a change of what it began with.
fn given(path: &Path, args: &EditArgs, place: &Place) -> Outcome {
    let text = read(path)?;
    if let Err(faults) = file::read(&text, &[]) {
        return Err(faulty(path, &faults));
    }
    let Some(edit) = Edit::of(&place.home, path) else {
        return take(text, None, args, place).map(|()| exit::OK);
    };
    finish(edit, text, args, place)
}

/// Opens the plan in an editor.
fn opened(args: &EditArgs, place: &Place) -> Outcome {
    let view = of_team(args.team.team.clone(), place)?;
    let now = written(&view)?;
    let edit = Edit::begin(&place.home, &view.team, &now)?;
    let ended = open_editor(&edit, place);
    let text = match read(&edit.plan()) {
        Ok(text) => text,
        Err(error) => return Err(keeps(ended.err().unwrap_or(error), &edit)),
    };
    if let Err(error) = ended {
        if text != now {
            return Err(keeps(error, &edit));
        }
        // What torch itself wrote is nobody's edit.
        edit.remove();
        return Err(error
            .cause("nothing was changed")
            .hint("EDITOR=vi torch plan edit"));
    }
    if text == now {
        edit.remove();
        output::notice("nothing was changed");
        return Ok(exit::OK);
    }
    let roles: Vec<RoleName> = view
        .roles
        .iter()
        .filter_map(|role| RoleName::parse(role).ok())
        .collect();
    if let Err(faults) = file::read(&text, &roles) {
        return Err(keeps(faulty(&edit.plan(), &faults), &edit));
    }
    finish(edit, text, args, place)
}

/// Hands an edit to the daemon; it stays where it is unless it was taken in.
fn finish(edit: Edit, text: String, args: &EditArgs, place: &Place) -> Outcome {
    let began = match read(&edit.began()) {
        Ok(began) => began,
        Err(error) => return Err(keeps(error, &edit)),
    };
    match take(text.clone(), Some(began.clone()), args, place) {
        Ok(()) if args.dry_run => output::notice(&format!(
            "the edit is kept: torch plan edit --from {}",
            quote::shell(edit.plan())
        )),
        Ok(()) => edit.remove(),
        Err(error) => return Err(refused(error, &edit, (&began, &text), args, place)),
    }
    Ok(exit::OK)
}

/// Says where a refused edit is. Where somebody else changed the same tasks, the plan as it is now is laid beside it, and the
/// edit is one of that from then on.
fn refused(
    error: CommandError,
    edit: &Edit,
    (began, text): (&str, &str),
    args: &EditArgs,
    place: &Place,
) -> CommandError {
    let clash = || {
        let view = of_team(args.team.team.clone(), place).ok()?;
        let (began, text) = (file::read(began, &[]).ok()?, file::read(text, &[]).ok()?);
        let clashes = !file::clashes(&view.plan, &began, &text).is_empty();
        let now = clashes.then(|| written(&view).ok()).flatten()?;
        edit.begins_at(&now).ok()
    };
    if args.dry_run || clash().is_none() {
        return keeps(error, edit);
    }
    let (theirs, yours) = (edit.began(), edit.plan());
    let mut error = error.cause(format!(
        "the plan as it is now is in {}; taken in from now on, your edit stands over it",
        theirs.display()
    ));
    error.hints = vec![format!(
        "diff {} {}",
        quote::shell(theirs),
        quote::shell(yours)
    )];
    keeps(error, edit)
}

/// The same failure, with where the edit is and how it is taken up.
fn keeps(error: CommandError, edit: &Edit) -> CommandError {
    let path = edit.plan();
    error
        .cause(format!(
            "nothing was changed; your edit is kept in {}",
            path.display()
        ))
        .hint(format!("torch plan edit --from {}", quote::shell(path)))
}

fn written(view: &TasksView) -> Result<String, CommandError> {
    file::write(&view.plan, Some(&view.team))
        .map_err(|error| CommandError::other("failed to write the plan as a file").because(&error))
}

fn take(
    text: String,
    base: Option<String>,
    args: &EditArgs,
    place: &Place,
) -> Result<(), CommandError> {
    let order = TasksOrder::Edit {
        text,
        base,
        dry_run: args.dry_run,
    };
    let view = ask(args.team.team.clone(), order, place)?;
    if args.json.json {
        output::json(&view)
    } else {
        output::data(&render::tasks::change(&view))
    }
}

/// A file of a plan.
pub(super) fn read(path: &Path) -> Result<String, CommandError> {
    torch_project::read_text(path, FILE_MAX).map_err(|error| {
        CommandError::usage(format!("the plan's file {} can't be read", path.display()))
            .because(&error)
            .hint(format!("ls -l {}", quote::shell(path)))
    })
}

/// What is wrong with a plan's file, each with its line.
pub(super) fn faulty(path: &Path, faults: &[FileFault]) -> CommandError {
    let mut failed = CommandError::usage(format!(
        "the plan's file {} is not in order",
        path.display()
    ));
    for fault in faults.iter().take(10) {
        let line = fault
            .line
            .map(|line| format!("line {line}: "))
            .unwrap_or_default();
        failed = failed.cause(format!("{line}{} ({})", fault.text, fault.hint));
    }
    if let Some(line) = faults.iter().find_map(|fault| fault.line) {
        failed = failed.hint(format!("${{EDITOR:-vi}} +{line} {}", quote::shell(path)));
    }
    failed
}

/// Opens the user's editor and waits for it.
fn open_editor(edit: &Edit, place: &Place) -> Result<(), CommandError> {
    let named = ["VISUAL", "EDITOR"]
        .iter()
        .find_map(|name| variable(name).filter(|value| !value.is_empty()));
    let line = named.map_or_else(
        || "vi".to_owned(),
        |line| line.to_string_lossy().into_owned(),
    );
    let mut argv: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
    argv.push(edit.plan().display().to_string());
    let failed = |text: String| CommandError::usage(text);
    let ended = spawn_foreground(
        &argv,
        &place.cwd,
        std::env::vars_os(),
        ProcessGroup::Inherited,
    )
    .map_err(|error| failed(format!("the editor {line:?} can't be started")).because(&error))?
    .wait()
    .map_err(|error| failed(format!("the editor {line:?} can't be waited for")).because(&error))?;
    match ended.success() {
        true => Ok(()),
        false => Err(failed(format!("the editor {line:?} ended with {ended}"))),
    }
}
