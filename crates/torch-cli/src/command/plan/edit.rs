//! `torch plan edit`: a file that outlives an edit which is not in order.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use clap::Args;
use torch_api::task::TasksOrder;
use torch_core::RoleName;
use torch_plan::file::{self, FileFault};
use torch_process::{ProcessGroup, quote, spawn_foreground};

use super::{JsonArgs, TeamArgs, ask, of_team};
use crate::error::{CommandError, Outcome};
use crate::exit;
use crate::output;
use crate::place::{Place, variable};
use crate::render;

/// The arguments of `torch plan edit`.
#[derive(Debug, Args)]
pub(super) struct EditArgs {
    /// Takes this file in instead of opening an editor
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// Begins anew although an earlier edit was not taken in
    #[arg(long, conflicts_with = "from")]
    afresh: bool,
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
    if let Some(from) = &args.from {
        let path = place.cwd.join(from);
        let text = read(&path)?;
        if let Err(faults) = file::read(&text, &[]) {
            return Err(faulty(&path, &faults));
        }
        return take(text, None, &args, place).map(|()| exit::OK);
    }
    let view = of_team(args.team.team.clone(), place)?;
    let now = file::write(&view.plan, Some(&view.team)).map_err(|error| {
        CommandError::other("failed to write the plan as a file").because(&error)
    })?;
    let folder = std::env::temp_dir().join(format!("torch-plan-{}", nix::unistd::getuid()));
    own(&folder)?;
    let path = folder.join(format!("{}.toml", view.team));
    let base_path = folder.join(format!("{}.base", view.team));
    let goes_on = !args.afresh && path.exists() && base_path.exists();
    if goes_on {
        output::notice(&format!(
            "going on with an edit that was not taken in; --afresh begins anew ({})",
            path.display()
        ));
    } else {
        put(&path, &now)?;
        put(&base_path, &now)?;
    }
    let base = read(&base_path)?;
    open_editor(&path, place)?;
    let text = read(&path)?;
    if text == base {
        remove(&[&path, &base_path]);
        output::notice("nothing was changed");
        return Ok(exit::OK);
    }
    let roles: Vec<RoleName> = view
        .roles
        .iter()
        .filter_map(|role| RoleName::parse(role).ok())
        .collect();
    if let Err(faults) = file::read(&text, &roles) {
        return Err(faulty(&path, &faults)
            .cause("nothing was changed; your edit is kept")
            .hint("torch plan edit"));
    }
    take(text, Some(base), &args, place)?;
    if !args.dry_run {
        remove(&[&path, &base_path]);
    }
    Ok(exit::OK)
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
    fs::read_to_string(path).map_err(|error| {
        CommandError::usage(format!("the plan's file {} can't be read", path.display()))
            .because(&error)
            .hint("torch plan edit")
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

/// Makes the folder of edits, or refuses one that is somebody else's.
fn own(folder: &Path) -> Result<(), CommandError> {
    use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
    let failed = |text: &str| {
        CommandError::other(format!("{text} {}", folder.display()))
            .hint("TMPDIR=$HOME torch plan edit")
    };
    match fs::DirBuilder::new().mode(0o700).create(folder) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let meta = fs::symlink_metadata(folder)
                .map_err(|error| failed("failed to look at").because(&error))?;
            let ours = meta.is_dir()
                && meta.uid() == nix::unistd::getuid().as_raw()
                && meta.mode() & 0o077 == 0;
            ours.then_some(())
                .ok_or_else(|| failed("not a private folder of yours:"))
        }
        Err(error) => Err(failed("failed to make").because(&error)),
    }
}

fn put(path: &Path, text: &str) -> Result<(), CommandError> {
    let written = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| {
        CommandError::other(format!("failed to write {}", path.display())).because(&error)
    })
}

fn remove(paths: &[&Path]) {
    for path in paths {
        // One that stays is opened again by the next edit, and says so.
        drop(fs::remove_file(path));
    }
}

/// Opens the user's editor and waits for it.
fn open_editor(path: &Path, place: &Place) -> Result<(), CommandError> {
    let named = ["VISUAL", "EDITOR"]
        .iter()
        .find_map(|name| variable(name).filter(|value| !value.is_empty()));
    let line = named.map_or_else(
        || "vi".to_owned(),
        |line| line.to_string_lossy().into_owned(),
    );
    let mut argv: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
    argv.push(path.display().to_string());
    let failed = |text: String| CommandError::usage(text).hint("EDITOR=vi torch plan edit");
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
        false => Err(failed(format!("the editor {line:?} ended with {ended}"))
            .cause("nothing was changed; your edit is kept")),
    }
}
