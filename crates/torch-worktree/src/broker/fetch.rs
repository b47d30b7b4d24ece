//! Fetching what the remote has, for agents that have no keys to it: into the broker with the person's, and on from there into the
//! project, whose worktrees all agents share. Only when somebody asks.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use torch_process::Environment;

use super::SEEN;
use crate::call::Call;
use crate::{Git, WorktreeError};

/// Arguments of every fetch: what is asked for, and nothing besides.
const PLAINLY: [&str; 7] = [
    "fetch",
    "--quiet",
    "--prune",
    "--no-tags",
    "--no-write-fetch-head",
    "--no-auto-maintenance",
    "--recurse-submodules=no",
];

/// What is to be fetched.
#[derive(Debug, Clone, Copy)]
pub struct FetchRequest<'a> {
    /// The broker.
    pub broker: &'a Path,
    /// The project's common directory.
    pub common_dir: &'a Path,
    /// The remote's place.
    pub url: &'a str,
    /// The remote's name in the project.
    pub remote: &'a str,
    /// The variables by which git finds the person's keys.
    pub env: &'a Environment,
    /// Branches (full names) of which the project knows better: they were pushed, and wait to be forwarded.
    pub keep: &'a [String],
}

/// A branch of the remote that the project had otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchedBranch {
    /// Its name there, without `refs/heads/`.
    pub name: String,
    /// Where the project had it, full hex; `None`: nowhere.
    pub old: Option<String>,
    /// Where it is, full hex; `None`: it is gone.
    pub new: Option<String>,
}

/// Fetches the remote's branches, and puts the project's notes of them (`refs/remotes/NAME/…`) there. Tags stay as they are.
///
/// # Errors
/// [`WorktreeError`] when the remote can't be reached, or git can't write.
pub fn fetch_branches(
    git: &Git,
    request: &FetchRequest<'_>,
) -> Result<Vec<FetchedBranch>, WorktreeError> {
    let all = format!("+refs/heads/*:{SEEN}heads/*");
    let args = PLAINLY.into_iter().chain(["--", request.url, &all]);
    Call::to_remote(git, request.broker, request.env).ask("fetch from the remote", args)?;
    let before = notes(git, request)?;
    let mut args: Vec<OsString> = PLAINLY.map(OsString::from).into();
    args.extend(["--".into(), request.broker.as_os_str().to_owned()]);
    args.push(format!("+{SEEN}heads/*:refs/remotes/{}/*", request.remote).into());
    let kept = request.keep.iter();
    let kept = kept.filter_map(|name| name.strip_prefix("refs/heads/"));
    args.extend(kept.map(|name| format!("^{SEEN}heads/{name}").into()));
    Call::between(git, request.common_dir).ask("take over what the remote has", args)?;
    let mut after = notes(git, request)?;
    let mut found: Vec<FetchedBranch> = Vec::new();
    for (name, old) in before {
        let new = after.remove(&name);
        if new.as_ref() != Some(&old) {
            let old = Some(old);
            found.push(FetchedBranch { name, old, new });
        }
    }
    found.extend(after.into_iter().map(|(name, new)| FetchedBranch {
        name,
        old: None,
        new: Some(new),
    }));
    found.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(found)
}

/// What the project knows of the remote's branches: name to commit.
fn notes(git: &Git, request: &FetchRequest<'_>) -> Result<BTreeMap<String, String>, WorktreeError> {
    let below = format!("refs/remotes/{}/", request.remote);
    let format = "--format=%(objectname) %(symref) %(refname)";
    let args = ["for-each-ref", format, &below];
    let listed = git.ask("read the branches of a remote", request.common_dir, args)?;
    let listed = listed.text();
    let rows = listed.lines().filter_map(|line| {
        let mut words = line.splitn(3, ' ');
        let (id, leads, name) = (words.next()?, words.next()?, words.next()?);
        let name = name.strip_prefix(&below)?;
        leads.is_empty().then(|| (name.to_owned(), id.to_owned()))
    });
    Ok(rows.collect())
}
