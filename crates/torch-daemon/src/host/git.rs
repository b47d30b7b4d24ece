//! git and the spec: what the project is, and the agents' worktrees. All of it in blocking tasks.

use std::path::Path;

use torch_api::Failure;
use torch_api::wire::{AutoRequest, FailureKind};
use torch_router::tag::sha256;
use torch_worktree::{AddRequest, Added, Git, Repository, Rung, Undone, WorktreeError};

use super::set_up::SetUp;
use crate::event::{AddedWorktree, ProjectFacts, SpecFacts};
use crate::failure::{from_error, usage};

/// The largest spec, in bytes.
pub(crate) const SPEC_MAX: u64 = 10 * 1024 * 1024;

/// Looks at a project and a spec; changes nothing.
pub(crate) fn inspect(
    git: &Git,
    request: &AutoRequest,
) -> Result<(Repository, SpecFacts), Box<Failure>> {
    let spec = match request.alone {
        true => SpecFacts::none(),
        false => read_spec(&request.spec)?,
    };
    let repository = torch_worktree::inspect(git, &request.project)
        .map_err(|error| Box::new(failure(&error)))?;
    Ok((repository, spec))
}

pub(crate) fn facts(repository: &Repository) -> ProjectFacts {
    ProjectFacts {
        root: repository.root.clone(),
        common_dir: repository.common_dir.clone(),
        branch: (!repository.is_detached()).then(|| repository.base_branch.clone()),
        head: repository.head.clone(),
        worktree_bytes: repository.worktree_bytes,
        installed: Vec::new(),
        sessions: Vec::new(),
        rules: Some(crate::project_files::read(&repository.root).map(Box::new)),
    }
}

/// A spec is a text of people's size; anything else is refused before anything is made.
fn read_spec(path: &Path) -> Result<SpecFacts, Box<Failure>> {
    let shown = path.display();
    let refuse = |cause: &str| {
        Box::new(usage(
            &format!("failed to read the spec {shown}"),
            cause,
            Some("torch auto --help"),
        ))
    };
    let bytes =
        torch_project::read_bytes(path, SPEC_MAX).map_err(|error| refuse(&error.to_string()))?;
    if bytes.contains(&0) {
        return Err(refuse("it is binary"));
    }
    let text = torch_project::text_of(bytes).map_err(|error| refuse(&error.to_string()))?;
    if text.trim().is_empty() {
        return Err(refuse("it is empty"));
    }
    let path = path
        .canonicalize()
        .map_err(|error| refuse(&error.to_string()))?;
    Ok(SpecFacts {
        sha256: sha256(text.as_bytes()),
        path,
        text,
    })
}

/// Makes an agent's worktree, what torch keeps in it, and what the user's settings give it; what of that was refused.
pub(crate) fn add(
    git: &Git,
    project: &Path,
    request: &AddOrder<'_>,
    set_up: &SetUp,
) -> Result<(Repository, Added, Vec<String>), WorktreeError> {
    let repository = torch_worktree::inspect(git, project)?;
    let added = torch_worktree::add(
        git,
        &AddRequest {
            repository: &repository,
            path: request.path,
            base_commit: request.base_commit,
            base_branch: request.base_branch,
            role: request.role,
        },
    )?;
    torch_worktree::exclude(&repository.common_dir)?;
    torch_worktree::prepare_worktree(&added.path)?;
    let notes = set_up.begin(git, &repository, &added.path)?;
    Ok((repository, added, notes))
}

/// What [`add`] needs besides the project.
pub(crate) struct AddOrder<'a> {
    pub(crate) path: &'a Path,
    pub(crate) base_commit: &'a str,
    pub(crate) base_branch: &'a str,
    pub(crate) role: &'a torch_core::RoleName,
}

pub(crate) fn added(added: &Added, notes: &[String]) -> AddedWorktree {
    AddedWorktree {
        path: added.path.clone(),
        branch: added.branch.clone(),
        rung: [match added.rung {
            Rung::Kept => "worktree kept",
            Rung::New => "new branch",
            Rung::Reused => "branch reused",
            Rung::Numbered => "numbered branch",
            Rung::Detached => "detached HEAD",
        }
        .to_owned()]
        .iter()
        .chain(notes)
        .cloned()
        .collect::<Vec<_>>()
        .join("; "),
        created: added.rung != Rung::Kept,
    }
}

/// Takes a worktree of this run away; why it was kept, if it was.
pub(crate) fn undo(git: &Git, repository: &Repository, added: &Added) -> Option<String> {
    match torch_worktree::remove_created(git, repository, added) {
        Ok(Undone::Removed) => {
            remove_empty_parents(&added.path);
            None
        }
        Ok(Undone::Kept { why }) => Some(format!("{} ({why})", added.path.display())),
        Err(error) => Some(format!("{} ({error})", added.path.display())),
    }
}

/// Removes the folders above a worktree that is gone, as far as they are empty now: `worktrees` and the project's.
pub(crate) fn remove_empty_parents(path: &Path) {
    for folder in path.ancestors().skip(1).take(2) {
        if std::fs::remove_dir(folder).is_err() {
            break;
        }
    }
}

pub(crate) fn failure(error: &WorktreeError) -> Failure {
    from_error(FailureKind::Usage, error, error.hint())
}
