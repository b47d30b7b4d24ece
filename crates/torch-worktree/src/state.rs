//! What has been done in a worktree, for summaries.

use std::path::Path;

use git2::{Oid, StatusOptions};
use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::locate::locate;
use crate::{Engine, Git, Repository, WorktreeError};

/// The most commits that are listed.
const COMMITS_MAX: usize = 50;

/// The most files that are named.
const FILES_MAX: usize = 20;

/// One commit, as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitLine {
    /// The first digits of its id.
    pub id: String,
    /// The first line of its message.
    pub subject: String,
}

/// What has been done in a worktree since its base commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorktreeState {
    /// The branch that is checked out.
    pub branch: Option<String>,
    /// The commit that is checked out, full hex.
    pub head: String,
    /// When that commit was made, in seconds since 1970.
    pub head_at: Option<i64>,
    /// Whether a file is changed, added or new; ignored ones don't count.
    pub dirty: bool,
    /// How many files that git knows are changed, staged or not.
    pub changed: usize,
    /// How many are new; a folder of new files counts as each of them.
    pub untracked: usize,
    /// The paths of changed and new files, at most 20; bytes that are not UTF-8 are shown as U+FFFD.
    #[serde(skip)]
    pub files: Vec<String>,
    /// How many commits lie between the base and here.
    pub ahead: usize,
    /// The newest of them, newest first, at most 50.
    pub commits: Vec<CommitLine>,
}

/// Sums up what has been done in the worktree at `path` since `base`, a full commit id.
///
/// # Errors
/// [`WorktreeError`] when the worktree or the base can't be read.
pub fn state(
    git: &Git,
    repository: &Repository,
    path: &Path,
    base: &str,
) -> Result<WorktreeState, WorktreeError> {
    if base.is_empty() || !base.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(WorktreeError::NotACommit {
            commit: base.to_owned(),
        });
    }
    match repository.engine {
        Engine::Git2 => match by_libgit2(path, base) {
            Ok(Some(state)) => Ok(state),
            Ok(None) => by_git(git, repository, path, base),
            Err(error) => Err(WorktreeError::libgit2("read what has been done", path)(
                error,
            )),
        },
        Engine::Git { .. } => by_git(git, repository, path, base),
    }
}

/// `None` where its configuration says that its files are elsewhere.
fn by_libgit2(path: &Path, base: &str) -> Result<Option<WorktreeState>, git2::Error> {
    let repository = git2::Repository::open(path)?;
    let here = path.canonicalize().ok();
    if repository.workdir().and_then(|dir| dir.canonicalize().ok()) != here {
        return Ok(None);
    }
    let head = repository.head()?;
    let id = head.peel_to_commit()?.id();
    let branch = if head.is_branch() {
        Some(String::from_utf8_lossy(head.shorthand_bytes()).into_owned())
    } else {
        None
    };
    let mut options = StatusOptions::new();
    options.include_untracked(true).recurse_untracked_dirs(true);
    let statuses = repository.statuses(Some(&mut options))?;
    let untracked = statuses
        .iter()
        .filter(|entry| entry.status() == git2::Status::WT_NEW)
        .count();
    let changed = statuses.len() - untracked;
    let files = statuses.iter().take(FILES_MAX);
    let files = files.map(|entry| String::from_utf8_lossy(entry.path_bytes()).into_owned());
    let files = files.collect();
    let mut walk = repository.revwalk()?;
    walk.push(id)?;
    walk.hide(Oid::from_str(base)?)?;
    let mut commits = Vec::new();
    let mut ahead = 0;
    for id in walk {
        let id = id?;
        ahead += 1;
        if commits.len() < COMMITS_MAX {
            let commit = repository.find_commit(id)?;
            let subject = commit.summary_bytes().unwrap_or_default();
            commits.push(CommitLine {
                id: id.to_string()[..8].to_owned(),
                subject: String::from_utf8_lossy(subject).into_owned(),
            });
        }
    }
    Ok(Some(WorktreeState {
        branch,
        head: id.to_string(),
        head_at: repository
            .find_commit(id)
            .ok()
            .map(|commit| commit.time().seconds()),
        dirty: changed + untracked > 0,
        changed,
        untracked,
        files,
        ahead,
        commits,
    }))
}

fn by_git(
    git: &Git,
    repository: &Repository,
    path: &Path,
    base: &str,
) -> Result<WorktreeState, WorktreeError> {
    // Of an agent's worktree it is known where its files are, whatever its configuration says.
    let located = locate(repository, path).ok().flatten();
    let call = || {
        let call = Call::to_read(git, path);
        match &located {
            Some(found) => call.of(&found.git_dir, path),
            None => call,
        }
    };
    let head = call().ask("read HEAD", ["rev-parse", "--verify", "HEAD^{commit}"])?;
    let head = head.text();
    let branch = call()
        .run(["symbolic-ref", "--quiet", "--short", "HEAD"])
        .map_err(crate::git::failed("read HEAD", path))?;
    let args = [
        "status",
        "--porcelain=v1",
        "-z",
        "--untracked-files=all",
        "--no-renames",
    ];
    let status = call().ask("read the status", args)?;
    let lines = || crate::call::zero_terminated(&status.stdout);
    let untracked = lines().filter(|line| line.starts_with(b"?? ")).count();
    let changed = lines().count() - untracked;
    let files = lines().filter_map(|line| line.get(3..)).take(FILES_MAX);
    let files = files.map(|path| String::from_utf8_lossy(path).into_owned());
    let files = files.collect();
    let range = format!("{base}..{head}");
    let counted = call().ask("count commits", ["rev-list", "--count", &range, "--"])?;
    let ahead = counted.text();
    let ahead = ahead.parse().map_err(|_| WorktreeError::Answer {
        act: "count commits",
        path: path.to_owned(),
        answer: ahead.clone(),
    })?;
    let most = format!("--max-count={COMMITS_MAX}");
    // Signatures are checked by a program that the repository's configuration names.
    let args = [
        "log",
        "-1",
        "--no-show-signature",
        "--no-color",
        "--format=%ct",
        &head,
        "--",
    ];
    let made = call().ask("read when a commit was made", args)?.text();
    let args = [
        "log",
        "--no-show-signature",
        "--no-color",
        "--abbrev=8",
        "-z",
        "--format=%h %s",
        &most,
        &range,
        "--",
    ];
    let log = call().ask("list commits", args)?;
    let text = String::from_utf8_lossy(&log.stdout).into_owned();
    Ok(WorktreeState {
        branch: branch.success().then(|| branch.text()),
        head,
        head_at: made.trim().parse().ok(),
        dirty: changed + untracked > 0,
        changed,
        untracked,
        files,
        ahead,
        commits: text
            .split('\0')
            .filter_map(|line| line.trim_end_matches('\n').split_once(' '))
            .map(|(id, subject)| CommitLine {
                id: id.to_owned(),
                subject: subject.to_owned(),
            })
            .collect(),
    })
}
