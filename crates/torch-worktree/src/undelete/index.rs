//! Putting an index back: what is staged, conflicts, and the flags of its entries.

use std::fs;
use std::path::Path;

use crate::WorktreeError;
use crate::call::Call;
use crate::scan::{IndexEntry, at};

/// Fills the index of a fresh worktree.
pub(super) fn restore(call: impl Fn() -> Call, index: &[IndexEntry]) -> Result<(), WorktreeError> {
    let mut lines = Vec::new();
    for entry in index.iter().filter(|entry| entry.tag != b'N') {
        lines.extend(format!("{:o} {} {}\t", entry.mode, entry.id, entry.stage).bytes());
        lines.extend(&entry.path);
        lines.push(0);
    }
    let args = ["update-index", "-z", "--index-info"];
    call().stdin(lines).ask("restore the index", args).map(drop)
}

/// Marks files again that were only to be added. One that is gone can't be marked, and has nothing to lose.
pub(super) fn add_intended(
    call: impl Fn() -> Call,
    root: &Path,
    index: &[IndexEntry],
) -> Result<(), WorktreeError> {
    let is_there = |entry: &&IndexEntry| fs::symlink_metadata(at(root, &entry.path)).is_ok();
    let entries = index.iter().filter(|entry| entry.tag == b'N');
    let paths = paths(entries.filter(is_there));
    if paths.is_empty() {
        return Ok(());
    }
    let args = [
        "--literal-pathspecs",
        "add",
        "--intent-to-add",
        "--force",
        "--pathspec-from-file=-",
        "--pathspec-file-nul",
    ];
    call().stdin(paths).ask("restore the index", args).map(drop)
}

/// Sets the flags that keep git from looking at a file.
pub(super) fn set_flags(
    call: impl Fn() -> Call,
    index: &[IndexEntry],
) -> Result<(), WorktreeError> {
    let skipped = |entry: &&IndexEntry| entry.tag.eq_ignore_ascii_case(&b'S');
    let assumed = |entry: &&IndexEntry| entry.tag.is_ascii_lowercase();
    for (flag, paths) in [
        ("--skip-worktree", paths(index.iter().filter(skipped))),
        ("--assume-unchanged", paths(index.iter().filter(assumed))),
    ] {
        if !paths.is_empty() {
            let args = ["update-index", flag, "-z", "--stdin"];
            call().stdin(paths).ask("restore the index", args)?;
        }
    }
    Ok(())
}

fn paths<'a>(entries: impl Iterator<Item = &'a IndexEntry>) -> Vec<u8> {
    let mut paths = Vec::new();
    for entry in entries {
        paths.extend(&entry.path);
        paths.push(0);
    }
    paths
}
