//! What a new worktree needs before anybody can work in it: files that git ignores, ports of its own, and the user's command.
//!
//! All of it comes from the user's own settings, never from the repository. It is done once: a mark in `.torch` says so, and
//! as long as that is missing (the command failed, the machine went down) it is done again.

mod files;
mod ports;

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::Path;
use std::time::Duration;

use torch_process::{CommandSpec, Environment, run};

use crate::{Git, Repository, WorktreeError};

pub use files::Placed;
pub use ports::{PortPair, PortPool, Ports};

/// How long the user's commands may take, each.
const DEADLINE: Duration = Duration::from_secs(600);

/// The most lines of a failed command that are shown.
const SAID_MAX: usize = 10;

/// The mark, below the worktree's `.torch`.
const MARK: &str = ".torch/set-up";

/// What is to be set up.
#[derive(Debug, Clone, Copy)]
pub struct SetUpRequest<'a> {
    /// The repository; files come from its `root`.
    pub repository: &'a Repository,
    /// The worktree, prepared by [`crate::prepare_worktree`].
    pub path: &'a Path,
    /// Files that are copied, relative to the project.
    pub copy: &'a [String],
    /// Files and folders that are linked to, relative to the project.
    pub link: &'a [String],
    /// The command, for `sh -c` in the worktree; empty: none.
    pub command: &'a str,
    /// The command's environment.
    pub env: &'a Environment,
    /// The worktree's ports.
    pub ports: Option<PortPair>,
}

/// Sets a worktree up, unless that was done. What becomes of each file is returned; one that can't be placed is no failure.
///
/// # Errors
/// [`WorktreeError::Command`] when the command fails; [`WorktreeError::Io`] when a file can't be read or written.
pub fn set_up(git: &Git, request: &SetUpRequest<'_>) -> Result<Vec<Placed>, WorktreeError> {
    let mark = request.path.join(MARK);
    // A link in its place counts as well: nothing is written through it.
    if fs::symlink_metadata(&mark).is_ok() {
        return Ok(Vec::new());
    }
    let placed = files::place(git, request)?;
    let env = request.ports.map(PortPair::env).unwrap_or_default();
    command(request.path, request.command, (request.env, &env))?;
    File::create_new(&mark).map_err(WorktreeError::io("write", &mark))?;
    Ok(placed)
}

/// Runs the user's command that ends what the other began, before a worktree is removed. Where the folder is gone, or the
/// command is empty, there is nothing to do.
///
/// # Errors
/// [`WorktreeError::Command`] when it fails; the worktree then had better stay.
pub fn tear_down(
    path: &Path,
    words: &str,
    env: &Environment,
    ports: Option<PortPair>,
) -> Result<(), WorktreeError> {
    if !path.is_dir() {
        return Ok(());
    }
    let ports = ports.map(PortPair::env).unwrap_or_default();
    command(path, words, (env, &ports))?;
    // Should it stay after all, it is set up again.
    let mark = path.join(MARK);
    match fs::remove_file(&mark) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(WorktreeError::io("remove", &mark)(error))
        }
        _ => Ok(()),
    }
}

fn command(
    path: &Path,
    words: &str,
    (env, ports): (&Environment, &[(String, String)]),
) -> Result<(), WorktreeError> {
    if words.trim().is_empty() {
        return Ok(());
    }
    let failed = |said: String| WorktreeError::Command {
        command: words.to_owned(),
        path: path.to_owned(),
        said,
    };
    let mut spec = CommandSpec::new("sh", path, env.clone(), DEADLINE).args(["-c", words]);
    for (name, value) in ports {
        spec = spec.env(name, value);
    }
    spec = spec.env("TORCH_WORKTREE", OsString::from(path));
    let output = run(&spec).map_err(|error| failed(error.to_string()))?;
    if output.success() {
        return Ok(());
    }
    let text = format!("{}\n{}", output.text(), output.error_text());
    let lines: Vec<&str> = text.trim().lines().collect();
    let last = lines[lines.len().saturating_sub(SAID_MAX)..].join("\n");
    Err(failed(
        format!("{} {last}", output.status).trim().to_owned(),
    ))
}
