//! Committing in an agent's worktree, in a blocking task.

use std::collections::BTreeMap;
use std::path::PathBuf;

use torch_api::wire::FailureKind;
use torch_api::{CommitView, Failure};
use torch_core::AgentId;
use torch_core::policy::SecretCheck;
use torch_integration::branch_prefix;
use torch_worktree::{CommitError, CommitRequest, Committed, Git};

use super::worktrees::repository_of;
use crate::event::ConnId;
use crate::failure::causes;
use crate::worktrees::{Outcome, Registered};

/// Commits, and says what came of it.
pub(super) fn carried_out(
    git: &Git,
    conn: ConnId,
    worktree: &Registered,
    (message, paths, secrets): (&str, &[PathBuf], SecretCheck),
    (env, cause): (&BTreeMap<String, String>, String),
) -> Outcome {
    let env = env.iter();
    let env = env
        .map(|(name, value)| (name.into(), value.into()))
        .collect();
    let (name, address) = author(worktree);
    let made = repository_of(git, worktree)
        .map_err(CommitError::from)
        .and_then(|repository| {
            let request = CommitRequest {
                repository: &repository,
                path: &worktree.path,
                branch: worktree.branch.as_deref(),
                prefix: branch_prefix(worktree.role.as_str()),
                author: &name,
                email: &address,
                message,
                paths,
                env: &env,
                secrets,
            };
            torch_worktree::commit(git, &request)
        });
    crate::crash::did("commit");
    let secrets = match &made {
        Ok(made) => made.secrets.clone(),
        Err(CommitError::Secrets { found, .. }) => found.clone(),
        Err(_) => Vec::new(),
    };
    Outcome::Committed {
        conn,
        agent: worktree.agent.unwrap_or(AgentId::new(0, 0)),
        cause,
        secrets,
        result: match made {
            Ok(made) => Ok(Box::new(view(worktree, made))),
            Err(error) => Err(failure(worktree, &error)),
        },
    }
}

/// The role as the author of its commits; nothing is ever delivered to a name below `.invalid`.
fn author(worktree: &Registered) -> (String, String) {
    let role = &worktree.role;
    let team = worktree.team.as_deref().unwrap_or("team");
    (
        format!("{role} (torch)"),
        format!("{role}@{team}.torch.invalid"),
    )
}

fn view(worktree: &Registered, made: Committed) -> CommitView {
    CommitView {
        role: worktree.role.to_string(),
        id: made.id,
        short: made.short,
        subject: made.subject,
        branch: made.branch,
        worktree: worktree.path.clone(),
        files: made.files,
        insertions: made.insertions,
        deletions: made.deletions,
        already: made.already,
    }
}

fn failure(worktree: &Registered, error: &CommitError) -> Failure {
    let kind = match error {
        CommitError::NoMessage
        | CommitError::OtherBranch { .. }
        | CommitError::File { .. }
        | CommitError::NotStaged { .. } => FailureKind::Usage,
        _ => FailureKind::Other,
    };
    let mut all = vec![error.to_string()];
    all.extend(causes(error));
    Failure {
        kind,
        error: format!("nothing was committed in the worktree of {}", worktree.role),
        causes: all,
        hint: error.hint(),
    }
}
