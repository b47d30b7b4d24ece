//! Worktrees: those that stand, those that were removed, and what is kept of them.

mod tidy;

use std::path::PathBuf;

use torch_api::worktree::{KeptView, PortsView, RemovedView, UndeletedView, WorktreeView};

use super::style::{BAD, DIM, STRONG, paint};
use super::table::{Cell, Table};
use super::time::Clock;
use super::{bytes, count, first_line, fit};
use crate::place::shown;

pub use tidy::{added, cleaned};

/// The worktrees of all teams, and below them those that no team has, for a terminal of `width` columns if there is one.
pub fn list(worktrees: &[WorktreeView], width: Option<usize>) -> String {
    if worktrees.is_empty() {
        return "no worktrees\n".to_owned();
    }
    let mut text = String::new();
    let (ours, others): (Vec<_>, Vec<_>) = worktrees.iter().partition(|one| one.team.is_some());
    let mut teams: Vec<&str> = ours.iter().filter_map(|one| one.team.as_deref()).collect();
    teams.dedup();
    for team in teams {
        let of_team = ours.iter().filter(|one| one.team.as_deref() == Some(team));
        text.push_str(&section(team, of_team.copied(), width));
    }
    if !others.is_empty() {
        text.push_str(&section("of no team", others.iter().copied(), width));
    }
    text
}

/// The ports that worktrees get, and the next free pair.
pub fn ports(ports: Option<&PortsView>) -> String {
    let Some(ports) = ports else {
        return String::new();
    };
    let next = match ports.next {
        Some(first) => format!("the next free pair is {first}, {}", u32::from(first) + 1),
        None => "no pair is free (worktree.ports)".to_owned(),
    };
    format!("ports {}: {next}\n", ports.pool)
}

fn section<'a>(
    title: &str,
    worktrees: impl Iterator<Item = &'a WorktreeView>,
    width: Option<usize>,
) -> String {
    let worktrees: Vec<_> = worktrees.collect();
    let title = paint(STRONG, title);
    let title = format!("{title}\n{}", tidy::own(&worktrees));
    let title = title.trim_end();
    let text = table(&worktrees, Paths::Beside).render();
    // A path is what a worktree is gone to by, so it is never shortened.
    if fit::fits(&text, width) {
        return format!("{title}\n{text}{}", tidy::notes(&worktrees, width));
    }
    let text = table(&worktrees, Paths::Below).giving(width, &[2, 4]);
    if let Some(folder) = common_folder(&worktrees) {
        let below = format!("  each in {}/ROLE\n", shown(&folder));
        return format!("{title}\n{text}{below}{}", tidy::notes(&worktrees, width));
    }
    let mut lines = text.lines();
    let mut text = format!("{title}\n{}\n", lines.next().unwrap_or_default());
    for (line, one) in lines.zip(&worktrees) {
        text.push_str(&format!("{line}\n    {}\n", shown(&one.path)));
    }
    text + &tidy::notes(&worktrees, width)
}

/// The folder in which each of a team's worktrees has its role's name, where that is so.
fn common_folder(worktrees: &[&WorktreeView]) -> Option<PathBuf> {
    let folder = worktrees.first()?.path.parent()?;
    let each = |one: &&WorktreeView| one.team.is_some() && one.path == folder.join(&one.role);
    worktrees.iter().all(each).then(|| folder.to_owned())
}

/// Where the paths stand.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Paths {
    Beside,
    Below,
}

fn table(worktrees: &[&WorktreeView], paths: Paths) -> Table {
    let headings = ["ROLE", "STATE", "BRANCH", "AHEAD", "CHANGES", "PATH"];
    let columns = headings.len() - usize::from(paths == Paths::Below);
    let mut table = Table::new(2, &headings[..columns]);
    for one in worktrees {
        let cells = [
            Cell::from(one.role.as_str()),
            one.state.map_or("", |state| state.as_str()).into(),
            match &one.branch {
                Some(branch) => Cell::name(branch.as_str()),
                None => Cell::styled(DIM, if one.there { "(detached)" } else { "" }),
            },
            one.ahead
                .map(|ahead| ahead.to_string())
                .unwrap_or_default()
                .into(),
            match &one.problem {
                Some(problem) => Cell::styled(BAD, first_line(problem, 60)),
                None if one.removed => {
                    Cell::styled(DIM, format!("removed (torch undelete {})", one.role))
                }
                None if !one.there => Cell::styled(DIM, "not made"),
                None => changes(one).into(),
            },
            shown(&one.path).into(),
        ];
        table.row(cells.into_iter().take(columns));
    }
    table
}

fn changes(one: &WorktreeView) -> String {
    let parts = [(one.changed, "changed"), (one.untracked, "new")];
    let parts = parts.iter().filter(|(number, _)| *number > 0);
    let text: Vec<String> = parts
        .map(|(number, word)| format!("{number} {word}"))
        .collect();
    match text.is_empty() {
        true => "none".to_owned(),
        false => text.join(", "),
    }
}

/// What a removal takes away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goes {
    /// The worktree alone.
    Worktree,
    /// The worktree and the agent's home branch.
    WithBranch,
    /// Both, and the team with them.
    WithTeam,
}

/// What a removal will take away, and where it will be kept.
pub fn before(one: &WorktreeView, goes: Goes) -> String {
    if goes == Goes::WithTeam && !one.there && one.problem.is_none() {
        return removed_before(one);
    }
    let mut facts = Table::bare(2);
    let mut fact = |label: &str, value: String| facts.row([Cell::styled(DIM, label), value.into()]);
    fact("at", shown(&one.path));
    let branch = one.branch.as_deref().unwrap_or("(detached)");
    let fate = match goes {
        Goes::Worktree => "stays",
        Goes::WithBranch | Goes::WithTeam => "deleted, its tip is kept",
    };
    fact("branch", format!("{branch} ({fate})"));
    if let Some(ahead) = one.ahead {
        fact("ahead", count(ahead, "commit"));
    }
    match &one.problem {
        Some(problem) if !one.there => {
            fact("but", problem.clone());
            fact(
                "moved?",
                "then first: git worktree repair <where it is now>".to_owned(),
            );
        }
        Some(problem) => fact("but", problem.clone()),
        None => fact("changes", changes(one)),
    }
    fact(
        "kept",
        format!("all but ignored files, under refs/torch/kept/{}", one.role),
    );
    let back = format!("torch undelete {}", one.role);
    // A purge leaves no team that could be named.
    let of_team = one.team.as_ref().filter(|_| goes != Goes::WithTeam);
    let of_team = of_team.map(|team| format!(" --team {team}"));
    fact("back", back + &of_team.unwrap_or_default());
    let title = format!("the worktree of {} would be removed", one.role);
    format!("{}\n{}", paint(STRONG, &title), facts.render())
}

/// There is no worktree to remove: it was removed before, or never made. A branch is kept with its worktree only.
fn removed_before(one: &WorktreeView) -> String {
    let mut facts = Table::bare(2);
    if let Some(branch) = &one.branch {
        let stays = format!("{branch} (stays, if it is there: git branch -D {branch})");
        facts.row([Cell::styled(DIM, "branch"), stays.into()]);
    }
    if one.removed {
        let back = format!("torch undelete {}", one.role);
        facts.row([Cell::styled(DIM, "back"), back.into()]);
    }
    let title = match one.removed {
        true => format!("the worktree of {} was removed before", one.role),
        false => format!("{} has no worktree", one.role),
    };
    format!("{}\n{}", paint(STRONG, &title), facts.render())
}

/// The command that brings back what is kept: where a project is told, it runs there only.
fn back(removed: &RemovedView, kept: &KeptView) -> String {
    let command = format!("torch undelete {}", kept.short);
    match &removed.project {
        Some(project) => format!("cd {} && {command}", torch_process::quote::shell(project)),
        None => command,
    }
}

/// What became of a worktree that was to be removed.
pub fn removed(removed: &RemovedView) -> String {
    let mut facts = Table::bare(2);
    let mut fact = |label: &str, value: String| facts.row([Cell::styled(DIM, label), value.into()]);
    let title = match (&removed.failure, &removed.kept) {
        (Some(failure), _) => failure.error.clone(),
        (None, Some(kept)) => {
            fact("kept", kept.reference.clone());
            fact("with", contents(kept));
            if kept.ignored_files > 0 {
                fact("left out", ignored(kept));
            }
            if !kept.submodules.is_empty() {
                fact(
                    "submodules",
                    format!("only their commits: {}", kept.submodules.join(", ")),
                );
            }
            fact("back", back(removed, kept));
            match kept.folder_was_gone {
                true => format!(
                    "the worktree of {} was gone; what git knew of it is kept",
                    removed.role
                ),
                false => format!("the worktree of {} is removed", removed.role),
            }
        }
        (None, None) => format!(
            "the worktree of {} was gone, and git knew of none",
            removed.role
        ),
    };
    if let Some(branch) = &removed.deleted_branch {
        fact("deleted", format!("the branch {branch}"));
    }
    if let Some(why) = &removed.branch_stays {
        fact("branch", format!("stays: {why}"));
    }
    format!("{}\n{}", paint(STRONG, &title), facts.render())
}

fn ignored(kept: &KeptView) -> String {
    let files = count(kept.ignored_files, "ignored file");
    format!("{files}, {}", bytes(kept.ignored_bytes))
}

fn contents(kept: &KeptView) -> String {
    let mut parts = vec![
        count(kept.commits, "commit"),
        count(kept.files, "uncommitted file"),
    ];
    let stashes = u64::try_from(kept.stashes.len()).unwrap_or(u64::MAX);
    if stashes > 0 {
        parts.push(count(stashes, "stashed change"));
    }
    parts.extend(kept.operation.clone());
    parts.join(", ")
}

/// What is kept, newest first.
pub fn kept(kept: &[KeptView], clock: &Clock, width: Option<usize>) -> String {
    if kept.is_empty() {
        return "nothing is kept\n".to_owned();
    }
    let whole = kept_table(kept, clock, KeptFacts::Beside).render();
    if fit::fits(&whole, width) {
        return whole;
    }
    let text = kept_table(kept, clock, KeptFacts::Below).giving(width, &[2]);
    let mut lines = text.lines();
    let mut text = format!("{}\n", lines.next().unwrap_or_default());
    for (line, one) in lines.zip(kept) {
        let facts = format!("    {}; by {}\n", contents(one), one.why);
        text.push_str(&format!("{line}\n{}", fit::prose(&facts, width, 2)));
    }
    text
}

/// Where it stands what is in it, and by what it was kept.
#[derive(Clone, Copy, PartialEq, Eq)]
enum KeptFacts {
    Beside,
    Below,
}

fn kept_table(kept: &[KeptView], clock: &Clock, facts: KeptFacts) -> Table {
    let headings = ["KEPT", "WHEN", "BRANCH", "WITH", "BY"];
    let columns = if facts == KeptFacts::Beside { 5 } else { 3 };
    let mut table = Table::new(0, &headings[..columns]);
    for one in kept {
        let cells = [
            Cell::from(one.short.as_str()),
            clock.ago(one.at).into(),
            match &one.branch {
                Some(branch) => Cell::name(branch.as_str()),
                None => Cell::styled(DIM, "(detached)"),
            },
            contents(one).into(),
            one.why.as_str().into(),
        ];
        table.row(cells.into_iter().take(columns));
    }
    table
}

/// A worktree that is back.
pub fn undeleted(view: &UndeletedView) -> String {
    let mut facts = Table::bare(2);
    let mut fact = |label: &str, value: String| facts.row([Cell::styled(DIM, label), value.into()]);
    fact("at", shown(&view.path));
    let branch = match (&view.branch, &view.kept.branch) {
        (Some(now), Some(before)) if view.another_branch => {
            format!("{now}, as {before} has moved on or is in use")
        }
        (Some(now), _) => now.clone(),
        (None, _) => "none (detached), as before".to_owned(),
    };
    fact("branch", branch);
    fact("files", view.files.to_string());
    if !view.kept.stashes.is_empty() {
        let all = view.kept.stashes.len();
        fact(
            "stashes",
            format!("{} of {all} put back, the others were there", view.stashes),
        );
    }
    if !view.kept.submodules.is_empty() {
        let names = view.kept.submodules.join(", ");
        fact(
            "submodules",
            format!("{names}: empty until git submodule update --init"),
        );
    }
    if let Some(operation) = &view.kept.operation {
        fact("under way", operation.clone());
    }
    if view.is_agents {
        fact("used by", format!("{}, at its next start", view.kept.role));
    }
    fact("kept", format!("{} stays", view.kept.reference));
    let title = format!("the worktree of {} is back", view.kept.role);
    format!("{}\n{}", paint(STRONG, &title), facts.render())
}

#[cfg(test)]
mod tests;
