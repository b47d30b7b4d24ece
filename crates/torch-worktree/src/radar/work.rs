//! A worktree's uncommitted work as a commit in the scratch folder.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use super::Desk;
use crate::WorktreeError;
use crate::call::{Call, quoted};

/// A file that git tells of as changed, as it lies there now.
enum Now {
    Gone,
    File { executable: bool },
    Link,
}

impl Desk<'_> {
    /// The commit that holds what is committed in a worktree and what is not, and the files that are not.
    ///
    /// Files are taken as they lie there, without filters. What is no file (a submodule, a repository within) is left out.
    pub(super) fn with_work(
        &self,
        worktree: &Path,
        tip: &str,
    ) -> Result<(String, BTreeSet<Vec<u8>>), WorktreeError> {
        let changed = self.changed(worktree)?;
        if changed.is_empty() {
            return Ok((tip.to_owned(), changed));
        }
        let mut lines = Vec::new();
        let (mut files, mut taken) = (Vec::new(), BTreeSet::new());
        for path in &changed {
            let zeros = "0".repeat(tip.len());
            match now(&worktree.join(OsStr::from_bytes(path))) {
                Some(Now::Gone) => lines.push((format!("0 {zeros}"), path)),
                Some(Now::File { executable }) => {
                    files.push((if executable { 100_755 } else { 100_644 }, path))
                }
                Some(Now::Link) => {
                    lines.push((format!("120000 {}", self.link(worktree, path)?), path))
                }
                None => continue,
            }
            taken.insert(path.clone());
        }
        let ids = self.blobs(worktree, files.iter().map(|(_, path)| path.as_slice()))?;
        let written = files.into_iter().zip(ids);
        lines.extend(written.map(|((mode, path), id)| (format!("{mode} {id}"), path)));
        Ok((self.commit_of(worktree, tip, &lines)?, taken))
    }

    fn changed(&self, worktree: &Path) -> Result<BTreeSet<Vec<u8>>, WorktreeError> {
        let args = [
            "status",
            "--porcelain=v1",
            "-z",
            "--untracked-files=all",
            "--no-renames",
            "--ignore-submodules=all",
        ];
        let output = self.git.ask("read the status", worktree, args)?;
        let paths = crate::call::zero_terminated(&output.stdout).filter_map(|entry| entry.get(3..));
        Ok(paths
            .filter(|path| !path.ends_with(b"/"))
            .map(<[u8]>::to_vec)
            .collect())
    }

    fn blobs<'p>(
        &self,
        worktree: &Path,
        paths: impl Iterator<Item = &'p [u8]>,
    ) -> Result<Vec<String>, WorktreeError> {
        let lines: String = paths.map(|path| quoted(path) + "\n").collect();
        if lines.is_empty() {
            return Ok(Vec::new());
        }
        let args = ["hash-object", "-w", "--no-filters", "--stdin-paths"];
        let output = self
            .call_in(worktree)
            .stdin(lines)
            .ask("read files", args)?;
        Ok(output.text().lines().map(str::to_owned).collect())
    }

    fn link(&self, worktree: &Path, path: &[u8]) -> Result<String, WorktreeError> {
        let place = worktree.join(OsStr::from_bytes(path));
        let target = fs::read_link(&place).map_err(WorktreeError::io("read", &place))?;
        let call = self.call_in(worktree).stdin(target.as_os_str().as_bytes());
        Ok(call
            .ask("read a link", ["hash-object", "-w", "--stdin"])?
            .text())
    }

    /// Commits `tip` with these entries over it, through an index of its own.
    fn commit_of(
        &self,
        worktree: &Path,
        tip: &str,
        lines: &[(String, &Vec<u8>)],
    ) -> Result<String, WorktreeError> {
        let index = self.scratch.join("index");
        let call = || -> Call { self.call_in(worktree).env("GIT_INDEX_FILE", &index) };
        call().ask("read a commit", ["read-tree", tip])?;
        let mut entries = Vec::new();
        for (entry, path) in lines {
            entries.extend_from_slice(entry.as_bytes());
            entries.push(b'\t');
            entries.extend_from_slice(path);
            entries.push(0);
        }
        let args = ["update-index", "-z", "--index-info"];
        call().stdin(entries).ask("put files together", args)?;
        let tree = call().ask("write a tree", ["write-tree"])?.text();
        let args = ["commit-tree", "-p", tip, "-m", "uncommitted", &tree];
        Ok(call().ask("write a commit", args)?.text())
    }
}

/// `None` for what git keeps no blob of: a folder, a pipe.
fn now(path: &Path) -> Option<Now> {
    use std::os::unix::fs::PermissionsExt as _;
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_file() => Some(Now::File {
            executable: found.permissions().mode() & 0o100 != 0,
        }),
        Ok(found) if found.is_symlink() => Some(Now::Link),
        Ok(_) => None,
        Err(_) => Some(Now::Gone),
    }
}
