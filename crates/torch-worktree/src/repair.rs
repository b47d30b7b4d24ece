//! Mending the ways between a repository and worktrees that were moved by hand.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use crate::git::failed;
use crate::locate::{git_dir_of, points_to};
use crate::lock::Lock;
use crate::registration::{self, linked};
use crate::{Git, Repository, WorktreeError};

/// Mends what `git worktree repair` can: worktrees that were moved to these places, those that are back in one of the
/// `known` places while the repository looks for them where nothing is, and those that lost their way to a repository that
/// was moved. Nothing is removed. What was mended is returned, a sentence each.
///
/// # Errors
/// [`WorktreeError::Git`] when git refuses, e.g. as one of the places is no worktree, [`WorktreeError::Io`] when the
/// repository's worktrees can't be read.
pub fn repair(
    git: &Git,
    repository: &Repository,
    places: &[PathBuf],
    known: &[PathBuf],
) -> Result<Vec<String>, WorktreeError> {
    let _lock = Lock::take(&repository.common_dir)?;
    let root: &Path = &repository.root;
    let mut args: Vec<OsString> = ["worktree", "repair", "--"].map(OsString::from).into();
    args.extend(places.iter().map(|place| place.clone().into_os_string()));
    let back = came_back(&repository.common_dir, known)?;
    args.extend(back.into_iter().map(PathBuf::into_os_string));
    let output = git
        .write(root, args)
        .and_then(torch_process::Output::success_or_error)
        .map_err(failed("repair worktrees", root))?;
    let said = format!("{}\n{}", output.text(), output.error_text());
    Ok(said.lines().filter_map(mended).collect())
}

/// The known places that have a worktree which the repository looks for where nothing is.
fn came_back(common_dir: &Path, known: &[PathBuf]) -> Result<Vec<PathBuf>, WorktreeError> {
    let found = linked(common_dir).map_err(WorktreeError::io("read worktrees of", common_dir))?;
    let astray = found
        .iter()
        .filter(|found| fs::symlink_metadata(&found.path).is_err());
    let back = astray.filter_map(|found| {
        let git_dir = common_dir.join("worktrees").join(found.name.as_ref()?);
        let mut known = known.iter();
        known.find(|place| points_to(&place.join(".git"), &git_dir))
    });
    Ok(back.cloned().collect())
}

/// Where git looks for the worktree that stands in `place`, if that is elsewhere, as after it was moved by hand; none where
/// that can't be told.
pub fn looked_for_elsewhere(place: &Path) -> Option<PathBuf> {
    let found = registration::read(&git_dir_of(&place.join(".git"))?)?;
    (!found.is_at(place)).then_some(found.path)
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
