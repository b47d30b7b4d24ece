//! Branches and their commits as `git` reads them, for repositories that libgit2 can't open.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use torch_core::Timestamp;

use super::{COMMITS_TOLD, COUNTED, CommitFact, HeadAt, Led, Tips};
use crate::call::{Call, zero_terminated};
use crate::git::failed;
use crate::registration::linked;
use crate::{Git, Operation, WorktreeError};

/// The fields of a commit, each ended by NUL.
const FIELDS: &str = "--format=%H%x00%P%x00%s%x00%an%x00%ae%x00%ct";

fn call(git: &Git, common_dir: &Path) -> Call {
    Call::to_read(git, common_dir).of(common_dir, common_dir)
}

pub(super) fn has_remote(git: &Git, common_dir: &Path) -> Result<bool, WorktreeError> {
    let listed = call(git, common_dir).ask("list the remotes", ["remote"])?;
    Ok(!listed.stdout.is_empty())
}

pub(super) fn tips(git: &Git, common_dir: &Path) -> Result<Tips, WorktreeError> {
    let args = [
        "for-each-ref",
        "--format=%(objectname) %(refname) %(symref)",
        "refs/heads",
        "refs/remotes",
    ];
    let listed = call(git, common_dir).ask("read the branches", args)?;
    let mut tips = Tips::default();
    for line in String::from_utf8_lossy(&listed.stdout).lines() {
        if let [commit, name, ""] = line.splitn(3, ' ').collect::<Vec<_>>()[..] {
            tips.refs.insert(name.to_owned(), commit.to_owned());
        }
    }
    let args = ["worktree", "list", "--porcelain", "-z"];
    let listed = call(git, common_dir).ask("list the worktrees", args)?;
    tips.heads = heads(common_dir, &listed.stdout);
    Ok(tips)
}

/// Reads `git worktree list --porcelain -z`: attributes end with NUL, an entry with an empty one.
fn heads(common_dir: &Path, output: &[u8]) -> Vec<HeadAt> {
    let registered = linked(common_dir).unwrap_or_default();
    let own = |path: &Path| registered.iter().find(|found| found.is_at(path));
    let mut heads: Vec<HeadAt> = Vec::new();
    let mut commit = None;
    for line in output.split(|&byte| byte == 0) {
        if let Some(path) = line.strip_prefix(b"worktree ") {
            heads.push(HeadAt {
                path: PathBuf::from(OsStr::from_bytes(path)),
                branch: None,
                detached: None,
            });
        }
        let Some(last) = heads.last_mut() else {
            continue;
        };
        if let Some(hex) = line.strip_prefix(b"HEAD ") {
            commit = Some(String::from_utf8_lossy(hex).into_owned());
        } else if let Some(branch) = line.strip_prefix(b"branch refs/heads/") {
            last.branch = Some(String::from_utf8_lossy(branch).into_owned());
        } else if line == b"detached" {
            let found = own(&last.path);
            let name = found.and_then(|found| found.name.as_ref());
            let git_dir = name.map(|name| common_dir.join("worktrees").join(name));
            let busy = git_dir.is_some_and(|dir| Operation::under_way(&dir).is_some());
            last.branch = found.and_then(|found| found.returns_to.first().cloned());
            last.detached = commit.take().filter(|_| !busy && last.branch.is_none());
        }
    }
    heads
}

pub(super) fn led(
    git: &Git,
    common_dir: &Path,
    old: Option<&str>,
    new: &str,
    hidden: &[&str],
) -> Result<Led, WorktreeError> {
    let ask = |args: &[&str]| call(git, common_dir).ask("read new commits", args.iter().copied());
    let there = |hex: &str| {
        let revision = format!("{hex}^{{commit}}");
        let args = ["rev-parse", "--verify", "--quiet", &revision];
        let found = call(git, common_dir).run(args);
        found
            .map(|found| found.success())
            .map_err(failed("read a commit", common_dir))
    };
    let mut range = vec![new.to_owned()];
    let mut rewound = false;
    if let Some(old) = old {
        if there(old)? {
            let lost = format!("^{new}");
            let lost = ask(&["rev-list", "--max-count=1", old, &lost, "--"])?;
            rewound = !lost.stdout.is_empty();
            range.push(format!("^{old}"));
        } else {
            rewound = true;
        }
    }
    for hide in hidden {
        if there(hide)? {
            range.push(format!("^{hide}"));
        }
    }
    let range: Vec<&str> = range.iter().map(String::as_str).collect();
    let most = format!("--max-count={COMMITS_TOLD}");
    let shown = [
        "log",
        "-z",
        "--topo-order",
        "--no-show-signature",
        "--no-color",
        FIELDS,
        &most,
    ];
    let log = ask(&[&shown[..], &range, &["--"]].concat())?;
    let mut commits = facts(&log.stdout);
    commits.reverse();
    let mut more = 0;
    if commits.len() == COMMITS_TOLD {
        let most = format!("--max-count={COUNTED}");
        let count = ask(&[&["rev-list", "--count", &most][..], &range, &["--"]].concat())?.text();
        more = count.parse().unwrap_or(COMMITS_TOLD) - COMMITS_TOLD;
    }
    Ok(Led {
        rewound,
        commits,
        more,
    })
}

pub(super) fn fresh(
    git: &Git,
    common_dir: &Path,
    news: &BTreeSet<&str>,
    known: &BTreeSet<&str>,
) -> Result<BTreeSet<String>, WorktreeError> {
    let mut lines = String::new();
    news.iter()
        .for_each(|new| lines.push_str(&format!("{new}\n")));
    known
        .iter()
        .for_each(|old| lines.push_str(&format!("^{old}\n")));
    let most = format!("--max-count={COUNTED}");
    // What was pruned since is nowhere below.
    let args = ["rev-list", "--ignore-missing", &most, "--stdin"];
    let listed = call(git, common_dir).stdin(lines);
    let listed = listed.ask("read new commits", args)?;
    Ok(listed.text().lines().map(str::to_owned).collect())
}

/// Reads what [`FIELDS`] writes with `-z`: six fields and a NUL each.
fn facts(output: &[u8]) -> Vec<CommitFact> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let fields: Vec<&[u8]> = output.split(|&byte| byte == 0).collect();
    let of_one = fields.chunks_exact(6).map(|one| CommitFact {
        id: text(one[0]),
        parents: text(one[1]).split_whitespace().map(str::to_owned).collect(),
        subject: text(one[2]),
        author: text(one[3]),
        email: text(one[4]),
        at: time(one[5]),
    });
    of_one.collect()
}

pub(super) fn time(seconds: &[u8]) -> Timestamp {
    let seconds = std::str::from_utf8(seconds).ok();
    let seconds = seconds.and_then(|text| text.trim().parse().ok());
    Timestamp(seconds.unwrap_or(0_u64).saturating_mul(1000))
}

/// What `git rev-list` counts in a range, and the last commit that it names there with its time.
pub(super) fn counted(
    git: &Git,
    common_dir: &Path,
    range: &[&str],
) -> Result<(u64, Option<(String, Timestamp)>), WorktreeError> {
    let args = [
        "log",
        "-z",
        "--topo-order",
        "--no-show-signature",
        "--no-color",
        "--format=%H %ct",
    ];
    let most = format!("--max-count={COUNTED}");
    let log = call(git, common_dir).ask(
        "measure a branch",
        [&args[..], &[most.as_str()], range, &["--"]].concat(),
    )?;
    let lines: Vec<&[u8]> = zero_terminated(&log.stdout).collect();
    let oldest = lines.last().and_then(|line| {
        let text = String::from_utf8_lossy(line);
        let (id, at) = text.trim().split_once(' ')?;
        Some((id.to_owned(), time(at.as_bytes())))
    });
    Ok((lines.len() as u64, oldest))
}
