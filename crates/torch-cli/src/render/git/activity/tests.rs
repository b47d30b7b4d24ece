//! Views at 80 columns.

use serde_json::json;
use torch_api::git::{AlertView, DeadlineView, SharedView};
use torch_core::git_activity::NotPushed;
use torch_core::{AgentState, Timestamp};

use super::*;

/// How many columns the terminal has.
const WIDTH: usize = 80;

const NOW: Timestamp = Timestamp(1_800_000_000_000);

fn clock() -> Clock {
    Clock {
        now: NOW,
        zone: jiff::tz::TimeZone::UTC,
    }
}

fn ago(minutes: u64) -> Timestamp {
    Timestamp(NOW.0 - minutes * 60_000)
}

fn shown(text: &str) -> String {
    let text = anstream::adapter::strip_str(text).to_string();
    for line in text.lines() {
        assert!(line.chars().count() <= WIDTH, "{line:?}");
    }
    text
}

fn branch(role: &str, ahead: u64, behind: u64) -> BranchView {
    BranchView {
        role: role.to_owned(),
        state: AgentState::Working,
        branch: Some(format!("a-rather-long-name-of-a-branch-{role}")),
        head: Some("0123456789abcdef".to_owned()),
        last_commit: Some(ago(90)),
        ahead,
        behind,
        unpushed: None,
        commits: 3,
        pushes: 0,
        last_push: None,
        deadlines: Vec::new(),
        problem: None,
        mend: None,
    }
}

fn unread() -> Unread {
    Unread {
        since: ago(5),
        why: "failed: bad\nobject".to_owned(),
        hint: "git -C /p fsck".to_owned(),
    }
}

#[test]
fn health_at_a_glance() {
    let mut late = branch("developer", 3, 25);
    late.unpushed = Some(2);
    late.deadlines = vec![DeadlineView {
        rule: "git.push-late".to_owned(),
        at: ago(5),
    }];
    let mut gone = branch("tester", 0, 0);
    gone.problem = Some("its folder is gone".to_owned());
    gone.mend = Some("if it was moved: torch worktree repair PATH".to_owned());
    let view = HealthView {
        team: "myapp".to_owned(),
        parent: "trunk".to_owned(),
        parent_commit: "fedcba9876543210".to_owned(),
        remote: false,
        parent_not_pushed: Some(NotPushed {
            commits: 33,
            remote: "origin".to_owned(),
            push: "git push origin trunk".to_owned(),
        }),
        branches: vec![late, gone, branch("project_manager", 0, 0)],
        parent_commits: vec![ParentCommit {
            commit: "fedcba9876543210".to_owned(),
            subject: "Integration: a long day with many words that go on and on to the end of it"
                .to_owned(),
            author: "somebody with a long name".to_owned(),
            at: ago(30),
        }],
        parent_more: 2,
        graph: vec![
            "* 01234567 Progress: \u{1b}[31mred".to_owned(),
            "|\\".to_owned(),
        ],
        alerts: vec![AlertView {
            id: "v-7k3f9q2a".to_owned(),
            role: "developer".to_owned(),
            rule: "git.behind".to_owned(),
            evidence: "main-developer is 25 commits behind trunk; at most 20".to_owned(),
        }],
        unread: Some(unread()),
    };
    let text = shown(&health(&view, &clock(), Some(WIDTH)));
    for expect in [
        "myapp, for trunk fedcba98",
        "developer due passed 5 m ago: git.push-late",
        "v-7k3f9q2a developer git.behind: main-developer is 25",
        "its folder is gone",
        "tester: if it was moved: torch worktree repair PATH",
        "no remote: nothing is pushed",
        "origin lacks 33 commits of trunk: git push origin trunk",
        "trunk in the last day: 3 commits",
        "* 01234567 Progress: ·[31mred",
        "the branches can't be read for 5 m, and what moves is not seen",
        "object (git -C /p fsck)",
    ] {
        assert!(text.contains(expect), "{expect:?} in\n{text}");
    }
    // A parent that is gone stands nowhere.
    let gone = HealthView {
        parent_commit: String::new(),
        parent_commits: Vec::new(),
        parent_more: 0,
        ..view
    };
    let text = shown(&health(&gone, &clock(), Some(WIDTH)));
    assert!(text.contains("myapp, for trunk (there is no such branch)"));
    assert!(!text.contains("in the last day"), "{text}");
}

#[test]
fn risk_says_why() {
    let share = |path: &str, conflicts: &[&str]| SharedView {
        path: path.to_owned(),
        with: vec!["tester".to_owned()],
        conflicts: conflicts.iter().map(|&role| role.to_owned()).collect(),
    };
    let row = |role: &str, risk| RiskRow {
        role: role.to_owned(),
        risk,
        files: 7,
        insertions: 120,
        deletions: 3,
        ahead: 4,
        behind: 1,
        conflicts: Vec::new(),
        shared: Vec::new(),
        problem: None,
    };
    let everybody = ["orchestrator", "project_manager", "tester", "testrunner"];
    let mut high = row("developer", RiskLevel::High);
    high.conflicts = vec!["src/main.rs\nreview: nobody".to_owned()];
    high.shared = vec![share("src/b.rs", &[]), share("src/a.rs", &everybody)];
    high.shared
        .extend((0..4).map(|number| share(&format!("src/{number}.rs"), &[])));
    let view = RiskView {
        team: "myapp".to_owned(),
        parent: "trunk".to_owned(),
        roles: vec![high, row("tester", RiskLevel::Low)],
    };
    let text = shown(&risk(&view, Some(WIDTH)));
    let reasons: Vec<&str> = text.lines().skip(4).collect();
    assert_eq!(
        reasons,
        [
            "  developer: src/main.rs\\nreview: nobody conflicts with trunk",
            "  developer: src/a.rs conflicts with orchestrator, project_manager, tester,",
            "    testrunner",
            "  developer: src/b.rs is also changed by tester",
            "  developer: src/0.rs is also changed by tester",
            "  developer: src/1.rs is also changed by tester",
            "  developer: 2 more: torch git radar",
        ]
    );
    assert!(text.contains("+120 -3"), "{text}");
}

#[test]
fn the_log_has_a_line_for_each_thing() {
    let commit = "0123456789abcdef";
    let check = |kind: &str, data: Value, expect: &str| {
        let entry = EntryView {
            at: ago(10),
            kind: kind.to_owned(),
            role: Some("developer".to_owned()),
            data,
        };
        let text = shown(&log(&[entry], &clock(), None));
        let line = text.trim_end();
        assert!(line.ends_with(&format!("developer {expect}")), "{line}");
    };
    check(
        "git.commit",
        json!({"commit": commit, "branch": "a", "subject": "Progress: x", "rewritten": true}),
        "01234567 a (rewritten): Progress: x",
    );
    let push = |more: Value| {
        let mut data = json!({"remote": "origin", "branch": "a", "commits": 2});
        let (own, more) = (data.as_object_mut(), more.as_object().cloned());
        own.expect("an object").extend(more.expect("an object"));
        data
    };
    let pushed = "pushed a to origin (2 commits)";
    check("git.push", push(json!({"forced": false})), pushed);
    let forced = push(json!({"forced": true, "commit": commit}));
    check("git.push", forced, "pushed a to origin (2 commits, forced)");
    let back = push(json!({"forced": true, "commits": 0, "commit": commit}));
    let said = "pushed a to origin, set back to 01234567 (forced)";
    check("git.push", back, said);
    let forwarded = "forwarded a to origin (2 commits)";
    check("git.push", push(json!({"forwarded": true})), forwarded);
    let shared = "pushed a to the broker (2 commits)";
    check("git.push", push(json!({"shared": true})), shared);
    let asking = "pushed a to the broker (asking; 2 commits)";
    check("git.broker", push(json!({"state": "asking"})), asking);
    check(
        "git.broker",
        push(json!({"state": "refused", "why": "a person denied it"})),
        "a did not go to origin (refused): a person denied it",
    );
    let branch = |old: Option<&str>, new: Option<&str>, rewound: bool| json!({"branch": "a", "old": old, "new": new, "rewound": rewound, "commits": 6, "integration": "i-1"});
    let (none, some) = (None, Some(commit));
    check("git.branch", branch(none, some, false), "made a");
    let gone = "deleted a, was 01234567";
    check("git.branch", branch(some, none, false), gone);
    let moved = "a moved to 01234567 (6 commits, integration i-1)";
    check("git.branch", branch(some, some, false), moved);
    let rewound = "rewound a from 01234567 to 01234567";
    check("git.branch", branch(some, some, true), rewound);
    check(
        "git.request",
        json!({"branch": "a", "number": 3, "state": "open"}),
        "pull request 3 of a is open",
    );
    assert!(log(&[], &clock(), None).contains("nothing"));
    // Of another day with the date, and no word of it is left out.
    let data = json!({"commit": commit, "branch": "trunk-developer", "subject": "Feature: one that has many words and goes on to the end"});
    let long = EntryView {
        at: ago(24 * 60),
        kind: "git.commit".to_owned(),
        role: Some("developer".to_owned()),
        data,
    };
    assert_eq!(
        shown(&log(&[long], &clock(), Some(WIDTH))),
        "2027-01-14 08:00:00 developer 01234567 trunk-developer: Feature: one that has\n    many words and goes on to the end\n"
    );
}

#[test]
fn a_push_that_goes_on_at_once_is_one_line_whoever_looked_first() {
    let entry = |kind: &str, seconds: u64, more: Value| {
        let mut data =
            json!({"remote": "origin", "branch": "a", "commits": 1, "commit": "0123456789abcdef"});
        let (own, more) = (data.as_object_mut(), more.as_object().cloned());
        own.expect("an object").extend(more.expect("an object"));
        EntryView {
            at: Timestamp(ago(0).0 - seconds * 1_000),
            kind: kind.to_owned(),
            role: Some("developer".to_owned()),
            data,
        }
    };
    let lines = |entries: &[EntryView]| {
        let text = shown(&log(entries, &clock(), None));
        let said = text.lines().map(|line| {
            let (_, what) = line.split_once("developer ").expect("a role");
            what.to_owned()
        });
        said.collect::<Vec<_>>()
    };
    let waits = |state: &str, seconds| entry("git.broker", seconds, json!({"state": state}));
    let went = |seconds| entry("git.push", seconds, json!({"forwarded": true}));
    let alone = entry("git.push", 90, json!({}));
    let one = ["pushed a to origin (1 commit)"];
    assert_eq!(lines(&[alone]), one);
    assert_eq!(lines(&[went(88), waits("accepted", 90)]), one);
    // What waited is told as that.
    let forwarded = "forwarded a to origin (1 commit)";
    let waited = "pushed a to the broker (accepted; 1 commit)";
    assert_eq!(
        lines(&[went(20), waits("accepted", 90)]),
        [forwarded, waited]
    );
    let asked = "pushed a to the broker (asking; 1 commit)";
    assert_eq!(lines(&[went(88), waits("asking", 90)]), [forwarded, asked]);
    assert_eq!(lines(&[waits("accepted", 90)]), [waited]);
    let other = entry("git.push", 88, json!({"forwarded": true, "branch": "b"}));
    let said = lines(&[other, waits("accepted", 90)]);
    assert_eq!(said, ["forwarded b to origin (1 commit)", waited]);
}
