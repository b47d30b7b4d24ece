//! What is said of work that was taken back, or could not be.

use torch_api::Failure;
use torch_api::rollback::RollbackOrder;
use torch_core::rollback::{Rollback, RollbackKind};

use crate::failure::{other, refused, usage};

pub(super) fn under_way(team: &str) -> Failure {
    let hint = format!("torch rollback list --team {team}");
    let cause = format!("something of team {team} is being taken back at this moment");
    other("nothing was taken back", &cause, Some(&hint))
}

pub(super) fn not_allowed(order: &RollbackOrder, (rule, words): (&str, &str)) -> Failure {
    let error = format!("`torch rollback {}` was refused", order.as_str());
    let hint = Some("torch rollback plan");
    refused(&error, &format!("rule {rule}: {words}"), hint)
}

/// Whoever puts a branch back has typed its name.
pub(super) fn typed_right(order: &RollbackOrder, parent: &str) -> Result<(), Box<Failure>> {
    match order {
        RollbackOrder::Emergency { force: Some(typed) } if typed != parent => {
            let cause = format!("{typed:?} was typed, and the branch is {parent}");
            let hint = Some("torch rollback plan");
            Err(Box::new(usage("nothing was taken back", &cause, hint)))
        }
        _ => Ok(()),
    }
}

/// What was done, in a sentence.
pub(super) fn done_in_words(rollback: &Rollback, parent: &str) -> String {
    let good = rollback.good.as_ref().map(|good| {
        let short = good.commit.get(..8).unwrap_or(&good.commit);
        format!("{short} ({})", good.subject)
    });
    let good = good.unwrap_or_default();
    let (commits, are) = match rollback.taken.len() {
        1 => ("1 commit".to_owned(), "is"),
        more => (format!("{more} commits"), "are"),
    };
    let hard = rollback
        .moves
        .as_ref()
        .is_some_and(|moves| moves.hard.is_some());
    match rollback.what {
        RollbackKind::Revert if good.is_empty() => {
            format!("On {parent} {commits} {are} reverted.")
        }
        RollbackKind::Emergency if hard => {
            format!("{parent} was put back to {good}; it left {commits}.")
        }
        RollbackKind::Revert | RollbackKind::Emergency => {
            format!("{parent} has the content of {good} again: {commits} {are} reverted.")
        }
        RollbackKind::Files => format!("Files are as in {good} again."),
        RollbackKind::Branch => format!("A branch was made at {good}."),
        RollbackKind::Verify => String::new(),
    }
}

/// What all agents are told.
pub(super) fn to_all(rollback: &Rollback, parent: &str) -> String {
    let hard = rollback
        .moves
        .as_ref()
        .is_some_and(|moves| moves.hard.is_some());
    let sync = match hard {
        true => format!("git rebase --onto {parent} {}/old", rollback.refs()),
        false => format!("git merge {parent}"),
    };
    format!(
        "EMERGENCY ROLLBACK by {}: {} Now, before anything else: commit or stash what you have, then run `{sync}` in your worktree. \
         What was taken back is bad until the orchestrator says otherwise: do not bring it in again by yourself.",
        rollback.by,
        done_in_words(rollback, parent)
    )
}

/// What the hub is told.
pub(super) fn to_hub(rollback: &Rollback, parent: &str) -> String {
    let mut names: Vec<_> = rollback
        .taken
        .iter()
        .take(3)
        .map(|one| one.subject.clone())
        .collect();
    if let more @ 1.. = rollback.taken.len().saturating_sub(names.len()) {
        names.push(format!("{more} more"));
    }
    format!(
        "ROLLBACK by {}: {} Taken back: {}. Branches that build on {parent} get it with `git merge {parent}`; what is wanted again \
         comes back by reverting the reverts, not by merging the old branch once more.",
        rollback.by,
        done_in_words(rollback, parent),
        names.join("; ")
    )
}
