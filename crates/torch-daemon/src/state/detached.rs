//! Teams that were started on no branch: what is said wherever one is needed.

use serde_json::json;
use torch_api::Failure;
use torch_core::{Team, TeamId, Write};
use torch_process::quote;

use super::{State, Turn};
use crate::failure::usage;

/// What stands for the branch of a team that has none.
pub(crate) const DETACHED: &str = "HEAD";

/// Refuses what needs the branch that a team's work goes into.
///
/// # Errors
/// A usage failure, where the team was started on a detached HEAD.
pub(crate) fn has_branch(team: &Team) -> Result<(), Box<Failure>> {
    if team.base_branch != DETACHED {
        return Ok(());
    }
    let error = format!("team {} has no branch that its work goes into", team.name);
    let cause = "it was started on a detached HEAD; switch the project to a branch, and run torch auto there again";
    let hint = format!("git -C {} switch -c work", quote::shell(&team.project));
    Err(Box::new(usage(&error, cause, Some(&hint))))
}

impl State {
    /// A team without a branch gets the one that its project is on by now; whether it did.
    pub(super) fn adopt_branch(
        &mut self,
        t: &mut Turn,
        team: TeamId,
        branch: Option<&String>,
    ) -> bool {
        let Some(branch) = branch else {
            return false;
        };
        let Some(team) = self.teams.get_mut(&team) else {
            return false;
        };
        if team.base_branch != DETACHED {
            return false;
        }
        team.base_branch.clone_from(branch);
        t.write(Write::PutTeam(Box::new(team.clone())));
        t.journal("team.branch", team.id, json!({"branch": branch}));
        true
    }
}
