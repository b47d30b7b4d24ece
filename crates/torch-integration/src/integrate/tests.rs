//! Whole integrations against a host that is data.

use std::collections::BTreeMap;
use std::time::Duration;

use torch_core::integration::{
    Integration, IntegrationOutcome, IntegrationWishes, Step, StepState, TestRun, Verdict, WaitOn,
};
use torch_core::policy::Approval;
use torch_core::{AgentId, IntegrationId, RoleName, TeamId, Timestamp};

use torch_core::config::QualityConfig;

use super::steps::TREE;
use super::*;

mod conflicts;
mod ends;
mod red;

/// A team on a repository that is data: branches, those that conflict, those that are red.
struct World {
    row: Integration,
    rules: Rules,
    now: Timestamp,
    /// Role, commit, changed files.
    work: Vec<(&'static str, String, usize)>,
    /// Pairs of roles: the second has the first one's commit within.
    within: Vec<(&'static str, &'static str)>,
    conflict: Option<(&'static str, &'static str)>,
    red: Vec<&'static str>,
    red_parent: bool,
    busy: bool,
    not_pushed: Option<NotPushed>,
    parent: String,
    said: Vec<(To, String)>,
    acts: Vec<Act>,
}

fn role(name: &str) -> RoleName {
    RoleName::parse(name).expect("a role")
}

impl World {
    fn new(roles: &[&'static str]) -> Self {
        let all = [
            "orchestrator",
            "project_manager",
            "developer",
            "tester",
            "frontend",
            "testrunner",
        ];
        Self {
            row: Integration::new(
                IntegrationId::new(1, 7),
                (TeamId::new(1, 1), "trunk"),
                ("human", Timestamp(1_000_000)),
                IntegrationWishes::default(),
            ),
            rules: Rules {
                team: "demo".to_owned(),
                members: all
                    .iter()
                    .map(|name| Member {
                        role: role(name),
                        lives: true,
                    })
                    .collect(),
                before: Vec::new(),
                approval: Approval::ProjectManager,
                agents_commit: true,
                admin_merge: false,
                run_tests: true,
                test: Some("run tests".to_owned()),
                gates: gates(&QualityConfig::default()).into(),
                verify: vec!["build".to_owned()],
                network: false,
                minute: "20260131-1504".to_owned(),
                second: "20260131-150405".to_owned(),
                shown: "2026-01-31 15:04".to_owned(),
            },
            now: Timestamp(1_000_000),
            work: roles
                .iter()
                .map(|name| (*name, format!("{name}-1"), 0))
                .collect(),
            within: Vec::new(),
            conflict: None,
            red: Vec::new(),
            red_parent: false,
            busy: false,
            not_pushed: None,
            parent: "parent-1".to_owned(),
            said: Vec::new(),
            acts: Vec::new(),
        }
    }

    /// Until it waits or is over.
    fn run(&mut self) {
        for _ in 0..200 {
            let (due, says) = due(&mut self.row, &self.rules, self.now);
            self.say(says);
            // As it is kept and read again after a kill.
            let kept = serde_json::to_string(&self.row).expect("written");
            self.row = serde_json::from_str(&kept).expect("read");
            let Due::Act(act) = due else {
                return;
            };
            self.acts.push(act.clone());
            let found = self.host(&act);
            let says = follow(&mut self.row, &self.rules, found, self.now);
            self.say(says);
        }
        panic!("it never ends: {:?}", self.row);
    }

    fn say(&mut self, says: Vec<Say>) {
        self.said
            .extend(says.into_iter().map(|say| (say.to, say.text)));
    }

    fn host(&mut self, act: &Act) -> Found {
        match act {
            Act::Look => Found::Seen(Seen {
                parent: Some(self.parent.clone()),
                work: self
                    .work
                    .iter()
                    .map(|(name, commit, changed)| RoleWork {
                        agent: AgentId::new(1, 1),
                        role: role(name),
                        commits: vec![(Some(format!("trunk-{name}")), commit.clone(), 1)],
                        changed: *changed,
                        files: (1..=*changed).map(|n| format!("{n}.py")).collect(),
                        operation: None,
                    })
                    .collect(),
                within: self
                    .within
                    .iter()
                    .map(|(inner, outer)| (self.commit(inner), self.commit(outer)))
                    .collect(),
                taken: vec!["integration/daily-20260131-1504".to_owned()],
                ..Seen::default()
            }),
            Act::Branch => Found::Branched,
            Act::Build => self.built(),
            Act::Test { command, commit } => {
                let has = |name: &&str| commit.split('+').any(|part| part.starts_with(*name));
                let red = self.red.iter().any(has) || self.red_parent;
                Found::Tested(TestRun {
                    commit: commit.clone(),
                    command: Some(command.clone()),
                    by: "torch".to_owned(),
                    exit: Some(i32::from(red)),
                    seconds: 3,
                    log: Some("log".to_owned()),
                    verdict: if red {
                        Verdict::Failed
                    } else {
                        Verdict::Passed
                    },
                    note: String::new(),
                })
            }
            Act::Publish => Found::Published {
                url: "https://example.org/1".to_owned(),
            },
            Act::Land if self.busy => Found::Busy {
                path: "/home/ann/demo".to_owned(),
                why: "1 file has changes".to_owned(),
            },
            Act::Land if self.row.parent_tip != self.parent => Found::ParentMoved,
            Act::Land => {
                self.parent = self.row.tip().to_owned();
                Found::Landed {
                    tip: self.parent.clone(),
                    not_pushed: self.not_pushed.clone(),
                }
            }
            Act::Verify { tag, .. } => Found::Verified {
                failed: None,
                tag: Some(tag.clone()),
            },
            Act::Clean => Found::Cleaned,
        }
    }

    /// Where a role's branch stands.
    fn commit(&self, name: &str) -> String {
        let found = self.work.iter().find(|(role, _, _)| *role == name);
        found.expect("it has work").1.clone()
    }

    fn built(&self) -> Found {
        let roles: Vec<&str> = self
            .row
            .merges
            .iter()
            .map(|merge| merge.role.as_str())
            .collect();
        if let Some((one, other)) = self.conflict {
            let at = |name: &str| roles.iter().position(|role| *role == name);
            if let (Some(one), Some(other)) = (at(one), at(other)) {
                let file = |path: &str| Clash {
                    file: path.to_owned(),
                    with: vec![one.min(other)],
                };
                return Found::Conflict(vec![Unmerged {
                    at: one.max(other),
                    files: vec![file("src/a.py"), file("test_a.py"), file("README.md")],
                }]);
            }
        }
        let mut tip = self.parent.clone();
        let merges = self.row.merges.iter();
        let commits = merges.map(|merge| {
            tip = format!("{tip}+{}", merge.commit);
            tip.clone()
        });
        Found::Built(commits.collect())
    }

    fn approve(&mut self) {
        let says =
            decide(&mut self.row, ("project_manager", true), self.now).expect("it waits for that");
        self.say(says);
        self.run();
    }

    fn later(&mut self, minutes: u64) {
        self.now = self.now.after(Duration::from_secs(minutes * 60));
        let says = on_deadline(&mut self.row, &self.rules, self.now);
        self.say(says);
        self.run();
    }

    fn on(&self) -> Option<&WaitOn> {
        self.row.wait.as_ref().map(|wait| &wait.on)
    }

    fn said_to(&self, name: &str) -> Vec<&str> {
        let to = To::Role(role(name));
        let said = self.said.iter().filter(|(who, _)| *who == to);
        said.map(|(_, text)| text.as_str()).collect()
    }
}

#[test]
fn the_work_of_all_gets_into_the_parent_in_its_order() {
    let mut world = World::new(&["tester", "frontend", "developer"]);
    world.run();
    assert!(matches!(world.on(), Some(WaitOn::Review { by }) if by == "project_manager"));
    let order: Vec<&str> = world
        .row
        .merges
        .iter()
        .map(|merge| merge.role.as_str())
        .collect();
    assert_eq!(order, ["developer", "frontend", "tester"]);
    assert_eq!(world.row.branch, "integration/daily-20260131-1504-2");
    let asked = world.said_to("project_manager");
    assert!(
        asked[0].contains(&format!("torch approve {}", world.row.id.tag())),
        "{asked:?}"
    );
    world.approve();
    assert!(world.row.is_verified());
    assert_eq!(world.parent, "parent-1+developer-1+frontend-1+tester-1");
    assert_eq!(world.row.landed.as_deref(), Some(world.parent.as_str()));
    assert_eq!(
        world.row.tag.as_deref(),
        Some("stable-integration-20260131-150405")
    );
    assert!(world.said.iter().any(|(to, _)| *to == To::Everybody));
    let text = body(&world.row);
    assert!(
        text.contains("**developer**: `trunk-developer`") && text.contains("passed"),
        "{text}"
    );
    assert_eq!(title(&world.rules), "Integration: 2026-01-31 15:04");
}

#[test]
fn it_stops_before_each_step_and_goes_on() {
    for until in 0..=7 {
        let mut world = World::new(&["developer"]);
        world.row.wishes.until = Some(until);
        world.run();
        if until >= Step::Review.number() {
            world.approve();
        }
        match until {
            7 => assert!(world.row.is_verified()),
            _ => {
                assert!(
                    matches!(world.on(), Some(WaitOn::Person { .. })),
                    "{until}: {:?}",
                    world.row
                );
                let next = world.row.step().map(Step::number);
                assert_eq!(next, Some(until + 1));
                resume(&mut world.row, None, world.now);
                world.run();
                if until < Step::Review.number() {
                    world.approve();
                }
                assert!(world.row.is_verified(), "{until}");
            }
        }
    }
}

#[test]
fn nothing_to_integrate_is_told_at_once() {
    let mut world = World::new(&[]);
    world.run();
    assert_eq!(world.row.outcome, Some(IntegrationOutcome::Nothing));
    let states: Vec<_> = world.row.steps.iter().map(|step| step.state).collect();
    assert_eq!(states[0], StepState::Done);
    assert_eq!(states[1..], [StepState::Skipped; 7]);
    assert_eq!(world.acts, [Act::Look]);
}

#[test]
fn agents_are_asked_once_to_commit_and_waited_for_ten_minutes() {
    let mut world = World::new(&["developer", "tester"]);
    world.work[0].2 = 3;
    world.run();
    assert!(matches!(world.on(), Some(WaitOn::Commits { roles }) if *roles == [role("developer")]));
    assert!(moved(&mut world.row, world.now));
    world.run();
    let said = world.said_to("developer");
    let [said] = said.as_slice() else {
        panic!("{said:?}");
    };
    assert!(
        said.contains("3 files not committed (1.py, 2.py, 3.py)"),
        "{said}"
    );
    assert!(matches!(world.on(), Some(WaitOn::Commits { .. })));
    world.later(10);
    assert!(matches!(world.on(), Some(WaitOn::Review { .. })));
    let evidence = &world.row.steps[0].evidence;
    assert!(
        evidence.contains("developer: 3 files not committed (1.py, 2.py, 3.py)"),
        "{evidence}"
    );
    // One that does not commit by policy is not asked.
    let mut world = World::new(&["developer"]);
    world.work[0].2 = 3;
    world.rules.agents_commit = false;
    world.run();
    assert!(matches!(world.on(), Some(WaitOn::Review { .. })));
}

#[test]
fn a_worktree_that_became_clean_without_a_commit_is_seen_within_half_a_minute() {
    let mut world = World::new(&["developer", "tester"]);
    world.work[0].2 = 7;
    world.run();
    let wait = world.row.wait.clone().expect("it waits");
    assert_eq!(
        (wait.since, wait.until),
        (world.now, Some(world.now.after(TREE)))
    );
    let evidence = &world.row.steps[0].evidence;
    assert_eq!(
        evidence,
        "developer: 7 files not committed (1.py, 2.py, 3.py, 4.py, 5.py, 2 more)"
    );
    let begun = world.now;
    let later = |world: &mut World| {
        world.now = world.now.after(TREE);
        let says = on_deadline(&mut world.row, &world.rules, world.now);
        world.say(says);
        world.run();
    };
    world.work[0].2 = 1;
    later(&mut world);
    let wait = world.row.wait.clone().expect("it waits");
    assert!(matches!(wait.on, WaitOn::Commits { .. }) && wait.since == begun);
    assert_eq!(
        world.row.steps[0].evidence,
        "developer: 1 file not committed (1.py)"
    );
    // It is put away, and no branch moves.
    world.work[0].2 = 0;
    later(&mut world);
    assert!(matches!(world.on(), Some(WaitOn::Review { .. })));
    assert_eq!(world.said_to("developer").len(), 1);
}

#[test]
fn conflicts_go_to_their_owners_once_and_end_by_a_commit() {
    let mut world = World::new(&["developer", "tester"]);
    world.conflict = Some(("developer", "tester"));
    world.run();
    assert_eq!(world.on(), Some(&WaitOn::Conflicts));
    let owners: BTreeMap<&str, &str> = world
        .row
        .conflicts
        .iter()
        .map(|one| (one.file.as_str(), one.owner.as_str()))
        .collect();
    let expected = [
        ("README.md", "project_manager"),
        ("src/a.py", "developer"),
        ("test_a.py", "tester"),
    ];
    assert_eq!(owners, expected.into());
    for (name, merge) in [
        ("developer", "git merge trunk-tester;"),
        ("tester", "git merge trunk-developer;"),
        (
            "project_manager",
            "git merge trunk-developer and then git merge trunk-tester;",
        ),
    ] {
        let said = world.said_to(name);
        assert!(said.len() == 1 && said[0].contains(merge), "{said:?}");
    }
    // A commit that does not solve it says nothing new; neither does the deadline twice.
    assert!(moved(&mut world.row, world.now));
    world.run();
    assert_eq!(world.said_to("tester").len(), 1);
    let before = world.said.len();
    world.later(31);
    world.later(1);
    assert_eq!(world.said.len(), before + 2);
    assert!(moved(&mut world.row, world.now));
    world.run();
    world.later(1);
    assert_eq!(world.said.len(), before + 2, "{:?}", world.said);
    world.conflict = None;
    world.work[0].1 = "developer-2".to_owned();
    assert!(moved(&mut world.row, world.now));
    world.run();
    assert!(world.row.conflicts.iter().all(|one| one.solved.is_some()));
    world.approve();
    assert!(world.row.is_verified());
}

#[test]
fn nobody_is_blamed_for_a_red_parent() {
    let mut world = World::new(&["developer", "tester"]);
    world.red_parent = true;
    world.run();
    assert!(matches!(world.on(), Some(WaitOn::Person { why }) if why.contains("trunk itself")));
    assert!(world.row.left_out.is_empty());
    world.red_parent = false;
    resume(&mut world.row, None, world.now);
    world.run();
    world.approve();
    assert!(world.row.is_verified());
}

#[test]
fn a_role_runs_the_tests_where_torch_may_not() {
    let mut world = World::new(&["developer"]);
    world.rules.test = None;
    world.run();
    assert!(matches!(world.on(), Some(WaitOn::Tests { roles }) if *roles == [role("testrunner")]));
    let say = |world: &mut World, by: &str, passed: bool| {
        tests_reported(
            &mut world.row,
            &world.rules,
            (by, passed, "two of them"),
            world.now,
        )
    };
    assert!(say(&mut world, "developer", true).is_err());
    let says = say(&mut world, "testrunner", false).expect("it is asked");
    world.say(says);
    assert_eq!(world.on(), Some(&WaitOn::Fix));
    assert!(world.said_to("developer")[0].contains("two of them"));
    world.work[0].1 = "developer-2".to_owned();
    assert!(moved(&mut world.row, world.now));
    world.run();
    let evidence = world.row.steps[Step::Test.number()].evidence.clone();
    assert!(
        evidence.starts_with("asked of testrunner, for ") && !evidence.contains("two of them"),
        "{evidence}"
    );
    say(&mut world, "testrunner", true).expect("it is asked");
    world.run();
    world.approve();
    assert!(world.row.is_verified());
}

#[test]
fn a_wrong_word_on_the_tests_is_taken_back_by_who_said_it_or_a_person() {
    for by in ["testrunner", "human"] {
        let mut world = World::new(&["developer"]);
        world.rules.test = None;
        world.run();
        let say = |world: &mut World, by: &str, passed: bool, note: &str| {
            let said = (by, passed, note);
            let says = tests_reported(&mut world.row, &world.rules, said, world.now)?;
            world.say(says);
            Ok::<(), String>(())
        };
        say(&mut world, "testrunner", false, "two of them").expect("it is asked");
        for other in ["developer", "project_manager"] {
            let why = say(&mut world, other, true, "").expect_err("another's word");
            assert!(
                why.contains("testrunner or a person can take that back"),
                "{why}"
            );
        }
        // The same word with another note is told instead of the first one.
        say(&mut world, by, false, "one of them").expect("its own word");
        let evidence = |world: &World| world.row.steps[Step::Test.number()].evidence.clone();
        assert!(evidence(&world).ends_with(&format!("says {by}: one of them")));
        assert_eq!(world.on(), Some(&WaitOn::Fix));
        say(&mut world, "human", true, "a broken cable").expect("a person's word");
        let told = world.said_to("developer").concat();
        assert!(told.contains("was taken back: passed on"), "{told}");
        world.run();
        assert!(
            evidence(&world).contains("passed on"),
            "{}",
            evidence(&world)
        );
        // It went on: there is nothing to take back.
        assert!(say(&mut world, "human", false, "").is_err());
        world.approve();
        assert!(world.row.is_verified());
    }
}

#[test]
fn a_parent_that_moved_is_built_on_and_the_review_stays() {
    let mut world = World::new(&["developer"]);
    world.run();
    world.parent = "parent-2".to_owned();
    world.approve();
    assert!(world.row.is_verified());
    assert_eq!(world.parent, "parent-2+developer-1");
    let tests = world
        .acts
        .iter()
        .filter(|act| matches!(act, Act::Test { .. }));
    assert_eq!(tests.count(), 2);
}

#[test]
fn new_commits_void_a_review() {
    let mut world = World::new(&["developer"]);
    world.run();
    world.parent = "parent-2".to_owned();
    world.work[0].1 = "developer-2".to_owned();
    world.approve();
    assert!(matches!(world.on(), Some(WaitOn::Review { .. })));
    assert_eq!(world.row.review, None);
}

#[test]
fn a_persons_tree_is_waited_for_and_told_of_once() {
    let mut world = World::new(&["developer"]);
    world.busy = true;
    world.run();
    world.approve();
    assert!(matches!(world.on(), Some(WaitOn::Tree { .. })));
    world.later(1);
    world.later(1);
    let told = world
        .said
        .iter()
        .filter(|(to, _)| *to == To::Person)
        .count();
    assert_eq!(told, 1, "{:?}", world.said);
    world.busy = false;
    world.later(1);
    assert!(world.row.is_verified());
}

#[test]
fn a_person_reviews_where_the_policy_says_so_and_may_say_no() {
    let mut world = World::new(&["developer"]);
    world.rules.approval = Approval::Person;
    world.run();
    assert!(matches!(world.on(), Some(WaitOn::Review { by }) if by == "person"));
    decide(&mut world.row, ("human", false), world.now).expect("it waits");
    world.run();
    assert!(
        matches!(&world.row.outcome, Some(IntegrationOutcome::Aborted { why }) if why.contains("human"))
    );
    assert_eq!(world.parent, "parent-1");
    assert!(decide(&mut world.row, ("human", true), world.now).is_err());
}
