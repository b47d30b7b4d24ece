//! Repositories of a given size, and git in them.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use torch_process::{CommandSpec, Environment};

use crate::world::World;

/// How long one command of git may take; reached only when something hangs.
const DEADLINE: Duration = Duration::from_secs(180);

/// How many files lie in one folder.
const IN_FOLDER: usize = 100;

/// How many lines each file has.
const LINES: usize = 40;

/// Runs git as the person of this world; what it printed.
pub(crate) fn git(world: &World, cwd: &Path, args: &[&str]) -> anyhow::Result<String> {
    git_with(world.env(), cwd, args)
}

/// The same in another environment.
pub(crate) fn git_with(env: &Environment, cwd: &Path, args: &[&str]) -> anyhow::Result<String> {
    let spec = CommandSpec::new("git", cwd, env.clone(), DEADLINE).args(args);
    Ok(torch_process::run(&spec)?.success_or_error()?.text())
}

/// Where a file of such a repository lies.
pub(crate) fn file(number: usize) -> String {
    format!("src-{}/file-{number}.txt", number / IN_FOLDER)
}

/// The text of such a file, with one line changed to `change`, if given: its number from 0, and its new words.
pub(crate) fn text(number: usize, change: Option<(usize, &str)>) -> String {
    let line = |at: usize| match change {
        Some((changed, words)) if changed == at => format!("{words}\n"),
        _ => format!("file {number}, line {at}\n"),
    };
    (0..LINES).map(line).collect()
}

/// Makes a project with so many files of 40 short lines, committed.
pub(crate) fn project(world: &World, name: &str, files: usize) -> anyhow::Result<PathBuf> {
    let project = world.project(name)?;
    for number in 0..files {
        let path = project.join(file(number));
        if number % IN_FOLDER == 0 {
            fs::create_dir_all(path.parent().context("a file lies in a folder")?)?;
        }
        fs::write(path, text(number, None))?;
    }
    git(world, &project, &["add", "-A"])?;
    git(world, &project, &["commit", "-q", "-m", "Add the files"])?;
    Ok(project)
}

/// Where the worktree of a role is.
pub(crate) fn worktree(world: &World, project: &str, role: &str) -> PathBuf {
    let projects = world.registry().join("projects");
    projects.join(project).join("worktrees").join(role)
}
