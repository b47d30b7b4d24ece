//! Files that need a filter whose program only the repository names: torch would check them out, or commit them, wrongly.

use std::collections::BTreeMap;
use std::path::Path;

use crate::call::{Call, zero_terminated};
use crate::git::failed;
use crate::guard::Trust;
use crate::keep::objects::TemporaryIndex;
use crate::{Git, Repository, WorktreeError};

/// The filters that only the repository defines and that its user does not trust, each with its program.
pub(crate) fn doubtful(
    call: &Call,
    root: &Path,
) -> Result<BTreeMap<Vec<u8>, String>, WorktreeError> {
    let (config, trust) = call
        .config()
        .map_err(failed("read the configuration", root))?;
    Ok(match trust {
        Trust::Given => BTreeMap::new(),
        Trust::None => config.own_filters(),
    })
}

/// Refuses a commit with files for such a filter.
pub(crate) fn check_commit(
    git: &Git,
    repository: &Repository,
    commit: &str,
) -> Result<(), WorktreeError> {
    let common = &repository.common_dir;
    let root = &repository.root;
    let doubtful = doubtful(&git.call(root), root)?;
    if doubtful.is_empty() {
        return Ok(());
    }
    let index = TemporaryIndex::new(common);
    let call = || git.call(root).env("GIT_INDEX_FILE", index.path());
    call().ask("read a commit's files", ["read-tree", commit])?;
    let listed = call().ask("list a commit's files", ["ls-files", "-z"])?;
    let files = (listed.stdout.as_slice(), Attributes::OfIndex);
    check(call(), root, files, &doubtful)
}

/// Where attributes are looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attributes {
    /// In the index: for what will be checked out from it.
    OfIndex,
    /// In the files, and where there are none in the index: for what will be staged.
    OfFiles,
}

/// Refuses files, whose paths end with NUL, for such a filter.
pub(crate) fn check(
    call: Call,
    root: &Path,
    (paths, attributes): (&[u8], Attributes),
    doubtful: &BTreeMap<Vec<u8>, String>,
) -> Result<(), WorktreeError> {
    if doubtful.is_empty() || paths.is_empty() {
        return Ok(());
    }
    let args: &[&str] = match attributes {
        Attributes::OfIndex => &["check-attr", "--cached", "-z", "--stdin", "filter"],
        Attributes::OfFiles => &["check-attr", "-z", "--stdin", "filter"],
    };
    let output = call
        .stdin(paths)
        .ask("read attributes", args.iter().copied())?;
    for (path, filter) in filters(&output.stdout) {
        if let Some(program) = doubtful.get(filter) {
            return Err(WorktreeError::OwnFilter {
                root: root.to_owned(),
                file: String::from_utf8_lossy(path).into_owned(),
                filter: String::from_utf8_lossy(filter).into_owned(),
                program: program.clone(),
            });
        }
    }
    Ok(())
}

/// The paths and their filters in the output of `git check-attr -z filter`.
pub(crate) fn filters(output: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let parts: Vec<&[u8]> = output.split(|&byte| byte == 0).collect();
    let found: Vec<_> = parts
        .chunks_exact(3)
        .map(|part| (part[0], part[2]))
        .filter(|(_, value)| !matches!(*value, b"unspecified" | b"unset"))
        .collect();
    found.into_iter()
}

/// The paths of an index that are links to commits.
pub(crate) fn submodules(index: &[u8]) -> Vec<Vec<u8>> {
    zero_terminated(index)
        .filter(|line| line.starts_with(b"160000 "))
        .filter_map(|line| line.splitn(2, |&byte| byte == b'\t').nth(1))
        .map(<[u8]>::to_vec)
        .collect()
}
