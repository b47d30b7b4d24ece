//! What moved in repositories: branches, detached worktrees, remotes, with libgit2 and with `git`.

use std::collections::BTreeMap;

use torch_core::AgentId;
use torch_core::git_activity::{COMMITS_TOLD, NotPushed, RefMove, Standing, Withheld};

use super::*;

fn agent() -> AgentId {
    AgentId::new(1, 7)
}

/// A project with the worktree of one agent, and where its branches stood last.
struct Seen {
    project: Project,
    common: PathBuf,
    worktree: PathBuf,
    base: String,
    known: BTreeMap<String, String>,
    /// How many commits were new to the repository at the last call of `moved`.
    fresh: usize,
}

impl Seen {
    fn new(init: &[&str]) -> Self {
        let project = Project::named("project", init);
        let base = project.git(&["rev-parse", "HEAD"]);
        let worktree = project
            .folder
            .path()
            .canonicalize()
            .expect("canonical")
            .join("dev");
        let path = worktree.to_str().expect("UTF-8").to_owned();
        project.git(&["worktree", "add", "-q", "-b", "main-developer", &path]);
        let common = project.root.join(".git");
        let mut seen = Self {
            project,
            common,
            worktree,
            base,
            known: BTreeMap::new(),
            fresh: 0,
        };
        seen.known = seen.tips().known(&seen.owners());
        seen
    }

    fn owners(&self) -> Vec<(AgentId, PathBuf)> {
        vec![(agent(), self.worktree.clone())]
    }

    fn tips(&self) -> Tips {
        Tips::read(&handle(), &self.common).expect("read")
    }

    fn git(&self, args: &[&str]) -> String {
        git(&self.worktree, args)
    }

    fn commit(&self, message: &str) -> String {
        self.git(&["commit", "-q", "--allow-empty", "-m", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// What moved since the last call.
    fn moved(&mut self) -> Vec<RefMove> {
        let (tips, owners) = (self.tips(), self.owners());
        let request = MovesRequest {
            common_dir: &self.common,
            tips: &tips,
            known: &self.known,
            base: (&self.base, "refs/heads/main"),
            owners: &owners,
        };
        let Moved {
            moves: found,
            fresh,
        } = moves(&handle(), &request).expect("read");
        self.fresh = fresh.len();
        for one in &found {
            match &one.new {
                Some(commit) => drop(self.known.insert(one.key(), commit.clone())),
                None => drop(self.known.remove(&one.key())),
            }
        }
        assert_eq!(self.known, tips.known(&owners), "{found:?}");
        found
    }

    fn one(&mut self) -> RefMove {
        let mut found = self.moved();
        assert_eq!(found.len(), 1, "{found:?}");
        found.remove(0)
    }

    fn standing(&self) -> Standing {
        self.standing_with(&[])
    }

    fn standing_with(&self, withheld: &[Withheld]) -> Standing {
        let request = StandingsRequest {
            common_dir: &self.common,
            tips: &self.tips(),
            base: (&self.base, "refs/heads/main"),
            owners: &self.owners(),
            withheld,
        };
        standings(&handle(), &request).expect("read").remove(0)
    }

    /// What no remote has of the worktree's commit, by the two lists that show it.
    fn not_pushed(&self, withheld: &[Withheld]) -> Option<u64> {
        let repository = self.project.inspect();
        let head = self.git(&["rev-parse", "HEAD"]);
        let listed = progress(
            &handle(),
            &repository,
            &self.worktree,
            "refs/heads/main",
            withheld,
        );
        let health = not_pushed(&handle(), &self.common, &head, withheld).expect("read");
        assert_eq!(listed.expect("measured").unpushed, health);
        health
    }
}

fn subjects(moved: &RefMove) -> Vec<&str> {
    let commits = moved.commits.iter();
    commits.map(|commit| commit.subject.as_str()).collect()
}

/// Whether this git can make such a repository.
fn has(init: &[&str]) -> bool {
    let folder = tempfile::tempdir().expect("a folder");
    git_raw(folder.path(), &[&["init", "-q"], init].concat()).success()
}

#[test]
fn each_move_is_told_with_its_commits_and_its_owner() {
    for init in [
        &[][..],
        &["--ref-format=reftable"],
        &["--object-format=sha256"],
    ] {
        if !has(init) {
            assert!(!init.is_empty(), "git makes no repository at all");
            continue;
        }
        let mut seen = Seen::new(init);
        assert_eq!(seen.moved(), []);

        let first = seen.commit("Progress: one");
        let second = seen.commit("Progress: two");
        let moved = seen.one();
        assert_eq!(moved.name, "refs/heads/main-developer");
        assert_eq!(
            (moved.agent, moved.new.as_deref()),
            (Some(agent()), Some(second.as_str()))
        );
        assert_eq!(subjects(&moved), ["Progress: one", "Progress: two"]);
        assert_eq!(moved.commits[1].parents, [first]);
        assert_eq!(moved.commits[0].email, "torch@example.org");
        assert!(!moved.rewound && moved.commits[0].at.0 > 1_700_000_000_000);

        seen.git(&[
            "commit",
            "-q",
            "--allow-empty",
            "--amend",
            "-m",
            "Progress: 2",
        ]);
        let moved = seen.one();
        assert!(moved.rewound);
        assert_eq!((subjects(&moved), seen.fresh), (vec!["Progress: 2"], 1));

        seen.git(&["checkout", "-q", "-b", "feature/a"]);
        let moved = seen.one();
        assert_eq!(
            (moved.name.as_str(), moved.agent),
            ("refs/heads/feature/a", Some(agent()))
        );
        assert_eq!(
            (moved.old.as_ref(), subjects(&moved)),
            (None, vec!["Progress: one", "Progress: 2"])
        );

        assert_eq!(seen.fresh, 0);
        seen.project.git(&["pack-refs", "--all"]);
        assert_eq!(seen.moved(), []);
        seen.git(&["branch", "-q", "-D", "main-developer"]);
        let moved = seen.one();
        assert_eq!(
            (moved.agent, moved.new, moved.commits.len()),
            (None, None, 0)
        );

        seen.git(&["checkout", "-q", "--detach"]);
        let moved = seen.one();
        assert_eq!((moved.name.as_str(), moved.agent), ("HEAD", Some(agent())));
        seen.commit("Progress: three");
        assert_eq!(subjects(&seen.one()), ["Progress: three"]);
        seen.git(&["checkout", "-q", "feature/a"]);
        assert_eq!(seen.one().new, None);
        let path = seen.worktree.to_str().expect("UTF-8").to_owned();
        seen.project.git(&["worktree", "remove", "--force", &path]);
        assert_eq!(seen.moved(), []);
    }
}

#[test]
fn many_commits_are_counted_and_the_newest_told() {
    for init in [&[][..], &["--object-format=sha256"]] {
        if !has(init) {
            continue;
        }
        let mut seen = Seen::new(init);
        let tree = seen.git(&["rev-parse", "HEAD^{tree}"]);
        let mut last = seen.base.clone();
        for number in 0..COMMITS_TOLD + 3 {
            let message = format!("commit {number}");
            last = seen.git(&["commit-tree", "-p", &last, "-m", &message, &tree]);
        }
        seen.git(&["reset", "-q", "--hard", &last]);
        let moved = seen.one();
        assert_eq!((moved.commits.len(), moved.more), (COMMITS_TOLD, 3));
        assert_eq!(moved.commits[COMMITS_TOLD - 1].id, last);
        assert_eq!(moved.commits[0].subject, "commit 3");
    }
}

#[test]
fn a_push_moves_a_branch_of_the_remote_and_the_standing_follows() {
    for init in [&[][..], &["--object-format=sha256"]] {
        if !has(init) {
            continue;
        }
        let mut seen = Seen::new(init);
        let remote = seen.project.root.with_file_name("remote.git");
        let remote = remote.to_str().expect("UTF-8").to_owned();
        seen.project
            .git(&[&["init", "-q", "--bare", &remote], init].concat());
        seen.project.git(&["remote", "add", "origin", &remote]);
        let first = seen.commit("Progress: one");
        seen.moved();
        let standing = seen.standing();
        assert_eq!((standing.ahead, standing.behind), (1, 0));
        assert_eq!(
            (standing.unpushed, standing.branch.as_deref()),
            (Some(1), Some("main-developer"))
        );
        // The commit that both began at is on no remote, either.
        assert_eq!(seen.not_pushed(&[]), Some(2));

        seen.git(&["push", "-q", "-u", "origin", "main-developer"]);
        let moved = seen.one();
        assert_eq!(moved.remote_branch(), Some(("origin", "main-developer")));
        assert_eq!(
            (moved.new.as_ref(), subjects(&moved)),
            (Some(&first), vec!["Progress: one"])
        );
        assert_eq!(seen.standing().unpushed, Some(0));

        seen.commit("Progress: two");
        fs::write(seen.project.root.join("file"), "two\n").expect("written");
        seen.project.commit("Integration: today");
        let parent = seen.project.git(&["rev-parse", "HEAD"]);
        let standing = seen.standing();
        assert_eq!(
            (standing.ahead, standing.behind, standing.unpushed),
            (2, 1, Some(1))
        );
        assert_eq!(standing.lacks, Some(parent));
        assert!(standing.ahead_since <= standing.unpushed_since);
        let names: Vec<_> = seen.moved().into_iter().map(|moved| moved.name).collect();
        assert_eq!(names, ["refs/heads/main", "refs/heads/main-developer"]);
    }
}

/// A push that waits in a broker, as the repository notes it.
fn waits(pushed: &str, there: Option<&str>) -> Withheld {
    Withheld {
        note: "refs/remotes/origin/feature/x".to_owned(),
        pushed: pushed.to_owned(),
        there: there.map(str::to_owned),
    }
}

#[test]
fn what_only_a_broker_has_is_not_pushed() {
    for init in [&[][..], &["--object-format=sha256"]] {
        if !has(init) {
            continue;
        }
        let seen = Seen::new(init);
        assert_eq!(seen.not_pushed(&[]), None, "there is no remote");
        seen.project
            .git(&["remote", "add", "origin", "/nowhere.git"]);
        let base = seen.base.as_str();
        let note = "refs/remotes/origin/feature/x";
        seen.git(&["update-ref", "refs/remotes/origin/main", base]);
        let first = seen.commit("Progress: one");
        let second = seen.commit("Progress: two");
        seen.git(&["update-ref", note, &second]);
        let standing = |withheld: &[Withheld]| seen.standing_with(withheld).unpushed;
        let check = |withheld: &[Withheld], expect: u64| {
            assert_eq!(seen.not_pushed(withheld), Some(expect), "{withheld:?}");
            assert_eq!(standing(withheld), Some(expect), "{withheld:?}");
        };
        check(&[], 0);
        check(&[waits(&second, None)], 2);
        check(&[waits(&second, Some(&first))], 1);
        // Two pushes that wait, and one that leads back to itself.
        check(&[waits(&second, Some(&first)), waits(&first, None)], 2);
        check(
            &[waits(&second, Some(&first)), waits(&first, Some(&second))],
            2,
        );
        // One that waited and was fetched over since tells nothing of what is there now.
        check(&[waits(&first, None)], 0);
        assert!(
            seen.standing_with(&[waits(&second, None)])
                .unpushed_since
                .is_some()
        );
    }
}

#[test]
fn a_branch_that_its_remote_lacks_is_told_with_the_way_there() {
    let seen = Seen::new(&[]);
    let found = || branch_not_pushed(&handle(), &seen.common, "main", &[]).expect("read");
    assert_eq!(found(), None, "there is no remote");
    let remote = seen.project.root.with_file_name("remote.git");
    let remote = remote.to_str().expect("UTF-8").to_owned();
    seen.project.git(&["init", "-q", "--bare", &remote]);
    seen.project.git(&["remote", "add", "origin", &remote]);
    let told = |commits: u64, push: &str| {
        Some(NotPushed {
            commits,
            remote: "origin".to_owned(),
            push: push.to_owned(),
        })
    };
    assert_eq!(found(), told(1, "git push origin main"));
    seen.project.git(&["push", "-q", "origin", "main"]);
    assert_eq!(found(), None);
    seen.project.commit("Integration: today");
    // That another branch there has it is no word of this one.
    seen.project
        .git(&["push", "-q", "origin", "main:refs/heads/apart"]);
    assert_eq!(found(), told(1, "git push origin main"));
    // A branch that goes by another name there.
    let config = |key: &str, value: &str| drop(seen.project.git(&["config", key, value]));
    config("branch.main.remote", "origin");
    config("branch.main.merge", "refs/heads/apart");
    assert_eq!(found(), None);
    seen.project.commit("Integration: tomorrow");
    assert_eq!(found(), told(1, "git push origin main:apart"));
    let none = branch_not_pushed(&handle(), &seen.common, "gone", &[]).expect("read");
    assert_eq!(none, None);
}

#[test]
fn the_steps_of_a_rebase_are_one_move() {
    let mut seen = Seen::new(&[]);
    fs::write(seen.worktree.join("file"), "theirs\n").expect("written");
    seen.git(&["commit", "-q", "-a", "-m", "Progress: theirs"]);
    fs::write(seen.project.root.join("file"), "ours\n").expect("written");
    seen.project.commit("ours");
    seen.moved();
    // It stops at the conflict, on a detached HEAD.
    assert!(!git_raw(&seen.worktree, &["rebase", "main"]).success());
    assert_eq!(seen.moved(), []);
    fs::write(seen.worktree.join("file"), "both\n").expect("written");
    seen.git(&["add", "file"]);
    seen.git(&["-c", "core.editor=true", "rebase", "--continue"]);
    let moved = seen.one();
    assert!(moved.rewound && moved.agent == Some(agent()), "{moved:?}");
    assert_eq!(subjects(&moved), ["ours", "Progress: theirs"]);
}

#[test]
fn a_commit_with_a_date_that_is_none_is_one_of_many() {
    let mut seen = Seen::new(&[]);
    let before = seen.commit("before");
    let (tree, parent) = (seen.git(&["rev-parse", "HEAD^{tree}"]), &before);
    let text = format!(
        "tree {tree}\nparent {parent}\nauthor E <e@x> 99999999999999999999999 +0000\ncommitter E <e@x> 99999999999999999999999 +0000\n\nno date\n"
    );
    fs::write(seen.worktree.join("commit.txt"), text).expect("written");
    let args = [
        "hash-object",
        "-t",
        "commit",
        "-w",
        "--literally",
        "commit.txt",
    ];
    let bad = seen.git(&args);
    seen.git(&["update-ref", "HEAD", &bad]);
    let moved = seen.one();
    assert_eq!(subjects(&moved), ["before", "no date"]);
    assert_eq!(moved.commits[1].at.0, 0);
    assert_eq!(seen.fresh, 2);
    let standing = seen.standing();
    assert_eq!((standing.head.as_str(), standing.ahead), (bad.as_str(), 2));
    // What comes afterwards is seen as ever.
    seen.commit("after");
    assert_eq!(subjects(&seen.one()), ["after"]);
    let common = seen.common.clone();
    let (shown, _) = newest(&handle(), &common, &bad).expect("read");
    assert_eq!(shown[0].subject, "no date");
}
