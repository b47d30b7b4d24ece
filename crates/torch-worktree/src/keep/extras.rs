//! What belongs to a worktree besides its files: stashes, commits that only its reflog has, an operation in progress.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use crate::call::{Call, zero_terminated};
use crate::kept::KeptStash;
use crate::locate::Located;
use crate::{Git, WorktreeError};

/// Files and folders of a worktree's git directory that say what is under way in it, and what it was (git 2.47,
/// gitrepository-layout(5)); only these are ever kept or put back.
pub(crate) const STATE: [&str; 17] = [
    "BISECT_ANCESTORS_OK",
    "BISECT_EXPECTED_REV",
    "BISECT_LOG",
    "BISECT_NAMES",
    "BISECT_START",
    "BISECT_TERMS",
    "CHERRY_PICK_HEAD",
    "MERGE_HEAD",
    "MERGE_MODE",
    "MERGE_MSG",
    "ORIG_HEAD",
    "REBASE_HEAD",
    "REVERT_HEAD",
    "SQUASH_MSG",
    "rebase-apply",
    "rebase-merge",
    "sequencer",
];

/// The same for what is no operation: the history of `HEAD`, and which files are checked out at all.
pub(crate) const SETTINGS: [&str; 3] = ["config.worktree", "info/sparse-checkout", "logs/HEAD"];

/// References that each worktree has of its own.
const OWN_REFS: [&str; 3] = ["refs/bisect", "refs/rewritten", "refs/worktree"];

/// The most entries of a reflog that are looked at, newest first.
const REFLOG_MAX: &str = "--max-count=500";

/// The most commits that an operation's files may name.
const NAMED_MAX: usize = 200;

/// A file of the state is read for commit ids up to this size, in bytes.
const STATE_FILE_MAX: u64 = 1 << 20;

/// The stashes that were made on one of these branches, or without one, newest first.
pub(crate) fn stashes(
    call: impl Fn() -> Call,
    branches: &[String],
    detached: bool,
) -> Result<Vec<KeptStash>, WorktreeError> {
    let there = call()
        .run(["rev-parse", "--verify", "--quiet", "refs/stash"])
        .is_ok_and(|output| output.success());
    if !there {
        return Ok(Vec::new());
    }
    let format = "--format=%H%x1f%gs%x1f%s";
    let args = [
        "log",
        "-g",
        "-z",
        "--no-show-signature",
        "--no-color",
        format,
        "refs/stash",
        "--",
    ];
    let listed = call().ask("list the stashes", args)?;
    let is_ours = |text: &str| {
        let on = text
            .strip_prefix("WIP on ")
            .or_else(|| text.strip_prefix("On "));
        on.and_then(|on| on.split_once(':'))
            .is_some_and(|(branch, _)| {
                branches.iter().any(|ours| ours == branch) || (detached && branch == "(no branch)")
            })
    };
    let lines = zero_terminated(&listed.stdout).map(String::from_utf8_lossy);
    Ok(lines
        .filter_map(|line| {
            let mut parts = line.trim_end_matches('\n').split('\u{1f}');
            let (commit, message, subject) = (parts.next()?, parts.next()?, parts.next()?);
            (is_ours(message) || is_ours(subject)).then(|| KeptStash {
                commit: commit.to_owned(),
                message: message.to_owned(),
            })
        })
        .collect())
}

/// Commits that were made or checked out here and that nothing but a reflog leads to any more; of a chain the last.
pub(crate) fn forgotten(
    git: &Git,
    located: &Located,
    logs: &[String],
) -> Result<Vec<String>, WorktreeError> {
    let mut found = BTreeSet::new();
    for log in logs {
        let args = [
            "log",
            "-g",
            "--no-show-signature",
            "--format=%H",
            REFLOG_MAX,
            log,
            "--",
        ];
        // Without a reflog there is nothing to find.
        if let Ok(output) = located.call(git).run(args)
            && output.success()
        {
            found.extend(output.text().lines().map(str::to_owned));
        }
    }
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let mut args: Vec<String> = ["rev-list", "--parents"].map(str::to_owned).into();
    args.extend(found);
    // What another kept worktree holds may expire before this one.
    args.extend(["--not", "--exclude=refs/torch/*", "--all", "--"].map(str::to_owned));
    let listed = located.call(git).ask("list commits", args)?;
    let text = listed.text();
    let lines = || text.lines().map(|line| line.split(' ').collect::<Vec<_>>());
    let parents: BTreeSet<_> = lines().flat_map(|line| line.into_iter().skip(1)).collect();
    let tips = lines().filter_map(|line| line.first().copied());
    Ok(tips
        .filter(|tip| !parents.contains(tip))
        .map(str::to_owned)
        .collect())
}

/// The references that this worktree alone has, with what they point to.
pub(crate) fn own_refs(
    git: &Git,
    located: &Located,
) -> Result<Vec<(String, String)>, WorktreeError> {
    let mut args = vec!["for-each-ref", "--format=%(objectname) %(refname)"];
    args.extend(OWN_REFS);
    let listed = located.call(git).ask("list references", args)?;
    let text = listed.text();
    let pairs = text.lines().filter_map(|line| line.split_once(' '));
    Ok(pairs
        .map(|(id, name)| (name.to_owned(), id.to_owned()))
        .collect())
}

/// Whether a reference may be put back into a worktree.
pub(crate) fn is_own_ref(name: &str) -> bool {
    let below = |root: &&str| {
        name.strip_prefix(*root)
            .is_some_and(|rest| rest.starts_with('/'))
    };
    OWN_REFS.iter().any(below)
}

/// The files of a git directory that belong to its state: their paths relative to it.
pub(crate) fn state_files(git_dir: &Path) -> Result<Vec<PathBuf>, WorktreeError> {
    let mut found = Vec::new();
    for name in STATE.iter().chain(&SETTINGS) {
        collect(git_dir, Path::new(name), &mut found)?;
    }
    Ok(found)
}

fn collect(root: &Path, path: &Path, found: &mut Vec<PathBuf>) -> Result<(), WorktreeError> {
    let full = root.join(path);
    let Ok(meta) = fs::symlink_metadata(&full) else {
        return Ok(());
    };
    if meta.is_file() {
        found.push(path.to_owned());
    } else if meta.is_dir() {
        let read = || WorktreeError::io("list", &full);
        for entry in fs::read_dir(&full).map_err(read())? {
            let name = entry.map_err(read())?.file_name();
            collect(root, &path.join(name), found)?;
        }
    }
    Ok(())
}

/// Whether a path of a kept state is one that may be put back.
pub(crate) fn is_state(path: &[u8]) -> bool {
    let known = STATE.iter().chain(&SETTINGS).map(|name| name.as_bytes());
    let plain = path
        .split(|&byte| byte == b'/')
        .all(|part| !matches!(part, b"" | b"." | b".."));
    plain
        && known.into_iter().any(|name| {
            path.strip_prefix(name)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
        })
}

/// The commits that the files of an operation name: what is merged, what a rebase has still to do.
pub(crate) fn named(
    git: &Git,
    located: &Located,
    files: &[PathBuf],
) -> Result<Vec<String>, WorktreeError> {
    let mut ids = BTreeSet::new();
    for file in files {
        if SETTINGS.iter().any(|name| Path::new(name) == file) {
            continue;
        }
        let full = located.git_dir.join(file);
        let small = fs::metadata(&full).is_ok_and(|meta| meta.len() <= STATE_FILE_MAX);
        let text = if small {
            fs::read(&full).unwrap_or_default()
        } else {
            Vec::new()
        };
        let words = text.split(|byte| !byte.is_ascii_hexdigit());
        let ids_of = words.filter(|word| [40, 64].contains(&word.len()));
        ids.extend(ids_of.map(|word| String::from_utf8_lossy(word).into_owned()));
    }
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut lines: Vec<u8> = Vec::new();
    for id in ids.iter().take(NAMED_MAX) {
        lines.extend(id.bytes());
        lines.push(b'\n');
    }
    let args = ["cat-file", "--batch-check=%(objectname) %(objecttype)"];
    let listed = located
        .call(git)
        .stdin(lines)
        .ask("look commits up", args)?;
    let text = listed.text();
    let commits = text.lines().filter_map(|line| line.strip_suffix(" commit"));
    Ok(commits.map(str::to_owned).collect())
}

/// A path as bytes, below a folder of the kept state.
pub(crate) fn below(folder: &str, path: &Path) -> Vec<u8> {
    [folder.as_bytes(), b"/", path.as_os_str().as_bytes()].concat()
}
