//! How integrations are shown.

use torch_api::integrate::{IntegrationPreview, IntegrationView};
use torch_core::integration::{
    FileConflict, Integration, IntegrationMerge, IntegrationOutcome, Step, StepState, Wait, WaitOn,
    by_file,
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
            // What it never came to is no part of what is told of its end.
            StepState::Skipped if record.evidence.is_empty() => continue,
            StepState::Done => GOOD,
            StepState::Waiting | StepState::Doing => WARN,
            StepState::Due | StepState::Skipped => DIM,
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
    let conflicts = match row.is_open() {
        true => by_file(&row.conflicts),
        // Nobody is asked to solve them any more.
        false => Vec::new(),
    };
    for conflict in conflicts {
        text.push_str(&fit::prose(&clash(&conflict), width, 2));
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
        (None, None) if row.giving_up.is_some() => {
            let why = row.giving_up.as_deref().unwrap_or_default();
            format!(
                "{}\n",
                paint(WARN, &format!("it is being given up: {}", plain(why)))
            )
        }
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

fn clash(conflict: &FileConflict<'_>) -> String {
    format!(
        "conflict: {} ({}), {} solves it\n",
        plain(conflict.file),
        plain(&conflict.between()),
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
    table.wrapping(width, &[2])
}

/// What one would do.
pub fn preview(view: &IntegrationPreview, width: Option<usize>) -> String {
    let parent = match &view.parent_tip {
        Some(tip) => format!("{} {}", view.parent, tip.get(..8).unwrap_or_default()),
        None => format!("{} (there is no such branch)", view.parent),
    };
    let is_empty = view.merges.is_empty();
    let title = match is_empty {
        true => format!("{} into {parent}", view.team),
        false => format!("{} into {parent}, by the branch {}", view.team, view.branch),
    };
    let mut text = format!("{}\n", paint(STRONG, &title));
    if is_empty {
        text.push_str("there is nothing to integrate\n");
    }
    for (at, merge) in view.merges.iter().enumerate() {
        text.push_str(&fit::prose(&merged(at + 1, merge), width, 4));
    }
    for (role, what) in &view.uncommitted {
        let line = format!("{role}: {}; it would be asked to commit\n", plain(what));
        text.push_str(&fit::prose(&line, width, 2));
    }
    for conflict in by_file(&view.conflicts) {
        text.push_str(&fit::prose(&clash(&conflict), width, 2));
    }
    let gates = view.gates.join(", ");
    let next = [
        ("tests", &view.tests),
        ("review", &view.review),
        ("landing", &view.land),
        ("measures, where given (--metrics)", &gates),
    ];
    // What is committed on being asked goes that way too.
    let is_tested = !is_empty || !view.uncommitted.is_empty();
    for (what, how) in next.iter().filter(|_| is_tested) {
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
    use torch_core::integration::{Conflict, IntegrationWishes, StepRecord};
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
        for step in &mut over.integration.steps {
            step.state = StepState::Done;
        }
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

    #[test]
    fn where_there_is_nothing_to_do_nothing_is_due() {
        let mut view = view();
        let row = &mut view.integration;
        row.wait = None;
        row.outcome = Some(IntegrationOutcome::Nothing);
        for step in &mut row.steps[1..] {
            step.state = StepState::Skipped;
        }
        row.steps[0].evidence = "no agent has commits that trunk lacks".to_owned();
        let shown = anstream::adapter::strip_str(&one(&view, Some(80))).to_string();
        let expected = "i-00000007  hello into trunk\n  0 check  done    no agent has commits that trunk lacks\nthere is nothing to \
                        integrate\n";
        assert_eq!(shown, expected);
        // What was under way when it was given up is told, and nobody is asked for anything any more.
        let why = "human ended it".to_owned();
        view.integration.outcome = Some(IntegrationOutcome::Aborted { why });
        view.integration.steps[3].evidence = "asked of tester, for 01234567".to_owned();
        let shown = anstream::adapter::strip_str(&one(&view, Some(80))).to_string();
        assert!(
            shown.contains("  3 test   skipped asked of tester"),
            "{shown}"
        );
        for word in ["waiting", "due", "solves it"] {
            assert!(!shown.contains(word), "{word}: {shown}");
        }
        view.integration.outcome = None;
        view.integration.giving_up = Some("human ended it".to_owned());
        assert_eq!(view.stands(), "is being given up: human ended it");
        assert!(one(&view, None).contains("it is being given up: human ended it"));
    }

    #[test]
    fn a_list_cuts_no_word() {
        let mut view = view();
        let by = "project_manager".to_owned();
        let wait = view.integration.wait.as_mut().expect("it waits");
        wait.on = WaitOn::Review { by };
        let merge = view.integration.merges[0].clone();
        let roles = ["project_manager", "documentation_writer", "frontend"];
        let merges = roles.map(|name| IntegrationMerge {
            role: RoleName::parse(name).expect("a role"),
            ..merge.clone()
        });
        view.integration.merges.extend(merges);
        let clock = Clock {
            now: Timestamp(1_795_226_460_000),
            zone: jiff::tz::TimeZone::UTC,
        };
        let shown = list(&[view], &clock, Some(80));
        let shown = anstream::adapter::strip_str(&shown).to_string();
        assert!(
            fit::fits(&shown, Some(80)) && !shown.contains('…'),
            "{shown}"
        );
        for word in [
            "project_manager,",
            "documentation_writer,",
            "waits",
            "approve",
        ] {
            assert!(shown.contains(word), "{word}: {shown}");
        }
    }

    #[test]
    fn an_empty_preview_lists_no_tests() {
        let mut shown = IntegrationPreview {
            team: "hello".to_owned(),
            parent: "trunk".to_owned(),
            parent_tip: Some("01234567".repeat(5)),
            branch: "integration/daily-20260131-1504".to_owned(),
            merges: Vec::new(),
            uncommitted: Vec::new(),
            conflicts: Vec::new(),
            tests: "torch runs `make`".to_owned(),
            review: "project_manager".to_owned(),
            land: "trunk is moved here, without a pull request".to_owned(),
            gates: vec!["coverage at least 80".to_owned()],
            notes: vec!["a note".to_owned()],
        };
        let text = |shown: &IntegrationPreview| {
            anstream::adapter::strip_str(&preview(shown, Some(80))).to_string()
        };
        assert_eq!(
            text(&shown),
            "hello into trunk 01234567\nthere is nothing to integrate\nnote: a note\nnothing was changed\n"
        );
        shown.uncommitted = vec![("tester".to_owned(), "1 file not committed".to_owned())];
        assert!(text(&shown).contains("tests: torch runs"));
    }
}
