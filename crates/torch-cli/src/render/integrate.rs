//! How integrations are shown.

use torch_api::integrate::{IntegrationPreview, IntegrationView};
use torch_core::integration::{
    Conflict, Integration, IntegrationMerge, IntegrationOutcome, Step, StepState, Wait, WaitOn,
};

use super::style::{BAD, DIM, GOOD, STRONG, WARN, paint};
use super::table::Table;
use super::time::Clock;
use super::{fit, plain};

/// One with its steps, what goes in, and what it waits for.
pub fn one(view: &IntegrationView, width: Option<usize>) -> String {
    let row = &view.integration;
    let title = format!("{}  {} into {}", view.id, view.team, row.parent);
    let mut text = format!("{}\n", paint(STRONG, &title));
    for step in Step::ALL {
        let Some(record) = row.steps.get(step.number()) else {
            continue;
        };
        let mark = match record.state {
            StepState::Done | StepState::Skipped => GOOD,
            StepState::Waiting | StepState::Doing => WARN,
            StepState::Due => DIM,
        };
        let state = format!("{:<8}", record.state.as_str());
        let line = format!(
            "  {} {:<7}{state}{}",
            step.number(),
            step.as_str(),
            plain(&record.evidence)
        );
        let line = fit::prose(&format!("{}\n", line.trim_end()), width, 19);
        text.push_str(&line.replacen(state.trim_end(), &paint(mark, state.trim_end()), 1));
    }
    for out in &row.left_out {
        let line = format!("left out: {}, as {}\n", out.role, plain(&out.why));
        text.push_str(&fit::prose(&line, width, 2));
    }
    for conflict in row.conflicts.iter().filter(|one| one.solved.is_none()) {
        text.push_str(&fit::prose(&clash(conflict), width, 2));
    }
    text.push_str(&fit::prose(&stands(&view.id, row), width, 2));
    text
}

/// Where it stands, in one line.
fn stands(tag: &str, row: &Integration) -> String {
    match (&row.outcome, &row.wait) {
        (Some(outcome), _) => {
            let text = match outcome {
                IntegrationOutcome::Verified => paint(GOOD, "it is in, and verified"),
                IntegrationOutcome::Unverified { why } => {
                    let why = format!("it is in, and what ran afterwards failed: {}", plain(why));
                    paint(BAD, &why)
                }
                IntegrationOutcome::Nothing => "there is nothing to integrate".to_owned(),
                IntegrationOutcome::Aborted { why } => {
                    paint(BAD, &format!("it was given up: {}", plain(why)))
                }
            };
            let tagged = row.tag.as_ref().map(|tag| format!(" ({tag})"));
            format!("{text}{}\n", tagged.unwrap_or_default())
        }
        (None, Some(wait)) => format!("{}\n", paint(WARN, &waits(tag, wait))),
        (None, None) => "it goes on in the daemon: torch integrate --list\n".to_owned(),
    }
}

/// What it waits for, and what ends that.
fn waits(tag: &str, wait: &Wait) -> String {
    let all = |roles: &[torch_core::RoleName]| {
        let names: Vec<_> = roles.iter().map(torch_core::RoleName::as_str).collect();
        names.join(", ")
    };
    match &wait.on {
        WaitOn::Turn { other } => {
            format!("waits for {}, of the same repository", other.tag())
        }
        WaitOn::Commits { roles } => format!("waits for {} to commit", all(roles)),
        WaitOn::Conflicts => "waits for the conflicts to be solved".to_owned(),
        WaitOn::Tests { roles } => {
            let who = match roles.as_slice() {
                [] => "you".to_owned(),
                roles => all(roles),
            };
            format!("waits for {who} to run the tests: torch integrate --tests passed")
        }
        WaitOn::Fix => "waits for commits that mend the tests".to_owned(),
        WaitOn::Review { by } => format!("waits for {by} to review it: torch approve {tag}"),
        WaitOn::Tree { path, why } => format!("waits for {}: {}", plain(path), plain(why)),
        WaitOn::Person { why } => {
            format!("waits: {}. Go on: torch integrate --resume", plain(why))
        }
    }
}

fn clash(conflict: &Conflict) -> String {
    format!(
        "conflict: {} ({} and {}), {} solves it\n",
        plain(&conflict.file),
        conflict.ours,
        plain(&conflict.with),
        conflict.owner
    )
}

/// All of a team, one line each, the newest first.
pub fn list(views: &[IntegrationView], clock: &Clock, width: Option<usize>) -> String {
    if views.is_empty() {
        return "no integrations\n".to_owned();
    }
    let mut table = Table::new(0, &["ID", "BEGUN", "BRANCHES", "STANDS"]);
    for view in views {
        let row = &view.integration;
        let roles: Vec<&str> = row.brought().map(|merge| merge.role.as_str()).collect();
        let outcome = row.outcome.as_ref().map(|outcome| match outcome {
            IntegrationOutcome::Verified => "verified".to_owned(),
            IntegrationOutcome::Unverified { .. } => "unverified".to_owned(),
            IntegrationOutcome::Nothing => "nothing".to_owned(),
            IntegrationOutcome::Aborted { why } => format!("given up: {}", plain(why)),
        });
        let stands = outcome.unwrap_or_else(|| {
            let step = row.step().map_or("end", |step| step.as_str());
            match &row.wait {
                Some(wait) => format!("{step}: {}", waits(&view.id, wait)),
                None => step.to_owned(),
            }
        });
        table.row([
            view.id.as_str().into(),
            clock.ago(row.at).into(),
            roles.join(", ").into(),
            stands.into(),
        ]);
    }
    table.within(width, &[2, 3])
}

/// What one would do.
pub fn preview(view: &IntegrationPreview, width: Option<usize>) -> String {
    let parent = match &view.parent_tip {
        Some(tip) => format!("{} {}", view.parent, tip.get(..8).unwrap_or_default()),
        None => format!("{} (there is no such branch)", view.parent),
    };
    let title = format!("{} into {parent}, by the branch {}", view.team, view.branch);
    let mut text = format!("{}\n", paint(STRONG, &title));
    if view.merges.is_empty() {
        text.push_str("there is nothing to integrate\n");
    }
    for (at, merge) in view.merges.iter().enumerate() {
        text.push_str(&fit::prose(&merged(at + 1, merge), width, 4));
    }
    for (role, what) in &view.uncommitted {
        let line = format!("{role}: {}; it would be asked to commit\n", plain(what));
        text.push_str(&fit::prose(&line, width, 2));
    }
    for conflict in &view.conflicts {
        text.push_str(&fit::prose(&clash(conflict), width, 2));
    }
    let gates = view.gates.join(", ");
    for (what, how) in [
        ("tests", &view.tests),
        ("review", &view.review),
        ("landing", &view.land),
        ("measures, where given (--metrics)", &gates),
    ] {
        text.push_str(&fit::prose(&format!("{what}: {}\n", plain(how)), width, 2));
    }
    for note in &view.notes {
        text.push_str(&fit::prose(&format!("note: {}\n", plain(note)), width, 2));
    }
    text.push_str(&format!("{}\n", paint(DIM, "nothing was changed")));
    text
}

fn merged(number: usize, merge: &IntegrationMerge) -> String {
    let branch = merge.branch.as_deref().unwrap_or("detached");
    let commits = super::count(u64::try_from(merge.commits).unwrap_or(u64::MAX), "commit");
    let at = merge.commit.get(..8).unwrap_or_default();
    let brings = merge.brings.iter().map(|one| one.role.as_str());
    let brings: Vec<&str> = brings.collect();
    let brings = match brings.as_slice() {
        [] => String::new(),
        roles => format!(", and brings what conflicts of {}", roles.join(", ")),
    };
    format!(
        "  {number} {}: {} at {at}, {commits}{brings}\n",
        merge.role,
        plain(branch)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use torch_core::integration::{IntegrationWishes, StepRecord};
    use torch_core::{AgentId, IntegrationId, RoleName, TeamId, Timestamp};

    fn view() -> IntegrationView {
        let mut row = Integration::new(
            IntegrationId::new(1, 7),
            (TeamId::new(1, 1), "trunk"),
            ("human", Timestamp(1_795_226_400_000)),
            IntegrationWishes::default(),
        );
        let role = |name: &str| RoleName::parse(name).expect("a role");
        row.steps[0] = StepRecord {
            state: StepState::Done,
            evidence: "trunk stands on 01234567; developer (2 commits)".to_owned(),
            at: None,
        };
        row.steps[1].state = StepState::Done;
        row.steps[2].state = StepState::Waiting;
        row.wait = Some(Wait {
            on: WaitOn::Conflicts,
            since: row.at,
            until: None,
            told: false,
        });
        row.merges = vec![IntegrationMerge {
            agent: AgentId::new(1, 1),
            role: role("developer"),
            branch: Some("trunk-developer".to_owned()),
            commit: "89abcdef".repeat(5),
            commits: 2,
            within: Vec::new(),
            merge: None,
            brings: Vec::new(),
        }];
        row.conflicts = vec![Conflict {
            file: "src/a.py".to_owned(),
            owner: role("developer"),
            ours: role("tester"),
            our_branch: "trunk-tester".to_owned(),
            with: "developer".to_owned(),
            with_branch: "trunk-developer".to_owned(),
            since: row.at,
            solved: None,
        }];
        IntegrationView {
            team: "hello".to_owned(),
            id: row.id.tag(),
            integration: row,
        }
    }

    #[test]
    fn one_that_waits_shows_for_what() {
        insta::assert_snapshot!(one(&view(), Some(80)));
        let mut over = view();
        over.integration.wait = None;
        over.integration.conflicts.clear();
        over.integration.outcome = Some(IntegrationOutcome::Verified);
        over.integration.tag = Some("stable-login-20260131-150405".to_owned());
        insta::assert_snapshot!(one(&over, Some(80)));
    }

    #[test]
    fn a_preview_says_who_does_what() {
        let row = view().integration;
        let shown = IntegrationPreview {
            team: "hello".to_owned(),
            parent: "trunk".to_owned(),
            parent_tip: Some("01234567".repeat(5)),
            branch: "integration/daily-20260131-1504".to_owned(),
            merges: row.merges,
            uncommitted: vec![("tester".to_owned(), "3 files not committed".to_owned())],
            conflicts: row.conflicts,
            tests: "a role is asked to run them (integration.run_tests is false)".to_owned(),
            review: "project_manager".to_owned(),
            land: "trunk is moved here, without a pull request".to_owned(),
            gates: vec!["coverage at least 80".to_owned()],
            notes: Vec::new(),
        };
        insta::assert_snapshot!(preview(&shown, Some(80)));
    }
}
