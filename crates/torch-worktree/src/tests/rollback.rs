//! Taking work back, with real repositories, and being killed at it.

use torch_core::rollback::{BranchMove, LeasedPush, NewBranch};

use super::*;
use crate::rollback::{
    Carry, Made, RestoreRequest, RollbackError, Stage, came_in, carry_out, carry_until, changed,
    check, line, patch, pick, resolve_all, restore, revert, upstream,
};

const REFS: &str = "refs/torch/rollback/test";
const TRAILER: &str = "Torch-Rollback: r-test";

/// A project whose `main` has: a first commit, a good one, a merge of `feature`, and a bad one.
struct Story {
    project: Project,
    good: String,
    merge: String,
    bad: String,
}

impl Story {
    fn new(init: &[&str]) -> Self {
        let project = Project::empty("project", init);
        let write = |file: &str, text: &str| {
            fs::write(project.root.join(file), text).expect("written");
        };
        write("code", "one\ntwo\nthree\n");
        write("other", "other\n");
        project.commit("first");
        write("code", "one\nTWO\nthree\n");
        project.commit("stable: good");
        let good = project.git(&["rev-parse", "HEAD"]);
        project.git(&["checkout", "-q", "-b", "feature"]);
        write("new", "new\n");
        project.commit("feature: new");
        project.git(&["checkout", "-q", "main"]);
        project.git(&["merge", "-q", "--no-ff", "-m", "Merge feature", "feature"]);
        let merge = project.git(&["rev-parse", "HEAD"]);
        write("code", "one\nBAD\nthree\n");
        project.commit("bad");
        let bad = project.git(&["rev-parse", "HEAD"]);
        Self {
            project,
            good,
            merge,
            bad,
        }
    }

    fn revert(&self, commits: &[&str]) -> Result<Made, RollbackError> {
        let commits: Vec<_> = commits.iter().map(|&id| id.to_owned()).collect();
        let repository = self.project.inspect();
        revert(
            &handle(),
            &repository,
            &self.tip("main"),
            (&commits, TRAILER),
        )
    }

    fn tip(&self, name: &str) -> String {
        self.project.git(&["rev-parse", name])
    }

    fn moves(&self, made: &Made) -> BranchMove {
        BranchMove {
            branch: Some("main".to_owned()),
            worktree: None,
            from: self.tip("main"),
            to: made.tip.clone(),
            hard: None,
            others_may_change: false,
        }
    }

    fn carry(&self, moves: &BranchMove) -> Result<Option<String>, RollbackError> {
        let repository = inspect_busy(&handle(), &self.project.root).expect("a repository");
        let carry = Carry {
            repository: &repository,
            refs: REFS,
            moves: Some(moves),
            new_branch: None,
            push: None,
        };
        check(&handle(), &carry)?;
        carry_out(&handle(), &carry, |_| {})
    }

    /// All references, and what git says of the files.
    fn seen(&self) -> (String, String) {
        let refs = self.project.git(&["for-each-ref"]);
        (refs, self.project.git(&["status", "--porcelain=v1"]))
    }

    fn read(&self, file: &str) -> Option<String> {
        fs::read_to_string(self.project.root.join(file)).ok()
    }

    fn fsck(&self) {
        let output = git_raw(&self.project.root, &["fsck", "--strict", "--no-dangling"]);
        assert!(output.success(), "{}", output.error_text());
        assert!(!self.project.root.join(".git/index.lock").exists());
        assert!(!self.project.root.join(".git/torch-merge").exists());
    }
}

fn kinds() -> Vec<Vec<&'static str>> {
    let mut kinds = vec![vec![], vec!["--object-format=sha256"]];
    // From git 2.45 on.
    let folder = tempfile::tempdir().expect("a folder");
    let probe = git_raw(folder.path(), &["init", "-q", "--ref-format=reftable"]);
    if probe.success() {
        kinds.push(vec!["--ref-format=reftable"]);
    }
    kinds
}

#[test]
fn a_commit_and_a_merge_are_reverted_where_the_branch_is_checked_out() {
    for init in kinds() {
        let story = Story::new(&init);
        let made = story.revert(&[&story.bad, &story.merge]).expect("made");
        assert_eq!(made.commits.len(), 2);
        assert_eq!(story.seen().1, "");
        assert_eq!(story.carry(&story.moves(&made)).expect("carried"), None);
        assert_eq!(story.tip("main"), made.tip);
        assert_eq!(story.read("code").as_deref(), Some("one\nTWO\nthree\n"));
        assert_eq!(story.read("new"), None);
        assert_eq!(story.seen().1, "");
        assert_eq!(
            story.tip("main^{tree}"),
            story.tip(&format!("{}^{{tree}}", story.good))
        );
        let said = story.project.git(&["log", "-2", "--format=%B"]);
        let merge = format!(
            "This reverts commit {}, reversing\nchanges made to {}.",
            story.merge, story.good
        );
        assert!(said.contains(&merge), "{said}");
        assert!(
            said.contains("Revert \"bad\"") && said.contains(TRAILER),
            "{said}"
        );
        // Nothing is left behind, and everything is in the history.
        assert!(!story.seen().0.contains("refs/torch"));
        story
            .project
            .git(&["merge-base", "--is-ancestor", &story.bad, "main"]);
        story.fsck();
        // Asked again, there is nothing to do; and what was reverted can come back.
        let again = story.revert(&[&story.bad]).expect("made");
        assert_eq!(again.commits, [""; 0]);
        let newest = made.commits.last().expect("one").clone();
        let back = story.revert(&[&newest, &made.commits[0]]).expect("made");
        story.carry(&story.moves(&back)).expect("carried");
        assert_eq!(story.read("code").as_deref(), Some("one\nBAD\nthree\n"));
        assert!(
            story
                .project
                .git(&["log", "-1", "--format=%s"])
                .starts_with("Reapply \"bad\"")
        );
    }
}

#[test]
fn a_conflict_changes_nothing_and_names_the_files() {
    let story = Story::new(&[]);
    let before = story.seen();
    let first = story.tip(&format!("{}^", story.good));
    match story.revert(&[&story.good]) {
        Err(RollbackError::Conflict { files, subject, .. }) => {
            assert_eq!(
                (files, subject.as_str()),
                (vec!["code".to_owned()], "stable: good")
            );
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(story.seen(), before);
    // All of them down to the first commit, that one too, never conflict.
    let all = [&story.bad, &story.merge, &story.good, &first];
    let made = story.revert(&all.map(String::as_str)).expect("made");
    story.carry(&story.moves(&made)).expect("carried");
    assert_eq!(story.project.git(&["ls-tree", "-r", "main"]), "");
    story.fsck();
}

#[test]
fn nobodys_work_is_written_over() {
    let story = Story::new(&[]);
    let made = story.revert(&[&story.bad, &story.merge]).expect("made");
    let moves = story.moves(&made);
    fs::write(story.project.root.join("other"), "mine\n").expect("written");
    let before = story.seen();
    let refused = story.carry(&moves).expect_err("refused");
    assert!(matches!(refused, RollbackError::Busy { .. }), "{refused}");
    assert!(refused.hint().is_some_and(|hint| hint.ends_with(" stash")));
    // As well where it is asked for without a look before.
    let repository = story.project.inspect();
    let branch = NewBranch {
        name: "rollback/emergency".to_owned(),
        commit: story.good.clone(),
    };
    let carry = Carry {
        repository: &repository,
        refs: REFS,
        moves: Some(&moves),
        new_branch: Some(&branch),
        push: None,
    };
    carry_out(&handle(), &carry, |_| {}).expect_err("refused");
    assert_eq!(story.seen(), before);
    assert_eq!(story.read("other").as_deref(), Some("mine\n"));
    // A branch that nobody has checked out moves alone.
    story.project.git(&["stash", "-q"]);
    story.project.git(&["checkout", "-q", "feature"]);
    story.carry(&moves).expect("carried");
    assert_eq!(story.tip("main"), made.tip);
    assert_eq!(story.seen().1, "");
    // And one that moved meanwhile does not move.
    let refused = story.carry(&moves).map(drop);
    assert!(refused.is_ok(), "it is done already: {refused:?}");
    story.project.git(&["branch", "-f", "main", &story.good]);
    let refused = story.carry(&moves).expect_err("refused");
    assert!(matches!(refused, RollbackError::Moved { .. }), "{refused}");
    story.fsck();
}

#[test]
fn a_rebase_that_comes_back_to_the_branch_is_waited_for() {
    let story = Story::new(&[]);
    let made = story.revert(&[&story.bad]).expect("made");
    let moves = story.moves(&made);
    story.project.git(&["bisect", "start", "main", &story.good]);
    let refused = story.carry(&moves).expect_err("refused");
    assert!(
        matches!(refused, RollbackError::Returns { .. }),
        "{refused}"
    );
    story.project.git(&["bisect", "reset"]);
    story.carry(&moves).expect("carried");
}

/// An emergency: a branch, the content brought back, the branch put back; killed behind each step and asked again.
#[test]
fn a_kill_at_any_step_is_gone_on_from() {
    for init in kinds() {
        for last in Stage::ALL {
            let story = Story::new(&init);
            let made = story.revert(&[&story.bad, &story.merge]).expect("made");
            let mut moves = story.moves(&made);
            moves.hard = Some(story.good.clone());
            let branch = NewBranch {
                name: "rollback/emergency".to_owned(),
                commit: story.good.clone(),
            };
            let repository = story.project.inspect();
            let carry = Carry {
                repository: &repository,
                refs: REFS,
                moves: Some(&moves),
                new_branch: Some(&branch),
                push: None,
            };
            carry_until(&handle(), &carry, |stage| stage != last).expect("until then");
            carry_out(&handle(), &carry, |_| {})
                .unwrap_or_else(|error| panic!("{last:?}: {error}"));
            assert_eq!(story.tip("main"), story.good, "{last:?}");
            assert_eq!(story.tip("rollback/emergency"), story.good);
            assert_eq!(story.read("code").as_deref(), Some("one\nTWO\nthree\n"));
            assert_eq!(story.seen().1, "", "{last:?}");
            // What was replaced is there, and comes back by the command that is named.
            assert_eq!(story.tip(&format!("{REFS}/old")), story.bad);
            story
                .project
                .git(&["merge", "-q", "--ff-only", &format!("{REFS}/old")]);
            assert_eq!(story.read("code").as_deref(), Some("one\nBAD\nthree\n"));
            story.fsck();
        }
    }
}

#[test]
fn a_kill_and_a_commit_of_somebody_else_end_cleanly() {
    for last in [Stage::Kept, Stage::Branched, Stage::Locked, Stage::Copied] {
        let story = Story::new(&[]);
        let made = story.revert(&[&story.bad]).expect("made");
        let moves = story.moves(&made);
        let branch = NewBranch {
            name: "rollback/emergency".to_owned(),
            commit: story.good.clone(),
        };
        let repository = story.project.inspect();
        let carry = Carry {
            repository: &repository,
            refs: REFS,
            moves: Some(&moves),
            new_branch: Some(&branch),
            push: None,
        };
        carry_until(&handle(), &carry, |stage| stage != last).expect("until then");
        // A person has removed the lock, as git advises, and committed.
        drop(fs::remove_file(story.project.root.join(".git/index.lock")));
        fs::write(story.project.root.join("mine"), "mine\n").expect("written");
        story.project.commit("mine");
        let theirs = story.tip("main");
        let refused = carry_out(&handle(), &carry, |_| {}).expect_err("refused");
        assert!(
            matches!(refused, RollbackError::Moved { .. }),
            "{last:?}: {refused}"
        );
        assert_eq!(story.tip("main"), theirs);
        let (refs, status) = story.seen();
        assert!(
            !refs.contains("rollback") && status.is_empty(),
            "{refs}{status}"
        );
        story.fsck();
    }
}

fn request<'a>(
    repository: &'a Repository,
    worktree: &'a Path,
    (paths, good): (&'a [PathBuf], &'a str),
) -> RestoreRequest<'a> {
    RestoreRequest {
        repository,
        worktree,
        paths,
        good,
        trailer: TRAILER,
        label: "test",
    }
}

#[test]
fn files_come_back_beside_other_work() {
    for init in kinds() {
        for last in [
            None,
            Some(Stage::Locked),
            Some(Stage::CheckedOut),
            Some(Stage::Moved),
        ] {
            let story = Story::new(&init);
            let root = story.project.root.clone();
            let repository = story.project.inspect();
            let (git, paths) = (handle(), ["code".into(), root.join("new")]);
            fs::write(root.join("other"), "staged\n").expect("written");
            story.project.git(&["add", "other"]);
            fs::write(root.join("other"), "changed\n").expect("written");
            fs::write(root.join("code"), "mine\n").expect("written");
            let refused = restore(&git, &request(&repository, &root, (&paths, &story.good)));
            let refused = refused.expect_err("refused");
            assert!(
                matches!(refused, RollbackError::Uncommitted { .. }),
                "{refused}"
            );
            story.project.git(&["checkout", "-q", "code"]);
            let moves = restore(&git, &request(&repository, &root, (&paths, &story.good)));
            let moves = moves.expect("made");
            let carry = Carry {
                repository: &repository,
                refs: REFS,
                moves: Some(&moves),
                new_branch: None,
                push: None,
            };
            check(&git, &carry).expect("it may");
            if let Some(last) = last {
                carry_until(&git, &carry, |stage| stage != last).expect("until then");
            }
            carry_out(&git, &carry, |_| {}).expect("carried");
            assert_eq!(story.read("code").as_deref(), Some("one\nTWO\nthree\n"));
            assert_eq!(story.read("new"), None);
            assert_eq!(story.read("other").as_deref(), Some("changed\n"));
            assert_eq!(story.seen().1, "MM other");
            assert_eq!(story.project.git(&["show", ":other"]), "staged");
            let subject = story.project.git(&["log", "-1", "--format=%s"]);
            let short = &story.good[..8];
            assert_eq!(subject, format!("stable: restore code, new as in {short}"));
            let again = restore(
                &git,
                &request(&repository, &root, (&paths[..1], &story.good)),
            );
            assert!(
                matches!(again, Err(RollbackError::Same { .. })),
                "{again:?}"
            );
            story.fsck();
        }
    }
}

#[test]
fn files_that_are_none() {
    let story = Story::new(&[]);
    let repository = story.project.inspect();
    let root = story.project.root.clone();
    let before = story.seen();
    let check = |path: &str, expect: &str| {
        let paths = [PathBuf::from(path)];
        let refused = restore(
            &handle(),
            &request(&repository, &root, (&paths, &story.good)),
        );
        let said = refused.expect_err("refused").to_string();
        assert!(said.contains(expect), "{said}");
    };
    check("nowhere", "neither the worktree");
    check("../elsewhere", "does not lie in");
    check("/etc/passwd", "does not lie in");
    check(".", "does not lie in");
    check("*", "neither the worktree");
    assert_eq!(story.seen(), before);
}

#[test]
fn what_is_kept_is_picked_onto_the_good_commit() {
    let story = Story::new(&[]);
    let repository = story.project.inspect();
    let kept = [story.merge.clone()];
    let made = pick(&handle(), &repository, &story.good, &kept).expect("made");
    let branch = NewBranch {
        name: "rollback/20261122_013000".to_owned(),
        commit: made.tip.clone(),
    };
    let carry = Carry {
        repository: &repository,
        refs: REFS,
        moves: None,
        new_branch: Some(&branch),
        push: None,
    };
    let main = story.tip("main");
    check(&handle(), &carry).expect("it may");
    carry_out(&handle(), &carry, |_| {}).expect("carried");
    assert_eq!(story.tip("main"), main);
    let files = story.project.git(&["ls-tree", "--name-only", &branch.name]);
    assert_eq!(files, "code\nnew\nother");
    let code = story
        .project
        .git(&["show", &format!("{}:code", branch.name)]);
    assert_eq!(code, "one\nTWO\nthree");
    let said = story
        .project
        .git(&["log", "-1", "--format=%an%n%B", &branch.name]);
    assert!(said.contains("(cherry picked from commit"), "{said}");
    let again = check(&handle(), &carry).expect_err("taken");
    assert!(matches!(again, RollbackError::Taken { .. }), "{again}");
    // What can't be picked is named, and no branch is made.
    let bad = [story.bad.clone()];
    let first = story.tip(&format!("{}^", story.good));
    let refused = pick(&handle(), &repository, &first, &bad).expect_err("a conflict");
    assert!(
        matches!(refused, RollbackError::Conflict { .. }),
        "{refused}"
    );
}

#[test]
fn a_remote_is_replaced_under_a_lease_only() {
    let story = Story::new(&[]);
    let remote = story.project.folder.path().join("remote.git");
    let url = remote.display().to_string();
    story
        .project
        .git(&["init", "-q", "--bare", "-b", "main", &url]);
    story.project.git(&["remote", "add", "origin", &url]);
    let repository = story.project.inspect();
    let ends = (story.bad.as_str(), story.good.as_str());
    let none = upstream(&handle(), &repository, "main", ends).expect("read");
    assert_eq!(none, None, "it was never pushed");
    story.project.git(&["push", "-q", "-u", "origin", "main"]);
    let push = upstream(&handle(), &repository, "main", ends).expect("read");
    let push = push.expect("a push");
    let expect = LeasedPush {
        remote: "origin".to_owned(),
        branch: "main".to_owned(),
        expected: story.bad.clone(),
    };
    assert_eq!(push, expect);
    let made = story.revert(&[&story.bad, &story.merge]).expect("made");
    let mut moves = story.moves(&made);
    moves.hard = Some(story.good.clone());
    let carry = |push| Carry {
        repository: &repository,
        refs: REFS,
        moves: Some(&moves),
        new_branch: None,
        push,
    };
    // Somebody has pushed since; what the remote has is theirs.
    let other = story.project.folder.path().join("other");
    story
        .project
        .git(&["clone", "-q", &url, &other.display().to_string()]);
    fs::write(other.join("theirs"), "theirs\n").expect("written");
    git(&other, &["add", "-A"]);
    git(&other, &["commit", "-q", "-m", "theirs"]);
    git(&other, &["push", "-q", "origin", "HEAD:main"]);
    let theirs = git(&other, &["rev-parse", "HEAD"]);
    let said = carry_out(&handle(), &carry(Some(&push)), |_| {}).expect("carried");
    assert!(said.is_some_and(|said| said.contains("stale info")));
    assert_eq!(git(&remote, &["rev-parse", "main"]), theirs);
    assert_eq!(story.tip("main"), story.good);
    let known = LeasedPush {
        expected: theirs,
        ..push.clone()
    };
    let said = carry_out(&handle(), &carry(Some(&known)), |_| {}).expect("carried");
    assert_eq!(said, None);
    assert_eq!(git(&remote, &["rev-parse", "main"]), story.good);
    // A remote that is a program is not spoken to.
    let canary = story.project.folder.path().join("canary");
    let program = format!("ext::sh -c touch% {}", canary.display());
    story
        .project
        .git(&["remote", "set-url", "origin", &program]);
    let said = carry_out(&handle(), &carry(Some(&known)), |_| {}).expect("carried");
    assert!(said.is_some_and(|said| said.contains("not allowed")));
    assert!(!canary.exists());
}

#[test]
fn the_line_and_what_came_in_where() {
    for init in kinds() {
        let story = Story::new(&init);
        story.project.git(&[
            "tag",
            "-a",
            "-m",
            "good",
            "stable-app-20261121-061412",
            &story.good,
        ]);
        story.project.git(&["tag", "stable-side", "feature"]);
        let repository = story.project.inspect();
        let found = line(&handle(), &repository, "main").expect("read");
        let subjects: Vec<_> = found
            .commits
            .iter()
            .map(|one| one.subject.as_str())
            .collect();
        assert_eq!(subjects, ["bad", "Merge feature", "stable: good", "first"]);
        let tags = [
            ("stable-app-20261121-061412".to_owned(), story.good.clone()),
            ("stable-side".to_owned(), story.tip("feature")),
        ];
        assert_eq!(found.tags, tags);
        let at = |commit: &str| came_in(&handle(), &repository, &found, commit).expect("there");
        assert_eq!(
            [at(&story.bad), at(&story.merge), at(&story.good)],
            [0, 1, 2]
        );
        assert_eq!(at(&story.tip("feature")), 1);
        let all = |names: &[&str]| {
            let names: Vec<_> = names.iter().map(|&name| name.to_owned()).collect();
            resolve_all(&handle(), &repository, &found, &names)
        };
        let expect = [story.bad.clone(), story.merge.clone()];
        assert_eq!(all(&[&story.merge, "HEAD"]).expect("sorted"), expect);
        assert_eq!(
            all(&[&format!("{}..main", story.good)]).expect("sorted"),
            expect
        );
        assert!(matches!(
            all(&["nowhere"]),
            Err(RollbackError::NoCommit { .. })
        ));
        assert!(matches!(
            all(&["--all"]),
            Err(RollbackError::NoCommit { .. })
        ));
        story.project.git(&["checkout", "-q", "-b", "side"]);
        story.project.commit("aside");
        assert!(matches!(all(&["side"]), Err(RollbackError::NotIn { .. })));
        let gone = line(&handle(), &repository, "nowhere");
        assert!(matches!(gone, Err(RollbackError::NoBranch { .. })));
        let files = changed(&handle(), &repository, (&story.bad, &story.good)).expect("read");
        let files: Vec<_> = files
            .iter()
            .map(|one| (one.path.as_str(), one.deletions))
            .collect();
        assert_eq!(files, [("code", Some(1)), ("new", Some(1))]);
        let ends = (story.bad.as_str(), story.good.as_str());
        let (text, cut) = patch(&handle(), &repository, ends, 40).expect("read");
        assert!(cut && text.ends_with(b"\n"));
        assert!(!patch(&handle(), &repository, ends, 4000).expect("read").1);
    }
}
