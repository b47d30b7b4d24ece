//! The index of a worktree: a tree of what is staged, and a list of everything else that it says.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

use super::Keeper;
use super::objects::TreeEntry;
use crate::call::zero_terminated;
use crate::scan::IndexEntry;
use crate::{Engine, WorktreeError};

impl Keeper<'_> {
    /// Entries that are only to be added (`git add -N`): the index has no content for them.
    pub(super) fn intent_to_add(&self) -> Result<BTreeSet<Vec<u8>>, WorktreeError> {
        let empty = |entry: &&IndexEntry| entry.stage == 0 && self.is_empty_blob(&entry.id);
        let candidates: Vec<_> = self.seen.index.iter().filter(empty).collect();
        if candidates.is_empty() {
            return Ok(BTreeSet::new());
        }
        let file = self.located.git_dir.join("index");
        if self.request.repository.engine == Engine::Git2
            && let Ok(index) = git2::Index::open(&file)
        {
            let flag = git2::IndexEntryExtendedFlag::INTENT_TO_ADD.bits();
            let is_set = |entry: &git2::IndexEntry| entry.flags_extended & flag != 0;
            return Ok(index
                .iter()
                .filter(is_set)
                .map(|entry| entry.path)
                .collect());
        }
        let args = [
            "--literal-pathspecs",
            "diff-files",
            "--name-only",
            "--diff-filter=A",
            "-z",
            "--",
        ];
        let paths = candidates
            .iter()
            .map(|entry| OsStr::from_bytes(&entry.path));
        let args = args.iter().map(OsStr::new).chain(paths);
        let added = self.located.call(self.git).ask("read the index", args)?;
        Ok(zero_terminated(&added.stdout).map(<[u8]>::to_vec).collect())
    }

    fn is_empty_blob(&self, id: &str) -> bool {
        // Of SHA-1 and of SHA-256 repositories.
        id == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"
            || id == "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813"
    }

    /// The tree of what is staged; of a conflict nothing.
    pub(super) fn index_tree(&self, to_add: &BTreeSet<Vec<u8>>) -> Result<String, WorktreeError> {
        let staged = self
            .seen
            .index
            .iter()
            .filter(|e| e.stage == 0 && !to_add.contains(&e.path));
        let entries = staged.map(|entry| TreeEntry {
            mode: entry.mode,
            id: entry.id.clone(),
            path: entry.path.clone(),
        });
        self.objects.tree(&entries.collect::<Vec<_>>())
    }
}

/// The index as lines of `TAG MODE ID STAGE<tab>PATH`, each ended by NUL; `N` is the tag of what is only to be added.
pub(super) fn list_of_index(index: &[IndexEntry], to_add: &BTreeSet<Vec<u8>>) -> Vec<u8> {
    let mut list = Vec::new();
    for entry in index {
        let tag = if to_add.contains(&entry.path) {
            'N'
        } else {
            char::from(entry.tag)
        };
        list.extend(format!("{tag} {:o} {} {}\t", entry.mode, entry.id, entry.stage).bytes());
        list.extend(&entry.path);
        list.push(0);
    }
    list
}
