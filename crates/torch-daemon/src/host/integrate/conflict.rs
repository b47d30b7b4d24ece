//! Which branches conflict with which, where git can't merge them all.

use std::collections::{BTreeMap, BTreeSet};

use torch_core::integration::IntegrationMerge;
use torch_integration::integrate::{Clash, Found, Unmerged};
use torch_worktree::ChainConflict;

use super::acts::failed;
use super::{Site, Why};

/// The files in which two merges conflict, by their places, the earlier one first.
type Clashes = BTreeMap<(usize, usize), BTreeSet<String>>;

impl Site<'_> {
    /// All conflicts: of each merge that git can't make, and of each that was tried without one before it and conflicts with that.
    pub(super) fn unmerged(
        &self,
        merges: &[IntegrationMerge],
        conflicts: &[ChainConflict],
    ) -> Result<Found, Why> {
        let files_of = |at: usize| conflicts.iter().find(|one| one.at == at);
        let mut known = Clashes::new();
        let mut all = Vec::new();
        for at in 0..merges.len() {
            let own = files_of(at).map(|one| &one.files);
            let mut files: BTreeMap<String, Vec<usize>> = BTreeMap::new();
            for file in own.into_iter().flatten() {
                files.insert(file.clone(), Vec::new());
            }
            for before in 0..at {
                let was_left_out = files_of(before).is_some();
                if own.is_none() && !was_left_out {
                    continue;
                }
                let clash = self.clash(merges, &known, (before, at))?;
                for file in &clash {
                    // What was merged together by now may have solved it.
                    if was_left_out || files.contains_key(file) {
                        files.entry(file.clone()).or_default().push(before);
                    }
                }
                known.insert((before, at), clash);
            }
            if !files.is_empty() {
                let files = files.into_iter();
                let files = files.map(|(file, with)| Clash { file, with }).collect();
                all.push(Unmerged { at, files });
            }
        }
        Ok(Found::Conflict(all))
    }

    /// The files in which two of the merges conflict by what is their own. Of a branch that one of them has within and that conflicts
    /// with the other one, as the fast lane brings it, only what was changed since counts.
    fn clash(
        &self,
        merges: &[IntegrationMerge],
        known: &Clashes,
        (one, other): (usize, usize),
    ) -> Result<BTreeSet<String>, Why> {
        let commits = (merges[one].commit.as_str(), merges[other].commit.as_str());
        let compared = |base| {
            torch_worktree::clashes(self.git, &self.repository, commits, base).map_err(failed)
        };
        let found = compared(None)?;
        if found.is_empty() {
            return Ok(found);
        }
        let conflicts = |a: usize, b: usize| {
            let clash = known.get(&(a.min(b), a.max(b)));
            clash.is_some_and(|files| !files.is_empty())
        };
        let has = |outer: usize, inner: usize| merges[outer].within.contains(&merges[inner].commit);
        let mut brought = (0..other).rev().filter(|inner| *inner != one);
        let brought = brought.find(|inner| {
            (has(other, *inner) && conflicts(*inner, one))
                || (has(one, *inner) && conflicts(*inner, other))
        });
        let Some(brought) = brought else {
            return Ok(found);
        };
        let since = compared(Some(&merges[brought].commit))?;
        Ok(found.intersection(&since).cloned().collect())
    }
}
