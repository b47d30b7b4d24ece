//! What `torch auto` would do, before it does.

use std::collections::BTreeSet;
use std::path::Path;

use torch_api::choice::ChoiceView;
use torch_api::view::{CapsView, PlanView, PlannedAgent, TeamView, WritesView};
use torch_core::RoleName;

use super::roles::reached;
use super::style::{DIM, STRONG, paint};
use super::table::{Cell, Table};
use super::{bytes, count, plain};
use crate::place::shown;

/// What is missing where no branch is checked out.
pub(super) const NO_BRANCH: &str =
    "the work goes into no branch until you `git switch -c NAME` and run torch auto again";

/// The plan: roles, programs, permission modes, branches, and the disk that the worktrees need; `width` is that of the
/// terminal, if there is one.
pub fn plan(plan: &PlanView, width: Option<usize>) -> String {
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
    let items = count(u64::from(plan.spec_items), "task");
    let mut facts = Table::bare(2);
    let mut fact = |label: &str, value: String| facts.row([Cell::styled(DIM, label), value.into()]);
    fact("project", shown(&plan.project));
    fact("spec", format!("{} ({items})", shown(&plan.spec)));
    fact(
        "from",
        match plan.base_branch.as_str() {
            "HEAD" => format!("no branch: HEAD is detached at {commit}; {NO_BRANCH}"),
            branch => format!("{branch} at {commit}"),
        },
    );
    fact("disk", disk);
    if let Some(dir) = common_dir(&plan.agents) {
        fact("in", format!("{}/<role>", shown(dir)));
    }
    for (program, mode) in programs(&plan.agents) {
        fact("runs", format!("{program}, permissions: {mode}"));
    }
    fact("caps", caps(plan.caps));
    for (label, value) in choice_facts(plan.choice.as_deref()) {
        fact(label, value);
    }
    let title = paint(STRONG, &title);
    let roles = roles(&plan.agents, plan.choice.as_deref(), width);
    let rest = left_out(plan.choice.as_deref(), width);
    let writes = writes(&plan.writes, width);
    let facts = facts.wrapping(width, &[]);
    format!("{title}\n{facts}\n{roles}{writes}{rest}")
}

/// Who may write to whom directly, a line per role.
fn writes(rows: &[WritesView], width: Option<usize>) -> String {
    let names = |word: fn(&RoleName) -> bool| {
        let mut roles = rows
            .iter()
            .filter_map(|row| RoleName::parse(&row.role).ok());
        roles.any(|role| word(&role))
    };
    let above = match (names(RoleName::is_hub), names(RoleName::is_sub_hub)) {
        (true, true) => ", besides the orchestrator and the project manager",
        (true, false) => ", besides the orchestrator",
        (false, true) => ", besides the project manager",
        (false, false) => "",
    };
    if rows.len() > 1 && rows.iter().all(|row| row.to.is_none()) {
        return "every role may write to every role directly\n".to_owned();
    }
    let limited = rows.iter().filter_map(|row| Some((row, row.to.as_ref()?)));
    let mut table = Table::bare(2);
    for (row, to) in limited.clone() {
        let to = plain(&reached(Some(to)));
        table.row([Cell::styled(DIM, row.role.as_str()), to.into()]);
    }
    match limited.count() {
        0 => String::new(),
        _ => format!("write directly to{above}\n{}", table.wrapping(width, &[])),
    }
}

/// A team that is there already: who is in it, and what these roles, which would be chosen now, differ in; `on` is the
/// branch that the project is on.
pub fn exists(team: &TeamView, on: &str, chosen: &[&str]) -> String {
    let would = match (team.base_branch.as_str(), on) {
        ("HEAD", on) if on != "HEAD" => {
            format!("have its work go into {} from then on", plain(on))
        }
        _ => "change nothing".to_owned(),
    };
    let title = format!(
        "{} is there already, {}; torch auto would {would}",
        team.name, team.phase
    );
    let mut table = Table::new(2, &["ROLE", "PROGRAM", "STATE", "BRANCH"]);
    for agent in &team.agents {
        table.row([
            agent.role.as_str().into(),
            agent.program.as_str().into(),
            agent.state.as_str().into(),
            agent.branch.as_deref().unwrap_or("(detached)").into(),
        ]);
    }
    let there: Vec<&str> = team
        .agents
        .iter()
        .map(|agent| agent.role.as_str())
        .collect();
    let only = |these: &[&str], others: &[&str]| -> Vec<String> {
        let these = these.iter().filter(|role| !others.contains(role));
        these.map(ToString::to_string).collect()
    };
    let (more, less) = (only(chosen, &there), only(&there, chosen));
    let mut text = format!("{}\n{}", paint(STRONG, &title), table.render());
    for (words, roles) in [
        ("would be chosen now, and is not there", more),
        ("is there, and would not be chosen now", less),
    ] {
        if !roles.is_empty() {
            text.push_str(&format!("  {}: {}\n", paint(DIM, words), roles.join(", ")));
        }
    }
    text.push_str(&format!("torch status --team {}\n", team.name));
    text
}

/// Which team was chosen, by what, and each of its roles with its reason.
pub fn chosen(choice: &ChoiceView) -> String {
    let mut facts = Table::bare(2);
    for (label, value) in choice_facts(Some(choice)) {
        facts.row([Cell::styled(DIM, label), value.into()]);
    }
    let mut roles = Table::new(2, &["ROLE", "WHY"]);
    for one in &choice.roles {
        roles.row([
            one.role.as_str().into(),
            Cell::styled(DIM, plain(&one.reason)),
        ]);
    }
    let rest = left_out(Some(choice), None);
    format!("{}\n{}{rest}\n", facts.render(), roles.render())
}

/// What the team is chosen by, and what it takes.
fn choice_facts(choice: Option<&ChoiceView>) -> Vec<(&'static str, String)> {
    let Some(choice) = choice else {
        return Vec::new();
    };
    let score = choice
        .score
        .map_or_else(String::new, |score| format!(", {score} points"));
    let mut facts = vec![(
        "type",
        plain(&format!("{} ({}{score})", choice.team_type, choice.decided)),
    )];
    if !choice.signs.is_empty() {
        facts.push(("signs", plain(&choice.signs.join(", "))));
    }
    facts.push((
        "takes",
        format!(
            "about {} times the tokens of one session (plan {})",
            choice.token_multiplier, choice.plan
        ),
    ));
    for note in &choice.notes {
        facts.push(("note", plain(note)));
    }
    facts
}

/// Roles that something speaks for, and that are not in the team.
fn left_out(choice: Option<&ChoiceView>, width: Option<usize>) -> String {
    let mut table = Table::bare(2);
    let out = choice.map_or(&[][..], |choice| &choice.left_out);
    for one in out {
        table.row([
            Cell::styled(DIM, one.role.as_str()),
            Cell::styled(DIM, plain(&one.reason)),
        ]);
    }
    match out.is_empty() {
        true => String::new(),
        false => format!("left out\n{}", table.wrapping(width, &[])),
    }
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

fn roles(agents: &[PlannedAgent], choice: Option<&ChoiceView>, width: Option<usize>) -> String {
    let apart = common_dir(agents).is_none();
    let mut headings = vec!["ROLE", "WINDOW", "PROGRAM", "BRANCH"];
    headings.extend(apart.then_some("WORKTREE"));
    headings.extend(choice.map(|_| "WHY"));
    let mut table = Table::new(2, &headings);
    let why = |role: &str| {
        let chosen = choice?.roles.iter().find(|chosen| chosen.role == role);
        chosen.map(|chosen| plain(&chosen.reason))
    };
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
        row.extend(why(&agent.role).map(|why| Cell::styled(DIM, why)));
        table.row(row);
    }
    // Branches and worktrees are told by the role; why it is there is read.
    match choice {
        Some(_) => table.wrapping(width, &[4, 3]),
        None => table.giving(width, &[4, 3]),
    }
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
