//! How far the work in worktrees is, one that was added, and those that were cleaned away.

use torch_api::worktree::{CleanScope, OwnView, RemovedView, WorkView, WorktreeView};

use super::super::plain;
use super::super::style::{DIM, STRONG, paint};
use super::super::table::{Cell, Table};
use super::{count, first_line, fit};
use crate::place::shown;

/// A line for each worktree of which there is more to say: ports, what is behind, not pushed or under way, and what to do.
pub(super) fn notes(worktrees: &[&WorktreeView], width: Option<usize>) -> String {
    let mut table = Table::bare(4);
    for one in worktrees {
        let facts = facts(one);
        if !facts.is_empty() {
            table.row([
                Cell::styled(DIM, one.role.as_str()),
                Cell::styled(DIM, facts.join(", ")),
            ]);
        }
    }
    table.wrapping(width, &[1])
}

fn facts(one: &WorktreeView) -> Vec<String> {
    let mut facts = Vec::new();
    facts.extend(one.mend.as_deref().map(plain));
    if let Some(port) = one.port {
        facts.push(format!("ports {port} and {}", u32::from(port) + 1));
    }
    if let Some(work) = &one.work {
        facts.extend(of_work(work));
    }
    let Some(progress) = &one.progress else {
        return facts;
    };
    facts.extend(progress.operation.clone());
    if progress.behind > 0 {
        let behind = count(progress.behind, "commit");
        facts.push(format!("{behind} behind {}", progress.parent));
    }
    if let Some(unpushed) = progress.unpushed.filter(|unpushed| *unpushed > 0) {
        facts.push(format!("{} not pushed", count(unpushed, "commit")));
    }
    if let Some(advice) = &progress.advice {
        facts.push(format!("stale: {advice}"));
    }
    facts
}

/// How far an agent is with what it has to do.
fn of_work(work: &WorkView) -> Vec<String> {
    let mut facts = Vec::new();
    if work.tasks > 0 {
        let percent = u64::from(work.tasks_done) * 100 / u64::from(work.tasks);
        let tasks = count(u64::from(work.tasks), "task");
        facts.push(format!("{} of {tasks} done ({percent} %)", work.tasks_done));
    }
    if let Some(tests) = &work.tests {
        let verdict = if tests.passed { "passed" } else { "failed" };
        let short = tests.commit.get(..8).unwrap_or(&tests.commit);
        facts.push(format!("tests {verdict} with {short}"));
    }
    if let Some(blocked) = &work.blocked {
        facts.push(format!("blocked: {}", first_line(blocked, 60)));
    }
    facts
}

/// How many worktrees without a team each project has, and may have.
pub(super) fn own(worktrees: &[&WorktreeView]) -> String {
    let mut said: Vec<&OwnView> = Vec::new();
    for own in worktrees.iter().filter_map(|one| one.own.as_ref()) {
        if said.iter().all(|other| other.project != own.project) {
            said.push(own);
        }
    }
    let line = |own: &&OwnView| {
        let most = own
            .limit
            .map(|limit| format!("/{limit}"))
            .unwrap_or_default();
        format!(
            "  Worktrees: {}{most} in {}\n",
            own.count,
            shown(&own.project)
        )
    };
    said.iter().map(line).collect()
}

/// A worktree that was made.
pub fn added(one: &WorktreeView) -> String {
    let mut facts = Table::bare(2);
    let mut fact = |label: &str, value: String| facts.row([Cell::styled(DIM, label), value.into()]);
    fact("at", shown(&one.path));
    fact(
        "branch",
        one.branch
            .clone()
            .unwrap_or_else(|| "none (detached)".to_owned()),
    );
    if let Some(port) = one.port {
        fact("ports", format!("{port} and {}", u32::from(port) + 1));
    }
    let was_there = one.was_there == Some(true);
    if was_there {
        fact("changes", super::changes(one));
    }
    fact(
        "then",
        format!("cd {}", torch_process::quote::shell(&one.path)),
    );
    let title = match was_there {
        true => format!("the worktree {} was there already, as it is", one.role),
        false => format!("the worktree {} is made", one.role),
    };
    format!("{}\n{}", paint(STRONG, &title), facts.render())
}

/// What was cleaned away, or would be, and why the others stay.
pub fn cleaned(worktrees: &[RemovedView], scope: &CleanScope, width: Option<usize>) -> String {
    if worktrees.is_empty() {
        let of = match scope {
            CleanScope::Repository { .. } => " of this repository",
            CleanScope::Team { .. } => " of this team",
            CleanScope::All => "",
        };
        return format!("no worktrees{of} whose agents don't run\n");
    }
    let mut table = Table::bare(0);
    let mut text = String::new();
    for one in worktrees {
        let kept = one.kept.as_ref();
        let back = kept.map(|kept| super::back(one, kept));
        let (word, why) = match (&one.failure, one.only_looked) {
            (Some(failure), _) => ("stays", Some(failure.causes.join("; "))),
            (None, true) => ("goes", Some("merged, nothing is left in it".to_owned())),
            (None, false) => {
                let branch = one.deleted_branch.as_ref();
                (
                    "removed",
                    branch.map(|name| format!("branch {name} deleted")),
                )
            }
        };
        let path = shown(&one.path);
        let said: Vec<&str> = std::iter::once(word).chain(why.as_deref()).collect();
        let below = format!("{}: {}\n  {path}\n", one.role, said.join(", "));
        text.push_str(&fit::prose(&below, width, 2));
        // A command is copied, so it is never broken.
        text.extend(back.iter().map(|back| format!("  {back}\n")));
        let rest: Vec<String> = why.into_iter().chain(back).collect();
        table.row([
            Cell::from(one.role.as_str()),
            word.into(),
            rest.join(", ").into(),
            path.into(),
        ]);
    }
    let beside = table.render();
    match fit::fits(&beside, width) {
        true => beside,
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stays_says_why() {
        let one = |role: &str, why: Option<&str>| RemovedView {
            role: role.to_owned(),
            path: "/registry/x".into(),
            project: None,
            kept: None,
            deleted_branch: None,
            branch_stays: None,
            failure: why.map(|why| torch_api::Failure {
                kind: torch_api::wire::FailureKind::Other,
                error: "the worktree stays".to_owned(),
                causes: vec![why.to_owned()],
                hint: None,
            }),
            only_looked: true,
        };
        let both = [
            one("developer", None),
            one("tester", Some("3 commits are not in main")),
        ];
        let all = CleanScope::All;
        let text = cleaned(&both, &all, None);
        let mut lines = text.lines();
        assert!(lines.next().is_some_and(|line| line.contains("goes")));
        let second = lines.next().unwrap_or_default();
        assert!(
            second.contains("stays") && second.contains("3 commits are not in main"),
            "{text}"
        );
        let here = CleanScope::Repository {
            directory: "/app".into(),
        };
        assert_eq!(
            cleaned(&[], &here, None),
            "no worktrees of this repository whose agents don't run\n"
        );
        assert_eq!(
            cleaned(&both[1..], &all, Some(30)),
            "tester: stays, 3 commits are\n  not in main\n  /registry/x\n"
        );
    }
}
