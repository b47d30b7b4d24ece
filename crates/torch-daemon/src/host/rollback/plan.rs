//! What would be taken back, and by which command.

use torch_api::rollback::RollbackPlan;
use torch_core::rollback::{Rollback, RollbackKind};
use torch_process::quote;
use torch_worktree::rollback::{self as git_rollback, RollbackError};
use torch_worktree::{Git, Repository};

use super::good::{Good, find};
use super::{Draft, Result, carry, failed, file, repository};
use crate::rollback::Wanted;

/// Looks; nothing is changed but for commits that nothing leads to.
pub(super) fn made(git: &Git, wanted: &Wanted) -> Result<RollbackPlan> {
    let repository = repository(git, &wanted.project)?;
    let found = find(git, &repository, wanted)?;
    let ends = (found.line.tip(), found.good.commit.as_str());
    let files = git_rollback::changed(git, &repository, ends);
    let files = files.map_err(|error| failed(error.into()))?;
    let above = found.line.commits.get(..found.position);
    let leaves = git_rollback::taken(git, &repository, above.unwrap_or_default());
    let leaves = leaves.map_err(|error| failed(error.into()))?;
    let taken = leaves.get(..found.above).unwrap_or(&leaves).to_vec();
    let push = git_rollback::upstream(git, &repository, &wanted.parent, ends).map_err(failed)?;
    let draft = Draft {
        git,
        repository: &repository,
        wanted,
    };
    let team = quote::shell(&wanted.name);
    // Made once: it costs two processes for each commit.
    let back = draft.back_to(&found, RollbackKind::Revert);
    let (words, why) = recommended(&draft, &found, &back);
    Ok(RollbackPlan {
        team: wanted.name.clone(),
        parent: wanted.parent.clone(),
        tip: found.line.tip().to_owned(),
        taken,
        leaves,
        push,
        files: files.into_iter().map(file).collect(),
        aside: found.aside,
        bad: found.bad,
        hindrance: back
            .ok()
            .and_then(|back| hindrance(git, &repository, &back)),
        command: format!("torch rollback {words} --team {team}"),
        why,
        good: found.good,
    })
}

/// Why the parent branch can't be moved now.
fn hindrance(git: &Git, repository: &Repository, rollback: &Rollback) -> Option<String> {
    let refs = rollback.refs();
    let refused = git_rollback::check(git, &carry(repository, rollback, &refs)).err()?;
    Some(match refused.hint() {
        Some(hint) => format!("{refused} ({hint})"),
        None => refused.to_string(),
    })
}

/// The arguments of `torch rollback` that had better be used, and why.
fn recommended(draft: &Draft<'_>, found: &Good, back: &Result<Rollback>) -> (String, String) {
    if found.above == 0 {
        let why = "the branch has that content already: there is nothing to take back";
        return ("verify".to_owned(), why.to_owned());
    }
    if let Some((id, at)) = &found.bad
        && *at > 0
        && *at < found.above
    {
        let id = id.get(..12).unwrap_or(id);
        match draft.reverted(&[id.to_owned()]) {
            Ok(_) => {
                let why = format!(
                    "that commit alone can be reverted, and the {at} made since it came in stay"
                );
                return (format!("revert {id}"), why);
            }
            Err(refused) => {
                let cause = refused.causes.first().cloned().unwrap_or_default();
                let why = format!("that commit alone can't be reverted: {cause}");
                return (format!("revert --to-last-good --bad {id}"), why);
            }
        }
    }
    match back {
        Err(refused) if too_many(draft, found) => {
            let cause = refused.causes.first().cloned().unwrap_or_default();
            ("branch".to_owned(), cause)
        }
        _ if found.above == 1 => {
            let id = found.line.tip();
            let id = id.get(..12).unwrap_or(id);
            (
                format!("revert {id}"),
                "only one commit lies above it".to_owned(),
            )
        }
        _ => {
            let why = "reverts rewrite nothing: everything stays in the history";
            ("revert --to-last-good".to_owned(), why.to_owned())
        }
    }
}

fn too_many(draft: &Draft<'_>, found: &Good) -> bool {
    let above = found.line.commits.get(..found.above).unwrap_or_default();
    let ids: Vec<_> = above.iter().map(|commit| commit.id.clone()).collect();
    let tip = found.line.tip();
    let made = git_rollback::revert(draft.git, draft.repository, tip, (&ids, ""));
    matches!(made, Err(RollbackError::TooMany { .. }))
}
