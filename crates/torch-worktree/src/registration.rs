//! The worktrees that a repository knows of, and the branches that they hold.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use crate::operation::branches_to_return_to;

/// One worktree that is registered in a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Registration {
    /// The name of its folder below `worktrees/`; absent for the main worktree and where `git` was asked.
    pub(crate) name: Option<String>,
    /// Where its files are.
    pub(crate) path: PathBuf,
    /// The branch that is checked out.
    pub(crate) branch: Option<String>,
    /// Other branches that it will come back to (a rebase, a bisection).
    pub(crate) returns_to: Vec<String>,
    /// Whether it is locked: then a missing directory may come back (a removable disk).
    pub(crate) locked: bool,
}

impl Registration {
    /// Whether its directory is gone for good.
    pub(crate) fn is_gone(&self) -> bool {
        !self.locked && fs::symlink_metadata(&self.path).is_err()
    }

    /// Whether this branch is out of reach for others.
    pub(crate) fn holds(&self, branch: &str) -> bool {
        self.branch.as_deref() == Some(branch) || self.returns_to.iter().any(|held| held == branch)
    }

    /// Whether this is the worktree at `path`, which is canonical but for its last part.
    pub(crate) fn is_at(&self, path: &Path) -> bool {
        self.path == path
            || self
                .path
                .canonicalize()
                .is_ok_and(|canonical| canonical == path)
    }
}

/// Reads the linked worktrees from the common directory (gitrepository-layout(5)), without a fork.
pub(crate) fn linked(common_dir: &Path) -> std::io::Result<Vec<Registration>> {
    let entries = match fs::read_dir(common_dir.join("worktrees")) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let folders: Result<Vec<_>, _> = entries.map(|entry| entry.map(|e| e.path())).collect();
    Ok(folders?.iter().filter_map(|folder| read(folder)).collect())
}

/// Reads the one whose own git directory this is; `None` for a directory that is none of a linked worktree.
pub(crate) fn read(folder: &Path) -> Option<Registration> {
    // A folder without this file is being made or removed by another git at this moment.
    let gitdir = fs::read(folder.join("gitdir")).ok()?;
    let gitdir = Path::new(OsStr::from_bytes(trim_newlines(&gitdir)));
    let head = fs::read_to_string(folder.join("HEAD")).unwrap_or_default();
    Some(Registration {
        name: folder.file_name()?.to_str().map(str::to_owned),
        // It may be relative to the folder (worktree.useRelativePaths).
        path: folder.join(gitdir.parent()?),
        branch: branch_of(head.trim()),
        returns_to: branches_to_return_to(folder),
        locked: folder.join("locked").exists(),
    })
}

/// The branch that a `HEAD` file names.
pub(crate) fn branch_of(head: &str) -> Option<String> {
    let name = head.strip_prefix("ref:")?.trim();
    Some(name.strip_prefix("refs/heads/")?.to_owned())
}

fn trim_newlines(mut bytes: &[u8]) -> &[u8] {
    while let [rest @ .., b'\n' | b'\r'] = bytes {
        bytes = rest;
    }
    bytes
}

/// Reads `git worktree list --porcelain -z`: attributes end with NUL, an entry with an empty one.
pub(crate) fn parse_list(output: &[u8]) -> Vec<Registration> {
    let mut found: Vec<Registration> = Vec::new();
    for line in output.split(|&byte| byte == 0) {
        if let Some(path) = line.strip_prefix(b"worktree ") {
            found.push(Registration {
                name: None,
                path: PathBuf::from(OsStr::from_bytes(path)),
                branch: None,
                returns_to: Vec::new(),
                locked: false,
            });
        }
        let Some(last) = found.last_mut() else {
            continue;
        };
        if let Some(branch) = line.strip_prefix(b"branch refs/heads/") {
            last.branch = Some(String::from_utf8_lossy(branch).into_owned());
        }
        last.locked |= line == b"locked" || line.starts_with(b"locked ");
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_git_is_read() {
        let output = b"worktree /a\nb\0HEAD 12\0branch refs/heads/x/y\0\0worktree /c\0HEAD 12\0detached\0locked gone\0\0";
        let found = parse_list(output);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].path, Path::new("/a\nb"));
        assert!(found[0].holds("x/y") && !found[0].locked);
        assert_eq!((&found[1].branch, found[1].locked), (&None, true));
    }
}
