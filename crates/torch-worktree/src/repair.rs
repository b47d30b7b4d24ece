//! Mending the ways between a repository and worktrees that were moved by hand.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::git::failed;
use crate::lock::Lock;
use crate::{Git, Repository, WorktreeError};

/// Mends what `git worktree repair` can: worktrees that were moved to these places, and those that lost their way to a
/// repository that was moved. Nothing is removed. What was mended is returned, a sentence each.
///
/// # Errors
/// [`WorktreeError::Git`] when git refuses, e.g. as one of the places is no worktree.
pub fn repair(
    git: &Git,
    repository: &Repository,
    places: &[PathBuf],
) -> Result<Vec<String>, WorktreeError> {
    let _lock = Lock::take(&repository.common_dir)?;
    let root: &Path = &repository.root;
    let mut args: Vec<OsString> = ["worktree", "repair", "--"].map(OsString::from).into();
    args.extend(places.iter().map(|place| place.clone().into_os_string()));
    let output = git
        .write(root, args)
        .and_then(torch_process::Output::success_or_error)
        .map_err(failed("repair worktrees", root))?;
    let said = format!("{}\n{}", output.text(), output.error_text());
    Ok(said.lines().filter_map(mended).collect())
}

/// What a line of git says that was mended; none where it says something else.
///
/// `repair: gitdir incorrect: PATH` names the repository's note of where a worktree is, `repair: .git file broken: PATH` the
/// worktree's own file (`report_repaired` and `worktree.c` of git 2.39).
fn mended(line: &str) -> Option<String> {
    let what = line.strip_prefix("repair: ")?;
    Some(match what.split_once(": ") {
        Some((why, path)) if why.starts_with("gitdir") => {
            format!("the repository knows again where the worktree is, by {path}")
        }
        Some((why, path)) if why.starts_with(".git file") => {
            format!("the worktree knows its repository again, by {path}")
        }
        _ => format!("git mended: {what}"),
    })
}

#[cfg(test)]
mod tests {
    use super::mended;

    #[test]
    fn what_git_mended_is_said_in_words() {
        for (line, said) in [
            (
                "repair: gitdir incorrect: /p/.git/worktrees/app/gitdir",
                Some(
                    "the repository knows again where the worktree is, by /p/.git/worktrees/app/gitdir",
                ),
            ),
            (
                "repair: .git file broken: /w/app/.git",
                Some("the worktree knows its repository again, by /w/app/.git"),
            ),
            ("repair: something new", Some("git mended: something new")),
            ("error: not a repository: /w/app", None),
        ] {
            assert_eq!(mended(line).as_deref(), said, "{line}");
        }
    }
}
