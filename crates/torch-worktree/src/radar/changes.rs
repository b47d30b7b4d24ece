//! What lies between two commits: files, and lines.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;

use git2::Oid;

use super::Desk;
use crate::WorktreeError;
use crate::git::failed;

/// A file as a commit leaves it: mode and blob, in git's words. A file that is gone has zeros.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    mode: String,
    id: String,
}

/// Lines of the base that a side changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hunk {
    /// The first line, counted from 1; where lines are only added, the one they come behind (0: before all).
    first: u32,
    /// How many lines of the base go.
    lines: u32,
}

impl Hunk {
    /// The first line that is touched, and the one behind the last: where lines are only added, the place between two.
    fn span(self) -> (u32, u32) {
        match self.lines {
            0 => (self.first + 1, self.first + 1),
            lines => (self.first, self.first + lines),
        }
    }

    /// Where two sides' hunks meet or touch, which is where git sees a conflict; first and last line.
    pub(super) fn shared(ours: &[Self], theirs: &[Self]) -> Vec<(u32, u32)> {
        let mut found = BTreeSet::new();
        for ours in ours.iter().map(|hunk| hunk.span()) {
            for theirs in theirs.iter().map(|hunk| hunk.span()) {
                if ours.0 <= theirs.1 && theirs.0 <= ours.1 {
                    let last = ours.1.max(theirs.1).saturating_sub(1);
                    let first = ours.0.min(theirs.0);
                    found.insert((first, last.max(first)));
                }
            }
        }
        found.into_iter().collect()
    }

    /// Reads the head of a hunk: `@@ -12,3 +12,4 @@ …`.
    fn parse(line: &[u8]) -> Option<Self> {
        // What follows the second `@@` is the file's, in any encoding.
        let range = line
            .strip_prefix(b"@@ -")?
            .split(|&byte| byte == b' ')
            .next()?;
        let range = std::str::from_utf8(range).ok()?;
        let (first, lines) = range.split_once(',').unwrap_or((range, "1"));
        Some(Self {
            first: first.parse().ok()?,
            lines: lines.parse().ok()?,
        })
    }
}

/// What a side makes of files.
pub(super) type Changes = BTreeMap<Vec<u8>, Change>;

/// The lines that are changed, by file.
pub(super) type Hunks = BTreeMap<Vec<u8>, Vec<Hunk>>;

impl Desk<'_> {
    /// The newest commit that both, which the repository has, have; `None` where there is none.
    pub(super) fn merge_base(&self, a: &str, b: &str) -> Result<Option<String>, WorktreeError> {
        self.graph.ask(
            |repository| base_by_libgit2(repository, a, b),
            |_, _| self.base_by_git(a, b),
        )
    }

    fn base_by_git(&self, a: &str, b: &str) -> Result<Option<String>, WorktreeError> {
        let output = self
            .call()
            .run(["merge-base", a, b])
            .map_err(failed("find the merge base", self.root))?;
        // 1: they have no commit in common (git-merge-base(1)).
        if output.status.code() == Some(1) {
            return Ok(None);
        }
        let output = output
            .success_or_error()
            .map_err(failed("find the merge base", self.root))?;
        Ok(Some(output.text()))
    }

    /// The files that differ between two commits; a renamed one counts with both of its names.
    pub(super) fn changes(&self, from: &str, to: &str) -> Result<Changes, WorktreeError> {
        let ends = (from.to_owned(), to.to_owned());
        if let Some(known) = self.compared.borrow().get(&ends) {
            return Ok(known.clone());
        }
        let found = self.by_libgit2(|desk| changes_by_libgit2(desk, from, to));
        let found = match found {
            Some(found) => found,
            None => {
                let args = ["diff-tree", "-r", "-z", "--raw", "--no-renames", from, to];
                let output = self.call().ask("compare commits", args)?;
                parse_raw(&output.stdout)
            }
        };
        let mut compared = self.compared.borrow_mut();
        compared.insert(ends, found.clone());
        Ok(found)
    }

    /// The lines of `from` that `to` changes in these files; a file without text is left out.
    pub(super) fn hunks(
        &self,
        from: &str,
        to: &str,
        paths: &BTreeSet<Vec<u8>>,
    ) -> Result<Hunks, WorktreeError> {
        let fixed = [
            "diff-tree",
            "-r",
            "-z",
            "-U0",
            "--raw",
            "--patch",
            "--no-renames",
            "--no-ext-diff",
            "--no-textconv",
            "--no-color",
            from,
            to,
            "--",
        ];
        let paths = paths.iter().map(|path| OsStr::from_bytes(path).to_owned());
        let args = fixed.iter().map(OsString::from).chain(paths);
        let output = self.call().ask("compare files", args)?;
        Ok(parse_patch(&output.stdout))
    }
}

/// An error where there are several: which of them is meant is left to git.
fn base_by_libgit2(
    repository: &git2::Repository,
    a: &str,
    b: &str,
) -> Result<Option<String>, git2::Error> {
    let (a, b) = (Oid::from_str(a)?, Oid::from_str(b)?);
    match repository.merge_bases(a, b) {
        Ok(bases) => match bases.as_ref() {
            [only] => Ok(Some(only.to_string())),
            _ => Err(git2::Error::from_str("there are several merge bases")),
        },
        Err(error) if error.code() == git2::ErrorCode::NotFound => {
            // Commits that are not there are no answer.
            repository.find_commit(a)?;
            repository.find_commit(b)?;
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

fn changes_by_libgit2(
    repository: &git2::Repository,
    from: &str,
    to: &str,
) -> Result<Changes, git2::Error> {
    let tree = |id: &str| repository.find_commit(Oid::from_str(id)?)?.tree();
    let (from, to) = (tree(from)?, tree(to)?);
    let mut options = git2::DiffOptions::new();
    options.include_typechange(true).ignore_submodules(false);
    let diff = repository.diff_tree_to_tree(Some(&from), Some(&to), Some(&mut options))?;
    let mut changes = BTreeMap::new();
    for delta in diff.deltas() {
        let (old, new) = (delta.old_file(), delta.new_file());
        let Some(path) = new.path_bytes().or_else(|| old.path_bytes()) else {
            continue;
        };
        let gone = delta.status() == git2::Delta::Deleted;
        let mode = if gone { 0 } else { u32::from(new.mode()) };
        let change = Change {
            mode: format!("{mode:06o}"),
            id: new.id().to_string(),
        };
        changes.insert(path.to_vec(), change);
    }
    Ok(changes)
}

/// Reads `git diff-tree -z --raw`.
fn parse_raw(output: &[u8]) -> BTreeMap<Vec<u8>, Change> {
    let mut parts = output.split(|&byte| byte == 0);
    let mut changes = BTreeMap::new();
    while let (Some(facts), Some(path)) = (parts.next(), parts.next()) {
        let Some(change) = raw_entry(facts) else {
            break;
        };
        changes.insert(path.to_vec(), change.0);
    }
    changes
}

/// `:100644 100755 BLOB BLOB M`: what it becomes, and the letter.
fn raw_entry(facts: &[u8]) -> Option<(Change, char)> {
    let text = std::str::from_utf8(facts).ok()?.strip_prefix(':')?;
    let mut words = text.split(' ').skip(1);
    let (mode, id) = (words.next()?.to_owned(), words.nth(1)?.to_owned());
    Some((Change { mode, id }, words.next()?.chars().next()?))
}

/// Reads `git diff-tree -z --raw --patch`: all files first, then, in the same order, a patch of each; a file that
/// becomes a link or the other way round has two.
fn parse_patch(output: &[u8]) -> BTreeMap<Vec<u8>, Vec<Hunk>> {
    let mut files = Vec::new();
    let mut rest = output;
    while rest.first() == Some(&b':') {
        let mut parts = rest.splitn(3, |&byte| byte == 0);
        let (Some(facts), Some(path), Some(behind)) = (parts.next(), parts.next(), parts.next())
        else {
            break;
        };
        let Some((_, letter)) = raw_entry(facts) else {
            break;
        };
        files.extend(std::iter::repeat_n(path, if letter == 'T' { 2 } else { 1 }));
        rest = behind;
    }
    let mut hunks: BTreeMap<Vec<u8>, Vec<Hunk>> = BTreeMap::new();
    let mut files = files.into_iter();
    let mut path = None;
    let rest = rest.strip_prefix(b"\0").unwrap_or(rest);
    for line in rest.split(|&byte| byte == b'\n') {
        if line.starts_with(b"diff --git ") {
            path = files.next();
        } else if let (Some(hunk), Some(path)) = (Hunk::parse(line), path) {
            hunks.entry(path.to_vec()).or_default().push(hunk);
        }
    }
    hunks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hunk(first: u32, lines: u32) -> Hunk {
        Hunk { first, lines }
    }

    #[test]
    fn hunks_that_meet_or_touch_are_shared() {
        let meet = |a, b| Hunk::shared(&[a], &[b]);
        assert_eq!(meet(hunk(10, 3), hunk(12, 2)), [(10, 13)]);
        assert_eq!(meet(hunk(10, 1), hunk(11, 1)), [(10, 11)]);
        assert_eq!(meet(hunk(10, 1), hunk(12, 1)), []);
        // Both add lines behind line 4; one adds where the other takes line 5 away.
        assert_eq!(meet(hunk(4, 0), hunk(4, 0)), [(5, 5)]);
        assert_eq!(meet(hunk(4, 0), hunk(5, 1)), [(5, 5)]);
        assert_eq!(meet(hunk(0, 0), hunk(9, 9)), []);
    }

    #[test]
    fn heads_of_hunks_are_read() {
        assert_eq!(
            Hunk::parse(b"@@ -12,3 +12,4 @@ fn \xff()"),
            Some(hunk(12, 3))
        );
        assert_eq!(Hunk::parse(b"@@ -7 +7 @@"), Some(hunk(7, 1)));
        assert_eq!(Hunk::parse(b"@@ -0,0 +1,9 @@"), Some(hunk(0, 0)));
        assert_eq!(Hunk::parse(b"+@@ -1 +1 @@"), None);
        assert_eq!(Hunk::parse(b"@@ nothing"), None);
    }
}
