//! Whole integrations on real repositories: the pure machine, and the acts that it orders. Each act is done twice, as after a kill.

mod conflicts;
mod ending;
mod gone;
mod taken;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use torch_core::integration::{Integration, IntegrationOutcome, IntegrationWishes, WaitOn};
use torch_core::policy::Approval;
use torch_core::{AgentId, AgentState, IntegrationId, RoleName, TeamId, Timestamp};
use torch_integration::integrate::{
    Act, Due, Found, Member, Rules, Say, decide, due, follow, moved, on_deadline,
};
use torch_process::{CommandSpec, Environment, run};
use torch_worktree::Git;

use super::alone;
use crate::integrate::Job;
use crate::worktrees::Registered;

const AT: Timestamp = Timestamp(1_800_000_000_000);

/// Stands for `torch command-run PID START RUN FILE -- COMMAND`, which the end-to-end tests run.
const KEEPER: &str = r#"#!/bin/sh
sh -c "$7"
exit=$?
echo "{\"process\":{\"pid\":$$,\"start\":0},\"exit\":$exit}" > "$5"
exit $exit
"#;

/// A project on the branch `trunk` with worktrees of three roles, and an integration of their work.
struct World {
    folder: tempfile::TempDir,
    project: PathBuf,
    row: Integration,
    rules: Rules,
    said: Vec<Say>,
    now: Timestamp,
}

impl World {
    fn new(init: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let top = folder.path().canonicalize().expect("canonical");
        let project = top.join("project");
        for place in ["project", "home", "bin"] {
            fs::create_dir(top.join(place)).expect("made");
        }
        fs::write(top.join("config"), "[torch]\n\ttrusted = *\n").expect("written");
        let roles = ["project_manager", "developer", "tester"];
        let world = Self {
            row: Integration::new(
                IntegrationId::new(1, 7),
                (TeamId::new(1, 1), "trunk"),
                ("human", AT),
                IntegrationWishes::default(),
            ),
            rules: Rules {
                team: "demo".to_owned(),
                members: roles
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
                test: Some("test ! -e red".to_owned()),
                gates: torch_integration::integrate::gates(
                    &torch_core::config::QualityConfig::default(),
                )
                .into(),
                verify: vec!["test -e README".to_owned()],
                network: false,
                minute: "20260131-1504".to_owned(),
                second: "20260131-150405".to_owned(),
                shown: "2026-01-31 15:04".to_owned(),
            },
            said: Vec::new(),
            now: AT,
            folder,
            project,
        };
        world.git(&[&["init", "-q", "-b", "trunk"], init].concat());
        write(&world, &world.project, "README", "one\n");
        for name in roles {
            let (path, branch) = (world.tree(name), format!("trunk-{name}"));
            let path = path.display().to_string();
            world.git(&["worktree", "add", "-q", "-b", &branch, &path]);
        }
        world
    }

    fn top(&self) -> PathBuf {
        self.folder.path().canonicalize().expect("canonical")
    }

    fn tree(&self, name: &str) -> PathBuf {
        self.top().join("home/projects/demo/worktrees").join(name)
    }

    fn env(&self) -> Environment {
        let path = std::env::var("PATH").expect("a PATH");
        [
            (
                "PATH",
                format!("{}:{path}", self.top().join("bin").display()),
            ),
            ("HOME", "/nonexistent".to_owned()),
            (
                "GIT_CONFIG_GLOBAL",
                self.top().join("config").display().to_string(),
            ),
            ("GIT_CONFIG_NOSYSTEM", "1".to_owned()),
            ("GIT_AUTHOR_NAME", "ann".to_owned()),
            ("GIT_AUTHOR_EMAIL", "ann@example.org".to_owned()),
            ("GIT_COMMITTER_NAME", "ann".to_owned()),
            ("GIT_COMMITTER_EMAIL", "ann@example.org".to_owned()),
        ]
        .map(|(name, value)| (name.into(), value.into()))
        .into()
    }

    fn git_in(&self, path: &Path, args: &[&str]) -> String {
        let spec = CommandSpec::new("git", path, self.env(), Duration::from_secs(60)).args(args);
        let output = run(&spec).and_then(torch_process::Output::success_or_error);
        output.expect("git works").text()
    }

    fn git(&self, args: &[&str]) -> String {
        self.git_in(&self.project, args)
    }

    /// Does what is due until it waits or is over.
    fn run(&mut self) {
        let git = Git::new(self.env());
        for _ in 0..60 {
            let (next, says) = due(&mut self.row, &self.rules, self.now);
            self.said.extend(says);
            let Due::Act(act) = next else {
                return;
            };
            let job = self.job(act);
            let found = self.act(&git, &job);
            if !matches!(job.act, Act::Test { .. } | Act::Verify { .. }) {
                assert_eq!(self.act(&git, &job), found, "{:?}", job.act);
            }
            let says = follow(&mut self.row, &self.rules, found, self.now);
            self.said.extend(says);
        }
        panic!("it never ends: {:?}", self.row);
    }

    /// Does an act; what is above a command is a script that tells what torch's program does.
    fn act(&self, git: &Git, job: &Job) -> Found {
        let torch = self.top().join("bin/torch");
        fs::write(&torch, KEEPER).expect("written");
        fs::set_permissions(&torch, fs::Permissions::from_mode(0o755)).expect("set");
        alone(git, (&self.top().join("home"), &torch), job)
    }

    fn job(&self, act: Act) -> Job {
        let agents = ["project_manager", "developer", "tester"]
            .into_iter()
            .enumerate();
        Job {
            merged_into: std::collections::BTreeSet::new(),
            act,
            row: self.row.clone(),
            rules: self.rules.clone(),
            agents: agents
                .map(|(number, name)| Registered {
                    agent: Some(AgentId::new(1, number as u128)),
                    role: role(name),
                    team: Some("demo".to_owned()),
                    state: Some(AgentState::Idle),
                    project: self.project.clone(),
                    path: self.tree(name),
                    branch: Some(format!("trunk-{name}")),
                    base: None,
                    parent: Some("trunk".to_owned()),
                    ready: true,
                })
                .collect(),
            project: self.project.clone(),
            env: Default::default(),
        }
    }

    fn on(&self) -> Option<&WaitOn> {
        self.row.wait.as_ref().map(|wait| &wait.on)
    }

    #[track_caller]
    fn approve(&mut self) {
        let says = decide(&mut self.row, ("project_manager", true), self.now);
        self.said.extend(says.expect("it waits for a review"));
        self.run();
    }

    /// It is in, and nothing is left but what should be.
    #[track_caller]
    fn is_in(&self) {
        assert_eq!(
            self.row.outcome,
            Some(IntegrationOutcome::Verified),
            "{:?}",
            self.row
        );
        let parent = self.git(&["rev-parse", "trunk"]);
        assert_eq!(self.row.landed.as_deref(), Some(parent.as_str()));
        let tag = self.git(&["rev-parse", "stable-integration-20260131-150405"]);
        assert_eq!(tag, parent);
        self.is_whole();
    }

    #[track_caller]
    fn is_whole(&self) {
        self.git(&["fsck", "--strict"]);
        assert_eq!(
            self.git(&["for-each-ref", "refs/torch", "refs/heads/integration"]),
            ""
        );
        let trees = self.git(&["worktree", "list", "--porcelain"]);
        assert_eq!(trees.matches("worktree ").count(), 4, "{trees}");
        assert!(!self.project.join(".git/index.lock").exists());
    }
}

fn role(name: &str) -> RoleName {
    RoleName::parse(name).expect("a role")
}

fn write(world: &World, path: &Path, file: &str, text: &str) {
    fs::write(path.join(file), text).expect("written");
    world.git_in(path, &["add", "-A"]);
    world.git_in(path, &["commit", "-q", "-m", "work"]);
}

fn work(world: &World, name: &str, file: &str, text: &str) {
    write(world, &world.tree(name), file, text);
}

#[test]
fn work_lands_in_a_repository_without_a_remote() {
    for init in [&[][..], &["--object-format=sha256"]] {
        let mut world = World::new(init);
        work(&world, "developer", "code", "1\n");
        work(&world, "tester", "tests", "1\n");
        world.run();
        assert!(
            matches!(world.on(), Some(WaitOn::Review { .. })),
            "{:?}",
            world.row
        );
        let log = world.row.tests.as_ref().and_then(|run| run.log.clone());
        assert!(world.top().join("home").join(log.expect("a log")).is_file());
        world.approve();
        world.is_in();
        assert_eq!(world.git(&["status", "--porcelain"]), "");
        assert!(world.project.join("code").exists() && world.project.join("tests").exists());
        let subjects = world.git(&["log", "--first-parent", "--format=%s", "-2", "trunk"]);
        assert_eq!(
            subjects,
            "test(tester): merge trunk-tester\nfeat(developer): merge trunk-developer"
        );
    }
}

#[test]
fn a_persons_uncommitted_work_is_waited_for() {
    let mut world = World::new(&[]);
    work(&world, "developer", "code", "1\n");
    world.run();
    fs::write(world.project.join("README"), "mine\n").expect("written");
    world.approve();
    let Some(WaitOn::Tree { path, why }) = world.on() else {
        panic!("{:?}", world.row);
    };
    assert_eq!(*path, world.project.display().to_string());
    assert_eq!(
        why,
        "1 file there has changes that are not committed: README"
    );
    let text = fs::read_to_string(world.project.join("README")).expect("read");
    assert_eq!(text, "mine\n");
    world.git(&["checkout", "-q", "README"]);
    world.now = world.now.after(Duration::from_secs(60));
    on_deadline(&mut world.row, &world.rules, world.now);
    world.run();
    world.is_in();
}

#[test]
fn a_parent_that_moved_is_built_on() {
    let mut world = World::new(&[]);
    work(&world, "developer", "code", "1\n");
    world.run();
    write(&world, &world.project, "hotfix", "1\n");
    world.approve();
    world.is_in();
    assert!(world.project.join("hotfix").exists() && world.project.join("code").exists());
}

#[test]
fn a_conflict_ends_by_a_merge_of_its_owner() {
    let mut world = World::new(&[]);
    work(&world, "developer", "a.py", "1\n");
    work(&world, "tester", "a.py", "2\n");
    let before = world.git(&["rev-parse", "trunk"]);
    world.run();
    assert_eq!(world.on(), Some(&WaitOn::Conflicts));
    let conflict = &world.row.conflicts[0];
    assert_eq!(
        (conflict.file.as_str(), conflict.owner.as_str()),
        ("a.py", "developer")
    );
    assert_eq!(world.git(&["rev-parse", "trunk"]), before);
    let tree = world.tree("developer");
    world.git_in(
        &tree,
        &["merge", "-q", "-s", "ours", "-m", "solved", "trunk-tester"],
    );
    assert!(moved(&mut world.row, world.now));
    world.run();
    let order: Vec<_> = world
        .row
        .merges
        .iter()
        .map(|one| one.role.as_str())
        .collect();
    assert_eq!(
        order,
        ["tester", "developer"],
        "the tester's is within the developer's"
    );
    world.approve();
    world.is_in();
    assert_eq!(
        fs::read_to_string(world.project.join("a.py")).expect("read"),
        "1\n"
    );
}

#[test]
fn a_conflict_that_somebody_solved_before_is_nobodys() {
    let mut world = World::new(&[]);
    work(&world, "developer", "a.md", "1\n");
    work(&world, "tester", "a.md", "2\n");
    let tree = world.tree("project_manager");
    world.git_in(&tree, &["merge", "-q", "trunk-developer"]);
    let args = ["merge", "-q", "-s", "ours", "-m", "solved", "trunk-tester"];
    world.git_in(&tree, &args);
    world.run();
    assert!(
        matches!(world.on(), Some(WaitOn::Review { .. })),
        "{:?}",
        world.row
    );
    let roles = world.row.merges.iter().map(|merge| merge.role.as_str());
    assert_eq!(roles.collect::<Vec<_>>(), ["developer", "project_manager"]);
    let roles = world.row.brought().map(|merge| merge.role.as_str());
    assert_eq!(
        roles.collect::<Vec<_>>(),
        ["developer", "tester", "project_manager"]
    );
    world.approve();
    world.is_in();
}

#[test]
fn a_red_branch_that_solved_a_conflict_stays_out_with_what_it_brought() {
    let mut world = World::new(&[]);
    work(&world, "developer", "a.py", "1\n");
    work(&world, "tester", "a.py", "2\n");
    let tree = world.tree("project_manager");
    world.git_in(&tree, &["merge", "-q", "trunk-developer"]);
    let args = ["merge", "-q", "-s", "ours", "-m", "solved", "trunk-tester"];
    world.git_in(&tree, &args);
    work(&world, "project_manager", "red", "1\n");
    world.run();
    let out = world.row.left_out.iter();
    let out = out.map(|out| (out.role.as_str(), out.why.clone()));
    let at = &world.git(&["rev-parse", "trunk-project_manager"])[..8];
    let solves = format!("trunk-project_manager at {at} solves its conflict");
    let expected = [
        ("project_manager", "the tests fail with it".to_owned()),
        ("tester", solves),
    ];
    assert_eq!(out.collect::<Vec<_>>(), expected);
    let roles = world.row.brought().map(|merge| merge.role.as_str());
    assert_eq!(roles.collect::<Vec<_>>(), ["developer"]);
    world.approve();
    world.is_in();
    assert!(world.project.join("a.py").exists() && !world.project.join("red").exists());
}

#[test]
fn the_branch_that_is_red_stays_out() {
    let mut world = World::new(&[]);
    work(&world, "project_manager", "notes", "1\n");
    work(&world, "developer", "red", "1\n");
    work(&world, "tester", "tests", "1\n");
    world.run();
    let out: Vec<_> = world
        .row
        .left_out
        .iter()
        .map(|out| out.role.as_str())
        .collect();
    assert_eq!(out, ["developer"]);
    world.approve();
    world.is_in();
    assert!(!world.project.join("red").exists() && world.project.join("tests").exists());
}

#[test]
fn what_has_the_red_commit_within_stays_out_with_it() {
    let mut world = World::new(&[]);
    work(&world, "project_manager", "notes", "1\n");
    work(&world, "developer", "red", "1\n");
    let tree = world.tree("tester");
    world.git_in(&tree, &["merge", "-q", "trunk-developer"]);
    work(&world, "tester", "tests", "1\n");
    world.run();
    let out = world.row.left_out.iter();
    let out: Vec<_> = out
        .map(|out| (out.role.as_str(), out.why.clone()))
        .collect();
    let at = &world.git(&["rev-parse", "trunk-developer"])[..8];
    let expected = [
        ("developer", "the tests fail with it".to_owned()),
        ("tester", format!("it has trunk-developer at {at} within")),
    ];
    assert_eq!(out, expected);
    world.approve();
    world.is_in();
    assert!(world.project.join("notes").exists() && !world.project.join("red").exists());
}

#[test]
fn what_fails_afterwards_is_not_called_stable() {
    let mut world = World::new(&[]);
    world.rules.verify = vec!["test -e README".to_owned(), "exit 3".to_owned()];
    work(&world, "developer", "code", "1\n");
    world.run();
    world.approve();
    assert!(
        matches!(&world.row.outcome, Some(IntegrationOutcome::Unverified { why }) if why.contains("exit 3"))
    );
    assert_eq!(world.git(&["tag"]), "");
    world.is_whole();
}

#[test]
fn somebodys_commit_on_the_integration_branch_is_not_lost() {
    let mut world = World::new(&[]);
    work(&world, "developer", "code", "1\n");
    world.row.wishes.until = Some(2);
    world.run();
    let other = world.git(&["rev-parse", "trunk-developer"]);
    let name = format!("refs/heads/{}", world.row.branch);
    world.git(&["update-ref", &name, &other]);
    write(&world, &world.project, "hotfix", "1\n");
    torch_integration::integrate::resume(&mut world.row, None, world.now);
    world.run();
    // The parent had moved, so that the branch was to be built again.
    assert!(
        matches!(world.on(), Some(WaitOn::Person { why }) if why.contains("somebody moved")),
        "{:?}",
        world.row
    );
    assert_eq!(world.git(&["rev-parse", &name]), other);
}

/// A remote beside the project, and a `gh` that merges there as GitHub does.
fn with_remote(world: &mut World) -> PathBuf {
    let top = world.top();
    let (remote, log) = (top.join("remote.git"), top.join("gh.log"));
    let path = remote.display().to_string();
    world.git(&["clone", "-q", "--bare", ".", &path]);
    world.git(&["remote", "add", "origin", &path]);
    let script = format!(
        "#!/bin/sh\nset -e\nlog={}\ncd {path}\necho \"$*\" >>$log\ncase \"$2\" in\n\
         list) if [ -e $log.merged ]; then echo 'MERGED https://example.org/pr/1'; elif [ -e $log.head ]; then echo 'OPEN https://example.org/pr/1'; fi ;;\n\
         create) cat >$log.body; while [ \"$1\" != --head ]; do shift; done; echo \"$2\" >$log.head; echo https://example.org/pr/1 ;;\n\
         merge) head=$(cat $log.head); git update-ref refs/heads/trunk \"refs/heads/$head\"; git update-ref -d \"refs/heads/$head\"; touch $log.merged ;;\n\
         esac\n",
        log.display()
    );
    let gh = top.join("bin/gh");
    fs::write(&gh, script).expect("written");
    fs::set_permissions(&gh, fs::Permissions::from_mode(0o755)).expect("set");
    world.rules.network = true;
    remote
}

#[test]
fn a_pull_request_brings_it_into_the_remote_and_back() {
    let mut world = World::new(&[]);
    let remote = with_remote(&mut world);
    // Somebody else's commit there is fetched first.
    let elsewhere = world.top().join("elsewhere");
    let (from, to) = (
        remote.display().to_string(),
        elsewhere.display().to_string(),
    );
    world.git(&["clone", "-q", &from, &to]);
    write(&world, &elsewhere, "theirs", "1\n");
    world.git_in(&elsewhere, &["push", "-q", "origin", "trunk"]);
    work(&world, "developer", "code", "1\n");
    world.run();
    world.approve();
    world.is_in();
    assert!(world.project.join("theirs").exists() && world.project.join("code").exists());
    let request = world.row.pull_request.as_ref().expect("a pull request");
    assert!(request.merged && request.url == "https://example.org/pr/1");
    let tip = world.git(&["rev-parse", "trunk"]);
    assert_eq!(world.git_in(&remote, &["rev-parse", "trunk"]), tip);
    assert_eq!(
        world.git_in(&remote, &["for-each-ref", "refs/heads/integration"]),
        ""
    );
    let log = fs::read_to_string(world.top().join("gh.log")).expect("read");
    assert_eq!(log.matches("pr create").count(), 1, "{log}");
    assert!(
        log.contains("--title Integration: 2026-01-31 15:04"),
        "{log}"
    );
    assert!(
        log.contains("--merge --delete-branch\n"),
        "without --admin: {log}"
    );
    let body = fs::read_to_string(world.top().join("gh.log.body")).expect("read");
    assert!(body.contains("**developer**"), "{body}");
}

#[test]
fn without_the_network_nobody_is_spoken_to() {
    let mut world = World::new(&[]);
    let remote = with_remote(&mut world);
    world.rules.network = false;
    work(&world, "developer", "code", "1\n");
    let before = world.git_in(&remote, &["for-each-ref"]);
    world.run();
    world.approve();
    world.is_in();
    assert_eq!(world.git_in(&remote, &["for-each-ref"]), before);
    assert!(!world.top().join("gh.log").exists());
}

#[test]
fn one_that_is_given_up_leaves_nothing() {
    let mut world = World::new(&[]);
    work(&world, "developer", "code", "1\n");
    let before = world.git(&["for-each-ref"]);
    world.run();
    torch_integration::integrate::abort(&mut world.row, "human").expect("it has not landed");
    world.run();
    assert!(matches!(
        world.row.outcome,
        Some(IntegrationOutcome::Aborted { .. })
    ));
    assert_eq!(world.git(&["for-each-ref"]), before);
    world.is_whole();
    let home = world.top().join("home");
    let left = fs::read_dir(home.join("integrations")).map_or(0, Iterator::count);
    assert_eq!(left, 0);
}

#[test]
fn a_look_tells_what_could_not_be_looked_at() {
    let world = World::new(&[]);
    fs::write(world.tree("tester").join(".git"), "gitdir: /nonexistent\n").expect("written");
    let found = world.act(&Git::new(world.env()), &world.job(Act::Look));
    let Found::Seen(seen) = found else {
        panic!("{found:?}");
    };
    assert!(
        seen.notes
            .iter()
            .any(|note| note.starts_with("tester can't be looked at")),
        "{seen:?}"
    );
}
