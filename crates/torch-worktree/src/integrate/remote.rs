//! Speaking to a remote: where it is, what it has of a branch, and giving it one.
//!
//! Over https, http and ssh alone; a remote on this machine, whose own hooks would run, needs the user's trust (`torch.trusted`). No
//! hook of the repository is run, nothing is ever forced, and nobody is asked for a password.

use std::path::Path;

use crate::call::Call;
use crate::git::failed;
use crate::guard::Trust;
use crate::{Git, Repository, WorktreeError};

use super::work::commit_at;

/// A remote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Its name.
    pub name: String,
    /// Its address, as git resolves it.
    pub url: String,
}

/// What came of giving a branch to a remote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pushed {
    /// It has it.
    Done,
    /// It did not take it.
    Refused {
        /// Its words.
        why: String,
    },
}

/// The remote that a branch belongs to: the one of its own configuration, else `origin`, else the only one.
///
/// # Errors
/// [`WorktreeError`] where git can't be run.
pub fn find_origin(
    git: &Git,
    repository: &Repository,
    branch: &str,
) -> Result<Option<Origin>, WorktreeError> {
    let root = &repository.root;
    let Some(name) = remote_of(git, root, branch)? else {
        return Ok(None);
    };
    let url = git.ask(
        "read a remote's address",
        root,
        ["remote", "get-url", "--", &name],
    )?;
    Ok(Some(Origin {
        url: url.text(),
        name,
    }))
}

/// As [`find_origin`], its name alone; `at` is any folder of the repository.
pub(crate) fn remote_of(
    git: &Git,
    at: &Path,
    branch: &str,
) -> Result<Option<String>, WorktreeError> {
    let own = git
        .read(at, ["config", "--get", &format!("branch.{branch}.remote")])
        .map_err(failed("read the configuration", at))?;
    let listed = git.ask("list the remotes", at, ["remote"])?.text();
    let names: Vec<&str> = listed.lines().collect();
    let own = own.success().then(|| own.text());
    Ok(match (own, names.as_slice()) {
        (Some(own), names) if names.contains(&own.as_str()) => Some(own),
        (_, names) if names.contains(&"origin") => Some("origin".to_owned()),
        (_, [only]) => Some((*only).to_owned()),
        _ => None,
    })
}

/// Fetches one branch; where it stands there, full hex. `None`: the remote has none of that name.
///
/// # Errors
/// [`WorktreeError`] where the remote can't be reached.
pub fn fetch(
    git: &Git,
    repository: &Repository,
    (origin, branch): (&Origin, &str),
) -> Result<Option<String>, WorktreeError> {
    let root = &repository.root;
    let (act, tracking) = (
        "fetch from the remote",
        format!("refs/remotes/{}/{branch}", origin.name),
    );
    let spec = format!("+refs/heads/{branch}:{tracking}");
    let args = [
        "fetch",
        "--quiet",
        "--no-tags",
        "--no-recurse-submodules",
        "--no-write-fetch-head",
        "--no-auto-maintenance",
        "--",
        &origin.name,
        &spec,
    ];
    let output = spoken(git, repository)?
        .run(args)
        .map_err(failed(act, root))?;
    if !output.success() && output.error_text().contains("couldn't find remote ref") {
        return Ok(None);
    }
    output.success_or_error().map_err(failed(act, root))?;
    commit_at(git, repository, &tracking)
}

/// Gives a branch to a remote, under the same name; never by force.
///
/// # Errors
/// [`WorktreeError`] where git can't be run, or the remote does not answer in time.
pub fn push(
    git: &Git,
    repository: &Repository,
    (origin, branch): (&Origin, &str),
) -> Result<Pushed, WorktreeError> {
    let root = &repository.root;
    let spec = format!("refs/heads/{branch}:refs/heads/{branch}");
    let args = [
        "push",
        "--quiet",
        "--no-recurse-submodules",
        "--no-signed",
        "--",
        &origin.name,
        &spec,
    ];
    let output = spoken(git, repository)?
        .run(args)
        .map_err(failed("push to the remote", root))?;
    Ok(match output.success() {
        true => Pushed::Done,
        false => Pushed::Refused {
            why: output.error_text(),
        },
    })
}

/// A command that may speak to a remote.
fn spoken(git: &Git, repository: &Repository) -> Result<Call, WorktreeError> {
    let call = Call::to_write(git, &repository.root);
    let (config, _) = call
        .config()
        .map_err(failed("read the configuration", &repository.root))?;
    let mut ways = "https:http:ssh".to_owned();
    if config.trusts(&repository.common_dir) == Trust::Given {
        ways.push_str(":file");
    }
    Ok(call.env("GIT_ALLOW_PROTOCOL", ways))
}
