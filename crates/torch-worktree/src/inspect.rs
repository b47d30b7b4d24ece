//! What a project directory is, and whether torch may work in it.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

use git2::{ErrorCode, RepositoryOpenFlags};

use crate::disk;
use crate::engine::{decide, survey};
use crate::{Engine, Git, Operation, Repository, Unfinished, WorktreeError};

/// Looks at the repository of a project directory, which may be a subdirectory or a linked worktree. A detached
/// HEAD is allowed; the base branch is then [`Repository::DETACHED`].
///
/// # Errors
/// [`WorktreeError`] when there is no such directory, its path is not UTF-8, it is in no repository, the repository
/// belongs to another user, is bare, has no commit, has a merge or the like under way, or can't be read.
pub fn inspect(git: &Git, project: &Path) -> Result<Repository, WorktreeError> {
    look(git, project, Busy::Refused)
}

/// As [`inspect`], but a merge or the like in the project is no hindrance: for looking, keeping and removing.
///
/// # Errors
/// As [`inspect`], without [`WorktreeError::UnderWay`].
pub fn inspect_busy(git: &Git, project: &Path) -> Result<Repository, WorktreeError> {
    look(git, project, Busy::Allowed)
}

/// Whether an operation may be under way in the project.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Busy {
    Refused,
    Allowed,
}

fn look(git: &Git, project: &Path, busy: Busy) -> Result<Repository, WorktreeError> {
    let path = project
        .canonicalize()
        .ok()
        .filter(|path| path.is_dir())
        .ok_or_else(|| WorktreeError::NoDirectory {
            path: project.to_owned(),
        })?;
    check_text(&path)?;
    let ceilings: [&OsStr; 0] = [];
    let found = match git2::Repository::open_ext(&path, RepositoryOpenFlags::empty(), ceilings) {
        Ok(repository) => by_git2(git, &path, &repository, busy),
        Err(error) => match error.code() {
            ErrorCode::NotFound => Err(WorktreeError::NotARepository { path }),
            ErrorCode::Owner => Err(WorktreeError::NotOwned { path }),
            // reftable, sha256 and whatever comes after this libgit2.
            _ => by_git(git, &path, error.message(), busy),
        },
    }?;
    if let Engine::Git { .. } = found.engine {
        // Whether there is a `git` shows before anything is made.
        git.ask("run git", &found.root, ["--version"])?;
    }
    Ok(found)
}

fn by_git2(
    git: &Git,
    path: &Path,
    repository: &git2::Repository,
    busy: Busy,
) -> Result<Repository, WorktreeError> {
    let read = |act| WorktreeError::libgit2(act, path);
    let Some(workdir) = repository.workdir() else {
        return Err(bare(path));
    };
    let root = canonical(workdir)?;
    let common_dir = canonical(repository.commondir())?;
    check_place(path, &root, &common_dir)?;
    let no_commit = || WorktreeError::NoCommit { root: root.clone() };
    let head = match repository.head() {
        Err(error) if error.code() == ErrorCode::UnbornBranch => return Err(no_commit()),
        head => head.map_err(read("read HEAD"))?,
    };
    check_operation(&root, repository.path(), busy)?;
    let base_branch = if repository.head_detached().map_err(read("read HEAD"))? {
        Repository::DETACHED.to_owned()
    } else {
        let name = head.shorthand().map_err(read("read the branch's name"))?;
        name.to_owned()
    };
    let commit = head.peel_to_commit().map_err(read("read HEAD's commit"))?;
    let tree = commit.tree().map_err(read("read HEAD's tree"))?;
    let survey = survey(repository, &tree).map_err(read("read HEAD's tree"))?;
    let engine = decide(repository, &survey, git.attributes_file().as_deref())
        .map_err(read("read the configuration"))?;
    Ok(Repository {
        main: main_of(&root, &common_dir, repository.is_worktree()),
        base_branch,
        head: commit.id().to_string(),
        files: survey.files,
        worktree_bytes: survey.disk + disk::OWN,
        engine,
        root,
        common_dir,
    })
}

/// The same by `git`, for repositories that libgit2 can't open.
fn by_git(git: &Git, path: &Path, why: &str, busy: Busy) -> Result<Repository, WorktreeError> {
    let bare_answer = git
        .read(path, ["rev-parse", "--is-bare-repository"])
        .map_err(crate::git::failed("open the repository", path))?;
    if bare_answer.error_text().contains("dubious ownership") {
        return Err(WorktreeError::NotOwned {
            path: path.to_owned(),
        });
    }
    if bare_answer.text() == "true" {
        return Err(bare(path));
    }
    let ask = |what: &str| -> Result<PathBuf, WorktreeError> {
        let args = ["rev-parse", "--path-format=absolute", what];
        let mut bytes = git.ask("find the repository", path, args)?.stdout;
        bytes.truncate(bytes.len().saturating_sub(1));
        canonical(Path::new(&OsString::from_vec(bytes)))
    };
    let root = ask("--show-toplevel")?;
    let common_dir = ask("--git-common-dir")?;
    let git_dir = ask("--git-dir")?;
    check_place(path, &root, &common_dir)?;
    let resolve = |name: &str| {
        let args = ["rev-parse", "--verify", "--quiet", "--end-of-options", name];
        git.read(&root, args)
            .map_err(crate::git::failed("read a commit", &root))
    };
    let head = resolve("HEAD^{commit}")?;
    if !head.success() {
        return Err(WorktreeError::NoCommit { root });
    }
    check_operation(&root, &git_dir, busy)?;
    // With reftable these are no files.
    for (name, operation) in [
        ("CHERRY_PICK_HEAD", Operation::CherryPick),
        ("REVERT_HEAD", Operation::Revert),
    ] {
        if busy == Busy::Refused && resolve(name)?.success() {
            let unfinished = Unfinished(operation);
            return Err(WorktreeError::UnderWay { root, unfinished });
        }
    }
    let branch = git
        .read(&root, ["symbolic-ref", "--quiet", "--short", "HEAD"])
        .map_err(crate::git::failed("read HEAD", &root))?;
    let (files, worktree_bytes) = sizes(git, &root, &head.text())?;
    Ok(Repository {
        main: main_of(&root, &common_dir, git_dir != common_dir),
        base_branch: if branch.success() {
            branch.text()
        } else {
            Repository::DETACHED.to_owned()
        },
        head: head.text(),
        files,
        worktree_bytes,
        engine: Engine::git(format!("libgit2 can't open it: {why}")),
        root,
        common_dir,
    })
}

/// The number of files of a commit and what a worktree of it takes on disk, from lines of `MODE TYPE ID SIZE<tab>PATH`.
fn sizes(git: &Git, root: &Path, commit: &str) -> Result<(u64, u64), WorktreeError> {
    let args = ["ls-tree", "-r", "-t", "-l", "-z", "--full-tree", commit];
    let output = git.ask("list HEAD's files", root, args)?;
    let lines = output.stdout.split(|&byte| byte == 0);
    Ok(lines
        .filter_map(|line| {
            let facts = std::str::from_utf8(line.split(|&byte| byte == b'\t').next()?).ok()?;
            let mut facts = facts.split_ascii_whitespace().skip(1);
            match facts.next()? {
                "tree" => Some((0, disk::FOLDER)),
                _ => Some((1, disk::file(facts.nth(1)?.parse().ok()?))),
            }
        })
        .fold((0, disk::OWN), |(files, disk), (more, bytes)| {
            (files + more, disk + bytes)
        }))
}

fn bare(path: &Path) -> WorktreeError {
    WorktreeError::Bare {
        path: path.to_owned(),
    }
}

fn check_text(path: &Path) -> Result<(), WorktreeError> {
    match path.to_str() {
        Some(_) => Ok(()),
        None => Err(WorktreeError::NotUtf8 {
            path: path.to_owned(),
        }),
    }
}

fn check_place(path: &Path, root: &Path, common_dir: &Path) -> Result<(), WorktreeError> {
    check_text(common_dir)?;
    if path.starts_with(root) {
        return Ok(());
    }
    Err(WorktreeError::Elsewhere {
        path: path.to_owned(),
        root: root.to_owned(),
    })
}

fn check_operation(root: &Path, git_dir: &Path, busy: Busy) -> Result<(), WorktreeError> {
    match Operation::under_way(git_dir).filter(|_| busy == Busy::Refused) {
        None => Ok(()),
        Some(operation) => Err(WorktreeError::UnderWay {
            root: root.to_owned(),
            unfinished: Unfinished(operation),
        }),
    }
}

fn canonical(path: &Path) -> Result<PathBuf, WorktreeError> {
    fs::canonicalize(path).map_err(WorktreeError::io("resolve", path))
}

/// The main worktree of a linked one lies around the common directory, if that is called `.git`.
fn main_of(root: &Path, common_dir: &Path, linked: bool) -> Option<PathBuf> {
    if !linked {
        return Some(root.to_owned());
    }
    (common_dir.file_name() == Some(OsStr::new(".git")))
        .then(|| common_dir.parent().map(Path::to_owned))?
}
