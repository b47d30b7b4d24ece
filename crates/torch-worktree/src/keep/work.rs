//! The files of a worktree as blobs, and how each comes back.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::ffi::OsStrExt as _;

use super::Keeper;
use super::objects::TreeEntry;
use crate::call::zero_terminated;
use crate::scan::{Kind, SUBMODULE, at};
use crate::{Engine, WorktreeError};

/// How a file's bytes come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    /// As they are in the blob.
    Raw,
    /// A link whose target is in the blob.
    Link,
    /// Checked out from the index, through its filter.
    Filtered,
    /// A submodule: an empty folder.
    Submodule,
}

impl How {
    pub(crate) fn letter(self) -> char {
        match self {
            Self::Raw => 'f',
            Self::Link => 'l',
            Self::Filtered => 's',
            Self::Submodule => 'm',
        }
    }

    pub(crate) fn parse(letter: &str) -> Option<Self> {
        let all = [Self::Raw, Self::Link, Self::Filtered, Self::Submodule];
        all.into_iter()
            .find(|how| letter == how.letter().to_string())
    }
}

impl Keeper<'_> {
    /// Writes the files of the worktree; how each comes back.
    pub(super) fn work_files(&self) -> Result<Vec<(TreeEntry, How)>, WorktreeError> {
        let filtered = self.filtered()?;
        let staged: BTreeMap<_, _> = self
            .seen
            .index
            .iter()
            .filter(|e| e.stage == 0)
            .map(|e| (&e.path, e))
            .collect();
        let raw: Vec<&[u8]> = self
            .seen
            .files
            .iter()
            .filter(|(path, file)| file.kind == Kind::File && !filtered.contains(*path))
            .map(|(path, _)| path.as_slice())
            .collect();
        let ids = self.objects.files(raw.iter().copied())?;
        let mut ids: BTreeMap<&[u8], String> = raw.into_iter().zip(ids).collect();
        let mut entries = Vec::new();
        for (path, file) in &self.seen.files {
            let index_id = || {
                staged
                    .get(path)
                    .map(|entry| entry.id.clone())
                    .unwrap_or_default()
            };
            let executable = if file.permissions & 0o100 == 0 {
                0o100_644
            } else {
                0o100_755
            };
            let (mode, id, how) = match &file.kind {
                Kind::Submodule(commit) if commit.is_empty() => {
                    (SUBMODULE, index_id(), How::Submodule)
                }
                Kind::Submodule(commit) => (SUBMODULE, commit.clone(), How::Submodule),
                Kind::Link => (0o120_000, self.link(path)?, How::Link),
                Kind::File => match ids.remove(path.as_slice()) {
                    Some(id) => (executable, id, How::Raw),
                    None => (executable, index_id(), How::Filtered),
                },
            };
            let path = path.clone();
            entries.push((TreeEntry { mode, id, path }, how));
        }
        Ok(entries)
    }

    fn link(&self, path: &[u8]) -> Result<String, WorktreeError> {
        let full = at(self.request.path, path);
        let target = fs::read_link(&full).map_err(WorktreeError::io("read the link", &full))?;
        self.objects.blob(target.as_os_str().as_bytes().to_vec())
    }

    /// The files that a filter (LFS) has made from what is staged and that are unchanged since: only the staged side is
    /// kept of them. Where libgit2 serves the repository, no filter ever runs, and there are none.
    fn filtered(&self) -> Result<BTreeSet<Vec<u8>>, WorktreeError> {
        if self.request.repository.engine == Engine::Git2 || self.located.files.is_none() {
            return Ok(BTreeSet::new());
        }
        let mut paths = Vec::new();
        for entry in self.seen.index.iter().filter(|entry| entry.stage == 0) {
            paths.extend(&entry.path);
            paths.push(0);
        }
        let args = ["check-attr", "-z", "--stdin", "filter"];
        let attributes = self
            .located
            .call(self.git)
            .stdin(paths)
            .ask("read attributes", args)?;
        // What a filter made that torch will not run again is kept as it lies there.
        let doubtful = crate::filters::doubtful(&self.located.call(self.git), self.request.path)?;
        let mut found: BTreeSet<Vec<u8>> = crate::filters::filters(&attributes.stdout)
            .filter(|(_, filter)| !doubtful.contains_key(*filter))
            .map(|(path, _)| path.to_vec())
            .collect();
        if !found.is_empty() {
            let args = ["diff-files", "--name-only", "--ignore-submodules=all", "-z"];
            let changed = self
                .located
                .call(self.git)
                .ask("list changed files", args)?;
            for path in zero_terminated(&changed.stdout) {
                found.remove(path);
            }
        }
        Ok(found)
    }

    /// The list that [`crate::undelete`] reads.
    pub(super) fn list_of_files(&self, files: &[(TreeEntry, How)]) -> Vec<u8> {
        let mut list = Vec::new();
        for (entry, how) in files {
            let Some(file) = self.seen.files.get(&entry.path) else {
                continue;
            };
            let facts = format!(
                "{} {:o} {} {}\t",
                how.letter(),
                file.permissions,
                file.size,
                entry.id
            );
            list.extend(facts.bytes());
            list.extend(&entry.path);
            list.push(0);
        }
        list
    }
}
