//! Summaries of work, and undoing what has none.

use super::*;

fn engines(project: &Project) -> [Repository; 2] {
    let repository = project.inspect();
    let by_git = Repository {
        engine: Engine::git("a test"),
        ..repository.clone()
    };
    [repository, by_git]
}

fn undo(repository: &Repository, added: &Added) -> Undone {
    remove_created(&handle(), repository, added).expect("undone")
}

#[test]
fn work_is_summed_up() {
    let project = Project::new();
    let added = project.expect("a", Some("main-developer"), Rung::New);
    for (n, subject) in ["one", "two\n\nwith a body"].iter().enumerate() {
        fs::write(added.path.join("file"), format!("{n}\n")).expect("written");
        git(&added.path, &["commit", "-q", "-a", "-m", subject]);
    }
    for repository in engines(&project) {
        let clean = state(&handle(), &repository, &added.path, &added.start).expect("a state");
        let head = git(&added.path, &["rev-parse", "HEAD"]);
        let subjects: Vec<_> = clean.commits.iter().map(|c| c.subject.as_str()).collect();
        assert_eq!(subjects, ["two", "one"]);
        assert_eq!(clean.commits[0].id, head[..8]);
        assert_eq!((clean.ahead, clean.dirty, &clean.head), (2, false, &head));
        assert_eq!(clean.branch.as_deref(), Some("main-developer"));
        fs::write(added.path.join("new"), "").expect("written");
        let dirty = state(&handle(), &repository, &added.path, &head).expect("a state");
        assert_eq!(
            (dirty.ahead, dirty.dirty, dirty.commits.len()),
            (0, true, 0)
        );
        fs::remove_file(added.path.join("new")).expect("removed");
        let error = state(&handle(), &repository, &added.path, "--all").expect_err("no commit");
        assert!(matches!(error, WorktreeError::NotACommit { .. }));
    }
}

#[test]
fn undo_removes_what_has_no_work() {
    let project = Project::new();
    for repository in engines(&project) {
        let added = project.expect("a", Some("main-developer"), Rung::New);
        prepare_worktree(&added.path).expect("prepared");
        assert_eq!(undo(&repository, &added), Undone::Removed);
        assert!(!added.path.exists());
        assert_eq!(project.git(&["branch", "--list"]), "* main");
        assert_eq!(project.git(&["worktree", "list"]).lines().count(), 1);
    }
}

#[test]
fn undo_keeps_work() {
    let project = Project::new();
    for (n, repository) in engines(&project).iter().enumerate() {
        let add = |name: &str| project.add(&format!("{name}{n}"), name).expect("added");
        let changed = add("changed");
        fs::write(changed.path.join("file"), "changed\n").expect("written");
        let new = add("new");
        fs::write(new.path.join("untracked"), "").expect("written");
        let committed = add("committed");
        git(
            &committed.path,
            &["commit", "-q", "--allow-empty", "-m", "work"],
        );
        let switched = add("switched");
        git(
            &switched.path,
            &["checkout", "-q", "-b", &format!("mine{n}")],
        );
        for added in [changed, new, committed, switched] {
            let undone = undo(repository, &added);
            assert!(matches!(undone, Undone::Kept { .. }), "{undone:?}");
            assert!(added.path.join("file").exists());
            let branch = added.branch.expect("a branch");
            assert_ne!(project.git(&["branch", "--list", &branch]), "");
        }
        let kept = project.add(&format!("new{n}"), "new").expect("kept");
        assert!(matches!(undo(repository, &kept), Undone::Kept { .. }));
    }
}

#[test]
fn undo_leaves_a_branch_that_was_there() {
    let project = Project::new();
    project.git(&["branch", "main-developer"]);
    let added = project.expect("a", Some("main-developer"), Rung::Reused);
    assert_eq!(undo(&project.inspect(), &added), Undone::Removed);
    assert_eq!(
        project.git(&["branch", "--list"]),
        "* main\n  main-developer"
    );
}

#[test]
fn undo_of_a_locked_worktree_keeps_it() {
    let project = Project::new();
    let added = project.expect("a", Some("main-developer"), Rung::New);
    project.git(&["worktree", "lock", &added.path.to_string_lossy()]);
    assert!(matches!(
        undo(&project.inspect(), &added),
        Undone::Kept { .. }
    ));
    assert!(added.path.join("file").exists());
}
