//! What `torch auto` would do, before it does.

use torch_api::view::PlanView;

use super::style::{DIM, STRONG, paint};
use super::table::{Cell, Table};
use super::{bytes, count};
use crate::place::shown;

/// The plan: roles, programs, permission modes, branches, and the disk that the worktrees need.
pub fn plan(plan: &PlanView) -> String {
    let title = if plan.exists {
        format!(
            "{} is there already; torch auto would change nothing",
            plan.team
        )
    } else {
        format!("{} would be raised", plan.team)
    };
    let agents = u64::try_from(plan.agents.len()).unwrap_or(u64::MAX);
    let commit: String = plan.base_commit.chars().take(10).collect();
    let disk = format!(
        "{} ({} × {})",
        bytes(plan.worktree_bytes.saturating_mul(agents)),
        count(agents, "worktree"),
        bytes(plan.worktree_bytes)
    );
    let items = count(u64::from(plan.spec_items), "list item");
    let mut facts = Table::bare(2);
    for (label, value) in [
        ("project", shown(&plan.project)),
        ("spec", format!("{} ({items})", shown(&plan.spec))),
        ("from", format!("{} at {commit}", plan.base_branch)),
        ("disk", disk),
    ] {
        facts.row([Cell::styled(DIM, label), value.into()]);
    }
    let mut table = Table::new(
        2,
        &[
            "ROLE",
            "WINDOW",
            "PROGRAM",
            "PERMISSIONS",
            "BRANCH",
            "WORKTREE",
        ],
    );
    for agent in &plan.agents {
        table.row([
            Cell::from(agent.role.as_str()),
            agent.window.to_string().into(),
            agent.program.as_str().into(),
            agent.permission_mode.as_str().into(),
            agent.branch.as_str().into(),
            shown(&agent.worktree).into(),
        ]);
    }
    format!(
        "{}\n{}\n{}",
        paint(STRONG, &title),
        facts.render(),
        table.render()
    )
}
