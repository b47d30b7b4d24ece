//! Why a repository can't be used or a worktree could not be made, with the command that helps.

use std::io;
use std::path::{Path, PathBuf};

use torch_process::{ProcessError, quote};

use crate::Unfinished;

/// Why a repository can't be used, or a worktree could not be made.
#[derive(Debug, thiserror::Error)]
pub enum WorktreeError {
    /// The project is no directory.
    #[error("there is no directory {path:?}")]
    NoDirectory {
        /// As given.
        path: PathBuf,
    },
    /// torch keeps and shows paths as text.
    #[error("the path {path:?} is not valid UTF-8, and torch keeps paths as text")]
    NotUtf8 {
        /// As given.
        path: PathBuf,
    },
    /// No git repository there or above.
    #[error("{path:?} is in no git repository")]
    NotARepository {
        /// The directory.
        path: PathBuf,
    },
    /// git's own safety check.
    #[error("the git repository of {path:?} belongs to another user")]
    NotOwned {
        /// The directory.
        path: PathBuf,
    },
    /// A repository without a worktree.
    #[error("the git repository {path:?} is bare: it has no files to work on")]
    Bare {
        /// The directory.
        path: PathBuf,
    },
    /// `core.worktree` leads elsewhere.
    #[error("the git repository of {path:?} keeps its files elsewhere, in {root:?}")]
    Elsewhere {
        /// The directory.
        path: PathBuf,
        /// Where its configuration says that its files are.
        root: PathBuf,
    },
    /// Nothing to branch from.
    #[error("the git repository {root:?} has no commit yet")]
    NoCommit {
        /// The worktree.
        root: PathBuf,
    },
    /// A merge or the like waits for a person.
    #[error("{} is under way in {root:?}", unfinished.0)]
    UnderWay {
        /// The worktree.
        root: PathBuf,
        /// What is under way, and how it ends.
        #[source]
        unfinished: Unfinished,
    },
    /// The repository's own configuration names a program that its files need.
    #[error(
        "{root:?} has files for the filter {filter:?} ({file}), and only the repository's own configuration names its program: {program}"
    )]
    OwnFilter {
        /// The worktree.
        root: PathBuf,
        /// One of the files.
        file: String,
        /// The filter's name in the attributes.
        filter: String,
        /// The program, as configured.
        program: String,
    },
    /// Every pair of the pool is leased, or somebody listens there.
    #[error("no available port pairs in {pool} for the worktree {worktree:?}")]
    NoPorts {
        /// The pool.
        pool: String,
        /// The worktree.
        worktree: PathBuf,
    },
    /// The user's command for worktrees failed.
    #[error("the command {command:?} failed in the worktree {path:?}: {said}")]
    Command {
        /// The command, as configured.
        command: String,
        /// The worktree.
        path: PathBuf,
        /// How it ended, and its last lines.
        said: String,
    },
    /// libgit2 could not do it.
    #[error("failed to {act} in {path:?}")]
    Libgit2 {
        /// What was tried.
        act: &'static str,
        /// The repository or worktree.
        path: PathBuf,
        /// Why.
        #[source]
        source: git2::Error,
    },
    /// `git` could not do it.
    #[error("failed to {act} in {path:?}")]
    Git {
        /// What was tried.
        act: &'static str,
        /// The repository or worktree.
        path: PathBuf,
        /// Why.
        #[source]
        source: ProcessError,
    },
    /// `git` answered something else than it documents.
    #[error("git answered {answer:?} when asked to {act} in {path:?}")]
    Answer {
        /// What was tried.
        act: &'static str,
        /// The repository or worktree.
        path: PathBuf,
        /// Its answer.
        answer: String,
    },
    /// The file system refused.
    #[error("failed to {act} {path:?}")]
    Io {
        /// What was tried.
        act: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A worktree's place must not depend on a current directory.
    #[error("the worktree's path {path:?} is not absolute")]
    NotAbsolute {
        /// As given.
        path: PathBuf,
    },
    /// Not a full commit id.
    #[error("{commit:?} is not a full commit id")]
    NotACommit {
        /// As given.
        commit: String,
    },
    /// There is something where the worktree should be.
    #[error("{path:?} is not empty and is no worktree of this repository")]
    Occupied {
        /// The place.
        path: PathBuf,
    },
    /// A symbolic link where torch would write.
    #[error("{path:?} is a symbolic link or no directory, where torch would make its own")]
    NotADirectory {
        /// The place.
        path: PathBuf,
    },
    /// No linked worktree of this repository.
    #[error("{path:?} is no linked worktree of the repository {root:?}")]
    NotAWorktree {
        /// The place.
        path: PathBuf,
        /// The repository's worktree that was asked.
        root: PathBuf,
    },
    /// Its file `.git` was removed or changed.
    #[error("the file .git in the worktree {path:?} no longer leads to its repository {root:?}")]
    Unlinked {
        /// The worktree.
        path: PathBuf,
        /// The repository's worktree that was asked.
        root: PathBuf,
    },
    /// Somebody moved it with git.
    #[error("the worktree {path:?} was moved to {to:?}")]
    Moved {
        /// Where it was.
        path: PathBuf,
        /// Where it is.
        to: PathBuf,
        /// The repository's worktree that was asked.
        root: PathBuf,
    },
    /// Somebody locked it against removal.
    #[error("the worktree {path:?} is locked")]
    Locked {
        /// The worktree.
        path: PathBuf,
    },
    /// Something that would be lost.
    #[error("{path:?} can't be kept: {why}")]
    CannotKeep {
        /// The file or folder.
        path: PathBuf,
        /// Why, and what to do.
        why: String,
    },
    /// Somebody works in it.
    #[error("something was written in {path:?} while it was being removed, so it stays")]
    Changed {
        /// The worktree.
        path: PathBuf,
    },
    /// What a hidden reference leads to is not what torch writes.
    #[error("what was kept under {reference} can't be read: {what}")]
    Damaged {
        /// The reference, or the id of an object.
        reference: String,
        /// What of it.
        what: String,
    },
}

impl WorktreeError {
    /// A command that a person may run as it stands to get on, where there is one.
    pub fn hint(&self) -> Option<String> {
        let git = |path: &Path, rest: &str| format!("git -C {} {rest}", quote::shell(path));
        Some(match self {
            // Nothing is added: nobody knows what lies there, keys included.
            Self::NotARepository { path } => format!(
                "{} && {}",
                git(path, "init"),
                git(path, "commit --allow-empty -m 'first commit'")
            ),
            Self::NotOwned { path } => format!(
                "git config --global --add safe.directory {}",
                quote::shell(path)
            ),
            Self::NoCommit { root } => git(root, "commit --allow-empty -m 'first commit'"),
            Self::Bare { path } => {
                let clone = format!("{}-clone", path.to_string_lossy().trim_end_matches(".git"));
                format!("git clone {} {}", quote::shell(path), quote::shell(clone))
            }
            Self::Elsewhere { root, .. } => format!("cd {}", quote::shell(root)),
            // Nobody but the user decides whether it may run.
            Self::OwnFilter { root, .. } => format!(
                "git config --global --add {} {}",
                crate::guard::TRUSTED,
                quote::shell(root)
            ),
            // What ends it depends on whether conflicts are left; git says that, and the command.
            Self::UnderWay { root, .. } => git(root, "status"),
            Self::Occupied { path } | Self::NotADirectory { path } => {
                let aside = format!("{}.old", path.to_string_lossy());
                format!("mv -n {} {}", quote::shell(path), quote::shell(aside))
            }
            Self::Git {
                source: ProcessError::Spawn { source, .. },
                ..
            } if source.kind() == io::ErrorKind::NotFound => "sudo apt-get install git".to_owned(),
            Self::NotAWorktree { path, root } => {
                git(root, &format!("worktree repair {}", quote::shell(path)))
            }
            Self::Moved { path, to, root } => {
                let words = format!("{} {}", quote::shell(to), quote::shell(path));
                git(root, &format!("worktree move {words}"))
            }
            Self::Unlinked { root, .. } => git(root, "worktree repair"),
            Self::Locked { path } => git(path, &format!("worktree unlock {}", quote::shell(path))),
            Self::CannotKeep { path, .. } => format!("ls -la {}", quote::shell(path)),
            Self::NoPorts { .. } => "torch worktree list".to_owned(),
            Self::Command { command, path, .. } => {
                let words = quote::shell(command);
                format!("cd {} && sh -c {words}", quote::shell(path))
            }
            Self::Damaged { .. }
            | Self::Changed { .. }
            | Self::NoDirectory { .. }
            | Self::NotUtf8 { .. }
            | Self::Libgit2 { .. }
            | Self::Git { .. }
            | Self::Answer { .. }
            | Self::Io { .. }
            | Self::NotAbsolute { .. }
            | Self::NotACommit { .. } => return None,
        })
    }

    pub(crate) fn libgit2(act: &'static str, path: &Path) -> impl FnOnce(git2::Error) -> Self {
        move |source| Self::Libgit2 {
            act,
            path: path.to_owned(),
            source,
        }
    }

    pub(crate) fn io(act: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io {
            act,
            path: path.to_owned(),
            source,
        }
    }
}
