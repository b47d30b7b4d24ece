//! What differs between two commits, and what a remote has.

use torch_core::rollback::LeasedPush;

use super::{Bench, Result};
use crate::call::zero_terminated;
use crate::git::failed;
use crate::{Git, Repository, WorktreeError};

/// A file that differs between two commits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// Its path; bytes that are not UTF-8 are U+FFFD.
    pub path: String,
    /// Lines added; none of a binary file.
    pub insertions: Option<u64>,
    /// Lines removed.
    pub deletions: Option<u64>,
}

/// The files that differ between two commits, by path.
///
/// # Errors
/// When git can't compare them.
pub fn changed(
    git: &Git,
    repository: &Repository,
    (from, to): (&str, &str),
) -> std::result::Result<Vec<Changed>, WorktreeError> {
    let bench = Bench::new(git, repository);
    let args = [
        "diff-tree",
        "-r",
        "-z",
        "--numstat",
        "--no-renames",
        from,
        to,
    ];
    let output = bench.call().ask("compare commits", args)?;
    let read = |line: &[u8]| {
        let text = String::from_utf8_lossy(line).into_owned();
        let mut fields = text.splitn(3, '\t');
        let (insertions, deletions) = (fields.next()?, fields.next()?);
        Some(Changed {
            insertions: insertions.parse().ok(),
            deletions: deletions.parse().ok(),
            path: fields.next()?.to_owned(),
        })
    };
    Ok(zero_terminated(&output.stdout).filter_map(read).collect())
}

/// The differences between two commits as a patch, cut after `most` bytes; whether it was cut.
///
/// # Errors
/// When git can't compare them.
pub fn patch(
    git: &Git,
    repository: &Repository,
    (from, to): (&str, &str),
    most: usize,
) -> std::result::Result<(Vec<u8>, bool), WorktreeError> {
    let bench = Bench::new(git, repository);
    let args = [
        "diff-tree",
        "-r",
        "-p",
        "--no-renames",
        "--no-color",
        from,
        to,
    ];
    let mut text = bench.call().ask("compare commits", args)?.stdout;
    let cut = text.len() > most;
    if cut {
        let end = text[..most].iter().rposition(|&byte| byte == b'\n');
        text.truncate(end.map_or(most, |end| end + 1));
    }
    Ok((text, cut))
}

/// The push that gives a branch's remote what the branch is put back to, if the remote is known to have more: what it had
/// when it was last asked, and only where the branch had all of that.
///
/// # Errors
/// When git can't read the repository.
pub fn upstream(
    git: &Git,
    repository: &Repository,
    branch: &str,
    (from, to): (&str, &str),
) -> Result<Option<LeasedPush>> {
    let bench = Bench::new(git, repository);
    let config = |key: &str| -> Result<Option<String>> {
        let output = bench
            .call()
            .run(["config", "--get", key])
            .map_err(failed("read the configuration", bench.root()))?;
        Ok(output.success().then(|| output.text()))
    };
    let named = config(&format!("branch.{branch}.remote"))?.filter(|name| name != ".");
    let remote = match named {
        Some(named) => named,
        None if config("remote.origin.url")?.is_some() => "origin".to_owned(),
        None => return Ok(None),
    };
    let there = config(&format!("branch.{branch}.merge"))?;
    let there = there
        .as_deref()
        .and_then(|name| name.strip_prefix("refs/heads/"));
    let there = there.unwrap_or(branch).to_owned();
    let Some(expected) = bench.commit(&format!("refs/remotes/{remote}/{there}"))? else {
        return Ok(None);
    };
    let known = bench.is_ancestor(&expected, from)? && !bench.is_ancestor(&expected, to)?;
    Ok(known.then_some(LeasedPush {
        remote,
        branch: there,
        expected,
    }))
}
