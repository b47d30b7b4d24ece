//! What is kept besides files: stashes, lost commits, an operation in progress; and what is refused.

use std::os::unix::fs::PermissionsExt as _;

use torch_core::Timestamp;

use super::roundtrip::{remove_request, round_trip, said, tree};
use super::*;

/// The start of all tests here: an agent's worktree with one commit of its own.
fn begin() -> (Project, Repository, Added) {
    let project = Project::new();
    let added = project.expect("a/developer", Some("main-developer"), Rung::New);
    fs::write(added.path.join("file"), "work\n").expect("written");
    git(&added.path, &["commit", "-q", "-a", "-m", "work"]);
    let repository = project.inspect();
    (project, repository, added)
}

fn try_to_keep(repository: &Repository, added: &Added) -> Result<Kept, WorktreeError> {
    let role = role("developer");
    keep(&handle(), &remove_request(repository, added, &role).keep)
}

/// All of a repository but the objects and torch's own references.
fn untouched(project: &Project, added: &Added) -> (Vec<u8>, Vec<String>, Vec<PathBuf>) {
    let refs = project.git(&["for-each-ref"]);
    let refs = refs.lines().filter(|line| !line.contains("\trefs/torch/"));
    let refs: Vec<_> = refs.map(str::to_owned).collect();
    let index = added
        .path
        .join(git(&added.path, &["rev-parse", "--git-path", "index"]));
    let mut names: Vec<_> = fs::read_dir(project.root.join(".git"))
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| !path.ends_with("refs") && !path.ends_with("torch.lock"))
        .collect();
    names.sort();
    let index = fs::read(index).expect("an index");
    (index, refs, names)
}

#[test]
fn keeping_changes_nothing_that_is_the_users() {
    let (project, repository, added) = begin();
    fs::write(added.path.join("file"), "stashed\n").expect("written");
    git(&added.path, &["stash", "-q"]);
    fs::write(added.path.join("new"), "new\n").expect("written");
    git(&added.path, &["add", "-N", "new"]);
    fs::write(project.root.join(".git/info/exclude"), "*.o\n").expect("written");
    fs::write(added.path.join("big.o"), "12345").expect("written");
    prepare_worktree(&added.path).expect("prepared");
    fs::write(added.path.join(".torch/inbox/m"), "a message").expect("written");
    exclude(&repository.common_dir).expect("excluded");
    let before = (
        untouched(&project, &added),
        said(&added.path),
        tree(&added.path),
    );
    let first = try_to_keep(&repository, &added).expect("kept");
    let second = try_to_keep(&repository, &added).expect("kept");
    let after = (
        untouched(&project, &added),
        said(&added.path),
        tree(&added.path),
    );
    assert_eq!(before, after);
    assert_eq!(first.short(), "developer/20261121T061412.345Z");
    assert_eq!(second.short(), "developer/20261121T061412.345Z-2");
    assert_eq!((first.commits, first.files, first.stashes.len()), (1, 1, 1));
    assert_eq!((first.ignored_files, first.ignored_bytes), (1, 5));
    let names = project.git(&["ls-tree", "-r", "--name-only", &first.reference]);
    assert_eq!(names, "file\nnew");
    // As a person would look at it.
    assert_eq!(
        project.git(&["show", &format!("{}:new", first.reference)]),
        "new"
    );
    assert_eq!(
        project.git(&["rev-parse", &format!("{}^", first.reference)]),
        first.head
    );
    assert_eq!(
        kept(&handle(), &repository).expect("listed"),
        [second, first]
    );
}

#[test]
fn a_conflict_comes_back_with_its_merge() {
    for engine in [Engine::Git2, Engine::git("a test")] {
        let (project, mut repository, added) = begin();
        repository.engine = engine;
        fs::write(project.root.join("file"), "other\n").expect("written");
        project.commit("other");
        git_raw(&added.path, &["merge", "-q", "main"]);
        assert!(git(&added.path, &["ls-files", "-u"]).lines().count() == 3);
        let kept = round_trip(&repository, &added, "a merge");
        assert_eq!(kept.operation.as_deref(), Some("a merge"));
        fs::write(added.path.join("file"), "both\n").expect("written");
        git(&added.path, &["commit", "-q", "-a", "--no-edit"]);
        let parents = git(&added.path, &["rev-list", "--parents", "-1", "HEAD"]);
        assert_eq!(parents.split(' ').count(), 3, "it is a merge");
    }
}

#[test]
fn a_rebase_goes_on_after_it_came_back() {
    let (project, repository, added) = begin();
    fs::write(project.root.join("file"), "other\n").expect("written");
    project.commit("other");
    git_raw(&added.path, &["rebase", "-q", "main"]);
    let kept = round_trip(&repository, &added, "a rebase");
    assert_eq!(kept.operation.as_deref(), Some("a rebase"));
    assert_eq!(kept.branch, None);
    fs::write(added.path.join("file"), "both\n").expect("written");
    git(&added.path, &["add", "file"]);
    git(
        &added.path,
        &["-c", "core.editor=true", "rebase", "--continue"],
    );
    assert_eq!(
        git(&added.path, &["branch", "--show-current"]),
        "main-developer"
    );
}

#[test]
fn commits_that_only_a_reflog_has_and_stashes_outlive_a_collection() {
    let (project, repository, added) = begin();
    let lost = git(&added.path, &["rev-parse", "HEAD"]);
    git(&added.path, &["reset", "-q", "--hard", "HEAD~1"]);
    git(&added.path, &["checkout", "-q", "--detach"]);
    git(
        &added.path,
        &["commit", "-q", "--allow-empty", "-m", "on no branch"],
    );
    let detached = git(&added.path, &["rev-parse", "HEAD"]);
    fs::write(added.path.join("file"), "stashed\n").expect("written");
    git(&added.path, &["stash", "push", "-q", "-m", "mine"]);
    // Somebody else's, which stays where it is.
    fs::write(project.root.join("file"), "theirs\n").expect("written");
    project.git(&["stash", "push", "-q", "-m", "theirs"]);
    let mut request_role = remove_request(&repository, &added, &DEVELOPER).keep;
    request_role.why = "a test";
    let request = RemoveRequest {
        keep: request_role,
        branch: BranchFate::Goes,
    };
    let removal = remove(&handle(), &request).expect("removed");
    assert_eq!(removal.deleted_branch.as_deref(), Some("main-developer"));
    let kept = removal.kept.expect("kept");
    assert_eq!(kept.stashes.len(), 1);
    assert_eq!(project.git(&["stash", "list"]).lines().count(), 2);
    project.git(&["stash", "clear"]);
    project.git(&[
        "reflog",
        "expire",
        "--expire=now",
        "--expire-unreachable=now",
        "--all",
    ]);
    project.git(&["gc", "-q", "--prune=now"]);
    for commit in [&lost, &detached, &kept.stashes[0].commit] {
        project.git(&["cat-file", "-e", commit]);
    }
    let request = UndeleteRequest {
        repository: &repository,
        kept: &kept,
        to: None,
    };
    let back = undelete(&handle(), &request).expect("back");
    assert_eq!((back.stashes, back.branch), (1, None));
    assert!(project.git(&["stash", "list"]).ends_with("mine"));
    assert_eq!(git(&back.path, &["rev-parse", "HEAD"]), detached);
}

static DEVELOPER: std::sync::LazyLock<RoleName> = std::sync::LazyLock::new(|| role("developer"));

#[test]
fn what_no_commit_can_hold_is_refused_and_nothing_is_kept() {
    let (project, repository, added) = begin();
    let refused = |what: &str| {
        let removed = remove(&handle(), &remove_request(&repository, &added, &DEVELOPER));
        let error = removed.expect_err(what);
        assert!(added.path.join("file").exists(), "{what}");
        assert_eq!(project.git(&["for-each-ref", "refs/torch"]), "", "{what}");
        error
    };
    git(&added.path, &["init", "-q", "nested"]);
    assert!(matches!(
        refused("nested"),
        WorktreeError::CannotKeep { .. }
    ));
    fs::remove_dir_all(added.path.join("nested")).expect("removed");
    let secret = added.path.join("secret");
    fs::write(&secret, "x").expect("written");
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o0)).expect("set");
    // root may read everything.
    if fs::read(&secret).is_err() {
        let error = refused("unreadable");
        let WorktreeError::Git { source, .. } = error else {
            panic!("{error:?}");
        };
        assert!(source.to_string().contains("ermission denied"), "{source}");
    }
    fs::remove_file(&secret).expect("removed");
    fs::remove_file(added.path.join("file")).expect("removed");
    let socket = std::os::unix::net::UnixListener::bind(added.path.join("file"));
    drop(socket.expect("a socket"));
    assert!(matches!(
        refused("a socket"),
        WorktreeError::CannotKeep { .. }
    ));
}

#[test]
fn a_submodule_is_kept_as_its_commit_unless_it_holds_work() {
    let (project, _, added) = begin();
    let other = Project::named("other", &[]);
    let url = other.root.to_string_lossy().into_owned();
    git(
        &added.path,
        &[
            "-c",
            "protocol.file.allow=always",
            "submodule",
            "add",
            "-q",
            &url,
            "sub",
        ],
    );
    git(&added.path, &["commit", "-q", "-m", "a submodule"]);
    let repository = project.inspect();
    let sub = added.path.join("sub");
    for work in ["file", "new"] {
        fs::write(sub.join(work), "changed\n").expect("written");
        let removed = remove(&handle(), &remove_request(&repository, &added, &DEVELOPER));
        let error = removed.expect_err("a change in a submodule");
        assert!(matches!(error, WorktreeError::CannotKeep { path, .. } if path == sub));
        git(&sub, &["commit", "-q", "--allow-empty", "-a", "-m", "work"]);
        let removed = remove(&handle(), &remove_request(&repository, &added, &DEVELOPER));
        removed.expect_err("a commit in a submodule");
        git(&sub, &["reset", "-q", "--hard", "origin/main"]);
        git(&sub, &["clean", "-q", "-f", "-d"]);
    }
    let removal = remove(&handle(), &remove_request(&repository, &added, &DEVELOPER));
    let kept = removal.expect("removed").kept.expect("kept");
    assert_eq!(kept.submodules, ["sub"]);
    let request = UndeleteRequest {
        repository: &repository,
        kept: &kept,
        to: None,
    };
    undelete(&handle(), &request).expect("back");
    assert_eq!(git(&added.path, &["status", "--porcelain"]), "");
}

#[test]
fn a_filters_files_come_back_through_it_and_others_byte_for_byte() {
    let project = Project::new();
    project.trust();
    project.git(&["config", "filter.rot.clean", "tr a-z n-za-m"]);
    project.git(&["config", "filter.rot.smudge", "tr a-z n-za-m"]);
    fs::write(
        project.root.join(".gitattributes"),
        "*.rot filter=rot\n*.win eol=crlf\n",
    )
    .expect("written");
    fs::write(project.root.join("same.rot"), "hello\n").expect("written");
    fs::write(project.root.join("changed.rot"), "hello\n").expect("written");
    fs::write(project.root.join("text.win"), "line\r\n").expect("written");
    project.commit("filtered");
    assert_eq!(project.git(&["show", "HEAD:same.rot"]), "uryyb");
    let repository = project.inspect();
    assert!(matches!(repository.engine, Engine::Git { .. }));
    let added = project.expect("a/developer", Some("main-developer"), Rung::New);
    fs::write(added.path.join("changed.rot"), "world\n").expect("written");
    fs::write(added.path.join("text.win"), "line\r\nanother\n").expect("written");
    git(
        &added.path,
        &["update-index", "-q", "--refresh", "--", "same.rot"],
    );
    let kept = round_trip(&repository, &added, "filters");
    let show = |name: &str| project.git(&["show", &format!("{}:{name}", kept.reference)]);
    assert_eq!(
        (show("same.rot"), show("changed.rot")),
        ("uryyb".into(), "world".into())
    );
}

#[test]
fn a_repository_that_libgit2_cannot_open_is_served_by_git() {
    for format in ["--object-format=sha256", "--ref-format=reftable"] {
        let project = Project::named("project", &[format]);
        let added = project.expect("a/developer", Some("main-developer"), Rung::New);
        fs::write(added.path.join("file"), "changed\n").expect("written");
        git(&added.path, &["stash", "-q"]);
        fs::write(added.path.join("new"), "new\n").expect("written");
        let kept = round_trip(&project.inspect(), &added, format);
        assert_eq!(
            (kept.branch.as_deref(), kept.stashes.len()),
            (Some("main-developer"), 1)
        );
    }
}

#[test]
fn a_large_file_comes_back() {
    let (_project, repository, added) = begin();
    let content: Vec<u8> = (0..20_u32 << 20).map(|n| (n % 251) as u8).collect();
    fs::write(added.path.join("large"), content).expect("written");
    round_trip(&repository, &added, "a large file");
}

#[test]
fn a_hostile_repository_runs_nothing() {
    let (project, repository, added) = begin();
    let trace = project.folder.path().join("ran");
    let program = project.folder.path().join("trap");
    let script = format!("#!/bin/sh\ntouch {}\ncat\n", trace.display());
    fs::write(&program, script).expect("written");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("set");
    let trap = program.to_string_lossy().into_owned();
    for hook in [
        "post-checkout",
        "post-index-change",
        "reference-transaction",
        "pre-commit",
    ] {
        fs::copy(&program, project.root.join(".git/hooks").join(hook)).expect("copied");
    }
    for name in [
        "core.fsmonitor",
        "core.pager",
        "filter.evil.clean",
        "filter.evil.smudge",
        "gpg.program",
        "core.editor",
    ] {
        project.git(&["config", name, &trap]);
    }
    project.git(&["config", "commit.gpgSign", "true"]);
    project.git(&["config", "log.showSignature", "true"]);
    // In the worktree only: the project's own commit asks for no filter.
    fs::write(added.path.join(".gitattributes"), "* filter=evil\n").expect("written");
    fs::write(added.path.join("file"), "changed\n").expect("written");
    drop(fs::remove_file(&trace));
    let removal = remove(&handle(), &remove_request(&repository, &added, &DEVELOPER));
    let kept = removal.expect("removed").kept.expect("kept");
    let request = UndeleteRequest {
        repository: &repository,
        kept: &kept,
        to: None,
    };
    undelete(&handle(), &request).expect("back");
    assert!(!trace.exists(), "something ran");
    git_raw(&added.path, &["status"]);
    assert!(trace.exists(), "the traps would work");
}

#[test]
fn old_ones_are_let_go() {
    let (project, repository, added) = begin();
    let mut request = remove_request(&repository, &added, &DEVELOPER).keep;
    for millis in [1_000, 2_000, 3_000] {
        request.now = Timestamp(millis);
        keep(&handle(), &request).expect("kept");
    }
    project.git(&["update-ref", "refs/torch/kept/foreign", "HEAD"]);
    let expire = |before: u64, expiry| {
        let old = expire_kept(&handle(), &repository, Timestamp(before), expiry);
        let old = old.expect("expired");
        old.iter().map(|kept| kept.at.0).collect::<Vec<_>>()
    };
    let left = || kept(&handle(), &repository).expect("listed").len();
    assert_eq!(expire(3_000, Expiry::DryRun), [1_000, 2_000]);
    assert_eq!(left(), 3);
    assert_eq!(expire(3_000, Expiry::Delete), [1_000, 2_000]);
    assert_eq!(left(), 1);
    assert_eq!(expire(3_000, Expiry::Delete), [0; 0]);
    project.git(&["rev-parse", "refs/torch/kept/foreign"]);
}
