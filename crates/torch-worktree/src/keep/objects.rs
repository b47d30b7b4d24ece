//! Writing blobs, trees and commits without the user's index.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use torch_core::Timestamp;

use crate::call::{Call, quoted};
use crate::locate::Located;
use crate::{Git, Repository, WorktreeError};

/// An entry of a tree that is to be made, at any depth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TreeEntry {
    pub(crate) mode: u32,
    pub(crate) id: String,
    pub(crate) path: Vec<u8>,
}

/// Writes objects of one worktree into its repository.
pub(crate) struct Objects<'a> {
    git: &'a Git,
    located: &'a Located,
    common_dir: PathBuf,
    now: Timestamp,
}

impl<'a> Objects<'a> {
    pub(crate) fn new(
        git: &'a Git,
        repository: &Repository,
        located: &'a Located,
        now: Timestamp,
    ) -> Self {
        Self {
            git,
            located,
            common_dir: repository.common_dir.clone(),
            now,
        }
    }

    fn call(&self) -> Call {
        self.located.call(self.git)
    }

    /// Writes files as they are, without filters or changes of line ends; their ids in order. A path is absolute, or
    /// relative to the worktree.
    pub(crate) fn files<'p>(
        &self,
        paths: impl Iterator<Item = &'p [u8]>,
    ) -> Result<Vec<String>, WorktreeError> {
        let mut lines = String::new();
        let mut count = 0;
        for path in paths {
            lines.push_str(&quoted(path));
            lines.push('\n');
            count += 1;
        }
        if count == 0 {
            return Ok(Vec::new());
        }
        let args = ["hash-object", "-w", "--no-filters", "--stdin-paths"];
        let output = self.call().stdin(lines).ask("keep files", args)?;
        let ids: Vec<String> = output.text().lines().map(str::to_owned).collect();
        if ids.len() == count {
            return Ok(ids);
        }
        Err(WorktreeError::Answer {
            act: "keep files",
            path: self.located.registration.path.clone(),
            answer: format!("{} ids for {count} files", ids.len()),
        })
    }

    /// Writes bytes.
    pub(crate) fn blob(&self, bytes: Vec<u8>) -> Result<String, WorktreeError> {
        let args = ["hash-object", "-w", "--no-filters", "--stdin"];
        let output = self.call().stdin(bytes).ask("keep what is known", args)?;
        Ok(output.text())
    }

    /// Writes a tree, by an index of its own that is removed again.
    pub(crate) fn tree(&self, entries: &[TreeEntry]) -> Result<String, WorktreeError> {
        let index = TemporaryIndex::new(&self.common_dir);
        let mut lines = Vec::new();
        for entry in entries {
            lines.extend(format!("{:o} {} 0\t", entry.mode, entry.id).bytes());
            lines.extend(&entry.path);
            lines.push(0);
        }
        let with_index = || self.call().env("GIT_INDEX_FILE", &index.0);
        with_index().stdin(lines).ask(
            "put a tree together",
            ["update-index", "-z", "--index-info"],
        )?;
        let written = with_index().ask("write a tree", ["write-tree"])?;
        Ok(written.text())
    }

    /// Writes a commit; a parent that is named twice counts once.
    pub(crate) fn commit(
        &self,
        tree: &str,
        parents: &[String],
        message: &str,
    ) -> Result<String, WorktreeError> {
        let mut args = vec!["commit-tree", "--no-gpg-sign", tree];
        for (at, parent) in parents.iter().enumerate() {
            if !parents[..at].contains(parent) {
                args.extend(["-p", parent]);
            }
        }
        args.extend(["-F", "-"]);
        let date = format!("@{} +0000", self.now.0 / 1000);
        let written = self
            .call()
            .env("GIT_AUTHOR_DATE", &date)
            .env("GIT_COMMITTER_DATE", &date)
            .stdin(message)
            .ask("write a commit", args)?;
        Ok(written.text())
    }
}

/// An index of torch's own in the common directory, gone with this value.
pub(crate) struct TemporaryIndex(PathBuf);

impl TemporaryIndex {
    pub(crate) fn new(common_dir: &std::path::Path) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("torch-index-{}-{number}", std::process::id());
        let index = Self(common_dir.join(name));
        index.remove();
        index
    }

    pub(crate) fn path(&self) -> &std::path::Path {
        &self.0
    }

    fn remove(&self) {
        if let Err(error) = fs::remove_file(&self.0)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(path = ?self.0, %error, "a temporary index was not removed");
        }
    }
}

impl Drop for TemporaryIndex {
    fn drop(&mut self) {
        self.remove();
    }
}
