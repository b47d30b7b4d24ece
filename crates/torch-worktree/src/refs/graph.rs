//! What is shown of branches: the newest commits as a graph, the newest of one branch, and how much a branch changes.

use std::path::Path;

use torch_core::Timestamp;
use torch_core::git_activity::CommitFact;

use super::{Graph, by_git};
use crate::call::Call;
use crate::{Git, WorktreeError};

/// The newest `lines` commits of these (full hex), drawn as `git log --graph` does: the first digits of the id and the first line of
/// the message, with whatever characters it has.
///
/// # Errors
/// [`WorktreeError`] when `git` can't read them.
pub fn graph(
    git: &Git,
    common_dir: &Path,
    tips: &[&str],
    lines: usize,
) -> Result<Vec<String>, WorktreeError> {
    if tips.is_empty() {
        return Ok(Vec::new());
    }
    let most = format!("--max-count={lines}");
    let shown = [
        "log",
        "--graph",
        "--no-show-signature",
        "--no-color",
        "--abbrev=8",
        "--format=%h %s",
        &most,
    ];
    let args = [&shown[..], tips, &["--"]].concat();
    let call = Call::to_read(git, common_dir).of(common_dir, common_dir);
    let output = call.ask("draw the newest commits", args)?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(text
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect())
}

/// The newest commits of one, the newest first, and how many there are besides.
///
/// # Errors
/// [`WorktreeError`] when it can't be read.
pub fn newest(
    git: &Git,
    common_dir: &Path,
    tip: &str,
) -> Result<(Vec<CommitFact>, usize), WorktreeError> {
    let mut led = Graph::open(git, common_dir).led(None, tip, &[])?;
    led.commits.reverse();
    Ok((led.commits, led.more))
}

/// When a commit (full hex) was made.
///
/// # Errors
/// [`WorktreeError`] when it can't be read.
pub fn made_at(git: &Git, common_dir: &Path, commit: &str) -> Result<Timestamp, WorktreeError> {
    let args = [
        "log",
        "-1",
        "--no-show-signature",
        "--no-color",
        "--format=%ct",
        commit,
        "--",
    ];
    let call = Call::to_read(git, common_dir).of(common_dir, common_dir);
    Ok(by_git::time(
        &call.ask("read when a commit was made", args)?.stdout,
    ))
}

/// How many lines the commits of `tip` add and take away, seen from where it left `parent` (both full hex); binary files count for
/// none.
///
/// # Errors
/// [`WorktreeError`] when `git` can't compare them.
pub fn line_counts(
    git: &Git,
    common_dir: &Path,
    (parent, tip): (&str, &str),
) -> Result<(u64, u64), WorktreeError> {
    let range = format!("{parent}...{tip}");
    let call = Call::to_read(git, common_dir).of(common_dir, common_dir);
    let args = [
        "diff",
        "--numstat",
        "--no-color",
        "--no-renames",
        &range,
        "--",
    ];
    let output = call.ask("measure what a branch changes", args)?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines = text.lines().map(|line| {
        let mut fields = line.split('\t').map(|field| field.parse().unwrap_or(0));
        (fields.next().unwrap_or(0), fields.next().unwrap_or(0))
    });
    Ok(lines.fold((0, 0), |(a, b), (more, less): (u64, u64)| {
        (a + more, b + less)
    }))
}
