//! What `inspect` finds, what it refuses, and what it advises.

use std::os::unix::ffi::OsStringExt as _;

use super::*;

#[test]
fn a_plain_repository_is_described() {
    let project = Project::new();
    fs::create_dir(project.root.join("sub")).expect("made");
    fs::write(project.root.join("sub/more"), "12345").expect("written");
    project.commit("more");
    let found = inspect(&handle(), &project.root.join("sub")).expect("a repository");
    let expected = Repository {
        root: project.root.clone(),
        main: Some(project.root.clone()),
        common_dir: project.root.join(".git"),
        base_branch: "main".to_owned(),
        head: project.git(&["rev-parse", "HEAD"]),
        files: 2,
        // Two files and a folder in blocks of 4 KiB, and what git and torch keep.
        worktree_bytes: 3 * 4096 + 65_536,
        engine: Engine::Git2,
    };
    assert_eq!(found, expected);
    assert!(!found.is_linked());
}

#[test]
fn a_linked_worktree_names_its_main_one() {
    let project = Project::new();
    let linked = project.expect("a", Some("main-developer"), Rung::New).path;
    let found = inspect(&handle(), &linked).expect("a repository");
    assert!(found.is_linked());
    assert_eq!(
        (&found.root, &found.main),
        (&linked, &Some(project.root.clone()))
    );
    assert_eq!(found.common_dir, project.root.join(".git"));
    assert_eq!(found.base_branch, "main-developer");
}

#[test]
fn a_linked_worktree_of_a_bare_repository_will_do() {
    let project = Project::new();
    let bare = project.place("bare.git");
    let linked = project.place("linked");
    let (from, bare_text) = (project.root.to_string_lossy(), bare.to_string_lossy());
    project.git(&["clone", "-q", "--bare", &from, &bare_text]);
    git(
        &bare,
        &[
            "worktree",
            "add",
            "-q",
            "-b",
            "topic",
            &linked.to_string_lossy(),
        ],
    );
    let found = inspect(&handle(), &linked).expect("a repository");
    assert_eq!(
        (found.main.as_ref(), found.common_dir.as_path()),
        (None, bare.as_path())
    );
    let path = project.place("agent");
    let request = AddRequest {
        repository: &found,
        path: &path,
        base_commit: &found.head,
        base_branch: &found.base_branch,
        role: &role("developer"),
    };
    let added = add(&handle(), &request).expect("added");
    assert_eq!(added.branch.as_deref(), Some("topic-developer"));
    let error = inspect(&handle(), &bare).expect_err("bare");
    assert!(matches!(error, WorktreeError::Bare { .. }), "{error:?}");
    assert!(
        error
            .hint()
            .is_some_and(|hint| hint.starts_with("git clone "))
    );
}

#[test]
fn strange_paths_are_no_obstacle() {
    for name in [
        "日本 ünï",
        "it's \"quoted\"",
        "#(touch x)",
        "new\nline",
        "$(touch x)",
        "-dash",
        "#{pane_id}",
    ] {
        let project = Project::named(name, &[]);
        assert_eq!(project.inspect().root, project.root, "{name:?}");
        project.expect("a", Some("main-developer"), Rung::New);
        project.expect(name, Some("main-developer-2"), Rung::Numbered);
        assert!(!project.root.join("x").exists() && !Path::new("x").exists());
        fs::write(project.root.join(".gitattributes"), "*.bin filter=lfs\n").expect("written");
        project.commit("attributes");
        project.expect("b", Some("main-developer-3"), Rung::Numbered);
        exclude(&project.inspect().common_dir).expect("excluded");
    }
}

#[test]
fn what_libgit2_cannot_do_goes_to_git() {
    let why = |project: &Project| match project.inspect().engine {
        Engine::Git { why } => why,
        Engine::Git2 => panic!("libgit2 was chosen"),
    };
    let project = Project::new();
    fs::create_dir(project.root.join("sub")).expect("made");
    fs::write(
        project.root.join("sub/.gitattributes"),
        "*.psd filter=lfs\n",
    )
    .expect("written");
    project.commit("attributes");
    assert!(why(&project).contains("filters"));

    let project = Project::new();
    fs::write(
        project.root.join(".git/info/attributes"),
        "*.txt working-tree-encoding=UTF-16\n",
    )
    .expect("written");
    assert!(why(&project).contains("encodings"));

    let project = Project::new();
    let home = project.folder.path().join("home");
    fs::create_dir_all(home.join(".config/git")).expect("made");
    fs::write(home.join(".config/git/attributes"), "*.bin filter=lfs\n").expect("written");
    let mut env = environment();
    env.insert("HOME".into(), home.into());
    let found = inspect(&Git::new(env), &project.root).expect("a repository");
    assert!(matches!(found.engine, Engine::Git { .. }));

    let project = Project::new();
    let commit = project.inspect().head;
    let entry = format!("160000,{commit},module");
    project.git(&["update-index", "--add", "--cacheinfo", &entry]);
    project.git(&["commit", "-q", "-m", "a submodule"]);
    assert!(why(&project).contains("submodules"));

    let project = Project::new();
    fs::create_dir_all(project.root.join(".git/hooks")).expect("made");
    fs::write(project.root.join(".git/hooks/post-checkout"), "").expect("written");
    assert!(why(&project).contains("hook"));

    let project = Project::new();
    project.git(&["sparse-checkout", "set", "sub"]);
    assert!(why(&project).contains("sparse"));

    let project = Project::new();
    project.git(&["update-index", "--split-index"]);
    assert!(why(&project).contains("split"));
}

#[test]
fn a_large_repository_goes_to_git() {
    let project = Project::new();
    for n in 0..2_001 {
        fs::write(project.root.join(format!("f{n}")), "").expect("written");
    }
    project.commit("many");
    let found = project.inspect();
    assert_eq!(found.engine, Engine::git("it has 2002 files"));
    assert_eq!((found.files, found.worktree_bytes), (2_002, 4096 + 65_536));
}

#[test]
fn formats_that_libgit2_cannot_open_go_to_git() {
    for format in ["--ref-format=reftable", "--object-format=sha256"] {
        let project = Project::named("p q", &[format]);
        let found = project.inspect();
        assert!(matches!(found.engine, Engine::Git { .. }), "{format}");
        assert_eq!((found.base_branch.as_str(), found.files), ("main", 1));
        assert_eq!(
            (found.worktree_bytes, &found.root),
            (4096 + 65_536, &project.root)
        );
        project.expect("a", Some("main-developer"), Rung::New);
        let second = project.expect("b", Some("main-developer-2"), Rung::Numbered);
        project.expect("b", second.branch.as_deref(), Rung::Kept);
        let undone = remove_created(&handle(), &found, &second).expect("undone");
        assert_eq!(undone, Undone::Removed);
        project.expect("c", Some("main-developer-2"), Rung::Numbered);

        let empty = Project::empty("p", &[format]);
        assert!(matches!(empty.refusal(), WorktreeError::NoCommit { .. }));
    }
}

#[test]
fn what_is_no_usable_repository_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder
        .path()
        .canonicalize()
        .expect("canonical")
        .join("it's");
    let error = inspect(&handle(), &path).expect_err("absent");
    assert!(matches!(error, WorktreeError::NoDirectory { .. }));
    fs::create_dir(&path).expect("made");
    let error = inspect(&handle(), &path).expect_err("no repository");
    assert!(matches!(error, WorktreeError::NotARepository { .. }));
    // The hint does what it says.
    let hint = error.hint().expect("a hint");
    let spec = CommandSpec::new("sh", "/", environment(), Duration::from_secs(60));
    run(&spec.args(["-c", &hint]))
        .and_then(Output::success_or_error)
        .expect("the hint runs");
    assert!(inspect(&handle(), &path).is_ok());

    let odd = folder.path().join(OsString::from_vec(b"\xff".to_vec()));
    fs::create_dir(&odd).expect("made");
    let error = inspect(&handle(), &odd).expect_err("not text");
    assert!(matches!(error, WorktreeError::NotUtf8 { .. }));
}

#[test]
fn a_repository_without_a_commit_is_refused() {
    let project = Project::empty("p", &[]);
    let error = project.refusal();
    assert!(matches!(error, WorktreeError::NoCommit { .. }), "{error:?}");
    let hint = error.hint().expect("a hint");
    let spec = CommandSpec::new("sh", "/", environment(), Duration::from_secs(60));
    assert!(run(&spec.args(["-c", &hint])).expect("runs").success());
    assert_eq!(project.inspect().base_branch, "main");
}

#[test]
fn files_kept_elsewhere_are_refused() {
    let project = Project::new();
    let elsewhere = project.place("elsewhere");
    fs::create_dir_all(&elsewhere).expect("made");
    project.git(&["config", "core.worktree", &elsewhere.to_string_lossy()]);
    let error = project.refusal();
    assert!(
        matches!(error, WorktreeError::Elsewhere { .. }),
        "{error:?}"
    );
}

#[test]
fn a_repository_of_another_user_is_refused() {
    let project = Project::new();
    let another = 54_321;
    let owned = [&project.root, &project.root.join(".git")]
        .map(|path| std::os::unix::fs::chown(path, Some(another), None));
    if owned.iter().any(Result::is_err) {
        // Only root can give a directory away.
        return;
    }
    let error = project.refusal();
    assert!(matches!(error, WorktreeError::NotOwned { .. }), "{error:?}");
    assert_eq!(
        error.hint(),
        Some(format!(
            "git config --global --add safe.directory {}",
            project.root.display()
        ))
    );
}

/// A repository whose branch `other` is in conflict with `main`.
fn conflicting() -> Project {
    let project = Project::new();
    project.git(&["checkout", "-q", "-b", "other"]);
    fs::write(project.root.join("file"), "other\n").expect("written");
    project.commit("other");
    project.git(&["checkout", "-q", "main"]);
    fs::write(project.root.join("file"), "main\n").expect("written");
    project.commit("main");
    project
}

#[test]
fn an_operation_under_way_is_refused_with_the_ways_out() {
    let ways = |command: &str| {
        format!(
            "go on with `git {command} --continue` once its conflicts are resolved, or give it up with `git {command} --abort`"
        )
    };
    for (args, operation, ways_out) in [
        (&["merge", "other"][..], Operation::Merge, ways("merge")),
        (&["rebase", "other"], Operation::Rebase, ways("rebase")),
        (
            &["cherry-pick", "other"],
            Operation::CherryPick,
            ways("cherry-pick"),
        ),
        (
            &["revert", "--no-edit", "HEAD^"],
            Operation::Revert,
            ways("revert"),
        ),
        (
            &["bisect", "start"],
            Operation::Bisect,
            "end it with `git bisect reset`".to_owned(),
        ),
    ] {
        let project = conflicting();
        git_raw(&project.root, args);
        let error = project.refusal();
        assert!(
            matches!(&error, WorktreeError::UnderWay { unfinished, .. } if unfinished.0 == operation),
            "{args:?}: {error:?}"
        );
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        assert_eq!(cause, Some(ways_out));
        let hint = format!("git -C {} status", project.root.display());
        assert_eq!(error.hint(), Some(hint));
    }
}
