//! What checks the files of a worktree out, and the one function that decides it.

use std::fs;
use std::path::Path;

use git2::{ObjectType, TreeWalkMode, TreeWalkResult};
use serde::{Deserialize, Serialize};

use crate::disk;

/// More files than this are checked out by `git`: libgit2 takes 2–3 times its CPU (15 worktrees of 10,000 files:
/// 6.4 s against 2–3 s; of 100 files it is the faster one).
const FILES_MAX: u64 = 2_000;

/// More bytes than this are checked out by `git`, for the same reason.
const BYTES_MAX: u64 = 64 << 20;

/// The largest `.gitattributes` that is looked into, in bytes; a larger one goes to `git`.
const ATTRIBUTES_MAX: usize = 1 << 20;

/// What checks out the files of a repository's worktrees.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "engine", rename_all = "lowercase")]
pub enum Engine {
    /// libgit2, in this process.
    Git2,
    /// `git`.
    Git {
        /// What of the repository asks for it.
        why: String,
    },
}

impl Engine {
    pub(crate) fn git(why: impl Into<String>) -> Self {
        Self::Git { why: why.into() }
    }
}

/// What a commit's tree holds.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    pub(crate) files: u64,
    pub(crate) bytes: u64,
    /// What its files and folders take on disk, in bytes.
    pub(crate) disk: u64,
    filters: bool,
    submodules: bool,
}

/// Counts the files of a commit's tree and looks for what libgit2 can't check out.
pub(crate) fn survey(
    repository: &git2::Repository,
    tree: &git2::Tree<'_>,
) -> Result<Survey, git2::Error> {
    let odb = repository.odb()?;
    let mut survey = Survey::default();
    let mut failed = None;
    tree.walk(TreeWalkMode::PreOrder, |_, entry| {
        match entry.kind() {
            Some(ObjectType::Blob) => match odb.read_header(entry.id()) {
                Ok((size, _)) => {
                    survey.files += 1;
                    survey.bytes += size as u64;
                    survey.disk += disk::file(size as u64);
                    if entry.name_bytes() == b".gitattributes" {
                        survey.filters |= size > ATTRIBUTES_MAX
                            || repository
                                .find_blob(entry.id())
                                .is_ok_and(|blob| needs_git(blob.content()));
                    }
                }
                Err(error) => {
                    failed = Some(error);
                    return TreeWalkResult::Abort;
                }
            },
            Some(ObjectType::Commit) => survey.submodules = true,
            Some(ObjectType::Tree) => survey.disk += disk::FOLDER,
            _ => {}
        }
        TreeWalkResult::Ok
    })
    .or_else(|error| if failed.is_some() { Ok(()) } else { Err(error) })?;
    failed.map_or(Ok(survey), Err)
}

/// Decides what checks out the worktrees of a repository, and says why.
pub(crate) fn decide(
    repository: &git2::Repository,
    survey: &Survey,
    user_attributes: Option<&Path>,
) -> Result<Engine, git2::Error> {
    let config = repository.config()?;
    let is_set = |name| config.get_bool(name).unwrap_or(false);
    let common = repository.commondir();
    let hooks = config
        .get_path("core.hooksPath")
        .unwrap_or_else(|_| common.join("hooks"));
    let why = if survey.filters || attributes_aside(&config, common, user_attributes) {
        "its attributes name filters (LFS) or encodings"
    } else if survey.submodules {
        "it has submodules"
    } else if hooks.join("post-checkout").exists() {
        "it has a post-checkout hook"
    } else if repository.is_shallow() {
        // In a linked worktree libgit2 does not see where the history ends, and misses its commits.
        "it is a shallow clone"
    } else if is_set("core.sparseCheckout") {
        "its checkout is sparse"
    } else if is_set("core.splitIndex") || has_split_index(repository.path()) {
        "its index is split"
    } else if config.get_string("extensions.partialClone").is_ok() {
        "it is a partial clone"
    } else if survey.files > FILES_MAX {
        return Ok(Engine::git(format!("it has {} files", survey.files)));
    } else if survey.bytes > BYTES_MAX {
        let megabytes = survey.bytes >> 20;
        return Ok(Engine::git(format!("its files take {megabytes} MiB")));
    } else {
        return Ok(Engine::Git2);
    };
    Ok(Engine::git(why))
}

/// Attributes that libgit2 does not act on: external filters and encodings of files.
fn needs_git(attributes: &[u8]) -> bool {
    let has = |word: &[u8]| attributes.windows(word.len()).any(|part| part == word);
    has(b"filter") || has(b"working-tree-encoding")
}

/// Whether the attribute files outside of the tree ask for it.
fn attributes_aside(config: &git2::Config, common: &Path, user: Option<&Path>) -> bool {
    let users = config
        .get_path("core.attributesFile")
        .ok()
        .or_else(|| user.map(Path::to_owned));
    std::iter::once(common.join("info/attributes"))
        .chain(users)
        .filter_map(|file| fs::read(file).ok())
        .any(|text| needs_git(&text))
}

fn has_split_index(git_dir: &Path) -> bool {
    let Ok(entries) = fs::read_dir(git_dir) else {
        return false;
    };
    entries.filter_map(Result::ok).any(|entry| {
        entry
            .file_name()
            .to_string_lossy()
            .starts_with("sharedindex.")
    })
}
