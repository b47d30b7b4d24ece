//! Pull requests that are made and merged by `gh`.

use std::path::Path;
use std::time::Duration;

use torch_process::{Environment, Output, ProcessError};

use super::PROGRAM;

/// How long it may take.
const DEADLINE: Duration = Duration::from_secs(120);

/// Why a pull request could not be made or merged.
#[derive(Debug, thiserror::Error)]
pub enum GhError {
    /// It could not be run, or said no.
    #[error("failed to {act}")]
    Gh {
        /// What was tried.
        act: &'static str,
        /// Why.
        #[source]
        source: ProcessError,
    },
    /// It printed no address.
    #[error("gh printed no address of the pull request for {branch:?}, but {answer:?}")]
    Answer {
        /// The branch.
        branch: String,
        /// What it printed.
        answer: String,
    },
}

/// A pull request.
#[derive(Debug, Clone, Copy)]
pub struct PullRequestOrder<'a> {
    /// A folder outside of any repository of others.
    pub folder: &'a Path,
    /// The environment, as of a person's own commands.
    pub env: &'a Environment,
    /// The remote's address.
    pub remote: &'a str,
    /// The branch that it goes into.
    pub base: &'a str,
    /// The branch that it brings, which the remote has.
    pub head: &'a str,
    /// Its title.
    pub title: &'a str,
    /// Its text.
    pub body: &'a str,
}

/// Whether there is a `gh` on the `PATH` of this environment.
pub fn gh_is_there(env: &Environment) -> bool {
    let path = env.get(std::ffi::OsStr::new("PATH"));
    path.is_some_and(|path| torch_process::search::on(path, PROGRAM).is_some())
}

/// Opens a pull request, or finds the one that is there for the branch; its address, and whether it is merged already.
///
/// # Errors
/// [`GhError`] where `gh` fails or prints no address.
pub fn open_pull_request(order: &PullRequestOrder<'_>) -> Result<(String, bool), GhError> {
    let query = ".[0] | select(. != null) | .state + \" \" + .url";
    let args = [
        "pr",
        "list",
        "--repo",
        order.remote,
        "--head",
        order.head,
        "--base",
        order.base,
        "--state",
        "all",
        "--json",
        "state,url",
        "--jq",
        query,
    ];
    let found = ask(order, "look for the pull request", &args, None)?.text();
    if let Some((state, url)) = found.trim().split_once(' ')
        && state != "CLOSED"
    {
        return Ok((url.to_owned(), state == "MERGED"));
    }
    let args = [
        "pr",
        "create",
        "--repo",
        order.remote,
        "--base",
        order.base,
        "--head",
        order.head,
        "--title",
        order.title,
        "--body-file",
        "-",
    ];
    let made = ask(order, "open a pull request", &args, Some(order.body))?.text();
    let url = made
        .lines()
        .map(str::trim)
        .rfind(|line| line.contains("://"));
    match url {
        Some(url) => Ok((url.to_owned(), false)),
        None => Err(GhError::Answer {
            branch: order.head.to_owned(),
            answer: made,
        }),
    }
}

/// Merges a pull request with a merge commit and deletes its branch; `admin`: past the protection of its base.
///
/// # Errors
/// [`GhError`] where `gh` refuses: a check that is red, a review that is missing, a conflict.
pub fn merge_pull_request(
    order: &PullRequestOrder<'_>,
    url: &str,
    admin: bool,
) -> Result<(), GhError> {
    let mut args = vec!["pr", "merge", url, "--merge", "--delete-branch"];
    if admin {
        args.push("--admin");
    }
    ask(order, "merge the pull request", &args, None).map(drop)
}

fn ask(
    order: &PullRequestOrder<'_>,
    act: &'static str,
    args: &[&str],
    stdin: Option<&str>,
) -> Result<Output, GhError> {
    let place = (order.folder, order.env.clone(), DEADLINE);
    super::ask(place, args, stdin).map_err(|source| GhError::Gh { act, source })
}
