//! What `torch auto` would do, before it does.

use std::collections::BTreeSet;
use std::path::Path;

use torch_api::view::{CapsView, PlanView, PlannedAgent};

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
    let mut fact = |label: &str, value: String| facts.row([Cell::styled(DIM, label), value.into()]);
    fact("project", shown(&plan.project));
    fact("spec", format!("{} ({items})", shown(&plan.spec)));
    fact("from", format!("{} at {commit}", plan.base_branch));
    fact("disk", disk);
    if let Some(dir) = common_dir(&plan.agents) {
        fact("in", format!("{}/<role>", shown(dir)));
    }
    for (program, mode) in programs(&plan.agents) {
        fact("runs", format!("{program}, permissions: {mode}"));
    }
    fact("caps", caps(plan.caps));
    let title = paint(STRONG, &title);
    format!("{title}\n{}\n{}", facts.render(), roles(&plan.agents))
}

/// What one agent may use up, in words.
pub fn caps(caps: CapsView) -> String {
    let cap = |number: u64, what: &str| match number {
        0 => format!("no limit of {what}s"),
        some => count(some, what),
    };
    format!(
        "{}, {} per agent and hour",
        cap(caps.turns_per_hour, "turn"),
        cap(caps.restarts_per_hour, "restart")
    )
}

fn roles(agents: &[PlannedAgent]) -> String {
    let apart = common_dir(agents).is_none();
    let headings = ["ROLE", "WINDOW", "PROGRAM", "BRANCH", "WORKTREE"];
    let mut table = Table::new(
        2,
        headings
            .get(..if apart { 5 } else { 4 })
            .unwrap_or(&headings),
    );
    for agent in agents {
        let mut row: Vec<Cell> = vec![
            agent.role.as_str().into(),
            agent.window.to_string().into(),
            agent.program.as_str().into(),
            agent.branch.as_str().into(),
        ];
        if apart {
            row.push(shown(&agent.worktree).into());
        }
        table.row(row);
    }
    table.render()
}

/// Each program with each permission mode that it is to start in, once.
fn programs(agents: &[PlannedAgent]) -> BTreeSet<(&str, &str)> {
    let pairs = agents
        .iter()
        .map(|agent| (agent.program.as_str(), agent.permission_mode.as_str()));
    pairs.collect()
}

/// The directory in which every worktree lies under its role's name, if there is one.
fn common_dir(agents: &[PlannedAgent]) -> Option<&Path> {
    let dir = agents.first()?.worktree.parent()?;
    let inside = |agent: &PlannedAgent| agent.worktree == dir.join(&agent.role);
    agents.iter().all(inside).then_some(dir)
}
