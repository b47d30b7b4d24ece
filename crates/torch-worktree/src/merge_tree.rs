//! Merges in memory, by `git merge-tree` (2.38 or newer): no file, index or branch is touched.

use std::path::Path;

use crate::call::{Call, zero_terminated};
use crate::git::failed;
use crate::words::shown;
use crate::{WorktreeError, invented};

/// The tree of a merge of two commits (full hex), or the files in conflict, by their real names and in order. `options` are those
/// of this merge alone; `path`, where `call` runs, is what errors name.
///
/// # Errors
/// [`WorktreeError`] where a commit can't be read, or git is too old.
pub(crate) fn merged(
    call: Call,
    path: &Path,
    options: &[&str],
    (ours, theirs): (&str, &str),
) -> Result<Result<String, Vec<String>>, WorktreeError> {
    let act = "merge commits in memory";
    let plainly = [
        "merge-tree",
        "--write-tree",
        "-z",
        "--name-only",
        "--no-messages",
    ];
    let args = plainly.iter().chain(options).copied();
    let args = args.chain([ours, theirs]);
    let output = call.run(args).map_err(failed(act, path))?;
    let words: Vec<_> = zero_terminated(&output.stdout).collect();
    let tree = match (output.status.code(), words.split_first()) {
        (Some(1), Some((_, files))) => {
            let files = invented::all(files.iter().copied(), &[ours, theirs]);
            return Ok(Err(files.iter().map(|file| shown(file)).collect()));
        }
        (_, tree) => tree.map(|(tree, _)| shown(tree)).unwrap_or_default(),
    };
    output.success_or_error().map_err(failed(act, path))?;
    Ok(Ok(tree))
}
