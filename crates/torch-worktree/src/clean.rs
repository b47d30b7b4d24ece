//! Removing worktrees whose work is done: all of it is in the branch that it was to go into, and nothing else lies there.

use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use crate::call::zero_terminated;
use crate::filters::submodules;
use crate::keep::extras;
use crate::locate::{Located, locate};
use crate::progress::commits_missing;
use crate::words::count;
use crate::{BranchFate, Git, Removal, RemoveRequest, Repository, WorktreeError};

/// Names of folders that tools make anew, besides those with a `CACHEDIR.TAG` (bford.info/cachedir).
const CACHES: [&str; 6] = [
    "node_modules",
    "__pycache__",
    ".pytest_cache",
    ".mypy_cache",
    ".ruff_cache",
    ".gradle",
];

/// What is wanted of a worktree that may be cleaned away.
#[derive(Debug, Clone, Copy)]
pub struct CleanRequest<'a> {
    /// Which, and under which words it is kept all the same.
    pub remove: RemoveRequest<'a>,
    /// The branch, or the commit, that its work was to go into.
    pub parent: &'a str,
    /// Ignored files that torch has placed there and that the project still has, relative to both.
    pub placed: &'a [String],
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cleaned {
    /// It is gone, kept as after every removal.
    Removed(Box<Removal>),
    /// It stays.
    Stays {
        /// Why.
        why: String,
    },
}

/// Removes a worktree whose work is done; nothing that is not merged, not committed, ignored and not to be made anew, or
/// under way is ever removed.
///
/// # Errors
/// [`WorktreeError`] when it can't be looked at, or [`crate::remove`] refuses.
pub fn clean(git: &Git, request: &CleanRequest<'_>) -> Result<Cleaned, WorktreeError> {
    match why_it_stays(git, request)? {
        Some(why) => Ok(Cleaned::Stays { why }),
        None => crate::remove(git, &request.remove).map(|gone| Cleaned::Removed(Box::new(gone))),
    }
}

/// Why a worktree would stay; `None`: its work is done.
///
/// # Errors
/// [`WorktreeError`] when it can't be looked at.
pub fn why_it_stays(
    git: &Git,
    request: &CleanRequest<'_>,
) -> Result<Option<String>, WorktreeError> {
    let keep = &request.remove.keep;
    let Some(located) = locate(keep.repository, keep.path)? else {
        return Ok(Some("there is no worktree".to_owned()));
    };
    let Some(files) = &located.files else {
        return Ok(Some("its folder is gone".to_owned()));
    };
    if located.registration.locked {
        return Ok(Some("it is locked".to_owned()));
    }
    if let Some(operation) = located.operation() {
        return Ok(Some(format!("{operation} is under way")));
    }
    let state = crate::state(
        git,
        keep.repository,
        keep.path,
        request.parent_commit(git)?.as_str(),
    )?;
    let Some(branch) = &state.branch else {
        return Ok(Some("no branch is checked out (detached)".to_owned()));
    };
    if state.dirty {
        let files = state.changed + state.untracked;
        let are = if files == 1 { "is" } else { "are" };
        return Ok(Some(format!(
            "{} {are} not committed",
            count(files, "file")
        )));
    }
    let mut tips = vec![state.head.clone()];
    tips.extend(home_tip(git, keep.repository, request)?);
    for tip in &tips {
        let missing = commits_missing(git, keep.repository, tip, request.parent)?;
        if missing > 0 {
            let are = if missing == 1 { "is" } else { "are" };
            let parent = request.parent;
            let parent = parent.strip_prefix("refs/heads/").unwrap_or(parent);
            return Ok(Some(format!(
                "{} {are} not in {parent}",
                count(missing, "commit")
            )));
        }
    }
    let branches = [Some(branch.clone()), keep.home_branch.map(str::to_owned)];
    let branches: Vec<String> = branches.into_iter().flatten().collect();
    let stashes = extras::stashes(|| located.call(git), &branches, false)?;
    if !stashes.is_empty() {
        return Ok(Some(count(stashes.len(), "stashed change")));
    }
    let logs = ["HEAD".to_owned()];
    let forgotten = extras::forgotten(git, &located, &logs)?;
    if !forgotten.is_empty() {
        return Ok(Some("its reflog has commits that no branch has".to_owned()));
    }
    if has_submodules(git, &located)? {
        return Ok(Some("it has submodules".to_owned()));
    }
    let precious = precious(git, &located, files, request)?;
    Ok((!precious.is_empty()).then(|| {
        let more = match precious.len() {
            1 => String::new(),
            many => format!(" and {} more", many - 1),
        };
        format!("git ignores {}{more}, which would be lost", precious[0])
    }))
}

impl CleanRequest<'_> {
    fn parent_commit(&self, git: &Git) -> Result<String, WorktreeError> {
        let name = format!("{}^{{commit}}", self.parent);
        let root = &self.remove.keep.repository.root;
        let args = ["rev-parse", "--verify", "--end-of-options", &name];
        Ok(git.ask("read a commit", root, args)?.text())
    }
}

fn home_tip(
    git: &Git,
    repository: &Repository,
    request: &CleanRequest<'_>,
) -> Result<Option<String>, WorktreeError> {
    let goes = request.remove.branch == BranchFate::Goes;
    match request.remove.keep.home_branch.filter(|_| goes) {
        Some(branch) => crate::create::Maker::open(git, repository)?.tip(branch),
        None => Ok(None),
    }
}

fn has_submodules(git: &Git, located: &Located) -> Result<bool, WorktreeError> {
    let args = ["ls-files", "--stage", "-z"];
    let listed = located.call(git).ask("list submodules", args)?;
    Ok(!submodules(&listed.stdout).is_empty())
}

/// Ignored files that nothing would bring back: neither a tool nor the project's own copy.
fn precious(
    git: &Git,
    located: &Located,
    root: &Path,
    request: &CleanRequest<'_>,
) -> Result<Vec<String>, WorktreeError> {
    let args = [
        "ls-files",
        "--others",
        "--ignored",
        "--exclude-standard",
        "-z",
    ];
    let listed = located.call(git).ask("list ignored files", args)?;
    let project = &request.remove.keep.repository.root;
    let is_placed = |name: &Path| {
        let ours = request
            .placed
            .iter()
            .any(|placed| Path::new(placed) == name);
        ours && is_copy(&project.join(name), &root.join(name))
    };
    Ok(zero_terminated(&listed.stdout)
        .map(|path| Path::new(std::ffi::OsStr::from_bytes(path)))
        .filter(|name| !name.starts_with(".torch") && !is_cache(root, name) && !is_placed(name))
        .map(|name| name.display().to_string())
        .collect())
}

/// Whether a file lies in a folder that a tool makes anew.
fn is_cache(root: &Path, name: &Path) -> bool {
    name.ancestors().skip(1).any(|folder| {
        let known = folder
            .file_name()
            .is_some_and(|last| CACHES.iter().any(|cache| last == *cache));
        known || (folder != Path::new("") && root.join(folder).join("CACHEDIR.TAG").is_file())
    })
}

/// Whether the worktree's file says what the project's says, but for the port; or is a link to it.
fn is_copy(from: &Path, to: &Path) -> bool {
    if std::fs::read_link(to).is_ok_and(|target| target == from) {
        return true;
    }
    let lines = |path: &Path| {
        let text = std::fs::read(path).ok()?;
        let lines = text.split(|&byte| byte == b'\n').map(<[u8]>::to_vec);
        let is_port = |line: &[u8]| {
            let line = line.trim_ascii();
            line.strip_prefix(b"export ")
                .unwrap_or(line)
                .starts_with(b"PORT=")
        };
        Some(
            lines
                .filter(|line| !line.is_empty() && !is_port(line))
                .collect::<Vec<_>>(),
        )
    };
    lines(from).is_some() && lines(from) == lines(to)
}
