//! Removing and bringing back: what stands in the way, and what a person did meanwhile.

use super::roundtrip::{remove_request, said, tree};
use super::*;

fn begin() -> (Project, Repository, Added) {
    let project = Project::new();
    let added = project.expect("a/developer", Some("main-developer"), Rung::New);
    fs::write(added.path.join("file"), "work\n").expect("written");
    fs::write(added.path.join("new"), "new\n").expect("written");
    git(&added.path, &["add", "new"]);
    let repository = project.inspect();
    (project, repository, added)
}

fn removed(repository: &Repository, added: &Added) -> Result<Removal, WorktreeError> {
    let role = role("developer");
    remove(&handle(), &remove_request(repository, added, &role))
}

fn back(
    repository: &Repository,
    kept: &Kept,
    to: Option<&Path>,
) -> Result<Undeleted, WorktreeError> {
    let request = UndeleteRequest {
        repository,
        kept,
        to,
    };
    undelete(&handle(), &request)
}

/// Removes the worktree with its home branch, and stops dead at a stage.
fn killed_at(repository: &Repository, added: &Added, stage: RemovalStage) {
    let role = role("developer");
    let request = RemoveRequest {
        branch: BranchFate::Goes,
        ..remove_request(repository, added, &role)
    };
    let killed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        remove_with(&handle(), &request, |reached| {
            assert_ne!(reached, stage, "killed on purpose");
        })
    }));
    assert!(killed.is_err(), "{stage:?} is not come to");
}

/// What lies beside the worktree.
fn beside(added: &Added) -> Vec<std::ffi::OsString> {
    let parent = added.path.parent().expect("a folder");
    let entries = fs::read_dir(parent).into_iter().flatten();
    entries
        .map(|entry| entry.expect("an entry").file_name())
        .collect()
}

#[test]
fn a_removal_that_was_killed_is_gone_on_from_and_all_of_it_comes_back() {
    for stage in RemovalStage::ALL {
        let (project, repository, added) = begin();
        let before = (tree(&added.path), said(&added.path));
        killed_at(&repository, &added, stage);
        removed(&repository, &added).expect("removed");
        assert!(beside(&added).is_empty(), "{stage:?}: {:?}", beside(&added));
        assert_eq!(project.git(&["worktree", "list"]).lines().count(), 1);
        let all = kept(&handle(), &repository).expect("read");
        let newest = all.first().expect("kept");
        back(&repository, newest, None).expect("back");
        assert_eq!((tree(&added.path), said(&added.path)), before, "{stage:?}");
        project.git(&["fsck", "--strict", "--no-dangling"]);
    }
}

#[test]
fn a_removal_that_was_killed_is_undone_where_the_worktree_is_made_again() {
    for stage in [RemovalStage::Kept, RemovalStage::Aside] {
        let (project, repository, added) = begin();
        let before = (tree(&added.path), said(&added.path));
        killed_at(&repository, &added, stage);
        let again = project.add("a/developer", "developer").expect("added");
        assert_eq!((again.path, again.rung), (added.path.clone(), Rung::Kept));
        assert_eq!((tree(&added.path), said(&added.path)), before, "{stage:?}");
        assert_eq!(beside(&added).len(), 1, "{stage:?}");
    }
    let (project, repository, added) = begin();
    killed_at(&repository, &added, RemovalStage::Pruned);
    project.expect("a/developer", Some("main-developer"), Rung::Reused);
    assert_eq!(beside(&added).len(), 1);
    assert_eq!(kept(&handle(), &repository).expect("read").len(), 1);
}

#[test]
fn a_locked_worktree_and_the_projects_own_stay() {
    let (project, repository, added) = begin();
    project.git(&["worktree", "lock", &added.path.to_string_lossy()]);
    let error = removed(&repository, &added).expect_err("locked");
    assert!(matches!(error, WorktreeError::Locked { .. }), "{error:?}");
    assert!(
        error
            .hint()
            .is_some_and(|hint| hint.contains("worktree unlock"))
    );
    let own = Added {
        path: project.root.clone(),
        ..added.clone()
    };
    let error = removed(&repository, &own).expect_err("the project's own");
    assert!(matches!(error, WorktreeError::NotAWorktree { .. }));
    let plain = project.place("plain");
    fs::create_dir_all(&plain).expect("made");
    let foreign = Added {
        path: plain,
        ..added
    };
    let error = removed(&repository, &foreign).expect_err("a plain folder");
    assert!(matches!(error, WorktreeError::NotAWorktree { .. }));
    assert_eq!(project.git(&["for-each-ref", "refs/torch"]), "");
}

#[test]
fn a_folder_deleted_by_hand_leaves_what_was_staged() {
    let (project, repository, added) = begin();
    git(&added.path, &["checkout", "-q", "--detach"]);
    git(
        &added.path,
        &["commit", "-q", "-m", "on no branch", "--allow-empty"],
    );
    fs::write(added.path.join("staged"), "staged\n").expect("written");
    git(&added.path, &["add", "staged"]);
    let head = git(&added.path, &["rev-parse", "HEAD"]);
    fs::remove_dir_all(&added.path).expect("removed");
    let removal = removed(&repository, &added).expect("removed");
    let kept = removal.kept.expect("kept");
    assert!(kept.folder_was_gone);
    assert_eq!((&kept.head, kept.files), (&head, 1));
    assert_eq!(project.git(&["worktree", "list"]).lines().count(), 1);
    let undeleted = back(&repository, &kept, None).expect("back");
    let staged = fs::read_to_string(undeleted.path.join("staged"));
    assert_eq!(staged.expect("there"), "staged\n");
    assert_eq!(git(&undeleted.path, &["rev-parse", "HEAD"]), head);
    assert_eq!(
        git(&undeleted.path, &["status", "--porcelain"]),
        "A  staged"
    );
    // Neither the disk nor git knows of this one.
    let nowhere = Added {
        path: project.place("nowhere"),
        ..added
    };
    assert_eq!(removed(&repository, &nowhere).expect("nothing").kept, None);
}

#[test]
fn a_folder_whose_link_to_git_is_broken_stays() {
    let (project, repository, added) = begin();
    fs::remove_file(added.path.join(".git")).expect("removed");
    let error = removed(&repository, &added).expect_err("no worktree");
    let hint = error.hint().expect("a hint");
    assert!(hint.contains("worktree repair"), "{hint}");
    assert!(added.path.join("new").exists());
    // As the hint says.
    project.git(&["worktree", "repair"]);
    removed(&repository, &added).expect("removed");
}

#[test]
fn undelete_writes_over_nothing() {
    let (project, repository, added) = begin();
    let before = (tree(&added.path), said(&added.path));
    let kept = removed(&repository, &added)
        .expect("removed")
        .kept
        .expect("kept");
    fs::create_dir_all(&added.path).expect("made");
    fs::write(added.path.join("mine"), "mine\n").expect("written");
    let error = back(&repository, &kept, None).expect_err("occupied");
    assert!(matches!(error, WorktreeError::Occupied { .. }), "{error:?}");
    assert_eq!(tree(&added.path).len(), 1);
    // The branch has moved on, and another worktree has the next name.
    project.git(&["checkout", "-q", "main-developer"]);
    project.commit("further");
    let tip = project.git(&["rev-parse", "HEAD"]);
    let elsewhere = project.place("elsewhere/deep");
    let undeleted = back(&repository, &kept, Some(&elsewhere)).expect("back");
    assert_eq!(undeleted.branch.as_deref(), Some("main-developer-2"));
    assert!(undeleted.another_branch);
    assert_eq!(tree(&elsewhere), before.0);
    assert_eq!(project.git(&["rev-parse", "main-developer"]), tip);
    let third = back(&repository, &kept, Some(&project.place("third"))).expect("back");
    assert_eq!(third.branch.as_deref(), Some("main-developer-3"));
    let relative = back(&repository, &kept, Some(Path::new("relative")));
    assert!(matches!(relative, Err(WorktreeError::NotAbsolute { .. })));
}

#[test]
fn a_failed_undelete_leaves_nothing_behind() {
    let (project, repository, added) = begin();
    let kept = removed(&repository, &added)
        .expect("removed")
        .kept
        .expect("kept");
    project.git(&["branch", "-q", "-D", "main-developer"]);
    let damaged = Kept {
        state: kept.head.clone(),
        ..kept.clone()
    };
    back(&repository, &damaged, None).expect_err("no state");
    // A tree that can't be written: its second file's blob is none.
    let object = project.git(&["rev-parse", &format!("{}:new", kept.reference)]);
    let file = project
        .root
        .join(".git/objects")
        .join(&object[..2])
        .join(&object[2..]);
    fs::remove_file(file).expect("removed");
    back(&repository, &kept, None).expect_err("a missing object");
    assert!(!added.path.exists());
    assert_eq!(project.git(&["branch", "--list"]), "* main");
    assert_eq!(project.git(&["worktree", "list"]).lines().count(), 1);
}

#[test]
fn the_branch_goes_only_when_asked_and_when_nobody_has_it() {
    let (project, repository, added) = begin();
    let role = role("developer");
    let with_branch = |added: &Added| {
        let mut request = remove_request(&repository, added, &role);
        request.branch = BranchFate::Goes;
        remove(&handle(), &request).expect("removed")
    };
    git(&added.path, &["checkout", "-q", "--detach"]);
    project.git(&["checkout", "-q", "main-developer"]);
    let removal = with_branch(&added);
    assert_eq!(removal.deleted_branch, None);
    assert!(
        removal
            .branch_stays
            .is_some_and(|why| why.contains("has it"))
    );
    project.git(&["checkout", "-q", "main"]);
    let again = project.expect("a/developer", Some("main-developer"), Rung::Reused);
    fs::write(again.path.join("file"), "committed\n").expect("written");
    git(&again.path, &["commit", "-q", "-a", "-m", "work"]);
    let tip = git(&again.path, &["rev-parse", "HEAD"]);
    let removal = with_branch(&again);
    assert_eq!(removal.deleted_branch.as_deref(), Some("main-developer"));
    let undeleted = back(&repository, &removal.kept.expect("kept"), None).expect("back");
    assert_eq!(undeleted.branch.as_deref(), Some("main-developer"));
    assert_eq!(project.git(&["rev-parse", "main-developer"]), tip);
}

#[test]
fn a_worktree_that_git_moved_is_said_to_be_elsewhere() {
    let (project, repository, added) = begin();
    let to = project.place("b/developer");
    fs::create_dir_all(to.parent().expect("a parent")).expect("made");
    let (from, to) = (
        added.path.to_string_lossy(),
        to.to_string_lossy().into_owned(),
    );
    project.git(&["worktree", "move", &from, &to]);
    let error = removed(&repository, &added).expect_err("moved");
    assert!(matches!(&error, WorktreeError::Moved { to: found, .. } if *found == Path::new(&to)));
    assert!(
        error
            .hint()
            .is_some_and(|hint| hint.contains("worktree move"))
    );
    assert!(Path::new(&to).join("new").exists());
}

#[test]
fn the_home_branch_comes_back_beside_another_one() {
    let (project, repository, added) = begin();
    git(&added.path, &["commit", "-q", "-a", "-m", "work"]);
    let tip = git(&added.path, &["rev-parse", "HEAD"]);
    git(&added.path, &["checkout", "-q", "-b", "topic", "main"]);
    let role = role("developer");
    let mut request = remove_request(&repository, &added, &role);
    request.branch = BranchFate::Goes;
    let removal = remove(&handle(), &request).expect("removed");
    assert_eq!(removal.deleted_branch.as_deref(), Some("main-developer"));
    let undeleted = back(&repository, &removal.kept.expect("kept"), None).expect("back");
    assert_eq!(undeleted.branch.as_deref(), Some("topic"));
    assert_eq!(project.git(&["rev-parse", "main-developer"]), tip);
}

#[test]
fn a_folder_that_may_not_be_written_is_removed_too() {
    use std::os::unix::fs::PermissionsExt as _;
    let (_project, repository, added) = begin();
    let cache = added.path.join("cache");
    fs::create_dir(&cache).expect("made");
    fs::write(cache.join("x"), "x").expect("written");
    fs::set_permissions(&cache, fs::Permissions::from_mode(0o555)).expect("set");
    let kept = removed(&repository, &added)
        .expect("removed")
        .kept
        .expect("kept");
    back(&repository, &kept, None).expect("back");
    assert_eq!(fs::read_to_string(cache.join("x")).expect("there"), "x");
}

#[test]
fn a_write_during_the_removal_puts_everything_back() {
    let project = Project::new();
    let added_to = project.place("a/developer");
    // While git compares what is to be kept, a filter writes something new.
    let clean = format!("cat; echo new >> '{}/meanwhile'", added_to.display());
    project.trust();
    project.git(&["config", "filter.busy.clean", &clean]);
    fs::write(project.root.join(".gitattributes"), "*.busy filter=busy\n").expect("written");
    project.commit("a filter");
    let added = project.expect("a/developer", Some("main-developer"), Rung::New);
    fs::write(added.path.join("x.busy"), "1\n").expect("written");
    git(&added.path, &["add", "x.busy"]);
    fs::write(added.path.join("x.busy"), "2\n").expect("written");
    let before = tree(&added.path);
    let error = removed(&project.inspect(), &added).expect_err("a write");
    assert!(matches!(error, WorktreeError::Changed { .. }), "{error:?}");
    let mut after = tree(&added.path);
    let meanwhile = Path::new("meanwhile");
    assert!(after.remove(meanwhile) > before.get(meanwhile).cloned());
    assert_eq!(
        after,
        before
            .into_iter()
            .filter(|(path, _)| path != meanwhile)
            .collect()
    );
    assert_eq!(project.git(&["for-each-ref", "refs/torch"]), "");
    assert_eq!(
        git(&added.path, &["branch", "--show-current"]),
        "main-developer"
    );
    let parent = added.path.parent().expect("a parent");
    assert_eq!(fs::read_dir(parent).expect("a folder").count(), 1);
}
